"""Work taken by lease, done outside of any transaction, then marked: what notifications and texts share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from logging import Logger
from typing import Any, Final

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from bot.transcripts.database import StorageError, unbroken

MARK_ATTEMPTS: Final = 5
MARK_WAIT_SECONDS: Final = 0.5
FINISH_SECONDS: Final = 3.0
"""For sends under way when the process is asked to stop."""


class Sends:
    """Sends under way.

    Args:
        name: In the log.
        most: So many at once.
        wake: Set when one has ended, so that the next is looked for.
        log: Of the module whose sends they are.
    """

    def __init__(self, name: str, most: int, wake: asyncio.Event, log: Logger) -> None:
        self._name = name
        self._most = most
        self._wake = wake
        self._log = log
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        """How many more may start."""
        return self._most - len(self._sending)

    def start(self, send: Coroutine[Any, Any, None]) -> None:
        """Start one."""
        task = asyncio.create_task(send)
        self._sending.add(task)
        task.add_done_callback(self._ended)

    async def finish(self) -> None:
        """Wait a moment for those under way, then let them go."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=FINISH_SECONDS)
            for send in late:
                send.cancel()

    def _ended(self, send: asyncio.Task[None]) -> None:
        self._sending.discard(send)
        self._wake.set()
        if not send.cancelled() and send.exception() is not None:
            # The lease runs out and it is sent again.
            self._log.error("%s: not marked: %s", self._name, type(send.exception()).__name__)


async def mark(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Write down what became of a send, again and again while the database is away.

    Raises:
        StorageError: It stayed away.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(StorageError),
        stop=stop_after_attempt(MARK_ATTEMPTS),
        wait=wait_fixed(MARK_WAIT_SECONDS),
        reraise=True,
    ):
        with attempt:
            await unbroken(work())


async def woken(wake: asyncio.Event, seconds: float) -> None:
    """Wait until there is something to do, or for so long at most: other processes wake nobody here."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


def doubled(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after so many failed attempts, at least one: twice as long each time."""
    return min(longest, first * (1 << min(attempts - 1, 16)))
