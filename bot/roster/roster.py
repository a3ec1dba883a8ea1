"""The roster: who is told at which step, and how long each step waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.messages import Level
from bot.roster.shifts import Shift, gaps, on_duty

EVERYONE: Final = 3
"""The step, counting from 1, that tells everybody on the roster."""
ALARM: Final = 4
"""The last step; it is repeated until somebody acknowledges. Every number above is an alarm again."""

MINUTES: Final[Mapping[Level | None, int]] = {Level.EMERGENCY: 2, Level.CRISIS: 5, None: 30}
"""How long a step waits for an acknowledgement; None for every other level."""
AGAIN: Final[Mapping[Level | None, int]] = {Level.EMERGENCY: 10, Level.CRISIS: 30, None: 240}
"""How long an alarm waits before it is repeated."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody, or something, that can be told. `address` names the setting that holds the apprise URL."""

    key: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Contacts, the shifts of the first two steps, and the minutes between steps."""

    zone: ZoneInfo
    contacts: Mapping[str, Contact]
    first: tuple[Shift, ...]
    next: tuple[Shift, ...]
    alarm: tuple[str, ...]
    minutes: Mapping[Level | None, int]
    again: Mapping[Level | None, int]

    def told_at(self, step: int, now: datetime) -> tuple[str, ...]:
        """The keys of the contacts that a step tells at the time `now` (aware, any zone).

        Args:
            step: 1 who is on duty, 2 the next, `EVERYONE`, and from `ALARM` on the alarm.
        """
        if step < EVERYONE:
            return on_duty(self.first if step == 1 else self.next, now.astimezone(self.zone))
        return self.everyone if step == EVERYONE else tuple(dict.fromkeys((*self.everyone, *self.alarm)))

    @property
    def everyone(self) -> tuple[str, ...]:
        """Everybody who has a shift."""
        return tuple(dict.fromkeys(who for shift in (*self.first, *self.next) for who in shift.who))

    def addresses(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """The contacts' apprise URLs by key, out of the settings that they name; without those not set."""
        found = {key: settings.get(contact.address) for key, contact in self.contacts.items()}
        return {key: url for key, url in found.items() if url}

    @property
    def names(self) -> Mapping[str, str]:
        """What staff call the contacts, by key."""
        return {key: contact.name for key, contact in self.contacts.items()}

    def wait(self, step: int, level: Level) -> timedelta:
        """How long a step waits for an acknowledgement before the next one."""
        waits = self.again if step >= ALARM else self.minutes
        return timedelta(minutes=waits.get(level, waits[None]))

    def gaps(self) -> tuple[str, ...]:
        """The times of the week when neither of the first two steps has anybody."""
        return tuple(gaps((*self.first, *self.next)))
