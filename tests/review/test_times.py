"""Times are in the clinic's zone, and the zone is named: over midnight and over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.review.times import Times, length
from tests.fixtures.clock import HandClock


@pytest.fixture
def times(clock: HandClock) -> Times:
    return Times(ZoneInfo("America/New_York"), clock)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "Mon 2 Mar 2026, 7:00 am EST"),
        (datetime(2026, 3, 3, 4, 59, tzinfo=UTC), "Mon 2 Mar 2026, 11:59 pm EST"),
        (datetime(2026, 3, 3, 5, 0, tzinfo=UTC), "Tue 3 Mar 2026, 12:00 am EST"),
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "Sun 8 Mar 2026, 1:59 am EST"),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "Sun 8 Mar 2026, 3:00 am EDT"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "Sun 1 Nov 2026, 1:30 am EDT"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "Sun 1 Nov 2026, 1:30 am EST"),
        (datetime(2026, 7, 1, 16, 5, tzinfo=UTC), "Wed 1 Jul 2026, 12:05 pm EDT"),
    ],
)
def test_moments(times: Times, at: datetime, shown: str) -> None:
    assert times.moment(at) == shown


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=-5), "under 1 min"),
        (timedelta(seconds=59), "under 1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1, minutes=5), "1 h 05 min"),
        (timedelta(hours=47, minutes=59), "47 h 59 min"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_lengths(span: timedelta, shown: str) -> None:
    assert length(span) == shown


def test_a_wait_over_the_change_of_the_clock_is_as_long_as_it_was(times: Times, clock: HandClock) -> None:
    began = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    clock.advance(hours=(began - clock.now()).total_seconds() / 3600 + 1)
    assert times.since(began) == "1 h 00 min"
