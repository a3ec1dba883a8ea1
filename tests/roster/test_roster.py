"""The roster: who is on duty by the clinic's clock, across midnight and when the clocks change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from bot.content import ContentError
from bot.messages import Level
from bot.roster import ALARM, EVERYONE, Roster, examine, load
from bot.settings import ROOT

CONTACTS = """
contacts:
  ana: {name: Ana, address: HARBORLINE_CONTACT_ANA}
  bo: {name: Bo, address: HARBORLINE_CONTACT_BO}
  cy: {name: Cy, address: HARBORLINE_CONTACT_CY}
  siren: {name: Siren, address: HARBORLINE_CONTACT_SIREN}
"""
NIGHTS = f"""
time_zone: America/New_York
{CONTACTS}
first:
  - {{who: [ana], days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00"}}
  - {{who: [bo], days: [fri, sat], from: "20:00", to: "08:00"}}
next:
  - {{who: [cy], days: [sun], from: "00:00", to: "00:00"}}
alarm: [siren]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        (tmp_path / "roster.yml").write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return written


@pytest.fixture
def nights(write: Write) -> Roster:
    roster = load(write(NIGHTS))
    assert roster is not None
    return roster


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_a_file_there_is_no_roster(tmp_path: Path) -> None:
    assert load(tmp_path) is None


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-01-09 12:59", ()),  # Friday 07:59 in New York
        ("2026-01-09 13:00", ("ana",)),
        ("2026-01-10 00:59", ("ana",)),  # still Friday there
        ("2026-01-10 01:00", ("bo",)),  # Friday 20:00
        ("2026-01-10 05:00", ("bo",)),  # midnight
        ("2026-01-10 12:59", ("bo",)),  # Saturday 07:59
        ("2026-01-10 13:00", ()),
        ("2026-01-11 12:59", ("bo",)),  # Sunday 07:59, the night that began on Saturday
        ("2026-01-12 05:30", ()),  # Monday 00:30: no night begins on Sunday
    ],
)
def test_a_night_shift_goes_on_past_midnight(nights: Roster, at: str, who: tuple[str, ...]) -> None:
    assert nights.told_at(1, utc(at)) == who


def test_a_shift_that_ends_when_it_begins_is_a_whole_day(nights: Roster) -> None:
    sunday = utc("2026-01-11 05:00")
    assert nights.told_at(2, sunday) == nights.told_at(2, sunday + timedelta(hours=23, minutes=59)) == ("cy",)
    assert nights.told_at(2, sunday - timedelta(minutes=1)) == ()
    assert nights.told_at(2, sunday + timedelta(hours=24)) == ()


SMALL_HOURS = f"""
time_zone: America/New_York
{CONTACTS}
first:
  - {{who: [ana], days: [every], from: "22:00", to: "02:00"}}
  - {{who: [bo], days: [every], from: "02:00", to: "22:00"}}
alarm: [cy, siren]
"""


@pytest.mark.parametrize(
    ("at", "who"),
    [
        ("2026-03-08 06:59", ("ana",)),  # 01:59 EST
        ("2026-03-08 07:00", ("bo",)),  # 03:00 EDT: two o'clock does not come
        ("2026-11-01 05:30", ("ana",)),  # 01:30 EDT
        ("2026-11-01 06:30", ("ana",)),  # 01:30 EST, the hour again
        ("2026-11-01 07:00", ("bo",)),  # 02:00 EST
    ],
)
def test_when_the_clocks_change_the_wall_clock_counts(write: Write, at: str, who: tuple[str, ...]) -> None:
    roster = load(write(SMALL_HOURS))
    assert roster is not None
    assert roster.told_at(1, utc(at)) == who


def test_somebody_is_on_duty_in_every_minute_of_the_days_when_the_clocks_change(write: Write) -> None:
    roster = load(write(SMALL_HOURS))
    assert roster is not None
    assert roster.gaps() == ()
    for start in ("2026-03-08 00:00", "2026-11-01 00:00"):
        minutes = (utc(start) + timedelta(minutes=minute) for minute in range(36 * 60))
        assert all(len(roster.told_at(1, at)) == 1 for at in minutes)


