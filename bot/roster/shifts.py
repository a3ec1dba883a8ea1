"""Shifts: hours of the week by the clock on the clinic's wall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY: Final = 24 * 60
_MONDAY: Final = datetime(2024, 1, 1)
"""Any Monday: a week is walked through by the clock on the wall, without a date."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on duty on some days, from `start` to before `end`.

    A shift whose end is not after its start goes on into the next day; `days` are those it begins on,
    0 for Monday. The times are those of the wall clock, so a night is an hour shorter or longer when
    the clocks change, and its people are on duty in the repeated hour too.
    """

    who: tuple[str, ...]
    days: frozenset[int]
    start: time
    end: time

    def covers(self, at: datetime) -> bool:
        """Whether it is on at a local time."""
        moment, weekday = at.time(), at.weekday()
        if self.start < self.end:
            return weekday in self.days and self.start <= moment < self.end
        yesterday = (weekday - 1) % len(DAYS)
        return (weekday in self.days and moment >= self.start) or (
            yesterday in self.days and moment < self.end
        )


def on_duty(shifts: Iterable[Shift], at: datetime) -> tuple[str, ...]:
    """Everybody who is on duty at a local time, each once, in the order of the shifts."""
    return tuple(dict.fromkeys(who for shift in shifts if shift.covers(at) for who in shift.who))


def gaps(shifts: Iterable[Shift]) -> Iterator[str]:
    """The times of the week when nobody is on duty, for example `sat 20:00 to sun 08:00`."""
    all_shifts = tuple(shifts)
    week = [_MONDAY + timedelta(minutes=minute) for minute in range(len(DAYS) * MINUTES_A_DAY)]
    bare = [not on_duty(all_shifts, at) for at in week]
    if all(bare):
        yield "the whole week"
        return
    # A gap may lie across the end of the week: start to look where somebody is on duty.
    first = bare.index(False)
    turned = list(zip(week, bare, strict=True))
    for is_bare, run in groupby(turned[first:] + turned[:first], key=lambda minute: minute[1]):
        if is_bare:
            minutes = [at for at, _ in run]
            yield f"{_shown(minutes[0])} to {_shown(minutes[-1] + timedelta(minutes=1))}"


def _shown(at: datetime) -> str:
    return f"{DAYS[at.weekday()]} {at:%H:%M}"
