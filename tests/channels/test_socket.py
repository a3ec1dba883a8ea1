"""The widget's socket on a real server with a real database; only the engine is given."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession, WSServerHandshakeError, web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from bot.channels.api import ChatApi, add_api
from bot.channels.errors import Errors
from bot.channels.limits import Limits
from bot.channels.origins import Origins
from bot.channels.socket import Sockets, add_socket
from bot.channels.synthetic import Synthetic
from bot.channels.talk import Talk as Door
from bot.channels.tokens import Tokens
from bot.clearing import Clearing
from bot.judging import Judging
from bot.messages import Channel, Message
from bot.replay import replay
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Feedback, Handoff, StaffMember, Turn
from tests.channels.tabs import PATIENCE, PROTOCOL, Tab
from tests.fixtures.clock import HandClock
from tests.fixtures.talk import Talk, cards, content

CRY = "i want to kill myself"
ASKED = "is k addictive?"


class NoTracker:
    """An engine that remembers nothing."""

    async def forget(self, conversation: UUID) -> None:
        """Nothing to forget."""


class House:
    """A server with the socket and the API, and its parts."""

    def __init__(self, talk: Talk, **numbers: Any) -> None:
        self.talk = talk
        self.door = Door(
            responder=talk.responder,
            judging=Judging(database=talk.database, ring=talk.ring, responder=talk.responder),
            clearing=Clearing(
                database=talk.database,
                spool=talk.spool,
                memory=talk.memory,
                engine=NoTracker(),
                responder=talk.responder,
            ),
            database=talk.database,
            ring=talk.ring,
            clock=talk.clock,
            cards=cards,
            tokens=Tokens(talk.ring),
            limits=Limits(per_conversation="30/minute"),
        )
        self.sockets = Sockets(self.door, Errors(content=content, cards=cards), **numbers)
        self.app = web.Application()
        add_api(self.app, self._api())
        add_socket(self.app, self.sockets)
        self.server = TestServer(self.app)
        self.tabs: list[Tab] = []

    def _api(self) -> ChatApi:
        return ChatApi(
            talk=self.door,
            content=content,
            cards=cards,
            readiness=_ready,
            origins=Origins(allowed=["https://www.clinic.example"]),
            synthetic=Synthetic("", _never_stored),
            left=self.sockets.left,
            cleared=self.sockets.cleared,
        )

    async def tab(self, session: ClientSession, conversation: UUID | None = None, **about: Any) -> Tab:
        """A tab, not yet connected, of a conversation of its own unless told otherwise."""
        chat = conversation or uuid4()
        token = self.door.tokens.issue(chat, now=self.talk.clock.now())
        return Tab(session, str(self.server.make_url("/api/socket")), str(chat), token, **about)


async def _ready() -> list[str]:
    return []


async def _never_stored(_: Message) -> bool:
    return False


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def talk(sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock) -> Talk:
    return Talk(sqlite_database, ring, tmp_path, clock)


@pytest.fixture
async def house(talk: Talk) -> AsyncIterator[House]:
    house = House(talk)
    await house.server.start_server()
    yield house
    await house.server.close()


@pytest.fixture
async def tab(house: House, session: ClientSession) -> Tab:
    """A tab that is connected."""
    tab = await house.tab(session)
    await tab.connect()
    return tab


async def another(house: House, tab: Tab) -> Tab:
    """A second tab of the same conversation, connected."""
    other = Tab(tab.session, tab.url, tab.conversation, tab.token)
    await other.connect()
    return other


def holds_numbers(frame: dict[str, Any]) -> bool:
    taps = {link["href"].split("?")[0] for link in frame["links"]}
    return {"tel:+13214153213", "tel:988", "tel:911"} <= taps and "988" in frame["help"]


async def count(talk: Talk, query: Any) -> int:
    async with talk.database.reading() as reading:
        return int(await reading.scalar(query) or 0)


# The conversation


async def test_a_message_is_answered_with_typing_and_turns(tab: Tab) -> None:
    assert tab.frames[0] == {"type": "ready", "missed": [], "held": False}
    answer = await tab.say(ASKED, "m1")
    assert [frame["type"] for frame in tab.frames] == ["ready", "typing", "replies"]
    assert answer["message"]["seq"] == 1
    disclosure, reply = answer["turns"]
    assert (disclosure["kind"], disclosure["seq"], disclosure["by"]) == ("disclosure", 2, "bot")
    assert (reply["kind"], reply["seq"]) == ("answer", 3)
    again = await tab.say(ASKED, "m1")
    assert again["turns"] == answer["turns"]


async def test_a_crisis_gets_its_card_and_a_handoff(tab: Tab, talk: Talk) -> None:
    answer = await tab.say(CRY)
    assert {turn["kind"] for turn in answer["turns"]} == {"crisis"}
    assert await count(talk, select(func.count()).select_from(Handoff)) == 1


async def test_two_tabs_see_the_same_once(house: House, tab: Tab, talk: Talk) -> None:
    other = await another(house, tab)
    answer = await tab.say(ASKED)
    await other.shows(ASKED, *(turn["text"] for turn in answer["turns"]))
    # Also what neither of them sent.
    message = Message(
        UUID(tab.conversation), Channel.WEB, "over http", f"{tab.conversation}:h", talk.clock.now()
    )
    await talk.responder.exchange(message)
    for each in (tab, other):
        await each.shows("over http")
    pushed = next(turn for turn in tab.shown.values() if turn["text"] == "over http")
    assert (pushed["by"], pushed["client_message_id"]) == ("person", "h")
    assert (tab.again, other.again) == (0, 0)


async def test_what_another_process_stored_is_pushed(tab: Tab, talk: Talk, ring: KeyRing) -> None:
    await tab.say(ASKED)
    elsewhere = Database(f"sqlite+aiosqlite:///{talk.database.file}", ring)
    other = Talk(elsewhere, ring, talk.spool._folder.parent, talk.clock)
    other.conversation = UUID(tab.conversation)
    await other.say("from elsewhere")
    await tab.shows("from elsewhere")
    await elsewhere.close()


async def test_staff_taking_over_is_pushed(tab: Tab, talk: Talk) -> None:
    await tab.say(ASKED)
    async with talk.database.transaction() as writing:
        staff = StaffMember(login="a", name="A", role="n", password_hash="x", created_at=talk.clock.now())
        writing.add(staff)
        await writing.flush()
        await writing.execute(update(Conversation).values(held_by=staff.id))
    assert (await tab.get(lambda frame: frame["type"] == "held"))["held"] is True
    assert (await tab.say("hello?"))["turns"] == []


async def test_a_client_resumes_where_it_was(house: House, tab: Tab) -> None:
    first = await tab.say(ASKED)
    await tab.drop()
    other = await another(house, tab)
    await other.say("and is it legal?")
    ready = await tab.connect()
    assert ready["missed"][0]["text"] == "and is it legal?"
    assert min(turn["seq"] for turn in ready["missed"]) > max(turn["seq"] for turn in first["turns"])
    assert tab.again == 0


async def test_more_than_fits_is_pushed_afterwards(
    house: House, session: ClientSession, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    monkeypatch.setattr("bot.channels.talk.MOST", 3)
    for at in range(6):
        await talk.say(f"question {at}")
    tab = await house.tab(session, talk.conversation)
    ready = await tab.connect()
    assert len(ready["missed"]) == 3
    await tab.shows(*(f"question {at}" for at in range(6)))
    assert tab.again == 0


async def test_100_reconnects_in_two_tabs_deliver_each_message_once(house: House, tab: Tab) -> None:
    other = await another(house, tab)
    chance = random.Random(7)  # noqa: S311
    sent = []
    for at in range(100):
        mine = chance.choice((tab, other))
        text, named = f"message {at}", f"n{at}"
        sent.append(text)
        await mine.send({"type": "message", "client_message_id": named, "text": text})
        if chance.random() < 0.5:
            await mine.answer(named)
        gone = chance.choice((tab, other))
        await gone.drop()
        await gone.connect()
        # As the widget does: what is not answered is sent again.
        if named in mine.waiting:
            await mine.send({"type": "message", "client_message_id": named, "text": text})
    # On a busy machine some were accepted into the spool; the server brings them back every few seconds.
    await replay(house.talk.spool, house.talk.database, house.talk.ring)
    for each in (tab, other):
        await each.shows(*sent)
    await tab.say("the end")
    await other.shows("the end")
    for each in (tab, other):
        written = [turn["text"] for turn in each.shown.values() if turn["by"] == "person"]
        assert sorted(written) == sorted([*sent, "the end"])
    await replay(house.talk.spool, house.talk.database, house.talk.ring)
    stored = select(func.count()).where(
        Turn.conversation_id == UUID(tab.conversation), Turn.reply_to.is_(None)
    )
    assert await count(house.talk, stored) == 101


# What else a person may do


async def test_a_wish_to_be_called(tab: Tab, talk: Talk) -> None:
    wish = {"type": "call_back", "client_message_id": "w", "number": "4075550142", "consent": True}
    await tab.send(wish)
    assert [turn["kind"] for turn in (await tab.answer("w"))["turns"]] == ["service"]
    assert await count(talk, select(func.count()).select_from(Handoff)) == 1
    await tab.send({**wish, "client_message_id": "w2", "number": "soon"})
    refused = await tab.answer("w2")
    assert refused["error"]["code"] == "bad_number"
    assert holds_numbers(refused)


async def test_feedback_and_a_crisis_in_its_comment(house: House, tab: Tab, talk: Talk) -> None:
    reply = (await tab.say(ASKED))["turns"][-1]["turn"]
    await tab.send({"type": "feedback", "turn": reply, "helpful": True})
    kept = await tab.get(lambda frame: frame["type"] == "feedback_kept")
    assert (kept["turn"], kept["turns"]) == (reply, [])
    tab.frames.clear()
    await tab.send({"type": "feedback", "turn": reply, "helpful": False, "comment": CRY})
    kept = await tab.get(lambda frame: frame["type"] == "feedback_kept")
    assert {turn["kind"] for turn in kept["turns"]} == {"crisis"}
    assert await count(talk, select(func.count()).select_from(Handoff)) == 1
    assert await count(talk, select(func.count()).where(~Feedback.helpful)) == 1
    await tab.send({"type": "feedback", "turn": str(uuid4()), "helpful": False})
    refused = await tab.get(lambda frame: frame["type"] == "error")
    assert refused["error"]["code"] == "not_found"
    assert holds_numbers(refused)


async def test_clearing_ends_every_tab_and_says_what_was_kept(house: House, tab: Tab, talk: Talk) -> None:
    await tab.say(ASKED)
    await tab.say(CRY)
    other = await another(house, tab)
    await other.send({"type": "clear"})
    for each in (tab, other):
        cleared = await each.get(lambda frame: frame["type"] == "cleared")
        assert (cleared["done"], cleared["kept"]) == (True, True)
        assert await each.closed() == 4410


async def test_clearing_in_another_process_ends_this_tab(tab: Tab, talk: Talk) -> None:
    await tab.say(ASKED)
    async with talk.database.transaction() as writing:
        await writing.execute(update(Conversation).values(cleared_at=talk.clock.now(), turns=9))
    assert (await tab.get(lambda frame: frame["type"] == "cleared"))["kept"] is True
    assert await tab.closed() == 4410


async def test_r9_leaving_ends_every_tab_and_no_handoff(house: House, tab: Tab, talk: Talk) -> None:
    await tab.say(CRY)
    other = await another(house, tab)
    await tab.send({"type": "leave"})
    for each in (tab, other):
        assert await each.closed() == 4411
    assert await count(talk, select(func.count()).where(Handoff.closed_at.is_(None))) == 1


async def test_leaving_over_http_ends_sockets(house: House, tab: Tab) -> None:
    url = house.server.make_url(f"/api/conversations/{tab.conversation}/leave")
    async with tab.session.post(url, headers={"Authorization": f"Bearer {tab.token}"}) as response:
        assert response.status == 204
    assert await tab.closed() == 4411


# Who may


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_r25_a_page_that_is_not_allowed_gets_no_socket(
    house: House, session: ClientSession, origin: str
) -> None:
    tab = await house.tab(session, origin=origin)
    with pytest.raises(WSServerHandshakeError) as refused:
        await tab.connect()
    assert refused.value.status == 403


async def test_an_allowed_page_gets_one(house: House, session: ClientSession) -> None:
    tab = await house.tab(session, origin="https://www.clinic.example")
    assert (await tab.connect())["type"] == "ready"


async def test_another_protocol_gets_none(house: House, session: ClientSession) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await session.ws_connect(str(house.server.make_url("/api/socket")), protocols=["harborline.v9"])
    assert refused.value.status == 400
    async with session.get(house.server.make_url("/api/socket")) as response:
        assert response.status == 400
        assert holds_numbers(await response.json())


@pytest.mark.parametrize(
    "hello",
    [
        {"token": "x.y"},
        {"token": ""},
        {"token": 5},
        {"conversation": str(uuid4())},
        {"conversation": "no"},
        {"seen": -1},
        {"seen": "x"},
        {"seen": True},
        {"type": "message"},
        {"language": "tlh"},
    ],
)
async def test_without_a_sound_hello_nothing_opens(
    house: House, session: ClientSession, hello: dict[str, Any]
) -> None:
    tab = await house.tab(session)
    first = await tab.connect(**hello)
    assert first["type"] == "error"
    assert holds_numbers(first)
    assert await tab.closed() == 4401


async def test_a_token_expires_while_the_socket_is_open(tab: Tab, talk: Talk) -> None:
    assert (await tab.say(ASKED))["type"] == "replies"
    talk.clock.advance(days=31)
    refused = await tab.say(CRY)
    assert refused["error"]["code"] == "unauthorized"
    assert holds_numbers(refused)
    assert await tab.closed() == 4401


async def test_errors_are_in_the_language_of_the_hello(house: House, session: ClientSession) -> None:
    tab = await house.tab(session)
    await tab.connect(language="es")
    await tab.send("{")
    refused = await tab.get(lambda frame: frame["type"] == "error")
    assert refused["error"]["message"] == "No se pudo leer este mensaje."


# What is broken, hostile, slow or gone


async def test_malformed_and_oversized_frames_get_the_numbers_and_no_close(tab: Tab) -> None:
    for junk in (
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "[" * 100_000,
        "x" * 1_100_000,
        b"\xff\xfe",
        json.dumps({"type": "hello"}),
        json.dumps({"type": ["message"]}),
        json.dumps({"type": "message", "text": "x"}),
        json.dumps({"type": "message", "text": 5, "client_message_id": "m"}),
        json.dumps({"type": "message", "text": "x", "client_message_id": "\n"}),
        json.dumps({"type": "feedback", "turn": "x", "helpful": True}),
        json.dumps({"type": "feedback", "turn": str(uuid4()), "helpful": "yes"}),
        json.dumps({"type": "call_back", "client_message_id": "m", "number": "1"}),
    ):
        tab.frames.clear()
        await tab.send(junk)
        refused = await tab.get(lambda frame: frame["type"] == "error")
        assert refused["error"]["code"] in ("bad_request", "too_large")
        assert holds_numbers(refused)
    assert (await tab.say(CRY))["turns"][0]["kind"] == "crisis"


async def test_junk_never_ends_anything_but_itself(house: House, tab: Tab) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.one_of(
            st.binary(max_size=200),
            st.text(max_size=200),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=9), some),
                max_leaves=8,
            ).map(json.dumps),
            st.fixed_dictionaries(
                {"type": st.sampled_from(["message", "call_back", "feedback", "hello", "ping", "x"])},
                optional={
                    name: st.none() | st.integers() | st.text(max_size=30) | st.lists(st.integers())
                    for name in ("client_message_id", "text", "turn", "helpful", "comment", "number", "page")
                },
            ).map(json.dumps),
        )
    )
    def send(junk: str | bytes) -> None:
        cleaned = junk.encode("utf-8", "replace").decode() if isinstance(junk, str) else junk
        asyncio.run_coroutine_threadsafe(tab.send(cleaned), loop).result(PATIENCE)

    await asyncio.to_thread(send)
    assert (await tab.say(CRY))["turns"][0]["kind"] == "crisis"


async def test_r18_a_crisis_in_a_flood_gets_its_card(tab: Tab) -> None:
    for at in range(40):
        await tab.send({"type": "message", "client_message_id": f"f{at}", "text": ASKED})
    answer = await tab.say(CRY)
    assert {turn["kind"] for turn in answer["turns"]} == {"crisis"}
    last = await tab.answer("f39")
    assert [turn["kind"] for turn in last["turns"] if turn["kind"] != "disclosure"] != ["answer"]


async def test_a_flood_of_other_frames_ends_the_socket(tab: Tab) -> None:
    with suppress(OSError):
        for _ in range(400):
            await tab.send({"type": "ping"})
    assert await tab.closed() == 1008


async def test_a_ninth_socket_takes_the_place_of_the_first(house: House, tab: Tab) -> None:
    others = [await another(house, tab) for _ in range(8)]
    assert await tab.closed() == 4409
    assert (await others[-1].say(ASKED))["type"] == "replies"


async def test_a_slow_message_does_not_hold_up_a_crisis(tab: Tab, talk: Talk) -> None:
    talk.engine.takes_seconds = 1.0
    await tab.send({"type": "message", "client_message_id": "slow", "text": ASKED})
    await tab.say(CRY, "cry")
    order = [frame["client_message_id"] for frame in tab.frames if frame["type"] == "replies"]
    assert order == ["cry"]
    await tab.answer("slow")


async def test_a_slow_reader_is_dropped_and_blocks_nobody(house: House, tab: Tab) -> None:
    host, port = house.server.host, house.server.port
    reader, writer = await asyncio.open_connection(host, port, limit=2**10)
    writer.write(_handshake(host))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(
        _masked(json.dumps({"type": "hello", "conversation": tab.conversation, "token": tab.token}).encode())
    )
    await writer.drain()
    [room] = house.sockets.rooms.open.values()
    async with asyncio.timeout(PATIENCE):
        while len(room.lines) < 2:
            await asyncio.sleep(0.01)
    slow = room.lines[-1]
    async with asyncio.timeout(PATIENCE):
        while slow in room.lines:
            slow.send({"type": "turn", "filler": "x" * 100_000})
            await asyncio.sleep(0)
    assert (await tab.say(CRY))["turns"][0]["kind"] == "crisis"
    writer.close()


async def test_a_half_open_socket_is_found(talk: Talk) -> None:
    house = House(talk, ping_seconds=0.2)
    await house.server.start_server()
    try:
        chat = uuid4()
        token = house.door.tokens.issue(chat, now=talk.clock.now())
        reader, writer = await asyncio.open_connection(house.server.host, house.server.port)
        writer.write(_handshake(house.server.host))
        await reader.readuntil(b"\r\n\r\n")
        hello = json.dumps({"type": "hello", "conversation": str(chat), "token": token}).encode()
        writer.write(_masked(hello))
        async with asyncio.timeout(PATIENCE):
            while not house.sockets.rooms.open:
                await asyncio.sleep(0.01)
            # It never answers a ping, and never says that it is gone.
            while house.sockets.rooms.open:
                await asyncio.sleep(0.01)
        writer.close()
    finally:
        await house.server.close()


async def test_who_does_not_say_hello_is_closed(talk: Talk, session: ClientSession) -> None:
    house = House(talk, hello_seconds=0.2)
    await house.server.start_server()
    try:
        socket = await session.ws_connect(str(house.server.make_url("/api/socket")), protocols=[PROTOCOL])
        refused = json.loads((await socket.receive(PATIENCE)).data)
        assert holds_numbers(refused)
        await socket.receive(PATIENCE)
        assert socket.close_code == 4401
    finally:
        await house.server.close()


async def test_the_server_stops_after_what_was_asked_is_answered(talk: Talk, session: ClientSession) -> None:
    house = House(talk)
    await house.server.start_server()
    tab = await house.tab(session)
    await tab.connect()
    waiting = await session.ws_connect(str(house.server.make_url("/api/socket")), protocols=[PROTOCOL])
    talk.engine.takes_seconds = 0.5
    await tab.send({"type": "message", "client_message_id": "last", "text": ASKED})
    await tab.get(lambda frame: frame["type"] == "typing")
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(house.server.close(), waiting.receive())
    assert (await tab.answer("last"))["turns"][-1]["kind"] == "answer"
    assert await tab.closed() == 1001
    assert waiting.close_code == 1001


async def test_r2_with_the_database_away_the_card_still_comes_and_is_told_once_it_is_back(
    house: House, tab: Tab, talk: Talk
) -> None:
    file = talk.database.file
    assert file is not None
    away = file.with_suffix(".away")
    file.rename(away)
    answer = await tab.say(CRY)
    assert {turn["kind"] for turn in answer["turns"]} == {"crisis"}
    assert [turn["seq"] for turn in answer["turns"]] == [None] * len(answer["turns"])
    other = await another(house, tab)
    assert other.frames[0] == {"type": "ready", "missed": [], "held": False}
    refused = await _judged(tab, answer["turns"][0]["turn"])
    assert refused["error"]["code"] == "unavailable"
    assert holds_numbers(refused)
    away.rename(file)
    await replay(talk.spool, talk.database, talk.ring)
    await other.shows(CRY, *(turn["text"] for turn in answer["turns"]))
    assert other.again == 0
    assert set(other.shown) >= {turn["turn"] for turn in answer["turns"]}


async def _judged(tab: Tab, turn: str) -> dict[str, Any]:
    await tab.send({"type": "feedback", "turn": turn, "helpful": True})
    return await tab.get(lambda frame: frame["type"] == "error")


async def test_r23_logs_hold_no_words(
    house: House, tab: Tab, talk: Talk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    word = "xylophonic"

    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError(word)

    monkeypatch.setattr(talk.responder, "exchange", broken)
    refused = await tab.say(word)
    assert refused["error"]["code"] == "internal"
    assert holds_numbers(refused)
    await tab.send("{" + word)
    await tab.send({"type": word, "text": word})
    await tab.drop()
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bot"))
    assert "ValueError" in logged
    assert word not in logged
    assert tab.token not in caplog.text


def _handshake(host: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /api/socket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def _masked(payload: bytes) -> bytes:
    """A text frame as a client sends it."""
    mask = os.urandom(4)
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return b"\x81" + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