def test_then_everybody_then_the_alarm(nights: Roster) -> None:
    at = utc("2026-01-09 13:00")
    assert nights.told_at(EVERYONE, at) == ("ana", "bo", "cy")
    assert nights.told_at(ALARM, at) == nights.told_at(ALARM + 7, at) == ("ana", "bo", "cy", "siren")


def test_the_waits_are_2_5_and_30_minutes_unless_the_file_says_otherwise(write: Write) -> None:
    roster, other = load(write(NIGHTS)), load(write(NIGHTS + "minutes: {EMERGENCY: 1}\nagain: {other: 60}\n"))
    assert roster is not None
    assert other is not None
    levels = (Level.EMERGENCY, Level.CRISIS, Level.CONCERN, Level.NONE)
    assert [roster.wait(1, level) / timedelta(minutes=1) for level in levels] == [2, 5, 30, 30]
    assert [roster.wait(ALARM, level) / timedelta(minutes=1) for level in levels] == [10, 30, 240, 240]
    assert [other.wait(EVERYONE, level) / timedelta(minutes=1) for level in levels] == [1, 5, 30, 30]
    assert other.wait(ALARM + 1, Level.NONE) == timedelta(hours=1)


def test_hours_that_have_nobody_are_found_also_across_the_end_of_the_week(nights: Roster) -> None:
    assert sorted(nights.gaps()) == [
        "mon 00:00 to mon 08:00",
        "mon 20:00 to tue 08:00",
        "sat 08:00 to sat 20:00",
        "thu 20:00 to fri 08:00",
        "tue 20:00 to wed 08:00",
        "wed 20:00 to thu 08:00",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("America/New_York", "Mars/Olympus", "'Mars/Olympus' is no time zone"),
        ("America/New_York", "../etc", "'../etc' is no time zone"),
        ('from: "08:00"', 'from: "8am"', "'8am' is no time"),
        ('from: "08:00"', 'from: "24:00"', "'24:00' is no time"),
        ("days: [sun]", "days: [sonntag]", "'days' holds sonntag"),
        ("days: [sun]", "days: []", "'days' holds nothing"),
        ("who: [cy]", "who: [dee]", "'dee' is no contact"),
        ("who: [cy]", "who: []", "the shift has nobody"),
        ("alarm: [siren]", "alarm: []", "'siren' has no shift and is not in alarm"),
        ("alarm: [siren]", "alarm: [siren]\nminutes: {CRISIS: 0}", "'CRISIS' is '0'"),
        ("alarm: [siren]", "alarm: [siren]\nminutes: {HIGH: 1}", "'HIGH' is not known"),
        ("alarm: [siren]", "alarm: [siren]\nsecond: []", "'second' is not known"),
        ("ana: {", "Ana B: {", "'Ana B' is no key"),
    ],
)
def test_a_mistake_is_named_with_its_line(write: Write, old: str, new: str, problem: str) -> None:
    assert old in NIGHTS
    _, faults = examine(write(NIGHTS.replace(old, new)))
    assert any(fault.problem.startswith(problem) for fault in faults), faults
    assert all(fault.line > 0 and fault.remedy for fault in faults)


def test_an_address_in_the_file_is_refused_and_not_repeated(write: Write) -> None:
    secret = "tgram://123456789:secret/987"
    folder = write(NIGHTS.replace("HARBORLINE_CONTACT_BO", secret))
    with pytest.raises(ContentError) as refused:
        load(folder)
    assert "not the name of a setting" in str(refused.value)
    assert "secret/987" not in str(refused.value)


def test_a_roster_without_shifts_is_refused(write: Write) -> None:
    _, faults = examine(write(f"time_zone: UTC\n{CONTACTS}\nalarm: [ana, bo, cy, siren]\n"))
    assert "nobody has a shift" in [fault.problem for fault in faults]


def test_the_example_is_in_order_and_leaves_no_hour_to_nobody(write: Write) -> None:
    roster = load(write((ROOT / "data" / "roster.example.yml").read_text(encoding="utf-8")))
    assert roster is not None
    assert roster.gaps() == ()
