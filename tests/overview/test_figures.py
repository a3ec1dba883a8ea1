"""Figures on both databases: days across daylight saving, waits, rates; numbers are numbers of rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.browsing.filters import Filters, Lacked
from bot.browsing.listing import conversations
from bot.cases import work
from bot.messages import Channel, Language, Level, Risk
from bot.overview.figures import Figures, figures
from bot.overview.slots import by_day, by_hour
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff, Outcome
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, add_member, write
from tests.fixtures.many import fill

ZONE = ZoneInfo("America/New_York")
SPRING = date(2026, 3, 8)
AUTUMN = date(2026, 11, 1)


async def made(database: Database, ring: KeyRing, since: date, until: date) -> Figures:
    async with database.reading() as session:
        return await figures(session, ring, since, until, ZONE)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 7, 1), 24)])
async def test_a_day_is_the_clinics_also_when_clocks_change(
    database: Database, ring: KeyRing, day: date, hours: int
) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    for hour in range(-1, hours + 1):
        at = midnight + timedelta(hours=hour, minutes=30)
        await write(database, ring, at, "what is it", Risk())
    found = await made(database, ring, day - timedelta(days=1), day + timedelta(days=1))
    assert list(found.days.values()) == [1, hours, 1]
    only = await made(database, ring, day, day)
    assert (only.days, only.conversations, only.messages) == ({day: hours}, hours, hours)
    assert sum(only.hours) == hours
    assert only.hours[1] == {23: 1, 24: 1, 25: 2}[hours]
    assert only.hours[2] == {23: 0, 24: 1, 25: 1}[hours]


async def test_every_number_is_the_number_of_rows_behind_its_link(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await fill(database, ring, clock.now(), 1_600, days=40)
    since, until = date(2026, 2, 1), date(2026, 3, 2)
    found = await made(database, ring, since, until)

    async def rows(**more: object) -> int:
        async with database.reading() as session:
            wanted = Filters(since=since, until=until, **more)  # type: ignore[arg-type]
            return len((await conversations(session, wanted, ZONE, limit=1_000)).lines)

    assert found.conversations == await rows() > 50
    assert found.declined == await rows(lacked=Lacked.DECLINED) > 0
    assert found.asked_back == await rows(lacked=Lacked.ASKED_BACK) > 0
    assert found.channels[Channel.SMS] == await rows(channel=Channel.SMS) > 0
    assert found.languages[Language.ES] == await rows(language=Language.ES) > 0
    assert sum(number for level, number in found.levels.items() if level) == await rows(level=Level.CONCERN)
    for topic, number in found.topics:
        assert number == await rows(topic=topic), topic
    for day, number in found.days.items():
        async with database.reading() as session:
            page = await conversations(session, Filters(since=day, until=day), ZONE, limit=1_000)
        assert number == len(page.lines), day
    assert found.segments >= found.texts > 0


async def test_waits_are_from_opening_to_the_first_who_took_it(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    ada = await add_member(database, ring, clock.now())
    for minutes in (1, 2, 30):
        await write(database, ring, clock.now(), "i want to die", CRISIS)
        clock.advance(minutes=minutes)
        async with database.transaction() as session:
            case = await work.take_next(session, ring, ada.id, clock.now())
            assert case is not None
            await work.release(session, ring, case, ada.id, clock.now())
        clock.advance(minutes=5)
        async with database.transaction() as session:
            await work.take(session, ring, case, ada.id, clock.now(), why="again")
            await work.close(session, ring, case, ada.id, clock.now(), Outcome.REACHED)
    await write(database, ring, clock.now(), "i want to die", CRISIS)
    found = await made(database, ring, date(2026, 3, 2), date(2026, 3, 2))
    waits = found.waits[Level.CRISIS]
    assert (waits.opened, waits.acknowledged, waits.closed) == (4, 3, 3)
    assert (waits.acknowledge_median, waits.close_median) == (120, 420)
    assert waits.acknowledge_95 == pytest.approx(1_632)
    async with database.reading() as session:
        assert len((await session.scalars(select(Handoff.id))).all()) == 4


def test_zones_with_half_hours_are_counted_right() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    number = int(datetime(2026, 1, 1, 18, 30, tzinfo=UTC).timestamp()) // 900
    days = by_day({number - 1: 1, number: 2}, date(2026, 1, 1), date(2026, 1, 2), zone)
    assert days == {date(2026, 1, 1): 1, date(2026, 1, 2): 2}
    assert by_hour({number: 2}, zone)[0] == 2
