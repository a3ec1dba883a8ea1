"""Requests whose signature does not fit: counted, and a rise is an attack, or a setting that is wrong."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta
from typing import Final

from bot.messages import Clock

log = logging.getLogger(__name__)

WINDOW: Final = timedelta(minutes=10)
RISE: Final = 5
"""So many within the window raise an alarm."""
COUNTED: Final = 10_000
HINT: Final = (
    "HARBORLINE_PUBLIC_URL must be the address that the provider calls, and its secret the current one"
)


class Refusals:
    """Counts in this process's memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[datetime] = deque(maxlen=COUNTED)
        self._alarmed = False
        self.total = 0

    def count(self, provider: str) -> None:
        """Count one more; the first and a rise are logged."""
        self.total += 1
        self._times.append(self._clock.now())
        lately = self.lately
        if self.total == 1:
            log.warning("sms: a request to /sms/%s was not signed by it. %s", provider, HINT)
        if lately >= RISE and not self._alarmed:
            log.error("sms: ALARM: %d requests within ten minutes were not signed. %s", lately, HINT)
        self._alarmed = lately >= RISE

    @property
    def lately(self) -> int:
        """How many within the window."""
        since = self._clock.now() - WINDOW
        while self._times and self._times[0] < since:
            self._times.popleft()
        return len(self._times)

    @property
    def warning(self) -> str | None:
        """What readiness says while there are many."""
        lately = self.lately
        return f"sms: {lately} requests with a wrong signature; {HINT}" if lately >= RISE else None
