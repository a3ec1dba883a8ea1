"""What a socket may do, over HTTP: reading what was missed, judging, clearing, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from bot.messages import Kind, Level, Page, Risk
from bot.replay import store, store_answer
from bot.transcripts import feedback
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.turns import outbound_id
from tests.channels.listener import Chat, Client, Listener, open_chat
from tests.channels.test_openapi import check, response_schema
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, accepted, message, recorded

TURNS = "/api/conversations/{conversation}/turns"
CLEAR = "/api/conversations/{conversation}/clear"


@pytest.fixture
async def reply(chat: Chat, sqlite_database: Database, ring: KeyRing, clock: HandClock) -> UUID:
    """The id of a stored reply in the chat."""
    asked = message(clock.now(), "<b>hi</b>", conversation=UUID(chat.conversation))
    entry = accepted(asked)
    async with sqlite_database.transaction() as session:
        await store(session, ring, entry)
        await store_answer(session, ring, recorded(entry, ANSWER))
    return outbound_id(entry.turn, 0)


async def request(chat: Chat, method: str, path: str, **options: Any) -> tuple[int, Any]:
    """Status and body of a request with the chat's token."""
    headers = {"Authorization": f"Bearer {chat.token}"}
    address = path.replace("{conversation}", chat.conversation)
    async with chat.client.request(method, address, headers=headers, **options) as response:
        return response.status, await response.json() if response.content_type != "" else None


async def judge(chat: Chat, turn: object, **body: object) -> tuple[int, Any]:
    whole = {"conversation": chat.conversation, "turn": str(turn), "helpful": False, **body}
    return await request(chat, "POST", "/api/feedback", json=whole)


async def test_what_was_missed_is_read(chat: Chat, reply: UUID) -> None:
    status, body = await request(chat, "GET", TURNS)
    check(response_schema("get", TURNS, status), body)
    assert [(turn["seq"], turn["by"], turn["text"]) for turn in body["turns"]] == [
        (1, "person", "<b>hi</b>"),
        (2, "bot", ANSWER.text),
    ]
    assert (body["more"], body["held"]) == (False, False)
    assert body["turns"][1]["turn"] == str(reply)
    assert [turn["seq"] for turn in (await request(chat, "GET", f"{TURNS}?after=1"))[1]["turns"]] == [2]
    assert (await request(chat, "GET", f"{TURNS}?after=99"))[1]["turns"] == []


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "٣"])
async def test_a_turn_is_named_by_its_number(chat: Chat, after: str) -> None:
    status, _ = await request(chat, "GET", TURNS, params={"after": after})
    assert status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", TURNS), ("POST", CLEAR), ("POST", "/api/conversations/{conversation}/leave")],
)
async def test_another_conversations_token_opens_nothing(
    client: Client, chat: Chat, reply: UUID, method: str, path: str, sqlite_database: Database
) -> None:
    other = await open_chat(client)
    headers = {"Authorization": f"Bearer {other.token}"}
    address = path.replace("{conversation}", chat.conversation)
    async with client.request(method, address, headers=headers) as response:
        assert response.status == 401
    assert len((await request(chat, "GET", TURNS))[1]["turns"]) == 2


async def test_an_opinion_is_kept(
    chat: Chat, reply: UUID, sqlite_database: Database, ring: KeyRing, listener: Listener
) -> None:
    comment = "<img src=x onerror=alert(1)> nope\x00"
    status, body = await judge(chat, reply, comment=comment)
    check(response_schema("post", "/api/feedback", status), body)
    assert (status, body) == (200, {"replies": []})
    async with sqlite_database.reading() as session:
        [kept] = await feedback.opinions(session, ring, UUID(chat.conversation))
    assert (kept.turn, kept.helpful) == (reply, False)
    assert kept.comment == comment.replace("\x00", "\ufffd")
    assert listener.heard == []


async def test_danger_in_a_comment_is_answered_like_a_message(
    chat: Chat, reply: UUID, listener: Listener, sqlite_database: Database, ring: KeyRing
) -> None:
    listener.risk = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)
    # Also where the comment alone would be refused: too long, or about no reply.
    for turn, comment in ((reply, "i want to die"), (reply, "i want to die " * 300), (uuid4(), "die")):
        status, body = await judge(chat, turn, comment=comment)
        check(response_schema("post", "/api/feedback", status), body)
        assert (status, len(body["replies"])) == (200, 1)
    assert [heard.text for heard in listener.heard][0] == "i want to die"
    async with sqlite_database.reading() as session:
        [kept] = await feedback.opinions(session, ring, UUID(chat.conversation))
    assert (kept.helpful, kept.comment) == (False, None)


async def test_what_cannot_be_kept_is_refused_with_the_numbers(
    chat: Chat, reply: UUID, holds_numbers: Callable[[Any], bool], sqlite_database: Database
) -> None:
    for turn, comment, expected in ((reply, "x" * 2_001, 413), (uuid4(), "x", 404), ("no", "x", 400)):
        status, body = await judge(chat, turn, comment=comment)
        check(response_schema("post", "/api/feedback", expected), body)
        assert status == expected
        assert holds_numbers(body)
    assert sqlite_database.file is not None
    await sqlite_database.close()
    sqlite_database.file.rename(sqlite_database.file.with_suffix(".gone"))
    for status, body in (await judge(chat, reply), await request(chat, "GET", TURNS)):
        assert (status, body["error"]["code"]) == (503, "unavailable")
        assert holds_numbers(body)


async def test_a_chat_is_cleared(chat: Chat, reply: UUID) -> None:
    status, body = await request(chat, "POST", CLEAR)
    check(response_schema("post", CLEAR, status), body)
    assert body == {"done": True, "kept": False}
    assert (await request(chat, "GET", TURNS))[1]["turns"] == []


async def test_leaving_is_heard(chat: Chat) -> None:
    headers = {"Authorization": f"Bearer {chat.token}"}
    async with chat.client.post(f"/api/conversations/{chat.conversation}/leave", headers=headers) as response:
        assert response.status == 204


async def test_the_page_is_taken_only_where_the_clinic_wants_it(
    chat: Chat, listener: Listener, api: Any
) -> None:
    page = {"address": "https://clinic.example/ketamine?name=ann#x", "title": "<i>Ketamine</i>"}
    await chat.post({"page": page})
    object.__setattr__(api.talk, "pages", True)
    await chat.post({"client_message_id": "m-2", "page": page})
    await chat.post({"client_message_id": "m-3", "page": "nonsense"})
    expected = Page("https://clinic.example/ketamine", "<i>Ketamine</i>")
    assert [heard.page for heard in listener.heard] == [None, expected, None]
