"""Opening a conversation, writing in it, and health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

import pytest

from bot.messages import SILENT, Channel, Language
from bot.transcripts.turns import outbound_id
from tests.channels.listener import Chat, Client, Listener, open_chat
from tests.fixtures.clock import HandClock


async def test_a_conversation_opens_with_a_token_and_what_is_said_first(
    client: Client, listener: Listener
) -> None:
    async with client.post("/api/conversations", json={"language": "es"}) as response:
        assert response.status == 201
        opened = await response.json()
    assert listener.greeted == [(UUID(opened["conversation"]), Channel.WEB, Language.ES)]
    assert opened["replies"][0]["kind"] == "disclosure"
    assert opened["token"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.5", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr, es;q=0.2", "es"),
        ("es;q=0, en;q=0.1", "en"),
        ("de", "en"),
        ("es;q=much", "en"),
        ("", "en"),
    ],
)
async def test_the_browser_chooses_the_language_when_the_page_does_not(
    client: Client, listener: Listener, accepted: str, language: str
) -> None:
    await client.post("/api/conversations", headers={"Accept-Language": accepted})
    assert listener.greeted[0][2] == language


async def test_a_message_is_answered(chat: Chat) -> None:
    status, body = await chat.post({"text": "when does the tide turn?"})
    assert status == 200
    turn, at = str(uuid5(UUID(chat.conversation), f"{chat.conversation}:m-1")), "2026-03-02T12:00:00+00:00"
    assert body == {
        "message": {"turn": turn, "seq": None, "at": at},
        "replies": [
            {
                "turn": str(outbound_id(UUID(turn), 0)),
                "seq": None,
                "at": at,
                "kind": "answer",
                "text": "Tides turn twice a day.",
                "language": "en",
                "quick_replies": ["When is high tide?"],
                "source": {
                    "title": "Tides",
                    "section": "Turning",
                    "authority": "Harbour Office",
                    "reviewed_on": "2026-01-02",
                },
                "links": [{"label": "Call the harbour", "href": "tel:+13215550100"}],
            }
        ],
    }


async def test_the_message_that_reaches_the_responder(
    chat: Chat, listener: Listener, clock: HandClock
) -> None:
    await chat.post({"client_message_id": "m-7", "text": "hola", "language": "es"})
    message = listener.heard[0]
    assert message.conversation == UUID(chat.conversation)
    assert message.channel is Channel.WEB
    assert message.text == "hola"
    assert message.received_at == clock.now()
    assert message.language is Language.ES
    assert message.sender is None


async def test_the_same_id_is_the_same_message_only_within_a_conversation(
    client: Client, listener: Listener
) -> None:
    first, second = await open_chat(client), await open_chat(client)
    for chat in (first, first, second):
        await chat.post({"client_message_id": "1"})
    ids = [message.external_id for message in listener.heard]
    assert ids[0] == ids[1] != ids[2]


async def test_silence_is_an_empty_list(chat: Chat, listener: Listener) -> None:
    listener.replies = SILENT
    status, body = await chat.post({})
    assert (status, body["replies"]) == (200, [])


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer x.y", "Basic dTpw", "Bearer \u00e9"]
)
async def test_without_a_valid_token_nothing_is_heard(
    chat: Chat, listener: Listener, authorization: str
) -> None:
    status, body = await chat.post({}, Authorization=authorization)
    assert (status, body["error"]["code"]) == (401, "unauthorized")
    assert listener.heard == []


async def test_a_token_opens_no_other_conversation(client: Client, listener: Listener) -> None:
    mine, theirs = await open_chat(client), await open_chat(client)
    status, _ = await mine.post({"conversation": theirs.conversation})
    assert status == 401
    assert listener.heard == []


async def test_a_token_expires(chat: Chat, clock: HandClock) -> None:
    clock.advance(days=29)
    assert (await chat.post({}))[0] == 200
    clock.advance(days=2)
    assert (await chat.post({}))[0] == 401


async def test_live(client: Client) -> None:
    async with client.get("/health/live") as response:
        assert (response.status, await response.json()) == (200, {"status": "live"})


async def test_ready(client: Client) -> None:
    async with client.get("/health/ready") as response:
        assert (response.status, await response.json()) == (
            200,
            {"status": "ready", "reasons": [], "warnings": []},
        )


async def test_not_ready_says_why(client: Client, missing: list[str]) -> None:
    missing.extend(["engine", "database"])
    async with client.get("/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["reasons"] == ["engine", "database"]


async def _wish(client: Client, chat: Chat, **body: object) -> tuple[int, Any]:
    whole = {
        "conversation": chat.conversation,
        "client_message_id": "w-1",
        "number": "407 555 0142",
        "consent": True,
        **body,
    }
    headers = {"Authorization": f"Bearer {chat.token}"}
    async with client.post("/api/call-backs", json=whole, headers=headers) as response:
        return response.status, await response.json()


async def test_a_wish_to_be_called_reaches_the_responder(
    client: Client, chat: Chat, listener: Listener
) -> None:
    status, body = await _wish(client, chat, language="es")
    assert (status, len(body["replies"])) == (200, 1)
    [heard] = listener.heard
    assert (heard.text, heard.language) == ("407 555 0142", Language.ES)


@pytest.mark.parametrize("consent", [False, None, "yes", 1])
async def test_without_consent_nothing_is_kept(
    client: Client, chat: Chat, listener: Listener, consent: object
) -> None:
    status, body = await _wish(client, chat, consent=consent)
    assert (status, body["error"]["code"]) == (400, "bad_request")
    assert listener.heard == []


async def test_what_is_no_number_is_refused_with_the_numbers(
    client: Client, chat: Chat, holds_numbers: Callable[[Any], bool]
) -> None:
    status, body = await _wish(client, chat, number="soon")
    assert (status, body["error"]["code"]) == (422, "bad_number")
    assert holds_numbers(body)


async def test_a_wish_for_another_conversation_is_not_heard(
    client: Client, chat: Chat, listener: Listener
) -> None:
    other = await open_chat(client)
    status, _ = await _wish(client, chat, conversation=other.conversation)
    assert status == 401
    assert listener.heard == []
