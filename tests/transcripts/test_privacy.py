"""Invariant 5: nothing that a person wrote can be read in the files, or in what is logged."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from bot import handoff
from bot.audit import Act, record
from bot.cases import work
from bot.messages import Channel, Page
from bot.replay import store
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry
from bot.transcripts.spool import Spool
from bot.transcripts.tables import Outcome, StaffMember, Tracker
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, CRISIS, accepted, message, recorded

WORDS = "the violet heron reads seventeen almanacs"
NUMBER = "+15550142"
SECRETS = [WORDS, "violet heron", NUMBER, NUMBER[2:], ANSWER.text[:20]]


@pytest.fixture
def entry(clock: HandClock) -> AcceptedEntry:
    said = message(clock.now(), WORDS, channel=Channel.SMS, sender=NUMBER)
    return accepted(replace(said, page=Page(f"https://a.example/{WORDS}", WORDS)), CRISIS)


async def everything(database: Database, ring: KeyRing, entry: AcceptedEntry, clock: HandClock) -> None:
    """Every way that words get into the database."""
    conversation, staff = entry.message.conversation, uuid4()
    async with database.transaction() as session:
        await store(session, ring, entry)
        await turns.record_outbound(session, ring, recorded(entry, ANSWER))
        session.add(
            StaffMember(
                id=staff, login="a", name="A", role="nurse", password_hash="x", created_at=clock.now()
            )
        )
        await feedback.keep(
            session,
            ring,
            conversation=conversation,
            turn=turns.outbound_id(entry.turn, 0),
            helpful=True,
            comment=WORDS,
            now=clock.now(),
        )
        session.add(
            Tracker(
                conversation=conversation,
                blob=ring.encrypt(WORDS, conversation, field="tracker"),
                updated_at=clock.now(),
            )
        )
        await session.flush()
        row = await handoff.current(session, conversation)
        assert row is not None
        await work.take(session, ring, row.id, staff, clock.now(), why=WORDS)
        await work.note(session, ring, row.id, staff, clock.now(), WORDS)
        await work.close(session, ring, row.id, staff, clock.now(), Outcome.REACHED, remark=WORDS)
        await work.reopen(session, ring, row.id, staff, clock.now(), why=WORDS)
        await handoff.close(session, ring, row.id, staff, clock.now(), outcome=WORDS)
        await record(session, ring, Act.SEARCHED, clock.now(), staff=staff, detail={"words": WORDS})


def readable(raw: bytes) -> list[str]:
    """Which of the secrets stand in these bytes, in any of the usual encodings."""
    return [
        secret
        for secret in SECRETS
        if any(secret.encode(encoding) in raw for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
    ]


def test_the_search_finds_what_is_there() -> None:
    assert readable(f"…{WORDS}…".encode()) == [WORDS, "violet heron"]


async def test_r20_the_sqlite_files_hold_no_words_and_no_number(
    sqlite_database: Database, ring: KeyRing, entry: AcceptedEntry, clock: HandClock, tmp_path: Path
) -> None:
    await everything(sqlite_database, ring, entry, clock)
    files = list(tmp_path.glob("harborline.db*"))
    assert {file.suffix for file in files} >= {".db", ".db-wal"}
    raw = b"".join(file.read_bytes() for file in files)
    assert str(entry.message.external_id).encode() in raw, "the rows are in these files"
    assert readable(raw) == []


async def test_r20_a_dump_of_the_server_holds_no_words_and_no_number(
    postgresql_database: Database, postgresql_url: str, ring: KeyRing, entry: AcceptedEntry, clock: HandClock
) -> None:
    await everything(postgresql_database, ring, entry, clock)
    dump = b""
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
                dump += b"".join(bytes(part) for part in copy)
    assert entry.message.external_id.encode() in dump
    assert readable(dump) == []


async def test_r20_the_spool_holds_no_words_and_no_number(
    tmp_path: Path, ring: KeyRing, entry: AcceptedEntry
) -> None:
    spool = Spool(tmp_path / "spool", ring)
    await spool.append(entry)
    await spool.append(recorded(entry, ANSWER))
    await spool.close()
    [file] = (tmp_path / "spool").iterdir()
    assert readable(file.read_bytes()) == []
    assert str(entry.message.conversation) not in file.read_text()


async def test_r23_nothing_of_it_is_logged_even_when_storing_fails(
    database: Database,
    ring: KeyRing,
    entry: AcceptedEntry,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    # Drivers' own debug lines are switched off by the program's logging set-up.
    for name in ("aiosqlite", "sqlalchemy", "psycopg", "asyncio"):
        caplog.set_level(logging.INFO, logger=name)
    await everything(database, ring, entry, clock)
    with pytest.raises(Exception) as failure:  # noqa: PT011 - whatever it is, its text is looked at
        await everything(database, ring, entry, clock)
    assert readable(caplog.text.encode()) == []
    assert readable(str(failure.value).encode()) == []
