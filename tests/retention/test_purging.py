"""Retention on both databases: by the last activity and by class, open cases held, nothing left in files."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from bot.cases import work
from bot.messages import Channel, Risk
from bot.retention.deleting import reached_from_a_conversation
from bot.retention.purging import Due, HeldError, Rules, conversations_of, look, purge, purge_person
from bot.reviewing import choosing, giving
from bot.reviewing.choosing import Chosen
from bot.reviewing.verdicts import Judgement
from bot.staff import sessions
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.spool import Spool
from bot.transcripts.tables import (
    Base,
    Conversation,
    Handoff,
    LoginThrottle,
    Outcome,
    ReviewReason,
    ReviewStage,
    StaffMember,
    StaffSession,
    Tracker,
    Turn,
    Verdict,
)
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, add_member, write
from tests.fixtures.examples import ANSWER, accepted, message, recorded

YEAR = Rules(days=365, case_days=730)
NUMBER = "+14075550142"


@pytest.fixture
def spool(tmp_path: Path, ring: KeyRing) -> Spool:
    return Spool(tmp_path / "spool", ring)


@pytest.fixture
async def ada(database: Database, ring: KeyRing, clock: HandClock) -> StaffMember:
    return await add_member(database, ring, clock.now())


async def say(
    database: Database, ring: KeyRing, clock: HandClock, risk: Risk | None = None, sender: str | None = None
) -> UUID:
    """A conversation in which everything happened that leaves a row."""
    channel = Channel.SMS if sender else Channel.WEB
    said = await write(
        database, ring, clock.now(), "the violet heron", risk or Risk(), channel=channel, sender=sender
    )
    async with database.transaction() as session:
        turn = (await session.scalars(sa.select(Turn).where(Turn.conversation_id == said.conversation))).one()
        entry = accepted(said)
        answered = recorded(entry, ANSWER)
        await turns.record_outbound(session, ring, replace(answered, turn=turn.id))
        await feedback.keep(
            session,
            ring,
            conversation=said.conversation,
            turn=turns.outbound_id(turn.id, 0),
            helpful=False,
            comment="violet",
            now=clock.now(),
        )
        staff = await session.scalar(sa.select(StaffMember.id).limit(1))
        if staff is not None:
            await choosing.add_item(
                session, ring, Chosen(turn.id, said.conversation, ReviewReason.CHOSEN), clock.now()
            )
            await giving.give(
                session,
                ring,
                turn.id,
                staff,
                Judgement(verdict=Verdict.RIGHT),
                clock.now(),
                note="violet",
                stage=ReviewStage.FIRST,
            )
        session.add(
            Tracker(
                conversation=said.conversation,
                blob=ring.encrypt("violet", said.conversation, field="tracker"),
                updated_at=clock.now(),
            )
        )
    return said.conversation


async def close_case(
    database: Database, ring: KeyRing, clock: HandClock, conversation: UUID, staff: UUID
) -> None:
    async with database.transaction() as session:
        case = await session.scalar(sa.select(Handoff.id).where(Handoff.conversation_id == conversation))
        assert case is not None
        await work.take(session, ring, case, staff, clock.now(), why="x")
        await work.note(session, ring, case, staff, clock.now(), "violet @ada")
        await work.close(session, ring, case, staff, clock.now(), Outcome.REACHED, remark="violet")


async def there(database: Database) -> set[UUID]:
    async with database.reading() as session:
        return set(await session.scalars(sa.select(Conversation.id)))


async def test_a_year_later_quiet_conversations_are_gone_and_others_are_not(
    database: Database, ring: KeyRing, clock: HandClock, spool: Spool, ada: StaffMember
) -> None:
    quiet = await say(database, ring, clock)
    open_case = await say(database, ring, clock, CRISIS)
    closed_case = await say(database, ring, clock, CRISIS)
    await close_case(database, ring, clock, closed_case, ada.id)
    active = await say(database, ring, clock)
    clock.advance(days=300)
    async with database.transaction() as session:
        again = message(clock.now(), "hello again", conversation=active)
        await turns.add_inbound(session, ring, uuid4(), again, risk=Risk(), language=ANSWER.language)
    clock.advance(days=70)
    async with database.reading() as session:
        due = await look(session, YEAR, clock.now())
    assert (due.conversations, due.with_case, due.held, due.trackers) == (1, 0, 0, 4)
    assert await there(database) == {quiet, open_case, closed_case, active}

    forgotten: list[UUID] = []
    assert await purge(database, spool, YEAR, clock.now(), forget=forgotten.append) == due
    assert forgotten == [quiet]
    assert await there(database) == {open_case, closed_case, active}
    clock.advance(days=370)
    done = await purge(database, spool, YEAR, clock.now())
    assert (done.conversations, done.with_case, done.held) == (2, 1, 1)
    assert await there(database) == {open_case}
    assert (await purge(database, spool, YEAR, clock.now())).conversations == 0


async def test_nothing_is_deleted_until_the_clinic_says_for_how_long(
    database: Database, ring: KeyRing, clock: HandClock, spool: Spool
) -> None:
    kept = await say(database, ring, clock)
    clock.advance(days=20_000)
    assert (await purge(database, spool, Rules(0, 0), clock.now())).conversations == 0
    assert await there(database) == {kept}


async def test_no_row_of_any_table_is_left(
    database: Database, ring: KeyRing, clock: HandClock, spool: Spool, ada: StaffMember
) -> None:
    gone = await say(database, ring, clock, CRISIS, sender=NUMBER)
    await close_case(database, ring, clock, gone, ada.id)
    clock.advance(days=1_000)
    await purge(database, spool, YEAR, clock.now())
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in ("staff_member", "audit_entry", "key_check", "watermark"):
                assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table.name


def test_every_table_with_words_is_reached() -> None:
    """A new table that holds ciphertext of a conversation must not be forgotten here."""
    reached = reached_from_a_conversation()
    others = {"tracker", "staff_member", "audit_entry", "key_check", "saved_view"}
    for table in Base.metadata.sorted_tables:
        if any(isinstance(column.type, sa.LargeBinary) for column in table.columns):
            assert table.name in reached | others, table.name


async def test_ended_sessions_failed_logins_and_files_put_aside_go_too(
    database: Database, ring: KeyRing, clock: HandClock, spool: Spool, ada: StaffMember, tmp_path: Path
) -> None:
    (tmp_path / "spool").mkdir()
    aside = tmp_path / "spool" / f"20260101T000000000000-{uuid4()}.aside"
    aside.write_text("x")
    async with database.transaction() as session:
        await sessions.begin(session, ada.id, "token", clock.now())
        session.add(LoginThrottle(key="k", failures=1, last_failure_at=clock.now()))
    clock.advance(days=29)
    assert (await purge(database, spool, YEAR, clock.now())) == Due()
    clock.advance(days=800)
    done = await purge(database, spool, YEAR, clock.now())
    assert (done.sessions, done.throttles) == (1, 1)
    assert not aside.exists()
    async with database.reading() as session:
        assert (await session.scalars(sa.select(StaffSession))).all() == []


async def test_one_person_is_deleted_by_number_but_not_while_a_case_is_open(
    database: Database, ring: KeyRing, clock: HandClock, spool: Spool, ada: StaffMember
) -> None:
    gone = await say(database, ring, clock, CRISIS, sender=NUMBER)
    other = await say(database, ring, clock, sender="+14075550143")
    async with database.reading() as session:
        with pytest.raises(HeldError):
            await conversations_of(session, ring, number=NUMBER)
    await close_case(database, ring, clock, gone, ada.id)
    async with database.reading() as session:
        found = await conversations_of(session, ring, number=NUMBER)
        assert found == await conversations_of(session, ring, conversation=gone) == [gone]
    forgotten: list[UUID] = []
    await purge_person(database, spool, found, forget=forgotten.append)
    assert forgotten == [gone]
    assert await there(database) == {other}


async def test_of_what_was_deleted_no_byte_is_left_in_the_files(
    sqlite_database: Database, ring: KeyRing, clock: HandClock, spool: Spool, tmp_path: Path
) -> None:
    """Whoever has the key could read a ciphertext that lies about in a free page or in the log."""
    conversation = await say(sqlite_database, ring, clock, sender=NUMBER)
    await sqlite_database.wipe()
    said = message(clock.now(), "the violet heron", conversation=conversation)
    entry = accepted(said)
    await spool.append(entry)
    await spool.close()
    [file] = (tmp_path / "spool").iterdir()
    aside = file.rename(file.with_suffix(".aside"))
    sealed_line = aside.read_bytes().splitlines()[0]
    async with sqlite_database.reading() as session:
        bodies = list(await session.scalars(sa.select(Turn.body)))
        bodies += list(await session.scalars(sa.select(Tracker.blob)))
        bodies += [blob for blob in await session.scalars(sa.select(Conversation.sender)) if blob]
    assert all(body in _bytes(tmp_path) for body in bodies)

    spool = Spool(tmp_path / "spool", ring)
    await purge_person(sqlite_database, spool, [conversation])
    await spool.close()
    assert not any(body in _bytes(tmp_path) for body in bodies)
    assert sealed_line not in aside.read_bytes()
    assert await asyncio.to_thread((tmp_path / "harborline.db-wal").stat) is not None
    assert (tmp_path / "harborline.db-wal").stat().st_size == 0


async def test_a_reader_who_holds_the_log_is_told_of_not_waited_for(
    sqlite_database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await say(sqlite_database, ring, clock)
    async with sqlite_database.reading() as session:
        await session.scalar(sa.select(Turn.id))
        await say(sqlite_database, ring, clock)
        assert await sqlite_database.wipe() is False
    assert await sqlite_database.wipe() is True


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("harborline.db*"))


def test_rules_name_their_classes(clock: HandClock) -> None:
    assert Rules(0, 0).due(clock.now()) is None
    assert "has_case" in str(Rules(1, 0).due(clock.now()))
