"""Escalation: who is told first, who next while nobody acknowledges, and what stops it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, time
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot import handoff
from bot.escalation import Escalator
from bot.messages import Channel, Language, Level, Risk
from bot.outbox import Worker
from bot.roster import Contact, Roster
from bot.roster.roster import AGAIN, MINUTES
from bot.roster.shifts import Shift
from bot.transcripts import conversations
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff, HandoffReason, Notification, StaffMember
from tests.fixtures.clock import HandClock
from tests.fixtures.paging import CRISIS, EMERGENCY, Phone, Staff, in_danger, until

KEYS = ("ana", "bo", "cy", "siren")
NEW_YORK = ZoneInfo("America/New_York")


def always(*who: str) -> Shift:
    return Shift(who, frozenset(range(7)), time(), time())


def roster(
    first: tuple[Shift, ...] = (always("ana"),),
    next_: tuple[Shift, ...] = (always("bo"),),
    everyone: tuple[Shift, ...] = (Shift(("cy",), frozenset({0}), time(3), time(4)),),
) -> Roster:
    """Ana is told first, Bo next; Cy's only shift is on Monday nights, so he is one of everybody."""
    contacts = {key: Contact(key, key.title(), f"HARBORLINE_CONTACT_{key.upper()}") for key in KEYS}
    return Roster(NEW_YORK, contacts, (*first, *everyone), next_, ("siren",), MINUTES, AGAIN)


