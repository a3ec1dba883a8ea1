"""The outbox: brings every notification to every recipient at least once, with any number of workers.

A row of `dispatch` is taken by lease in a short transaction, sent outside of any, then marked. A worker
that dies between sending and marking lets the lease run out, and the same notification goes out again
with the same idempotency key.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from bot.messages import Clock
from bot.pages import Page, Recipient
from bot.transcripts.database import Database, StorageError, unbroken
from bot.transcripts.tables import Dispatch, Handoff, Notification, SendState

log = logging.getLogger(__name__)

CONCURRENT: Final = 8
"""Sends under way for one recipient; another's are counted apart."""
SEND_SECONDS: Final = 10.0
LEASE: Final = timedelta(seconds=20)
"""Longer than a send: a notification is not sent twice because its first send is slow."""
LONGEST_WAIT: Final = timedelta(minutes=1)
"""The back-off doubles from 2 s up to this; a page for someone in danger is never given up."""
POLL_SECONDS: Final = 2.0
"""Between looks for what another process wrote, or what has become due."""
FINISH_SECONDS: Final = 3.0
MARK_ATTEMPTS: Final = 5
MARK_WAIT_SECONDS: Final = 0.5


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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._changed.wait()
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


@dataclass(frozen=True, slots=True)
class _Leased:
    notification: UUID
    attempts: int
    page: Page


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
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Start what is due, then wait for a new notification, a finished send, or the next poll."""
        while True:
            self.wake.clear()
            try:
                await self._start_due()
            except Exception as error:  # Whatever happens, the next crisis must still be told.
                log.error("outbox: %s: %s", self._recipient.name, type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self.wake.wait()

    async def finish(self) -> None:
        """Wait a moment for the sends under way, then let them go."""
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=FINISH_SECONDS)
            for send in late:
                send.cancel()

    async def _start_due(self) -> None:
        free = CONCURRENT - len(self._sending)
        if free == 0:
            return
        for item in await unbroken(self._take(free)):
            send = asyncio.create_task(self._deliver(item))
            self._sending.add(send)
            send.add_done_callback(self._delivered)

    async def _take(self, limit: int) -> list[_Leased]:
        now = self._clock.now()
        async with self._database.transaction() as session:
            if self._addresses:
                await _address(session, self._recipient.name, now)
            return await _lease(session, self._recipient.name, self._owner, now, limit)

    def _delivered(self, send: asyncio.Task[None]) -> None:
        self._sending.discard(send)
        self.wake.set()
        if not send.cancelled() and send.exception() is not None:
            # The lease runs out and it is sent again.
            log.error("outbox: %s: not marked: %s", self._recipient.name, type(send.exception()).__name__)

    async def _deliver(self, item: _Leased) -> None:
        error = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._recipient.send(item.page)
        except Exception as failure:  # A sender may fail in any way; it is tried again.
            error = type(failure).__name__
            log.warning("notification %s: %s: %s", item.notification, self._recipient.name, error)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(StorageError),
            stop=stop_after_attempt(MARK_ATTEMPTS),
            wait=wait_fixed(MARK_WAIT_SECONDS),
            reraise=True,
        ):
            with attempt:
                await unbroken(self._mark(item, error))

    async def _mark(self, item: _Leased, error: str | None) -> None:
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
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(attempts, 10)))


async def _address(session: AsyncSession, recipient: str, now: datetime) -> None:
    """Make the recipient's rows for what it has not been told of open hand-offs.

    Made here and not with the notification: the accepting transaction knows no recipients, and one that
    is configured later, or again, still hears of everybody who is in danger now.
    """
    addressed = exists().where(Dispatch.notification_id == Notification.id, Dispatch.recipient == recipient)
    untold = (
        select(
            Notification.id,
            literal(recipient),
            literal(SendState.PENDING, Dispatch.state.type),
            literal(0),
            literal(now, Dispatch.due_at.type),
        )
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(Handoff.closed_at.is_(None), ~addressed)
    )
    columns = ["notification_id", "recipient", "state", "attempts", "due_at"]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    await session.execute(dialect.insert(Dispatch).from_select(columns, untold).on_conflict_do_nothing())


async def _lease(
    session: AsyncSession, recipient: str, owner: UUID, now: datetime, limit: int
) -> list[_Leased]:
    """Take up to `limit` rows that are due and that no living worker holds, oldest first."""
    rows = await session.execute(
        select(Dispatch, Notification, Handoff)
        .join(Notification, Notification.id == Dispatch.notification_id)
        .join(Handoff, Handoff.id == Notification.handoff_id)
        .where(_due(recipient, now))
        .order_by(Notification.created_at)
        .limit(limit)
        .with_for_update(of=Dispatch, skip_locked=True)
    )
    leased = []
    for dispatch, notification, handoff in rows.all():
        dispatch.lease_owner, dispatch.lease_until = owner, now + LEASE
        dispatch.attempts += 1
        page = Page(
            handoff.conversation_id,
            notification.level,
            notification.kind,
            notification.reason.value,
            notification.idempotency_key,
            handoff.reason,
        )
        leased.append(_Leased(notification.id, dispatch.attempts, page))
    return leased


def _due(recipient: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        Dispatch.recipient == recipient,
        Dispatch.state == SendState.PENDING,
        Dispatch.due_at <= now,
        or_(Dispatch.lease_until.is_(None), Dispatch.lease_until <= now),
        Handoff.closed_at.is_(None),
        # Somebody is on it: only what has happened since is news.
        or_(Handoff.acknowledged_at.is_(None), Notification.created_at > Handoff.acknowledged_at),
    )
