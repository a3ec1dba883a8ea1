"""Replaying the spool: everything arrives once, hand-offs included, however often it is tried."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from bot.messages import Level, Risk
from bot.replay import replay, store
from bot.transcripts import standings, turns
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry
from bot.transcripts.spool import Spool
from bot.transcripts.tables import Handoff, Notification, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, CONCERN, CRISIS, DISCLOSURE, accepted, message, recorded


@pytest.fixture
async def spool(tmp_path: Path, ring: KeyRing) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool", ring)
    yield spool
    await spool.close()


async def counts(database: Database) -> tuple[int, int, int]:
    """Turns, hand-offs and notifications."""
    async with database.reading() as session:
        found = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (Turn, Handoff, Notification)
        ]
    return found[0] or 0, found[1] or 0, found[2] or 0


async def standing(
    database: Database, ring: KeyRing, conversation: UUID, clock: HandClock
) -> standings.Standing:
    async with database.reading() as session:
        return await standings.standing(session, ring, conversation, clock.now())


async def test_a_spooled_crisis_becomes_a_turn_a_state_and_a_handoff(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    entry = accepted(message(clock.now(), "words"), CRISIS)
    await spool.append(entry)
    await spool.append(recorded(entry, DISCLOSURE, ANSWER))
    clock.advance(minutes=10)
    done = await replay(spool, database, ring)
    assert (done.stored, done.refused, done.unreadable) == (2, 0, 0)
    assert await counts(database) == (3, 1, 1)
    state = await standing(database, ring, entry.message.conversation, clock)
    assert state.level is Level.CRISIS
    assert state.level_until == entry.message.received_at + standings.STICKY
    assert [turn.text for turn in state.history] == ["words", DISCLOSURE.text, ANSWER.text]
    assert spool.waiting == 0
    assert database.outbox_changed.is_set()


async def test_nothing_is_stored_twice_when_the_process_dies_before_the_file_is_removed(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock, tmp_path: Path
) -> None:
    entry = accepted(message(clock.now()), CRISIS)
    await spool.append(entry)
    await spool.append(recorded(entry, ANSWER))
    [file] = (tmp_path / "spool").iterdir()
    copy = file.read_bytes()
    await replay(spool, database, ring)
    before = await counts(database)
    for _ in range(2):
        file.write_bytes(copy)
        assert (await replay(spool, database, ring)).stored == 2
    assert await counts(database) == before == (2, 1, 1)
    async with database.reading() as session:
        assert await session.scalar(select(Handoff.count)) == 1


async def test_a_commit_that_landed_late_is_recognised(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    entry = accepted(message(clock.now()), CRISIS)
    await spool.append(entry)
    async with database.transaction() as session:
        await store(session, ring, entry)
    await replay(spool, database, ring)
    assert await counts(database) == (1, 1, 1)


async def test_r15_a_sender_who_tried_again_meanwhile_is_stored_once(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    entry = accepted(message(clock.now(), external_id="SM1"), CRISIS)
    await spool.append(entry)
    await spool.append(recorded(entry, DISCLOSURE))
    again = AcceptedEntry(turn=uuid4(), message=entry.message, risk=CRISIS, language=entry.language)
    async with database.transaction() as session:
        await store(session, ring, again)
        await turns.record_outbound(session, ring, recorded(again, ANSWER))
    done = await replay(spool, database, ring)
    assert (done.stored, done.refused) == (2, 0)
    assert await counts(database) == (2, 1, 1)
    async with database.reading() as session:
        retry = await turns.find_retry(session, ring, entry.message.channel, "SM1")
    assert retry is not None
    assert (retry.turn, retry.text, retry.replies) == (again.turn, entry.message.text, (ANSWER,))
    assert [place.seq for place in retry.places] == [1, 2]


async def test_concern_and_opting_out_are_kept_as_well(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    conversation = uuid4()
    await spool.append(accepted(message(clock.now(), conversation=conversation), CONCERN))
    clock.advance(seconds=1)
    await spool.append(accepted(message(clock.now(), conversation=conversation), opted_out=True))
    await replay(spool, database, ring)
    state = await standing(database, ring, conversation, clock)
    assert (state.level, state.opted_out) == (Level.CONCERN, True)
    clock.advance(seconds=1)
    await spool.append(accepted(message(clock.now(), conversation=conversation), opted_out=False))
    await replay(spool, database, ring)
    assert not (await standing(database, ring, conversation, clock)).opted_out
    assert await counts(database) == (3, 0, 0)


async def test_an_old_crisis_opens_a_handoff_without_reviving_its_state(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    entry = accepted(message(clock.now()), CRISIS)
    await spool.append(entry)
    clock.advance(days=3)
    await replay(spool, database, ring)
    assert await counts(database) == (1, 1, 1)
    assert (await standing(database, ring, entry.message.conversation, clock)).level is Level.NONE


async def test_an_entry_that_is_refused_is_kept_aside_and_the_others_are_stored(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock, tmp_path: Path
) -> None:
    good = accepted(message(clock.now()))
    await spool.append(recorded(accepted(message(clock.now())), ANSWER))
    await spool.append(good)
    done = await replay(spool, database, ring)
    assert (done.stored, done.refused) == (1, 1)
    assert await counts(database) == (1, 0, 0)
    assert [file.suffix for file in (tmp_path / "spool").iterdir()] == [".aside"]
    assert spool.waiting == 0


async def test_when_the_database_goes_away_again_everything_stays(
    sqlite_database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    entry = accepted(message(clock.now()), CRISIS)
    await spool.append(entry)
    assert sqlite_database.file is not None
    with closing(sqlite3.connect(sqlite_database.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError):
            await replay(spool, sqlite_database, ring)
    assert spool.waiting == 1
    assert (await replay(spool, sqlite_database, ring)).stored == 1
    assert await counts(sqlite_database) == (1, 1, 1)


async def test_a_conversation_that_lost_its_beginning_is_made_by_what_is_left(
    database: Database, ring: KeyRing, spool: Spool, clock: HandClock
) -> None:
    first = accepted(message(clock.now(), "first"))
    second = replace(
        accepted(message(clock.now(), "second", conversation=first.message.conversation)), risk=Risk()
    )
    await spool.append(second)
    await spool.append(first)
    await replay(spool, database, ring)
    assert await counts(database) == (2, 0, 0)
