"""Counting by quarter hours in the database, and by the clinic's days and hours here.

A database knows nothing of the clinic's zone and its daylight saving; every zone's offset is a whole number
of quarter hours, so a slot never belongs to two days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, func
from sqlalchemy.ext.asyncio import AsyncSession

SECONDS: Final = 900


def slot(session: AsyncSession, at: Any) -> ColumnElement[int]:
    """The quarter hour of a time, counted from 1970."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.floor(func.extract("epoch", at) / SECONDS), BigInteger)
    return cast(func.strftime("%s", at), Integer).op("/")(SECONDS)


def local(number: int, zone: ZoneInfo) -> datetime:
    """When a slot begins, by the clinic's clock."""
    return datetime.fromtimestamp(number * SECONDS, UTC).astimezone(zone)


def by_day(counts: Mapping[int, int], since: date, until: date, zone: ZoneInfo) -> dict[date, int]:
    """How many in each day, days without any included."""
    found = Counter[date]()
    for number, count in counts.items():
        found[local(number, zone).date()] += count
    days = (until - since).days + 1
    return {day: found[day] for day in (since + timedelta(days=number) for number in range(days))}


def by_hour(counts: Mapping[int, int], zone: ZoneInfo) -> tuple[int, ...]:
    """How many in each hour of the day, 24 numbers."""
    found = Counter[int]()
    for number, count in counts.items():
        found[local(number, zone).hour] += count
    return tuple(found[hour] for hour in range(24))


def bounds(since: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first moment of a day to the end of another."""
    return (
        datetime.combine(since, time(), zone),
        datetime.combine(until + timedelta(days=1), time(), zone),
    )
