"""R29: the heartbeat, against the real server over real HTTP; and against servers that fail."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from bot import handoff, heartbeat
from bot.channels.synthetic import MARK, STORED
from bot.heartbeat import MESSAGES, Heart, HeartbeatError, beat
from bot.messages import Level
from bot.notify import Notifier
from bot.replay import replay, store
from bot.transcripts import synthetic, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.export import export_conversations
from bot.transcripts.spool import Spool
from bot.transcripts.tables import Conversation, Dispatch, Handoff, HandoffTurn, Notification, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.crisis import CRISIS
from tests.fixtures.examples import CRISIS as RISK
from tests.fixtures.examples import accepted, message, recorded
from tests.fixtures.records import Records
from tests.fixtures.server import COMMAND, Server, environment, running
from tests.fixtures.talk import screener

SECRET = "a-secret-of-the-tests-that-is-long-enough"


@pytest.fixture(scope="module")
def beaten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server that knows the secret; cards need no engine."""
    with running(tmp_path_factory.mktemp("beaten"), mode="card-only", heartbeat_secret=SECRET) as server:
        while "database" in httpx.get(f"{server.url}/health/ready", timeout=5).json()["reasons"]:
            time.sleep(0.05)
        yield server


def stored(server: Server, table: type[Any], *where: Any) -> int:
    with Records(server).session() as session:
        return session.scalar(sa.select(func.count()).select_from(table).where(*where)) or 0


def beat_command(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = environment(folder, **settings)
    return subprocess.run(
        [*COMMAND, "heartbeat", *arguments], cwd=folder, env=environ, capture_output=True, text=True,
        timeout=90, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("text", MESSAGES.values())
def test_the_message_is_a_crisis_to_the_screen(text: str) -> None:
    assert screener().screen(text).level >= Level.CRISIS


async def test_r29_the_message_gets_its_card_is_stored_and_makes_no_case(beaten: Server) -> None:
    before = stored(beaten, Turn)
    await beat(beaten.url, SECRET)
    assert stored(beaten, Turn) == before + 4, "a message and its card in each language"
    assert stored(beaten, Conversation, ~Conversation.synthetic, Conversation.turns > 0) == 0
    for table in (Handoff, HandoffTurn, Notification, Dispatch):
        assert stored(beaten, table) == 0, table


async def test_a_person_beside_it_is_told_of_as_ever(beaten: Server) -> None:
    await beat(beaten.url, SECRET)
    chat = await asyncio.to_thread(beaten.chat)
    answer = await asyncio.to_thread(chat.post, CRISIS)
    assert MARK not in answer.headers
    assert STORED not in answer.headers
    assert Records(beaten).open_handoffs(chat.conversation) == 1


@pytest.mark.parametrize("given", [b"", b"no", SECRET[:-1].encode(), SECRET.encode() + b"x", b"\xff"])
async def test_a_wrong_secret_marks_nothing(beaten: Server, given: bytes) -> None:
    async with httpx.AsyncClient(base_url=beaten.url, headers={MARK.encode(): given}) as http:
        opened = await http.post("/api/conversations", json={})
        assert MARK not in opened.headers
        body = {"conversation": opened.json()["conversation"], "client_message_id": "1", "text": CRISIS}
        authorization = {"Authorization": f"Bearer {opened.json()['token']}"}
        answer = await http.post("/api/messages", json=body, headers=authorization)
    assert answer.json()["replies"][0]["kind"] == "crisis"
    assert Records(beaten).open_handoffs(body["conversation"]) == 1


async def test_a_server_that_does_not_know_the_secret_is_not_sent_a_crisis(beaten: Server) -> None:
    before = stored(beaten, Turn), stored(beaten, Handoff)
    with pytest.raises(HeartbeatError, match="HARBORLINE_HEARTBEAT_SECRET"):
        await beat(beaten.url, "x" * 40)
    assert (stored(beaten, Turn), stored(beaten, Handoff)) == before


def test_the_command_beats_once_and_says_so(beaten: Server, tmp_path: Path) -> None:
    done = beat_command(tmp_path, "--once", "--url", beaten.url, heartbeat_secret=SECRET, keys="")
    assert (done.returncode, done.stdout) == (0, "The crisis path works.\n"), done.stderr


def test_the_command_needs_the_secret(tmp_path: Path) -> None:
    done = beat_command(tmp_path, "--once")
    assert done.returncode == 2
    assert "HARBORLINE_HEARTBEAT_SECRET" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


# A server that fails


class Fake:
    """Answers as the server does, but for what a test breaks; and takes pages and pings."""

    def __init__(self) -> None:
        self.url = ""
        self.opened: dict[str, Any] = {}
        self.card: dict[str, Any] = {}
        self.stored = "yes"
        self.seconds = 0.0
        self.pages: list[dict[str, Any]] = []
        self.pings = 0
        self.ping_status = 200

    async def open(self, request: web.Request) -> web.Response:
        self.language = (await request.json())["language"]
        opened = {"conversation": str(uuid4()), "token": "t", "replies": [], **self.opened}
        return web.json_response(opened, status=201, headers={MARK: "yes"})

    async def answer(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.seconds)
        links = [{"label": "x", "href": href} for href in ("tel:988", "tel:911")]
        card = {"kind": "crisis", "language": self.language, "links": links, **self.card}
        return web.json_response({"replies": [card]}, headers={STORED: self.stored})

    async def page(self, request: web.Request) -> web.Response:
        self.pages.append(await request.json())
        return web.Response()

    async def ping(self, request: web.Request) -> web.Response:
        self.pings += 1
        return web.Response(status=self.ping_status)


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fake]:
    monkeypatch.setattr(heartbeat, "AGAIN_SECONDS", 0.01)
    fake = Fake()
    app = web.Application()
    app.router.add_post("/api/conversations", fake.open)
    app.router.add_post("/api/messages", fake.answer)
    app.router.add_post("/pager", fake.page)
    app.router.add_get("/alive", fake.ping)
    async with TestServer(app) as server:
        fake.url = f"http://127.0.0.1:{server.port}"
        yield fake


@pytest.fixture
def heart(fake: Fake, clock: HandClock) -> Heart:
    pager = Notifier([fake.url.replace("http", "json") + "/pager"], base_url="https://clinic.example")
    return Heart(fake.url, SECRET, f"{fake.url}/alive", pager, clock)


async def test_all_is_well_pings_the_dead_mans_switch_and_pages_nobody(fake: Fake, heart: Heart) -> None:
    assert await heart.once() is None
    assert (fake.pings, fake.pages) == (1, [])


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"card": {"kind": "fallback"}}, "no crisis card"),
        ({"card": {"links": []}}, "lacks 988 or 911"),
        ({"card": {"language": "fr"}}, "not in the message's language"),
        ({"card": {"links": None}}, "cannot be reached or understood"),
        ({"opened": {"token": None, "conversation": None}, "stored": "no"}, "not in the database"),
        ({"seconds": 0.3}, "the card took"),
    ],
)
async def test_a_failure_pages_staff_and_pings_nothing(
    fake: Fake, heart: Heart, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any], problem: str
) -> None:
    monkeypatch.setattr(heartbeat, "SLOWEST_SECONDS", 0.25)
    for name, value in broken.items():
        setattr(fake, name, value)
    assert problem in str(await heart.once())
    [page] = fake.pages
    assert page["title"] == "Harborline: heartbeat failed"
    assert "Ref heartbeat:2026-03-02T12" in page["message"]
    assert SECRET not in page["message"]
    assert fake.pings == 0


