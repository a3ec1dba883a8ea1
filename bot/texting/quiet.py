"""Quiet hours: when staff must not start texting somebody (47 CFR 64.1200(c)(1), 9 p.m. to 8 a.m.)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BEGIN: Final = time(21)
END: Final = time(8)
UNKNOWN: Final = "Etc/Unknown"
MOST_ZONES: Final = 3
LONGEST_NIGHT: Final = 3
"""Rounds after which the night of one zone and the next have been waited out."""


def zones(number: str, home: ZoneInfo) -> tuple[ZoneInfo, ...]:
    """The time zones that a number may be in, by its area code; the clinic's where it does not tell."""
    # Its tables take a while to load, and most texts are answers.
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import time_zones_for_number

    try:
        names = time_zones_for_number(parse(number, None))
    except NumberParseException:
        return (home,)
    found = []
    for name in names:
        try:
            found.append(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            if name != UNKNOWN:
                continue
    # A number of the whole country is told by no area code.
    return tuple(found) if 0 < len(found) <= MOST_ZONES else (home,)


def after_quiet_hours(now: datetime, number: str, home: ZoneInfo) -> datetime:
    """`now`, or the end of the quiet hours that it lies in; outside of them in every zone of the number."""
    places = zones(number, home)
    at = now
    for _ in range(LONGEST_NIGHT):
        at = max(_morning(at, zone) for zone in places)
        if all(_morning(at, zone) == at for zone in places):
            break
    return at


def _morning(at: datetime, zone: ZoneInfo) -> datetime:
    there = at.astimezone(zone)
    if END <= there.timetz().replace(tzinfo=None) < BEGIN:
        return at
    day = there.date() if there.time() < END else there.date() + timedelta(days=1)
    return datetime.combine(day, END, tzinfo=zone).astimezone(at.tzinfo)
