"""Hand-offs: one open a conversation, whatever arrives how often and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bot import handoff
from bot.messages import Channel, Experiencer, Kind, Language, Level, Risk
from bot.transcripts import conversations, standings
from bot.transcripts.database import Database, RefusedError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff, Notification, Reason, StaffMember
from tests.fixtures.clock import HandClock

CRISIS = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)
EMERGENCY = Risk(level=Level.EMERGENCY, kind=Kind.OVERDOSE, experiencer=Experiencer.OTHER)


@pytest.fixture
async def conversation(database: Database, clock: HandClock) -> UUID:
    made = uuid4()
    async with database.transaction() as session:
        await conversations.open_conversation(session, made, Channel.WEB, Language.EN, clock.now())
    return made


@pytest.fixture
async def staff(database: Database, clock: HandClock) -> UUID:
    member = StaffMember(
        id=uuid4(), login="ada", name="Ada", role="clinician", password_hash="x", created_at=clock.now()
    )
    async with database.transaction() as session:
        session.add(member)
    return member.id


async def opened(
    database: Database, conversation: UUID, risk: Risk, clock: HandClock, turn: UUID | None = None
) -> handoff.Opened:
    async with database.transaction() as session:
        return await handoff.open(session, conversation, turn or uuid4(), risk, clock.now())


async def handoffs(database: Database) -> list[Handoff]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Handoff).order_by(Handoff.opened_at)))


async def notifications(database: Database) -> list[Notification]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Notification).order_by(Notification.created_at)))


async def test_a_crisis_opens_a_handoff_and_one_notification(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    result = await opened(database, conversation, CRISIS, clock)
    [row] = await handoffs(database)
    [note] = await notifications(database)
    assert result == handoff.Opened(row.id, opened=True)
    assert (row.level, row.kind, row.experiencer, row.count) == (
        Level.CRISIS, Kind.SUICIDE, Experiencer.SELF, 1,
    )  # fmt: skip
    assert row.opened_at == clock.now()
    assert (note.reason, note.level, note.handoff_id) == (Reason.OPENED, Level.CRISIS, row.id)


async def test_the_same_turn_twice_changes_nothing(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    turn, other = uuid4(), uuid4()
    first = await opened(database, conversation, CRISIS, clock, turn)
    await opened(database, conversation, CRISIS, clock, other)
    again = await opened(database, conversation, CRISIS, clock, turn)
    assert again == handoff.Opened(first.handoff)
    assert [row.count for row in await handoffs(database)] == [2]
    assert len(await notifications(database)) == 1


async def test_more_of_the_same_danger_is_counted_and_not_told_again(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    for _ in range(20):
        result = await opened(database, conversation, CRISIS, clock)
    assert not result.opened
    assert not result.raised
    assert [row.count for row in await handoffs(database)] == [20]
    assert len(await notifications(database)) == 1


async def test_a_higher_level_raises_it_and_is_told(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    first = await opened(database, conversation, CRISIS, clock)
    clock.advance(minutes=5)
    result = await opened(database, conversation, EMERGENCY, clock)
    [row] = await handoffs(database)
    assert result == handoff.Opened(first.handoff, raised=True)
    assert (row.level, row.kind, row.experiencer) == (Level.EMERGENCY, Kind.OVERDOSE, Experiencer.OTHER)
    assert row.raised_at == clock.now()
    assert [note.reason for note in await notifications(database)] == [Reason.OPENED, Reason.RAISED]


async def test_a_lower_level_lowers_nothing(database: Database, conversation: UUID, clock: HandClock) -> None:
    await opened(database, conversation, EMERGENCY, clock)
    result = await opened(database, conversation, CRISIS, clock)
    [row] = await handoffs(database)
    assert not result.raised
    assert (row.level, row.kind) == (Level.EMERGENCY, Kind.OVERDOSE)
    assert row.raised_at is None


async def test_r16_a_number_that_opted_out_is_reported_as_such(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    async with database.transaction() as session:
        await conversations.set_opted_out(session, conversation, clock.now())
    await opened(database, conversation, CRISIS, clock)
    clock.advance(seconds=1)
    await opened(database, conversation, EMERGENCY, clock)
    assert {note.reason for note in await notifications(database)} == {Reason.CANNOT_TEXT_BACK}


async def test_an_unknown_conversation_is_refused(database: Database, clock: HandClock) -> None:
    with pytest.raises(conversations.UnknownConversationError):
        await opened(database, uuid4(), CRISIS, clock)


async def test_many_at_once_open_exactly_one(
    database_url: str,
    database: Database,
    conversation: UUID,
    clock: HandClock,
    make_database: Callable[[str], Database],
) -> None:
    """Through two connection pools, as two processes would, and messages of both levels mixed."""
    other = make_database(database_url)
    results = await asyncio.gather(
        *(
            opened([database, other][number % 2], conversation, [CRISIS, EMERGENCY][number % 3 == 0], clock)
            for number in range(12)
        )
    )
    [row] = await handoffs(database)
    assert (row.level, row.count) == (Level.EMERGENCY, 12)
    assert sum(result.opened for result in results) == 1
    assert len(await notifications(database)) == 1 + sum(result.raised for result in results)


async def test_two_turns_of_one_message_at_once_count_once(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    turn = uuid4()
    await asyncio.gather(*(opened(database, conversation, CRISIS, clock, turn) for _ in range(6)))
    assert [row.count for row in await handoffs(database)] == [1]


async def test_the_database_itself_refuses_a_second_open_one(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    await opened(database, conversation, CRISIS, clock)
    [row] = await handoffs(database)
    twin = {
        column.name: getattr(row, column.name) for column in Handoff.__table__.columns if column.name != "id"
    }
    with pytest.raises(RefusedError):
        async with database.transaction() as session:
            session.add(Handoff(id=uuid4(), **twin))


async def test_acknowledging_counts_for_the_first_alone(
    database: Database, conversation: UUID, staff: UUID, clock: HandClock
) -> None:
    result = await opened(database, conversation, CRISIS, clock)
    clock.advance(minutes=2)
    async with database.transaction() as session:
        assert await handoff.acknowledge(session, result.handoff, staff, clock.now())
        assert not await handoff.acknowledge(session, result.handoff, staff, clock.now())
        assert not await handoff.acknowledge(session, uuid4(), staff, clock.now())
    [row] = await handoffs(database)
    assert (row.acknowledged_at, row.acknowledged_by, row.closed_at) == (clock.now(), staff, None)


async def test_closing_ends_the_crisis_state_and_a_new_crisis_opens_a_new_one(
    database: Database, conversation: UUID, staff: UUID, ring: KeyRing, clock: HandClock
) -> None:
    turn = uuid4()
    result = await opened(database, conversation, CRISIS, clock, turn)
    async with database.transaction() as session:
        await standings.hold_sticky(session, conversation, CRISIS, clock.now())
    clock.advance(hours=1)
    async with database.transaction() as session:
        assert await handoff.close(
            session, ring, result.handoff, staff, clock.now(), outcome="spoke by phone"
        )
        assert not await handoff.close(session, ring, result.handoff, staff, clock.now())
        assert not await handoff.acknowledge(session, result.handoff, staff, clock.now())
        assert (await standings.standing(session, ring, conversation, clock.now())).level is Level.NONE
    [row] = await handoffs(database)
    assert row.outcome is not None
    assert ring.decrypt(row.outcome, row.id, field="outcome") == "spoke by phone"
    late = await opened(database, conversation, CRISIS, clock, turn)
    assert late == handoff.Opened(result.handoff), "a turn of a closed hand-off opens nothing"
    new = await opened(database, conversation, CRISIS, clock)
    assert new.opened
    assert new.handoff != result.handoff
    async with database.transaction() as session:
        assert not await handoff.close(session, ring, result.handoff, staff, clock.now())


async def test_it_is_undone_with_the_message_that_it_belongs_to(
    database: Database, conversation: UUID, clock: HandClock
) -> None:
    async def interrupted() -> None:
        async with database.transaction() as session:
            await handoff.open(session, conversation, uuid4(), CRISIS, clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        await interrupted()
    assert await handoffs(database) == []
    assert await notifications(database) == []
    assert not database.outbox_changed.is_set()


async def test_a_commit_wakes_the_outbox(database: Database, conversation: UUID, clock: HandClock) -> None:
    assert not database.outbox_changed.is_set()
    await opened(database, conversation, CRISIS, clock)
    assert database.outbox_changed.is_set()