async def test_a_server_that_is_away_pages_staff(fake: Fake, clock: HandClock) -> None:
    pager = Notifier([fake.url.replace("http", "json") + "/pager"], base_url="https://clinic.example")
    gone = Heart("http://127.0.0.1:9", SECRET, f"{fake.url}/alive", pager, clock)
    assert "cannot be reached" in str(await gone.once())
    assert len(fake.pages) == 1


async def test_a_failure_that_lasts_is_paged_every_half_hour_and_a_new_one_at_once(
    fake: Fake, heart: Heart
) -> None:
    fake.stored = "no"
    for _ in range(heartbeat.PAGE_AGAIN_BEATS + 1):
        await heart.once()
    assert len(fake.pages) == 2
    fake.stored = "yes"
    assert await heart.once() is None
    fake.stored = "no"
    await heart.once()
    assert len(fake.pages) == 3


async def test_a_hiccup_is_tried_again_before_anybody_is_woken(
    fake: Fake, heart: Heart, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["no", "yes", "yes"])
    monkeypatch.setattr(Fake, "stored", property(lambda _: next(answers)), raising=False)
    del fake.__dict__["stored"]
    assert await heart.once() is None
    assert fake.pages == []


async def test_a_dead_mans_switch_that_refuses_is_told_to_the_caller_alone(fake: Fake, heart: Heart) -> None:
    fake.ping_status = 500
    assert "refuses: status 500" in str(await heart.once())
    assert fake.pages == []


# What is stored of it


async def heart_writes(database: Database, ring: KeyRing, at: datetime, **changes: Any) -> UUID:
    entry = accepted(replace(message(at), synthetic=True, **changes), RISK)
    async with database.transaction() as session:
        await store(session, ring, entry)
        await turns.record_outbound(session, ring, recorded(entry))
    return entry.message.conversation


async def count(database: Database, table: type[Any]) -> int:
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_the_hand_off_is_written_and_taken_back_and_wakes_nobody(
    database: Database, ring: KeyRing, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Notification] = []

    def note(**row: Any) -> Notification:
        written.append(Notification(**row))
        return written[-1]

    monkeypatch.setattr(handoff, "Notification", note)
    await heart_writes(database, ring, clock.now())
    assert len(written) == 1
    assert [await count(database, table) for table in (Turn, Handoff, HandoffTurn, Notification)] == [
        1,
        0,
        0,
        0,
    ]
    assert not database.outbox_changed.is_set()


async def test_a_person_who_writes_in_its_conversation_is_a_person(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    conversation = await heart_writes(database, ring, clock.now())
    async with database.transaction() as session:
        await store(session, ring, accepted(message(clock.now(), conversation=conversation), RISK))
    assert await count(database, Handoff) == 1
    await heart_writes(database, ring, clock.now(), conversation=conversation)
    async with database.transaction() as session:
        row = await session.get_one(Conversation, conversation)
        assert not row.synthetic
        assert (await session.scalars(select(Handoff.count))).all() == [2]


async def test_it_stays_marked_through_the_spool(
    database: Database, ring: KeyRing, clock: HandClock, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", ring)
    await spool.append(accepted(replace(message(clock.now()), synthetic=True), RISK))
    await replay(spool, database, ring)
    await spool.close()
    assert (await count(database, Turn), await count(database, Handoff)) == (1, 0)


async def test_it_is_in_no_export_and_forgotten_after_a_day(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await heart_writes(database, ring, clock.now())
    clock.advance(hours=25)
    await heart_writes(database, ring, clock.now())
    person = message(clock.now() - synthetic.KEPT * 3)
    async with database.transaction() as session:
        await store(session, ring, accepted(person))
    exported = [row["conversation"] async for row in export_conversations(database, ring)]
    assert exported == [str(person.conversation)]
    async with database.transaction() as session:
        await synthetic.forget(session, clock.now())
    assert (await count(database, Conversation), await count(database, Turn)) == (2, 2)
