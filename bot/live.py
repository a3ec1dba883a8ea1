"""Change signals between the desk's parts: that something changed. What changed is told by ids alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

LISTENERS: Final = 4
"""For one session: a browser opens six connections to a host, and its pages need some of them."""


@dataclass(eq=False, slots=True)
class Listener:
    """Is woken at every change. `superseded`: newer ones of the same session took its place."""

    session: UUID
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    superseded: bool = False


class Changes:
    """Wakes everybody who listens. Signals that come faster than a listener reads become one."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.closed = False
        """Whether the server is going down: listeners are woken a last time and must leave."""

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def publish(self) -> None:
        """Wake every listener."""
        for listener in self._listeners:
            listener.wake.set()

    def close(self) -> None:
        """Send every listener away."""
        self.closed = True
        self.publish()

    @contextmanager
    def listening(self, session: UUID) -> Iterator[Listener]:
        """Listen for a session; beyond `LISTENERS`, its oldest is sent away."""
        listener = Listener(session)
        self._listeners.append(listener)
        mine = [other for other in self._listeners if other.session == session]
        for oldest in mine[:-LISTENERS]:
            oldest.superseded = True
            oldest.wake.set()
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
