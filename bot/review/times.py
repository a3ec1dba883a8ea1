"""Times as staff read them: in the clinic's zone, and the zone named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.messages import Clock


@dataclass(frozen=True, slots=True)
class Times:
    """Shows instants and waits."""

    zone: ZoneInfo
    clock: Clock

    def moment(self, at: datetime) -> str:
        """`Mon 2 Mar 2026, 7:05 am EST`."""
        local = at.astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b %Y}, {self.time(at)}"

    def time(self, at: datetime) -> str:
        """`7:05 am EST`."""
        local = at.astimezone(self.zone)
        half = "am" if local.hour < 12 else "pm"
        return f"{local.hour % 12 or 12}:{local:%M} {half} {local:%Z}"

    def date(self, at: datetime) -> str:
        """`Mon 2 Mar 2026`."""
        local = at.astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b %Y}"

    def since(self, at: datetime) -> str:
        """How long ago, in words as short as they can be."""
        return length(self.clock.now() - at)

    def until(self, at: datetime) -> str:
        """How long until then."""
        return length(at - self.clock.now())


def day(on: date) -> str:
    """`Mon 2 Mar 2026`, of a day without a time."""
    return f"{on:%a} {on.day} {on:%b %Y}"


def wait(seconds: float) -> str:
    """`40 s`, or as `length` from a minute on."""
    return f"{seconds:.0f} s" if seconds < 60 else length(timedelta(seconds=seconds))


def length(span: timedelta) -> str:
    """`under 1 min`, `4 min`, `1 h 05 min`, `2 days`."""
    minutes = max(0, int(span.total_seconds()) // 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes // (24 * 60)} days"
