"""The outbox: brings every notification to every recipient at least once, with any number of workers.

A row of `dispatch` is taken by lease in a short transaction, sent outside of any, then marked. A worker
that dies between sending and marking lets the lease run out, and the same notification goes out again
with the same idempotency key.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol
from uuid import uuid4

from sqlalchemy import update

from bot.dispatches import Leased, address, lease
from bot.leasing import Sends, doubled, mark, woken
from bot.messages import Clock
from bot.pages import Recipient
from bot.transcripts.database import Database, unbroken
from bot.transcripts.tables import Dispatch, SendState

log = logging.getLogger(__name__)

CONCURRENT: Final = 8
"""Sends under way for one recipient; another's are counted apart."""
SEND_SECONDS: Final = 10.0
FIRST_WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(minutes=1)
"""The back-off doubles up to this; a page for someone in danger is never given up."""
POLL_SECONDS: Final = 2.0
"""Between looks for what another process wrote, or what has become due."""


class Recipients(Protocol):
    """Everybody who is told: `recipients` of everything at once, `contacts` of what is addressed to them."""

    @property
    def recipients(self) -> Sequence[Recipient]: ...

    @property
    def contacts(self) -> Sequence[Recipient]: ...


class Worker:
    """Sends what the outbox holds. Each recipient has a line of its own, so a slow one delays nobody.

    Args:
        database: Where the outbox is.
        to: Everybody who is told.
        clock: For leases and waits.
        plan: Addresses what the roster's contacts are to be told now; called at every change and poll.
        poll_seconds: Between looks for what another process wrote, or what has become due.
    """

    def __init__(
        self,
        database: Database,
        to: Recipients,
        clock: Clock,
        *,
        plan: Callable[[], Awaitable[None]] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._changed = database.outbox_changed
        self._plan = plan
        self._poll_seconds = poll_seconds
        everything = [
            _Line(database, to_all, clock, poll_seconds, addresses=True) for to_all in to.recipients
        ]
        addressed = [
            _Line(database, contact, clock, poll_seconds, addresses=False) for contact in to.contacts
        ]
        self._lines = [*everything, *addressed]

    async def run(self) -> None:
        """Send until cancelled; sends under way then get a moment to finish."""
        try:
            await asyncio.gather(self._pass_on(), *(line.run() for line in self._lines))
        finally:
            await asyncio.gather(*(line.finish() for line in self._lines))

    async def _pass_on(self) -> None:
        while True:
            # What the plan addresses is a change of its own, which wakes the lines below.
            await self._address()
            await woken(self._changed, self._poll_seconds)
            if self._changed.is_set():
                self._changed.clear()
                for line in self._lines:
                    line.wake.set()

    async def _address(self) -> None:
        if self._plan is None:
            return
        try:
            await self._plan()
        except Exception as error:  # Whatever happens, the next crisis must still be told.
            log.error("outbox: not addressed: %s", type(error).__name__)


class _Line:
    """Everything that waits for one recipient."""

    def __init__(
        self, database: Database, recipient: Recipient, clock: Clock, poll_seconds: float, *, addresses: bool
    ) -> None:
        self.wake = asyncio.Event()
        self._addresses = addresses
        self._owner = uuid4()
        self._database = database
        self._recipient = recipient
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._sends = Sends(f"outbox: {recipient.name}", CONCURRENT, self.wake, log)

    async def run(self) -> None:
        """Start what is due, then wait for a new notification, a finished send, or the next poll."""
        while True:
            self.wake.clear()
            try:
                await self._start_due()
            except Exception as error:  # Whatever happens, the next crisis must still be told.
                log.error("outbox: %s: %s", self._recipient.name, type(error).__name__)
            await woken(self.wake, self._poll_seconds)

    async def finish(self) -> None:
        """Wait a moment for the sends under way, then let them go."""
        await self._sends.finish()

    async def _start_due(self) -> None:
        if self._sends.free == 0:
            return
        for item in await unbroken(self._take(self._sends.free)):
            self._sends.start(self._deliver(item))

    async def _take(self, limit: int) -> list[Leased]:
        now = self._clock.now()
        async with self._database.transaction() as session:
            if self._addresses:
                await address(session, self._recipient.name, now)
            return await lease(session, self._recipient.name, self._owner, now, limit)

    async def _deliver(self, item: Leased) -> None:
        error = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._recipient.send(item.page)
        except Exception as failure:  # A sender may fail in any way; it is tried again.
            error = type(failure).__name__
            log.warning("notification %s: %s: %s", item.notification, self._recipient.name, error)
        await mark(lambda: self._mark(item, error))

    async def _mark(self, item: Leased, error: str | None) -> None:
        now = self._clock.now()
        values = {
            "state": SendState.PENDING if error else SendState.SENT,
            "sent_at": None if error else now,
            "due_at": now + wait_after(item.attempts),
            "last_error": error,
            "lease_until": None,
            "lease_owner": None,
        }
        async with self._database.transaction() as session:
            await session.execute(
                update(Dispatch)
                .where(
                    Dispatch.notification_id == item.notification,
                    Dispatch.recipient == self._recipient.name,
                    Dispatch.state == SendState.PENDING,
                )
                .values(**values)
            )


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts, at least one."""
    return doubled(attempts, first=FIRST_WAIT, longest=LONGEST_WAIT)