class Desk:
    """Contacts with phones, and workers that follow a roster."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database = database
        self.clock = clock
        self.phones: Mapping[str, Phone] = {key: Phone(f"contact/{key}") for key in KEYS}
        self._running: list[asyncio.Task[None]] = []

    def start(self, plan: Roster, *recipients: Phone, on: Database | None = None, poll: float = 0.02) -> None:
        database = on or self.database
        staff = Staff(*recipients, contacts=tuple(self.phones.values()))
        escalator = Escalator(database, plan, self.clock)
        worker = Worker(database, staff, self.clock, plan=escalator.advance, poll_seconds=poll)
        self._running.append(asyncio.create_task(worker.run()))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()

    def told(self) -> dict[str, list[str]]:
        """Why each contact was paged, in order; without those that were not."""
        return {
            key: [page.reason for page in phone.pages] for key, phone in self.phones.items() if phone.pages
        }

    async def expect(self, **told: list[str]) -> None:
        """Wait until exactly these pages have arrived, and a moment longer for any that must not."""
        await until(lambda: self.told() == told, seconds=8)
        await asyncio.sleep(0.12)
        assert self.told() == told


@pytest.fixture
async def desk(database: Database, clock: HandClock) -> AsyncIterator[Desk]:
    made = Desk(database, clock)
    yield made
    await made.stop()


@pytest.fixture
async def staff(database: Database, clock: HandClock) -> UUID:
    member = StaffMember(
        id=uuid4(), login="ada", name="Ada", role="clinician", password_hash="x", created_at=clock.now()
    )
    async with database.transaction() as session:
        session.add(member)
    return member.id


async def acknowledge(desk: Desk, conversation: UUID, staff: UUID) -> UUID:
    desk.clock.advance(seconds=1)
    async with desk.database.transaction() as session:
        row = await handoff.current(session, conversation)
        assert row is not None
        assert await handoff.acknowledge(session, row.id, staff, desk.clock.now())
        return row.id


async def raise_level(desk: Desk, conversation: UUID, risk: Risk) -> None:
    async with desk.database.transaction() as session:
        await handoff.open(session, conversation, uuid4(), risk, desk.clock.now())


@pytest.mark.parametrize(
    ("risk", "wait", "again"), [(EMERGENCY, 2, 10), (CRISIS, 5, 30), (Risk(level=Level.CONCERN), 30, 240)]
)
async def test_r7_next_then_everyone_then_the_alarm_again_and_again(
    desk: Desk, risk: Risk, wait: int, again: int
) -> None:
    await in_danger(desk.database, desk.clock, risk)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    desk.clock.advance(minutes=wait, seconds=-1)
    await desk.expect(ana=["opened"])
    desk.clock.advance(seconds=1)
    await desk.expect(ana=["opened"], bo=["escalated"])
    desk.clock.advance(minutes=wait)
    await desk.expect(ana=["opened", "escalated"], bo=["escalated"] * 2, cy=["escalated"])
    desk.clock.advance(minutes=wait)
    alarmed = {
        "ana": ["opened", "escalated", "alarm"],
        "bo": ["escalated", "escalated", "alarm"],
        "cy": ["escalated", "alarm"],
        "siren": ["alarm"],
    }
    await desk.expect(**alarmed)
    desk.clock.advance(minutes=again, seconds=-1)
    await desk.expect(**alarmed)
    desk.clock.advance(seconds=1)
    await desk.expect(**{key: [*reasons, "alarm"] for key, reasons in alarmed.items()})
    keys = [key for phone in desk.phones.values() for key in phone.keys]
    assert len(set(keys)) == 5, "one key a step, the same for all who are told"


async def test_who_is_told_of_everything_is_told_at_once_as_without_a_roster(desk: Desk) -> None:
    team = Phone("team")
    await in_danger(desk.database, desk.clock)
    desk.start(roster(), team)
    await desk.expect(ana=["opened"])
    desk.clock.advance(minutes=5)
    await desk.expect(ana=["opened"], bo=["escalated"])
    await until(lambda: [page.reason for page in team.pages] == ["opened", "escalated"])


async def test_an_empty_step_is_skipped_at_once(desk: Desk) -> None:
    await in_danger(desk.database, desk.clock)
    desk.start(roster(first=()))
    await desk.expect(bo=["opened"])


async def test_when_nobody_is_on_duty_everybody_is_told_at_once(desk: Desk) -> None:
    await in_danger(desk.database, desk.clock)
    desk.start(roster(first=(), next_=()))
    await desk.expect(cy=["opened"])
    desk.clock.advance(minutes=5)
    await desk.expect(cy=["opened", "alarm"], siren=["alarm"])


async def test_a_step_that_tells_nobody_new_is_skipped(desk: Desk) -> None:
    await in_danger(desk.database, desk.clock)
    desk.start(roster(next_=(always("ana"),)))
    await desk.expect(ana=["opened"])
    desk.clock.advance(minutes=5)
    await desk.expect(ana=["opened", "escalated"], cy=["escalated"])


async def test_acknowledging_stops_the_rest(desk: Desk, staff: UUID) -> None:
    desk.phones["ana"].failing = 10**6
    conversation = await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await desk.expect(bo=["escalated"])
    await acknowledge(desk, conversation, staff)
    await asyncio.sleep(0.1)
    attempts = desk.phones["ana"].attempts
    for _ in range(5):
        desk.clock.advance(hours=1)
        await asyncio.sleep(0.1)
    await desk.expect(bo=["escalated"])
    assert desk.phones["ana"].attempts == attempts, "not even the page that failed is sent again"


async def test_closing_stops_the_rest(desk: Desk, staff: UUID, ring: KeyRing) -> None:
    conversation = await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    async with desk.database.transaction() as session:
        row = await handoff.current(session, conversation)
        assert row is not None
        await handoff.close(session, ring, row.id, staff, desk.clock.now())
    desk.clock.advance(hours=1)
    await desk.expect(ana=["opened"])


async def test_a_hold_that_lapses_is_told_to_the_next_at_once(desk: Desk, staff: UUID) -> None:
    conversation = await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    case = await acknowledge(desk, conversation, staff)
    desk.clock.advance(minutes=10)
    async with desk.database.transaction() as session:
        lapsed = update(Handoff).where(Handoff.id == case)
        await session.execute(lapsed.values(acknowledged_at=None, acknowledged_by=None))
    await desk.expect(ana=["opened"], bo=["escalated"])


async def test_a_danger_that_rises_is_told_to_all_who_were_told_and_waits_for_less(desk: Desk) -> None:
    conversation = await in_danger(desk.database, desk.clock, CRISIS)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    desk.clock.advance(minutes=1)
    await raise_level(desk, conversation, EMERGENCY)
    await desk.expect(ana=["opened", "raised"])
    desk.clock.advance(minutes=2)
    await desk.expect(ana=["opened", "raised"], bo=["escalated"])


async def test_a_danger_that_rises_after_the_acknowledgement_is_told_and_not_escalated(
    desk: Desk, staff: UUID
) -> None:
    conversation = await in_danger(desk.database, desk.clock, CRISIS)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    await acknowledge(desk, conversation, staff)
    await raise_level(desk, conversation, EMERGENCY)
    await desk.expect(ana=["opened", "raised"])
    desk.clock.advance(hours=1)
    await desk.expect(ana=["opened", "raised"])


async def test_when_nobody_of_a_step_can_be_reached_the_next_is_told_at_once(desk: Desk) -> None:
    for key in ("ana", "bo"):
        desk.phones[key].failing = 10**6
    await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await desk.expect(cy=["escalated"])
    desk.clock.advance(minutes=5)
    await desk.expect(cy=["escalated", "alarm"], siren=["alarm"])


async def test_when_nobody_at_all_can_be_reached_the_alarm_is_not_repeated_in_a_loop(desk: Desk) -> None:
    for phone in desk.phones.values():
        phone.failing = 10**6
    await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await until(lambda: desk.phones["siren"].attempts == 1)
    await asyncio.sleep(0.3)
    async with desk.database.transaction() as session:
        assert len((await session.scalars(select(Notification))).all()) == 4


async def test_r35_a_contact_that_hangs_delays_nobody(desk: Desk) -> None:
    desk.phones["ana"].hangs = True
    for _ in range(12):
        await in_danger(desk.database, desk.clock)
    desk.start(roster(first=(always("ana", "bo"),)))
    await until(lambda: len(desk.phones["bo"].pages) == 12)
    assert desk.phones["ana"].pages == []


async def test_r35_many_workers_take_each_step_once(
    desk: Desk, database_url: str, make_database: Callable[[str], Database]
) -> None:
    cases = 10
    for _ in range(cases):
        await in_danger(desk.database, desk.clock)
    for _ in range(4):
        desk.start(roster(), on=make_database(database_url), poll=0.3)
    await until(lambda: len(desk.phones["ana"].pages) >= cases)
    desk.clock.advance(minutes=5)
    await until(lambda: len(desk.phones["bo"].pages) >= cases)
    await asyncio.sleep(0.3)
    # A send that was not marked before the clock jumped past its lease goes out again, with its key.
    assert {key: len(set(phone.keys)) for key, phone in desk.phones.items()} == {
        "ana": cases, "bo": cases, "cy": 0, "siren": 0,
    }  # fmt: skip


async def test_a_restart_goes_on_where_it_was(desk: Desk) -> None:
    await in_danger(desk.database, desk.clock)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    await desk.stop()
    desk.clock.advance(minutes=5)
    desk.start(roster())
    await desk.expect(ana=["opened"], bo=["escalated"])


async def test_a_roster_that_comes_later_hears_of_those_in_danger_now(desk: Desk) -> None:
    await in_danger(desk.database, desk.clock)
    team = Phone("team")
    without = asyncio.create_task(Worker(desk.database, Staff(team), desk.clock, poll_seconds=0.02).run())
    await until(lambda: bool(team.pages))
    without.cancel()
    await asyncio.wait({without})
    desk.start(roster())
    await desk.expect(ana=["opened"])


DAY = Shift(("ana",), frozenset(range(7)), time(6), time(0))
NIGHT = Shift(("bo",), frozenset(range(7)), time(0), time(6))


@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2026, 1, 10, 5, tzinfo=UTC),  # an ordinary one in New York
        datetime(2026, 3, 8, 5, tzinfo=UTC),  # the night that loses an hour
        datetime(2026, 11, 1, 4, tzinfo=UTC),  # the night that has one twice
    ],
)
async def test_whoever_is_on_duty_when_a_step_is_due_is_told(desk: Desk, midnight: datetime) -> None:
    plan = roster(first=(always("cy"),), next_=(DAY, NIGHT), everyone=())
    minutes_before = (midnight - desk.clock.now()).total_seconds() / 60 - 1
    desk.clock.advance(minutes=minutes_before)
    await in_danger(desk.database, desk.clock, EMERGENCY)
    desk.start(plan)
    await desk.expect(cy=["opened"])
    desk.clock.advance(minutes=2)
    await desk.expect(cy=["opened"], bo=["escalated"])


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 8, 6, 59, tzinfo=UTC),  # 01:59, a minute before the clocks go forward
        datetime(2026, 11, 1, 5, 59, tzinfo=UTC),  # 01:59, a minute before they go back
    ],
)
async def test_steps_wait_real_minutes_when_the_clocks_change(desk: Desk, at: datetime) -> None:
    desk.clock.advance(seconds=(at - desk.clock.now()).total_seconds())
    await in_danger(desk.database, desk.clock, EMERGENCY)
    desk.start(roster())
    await desk.expect(ana=["opened"])
    desk.clock.advance(minutes=2, seconds=-1)
    await desk.expect(ana=["opened"])
    desk.clock.advance(seconds=1)
    await desk.expect(ana=["opened"], bo=["escalated"])


async def test_a_call_back_request_is_told_and_escalated_slowly(desk: Desk) -> None:
    conversation = uuid4()
    async with desk.database.transaction() as session:
        await conversations.open_conversation(
            session, conversation, Channel.WEB, Language.EN, desk.clock.now()
        )
        await handoff.open_case(session, conversation, HandoffReason.CALL_BACK, uuid4(), desk.clock.now())
    desk.start(roster())
    await desk.expect(ana=["call_back"])
    desk.clock.advance(minutes=30)
    await desk.expect(ana=["call_back"], bo=["escalated"])
    [page] = desk.phones["bo"].pages
    assert (page.level, page.case) == (Level.NONE, HandoffReason.CALL_BACK)
