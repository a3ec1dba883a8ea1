"""Brings queued texts to the provider: taken by lease, sent outside of any transaction, then marked.

What may be retried is, with back-off; a number that opted out never is. A text whose answer was lost waits
for the provider's own report, which names it, before it is sent again: rather late than twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.leasing import Sends, doubled, mark, woken
from bot.messages import Clock
from bot.texting import progress
from bot.texting.provider import Failed, Failure, Provider
from bot.texting.queue import BODY
from bot.texting.reporting import Reports
from bot.transcripts.conversations import SENDER
from bot.transcripts.database import Database, unbroken
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.tables import Conversation, Delivery, TextMessage

log = logging.getLogger(__name__)

CONCURRENT: Final = 8
LEASE: Final = timedelta(seconds=30)
"""Longer than a send: a text is not sent twice because its first send is slow."""
POLL_SECONDS: Final = 1.0
FIRST_WAIT: Final = timedelta(seconds=4)
LONGEST_WAIT: Final = timedelta(minutes=10)
"""The back-off doubles up to this."""
ATTEMPTS: Final = 12
"""An ordinary text is given up after so many, more than an hour; a crisis text after `CRISIS_ATTEMPTS`."""
CRISIS_ATTEMPTS: Final = 24
UNCERTAIN_WAIT: Final = timedelta(seconds=30)
"""For the report of a text whose answer was lost."""
CRISIS_LATE: Final = timedelta(seconds=45)
"""A crisis text that was not even handed over by then is told to staff: within a minute, polls included."""


@dataclass(frozen=True, slots=True)
class _Leased:
    text: UUID
    to: str
    body: str


class Texter:
    """Sends what is queued, in this and any number of other processes."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        provider: Provider,
        reports: Reports,
        clock: Clock,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._ring = ring
        self._provider = provider
        self._reports = reports
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._owner = uuid4()
        self._sends = Sends("texts", CONCURRENT, database.texts_changed, log)

    async def run(self) -> None:
        """Send until cancelled; sends under way then get a moment to finish."""
        try:
            while True:
                self._database.texts_changed.clear()
                try:
                    await self._start_due()
                except Exception as error:  # Whatever happens, the next text must still go.
                    log.error("texts: %s", type(error).__name__)
                await woken(self._database.texts_changed, self._poll_seconds)
        finally:
            await self._sends.finish()

    async def _start_due(self) -> None:
        if self._sends.free <= 0:
            return
        for item in await unbroken(self._take(self._sends.free)):
            self._sends.start(self._deliver(item))

    async def _take(self, limit: int) -> list[_Leased]:
        now = self._clock.now()
        async with self._database.transaction() as session:
            await self._tell_of_late_ones(session, now)
            rows = await session.execute(
                select(TextMessage, Conversation)
                .join(Conversation, Conversation.id == TextMessage.conversation_id)
                .where(
                    TextMessage.state == Delivery.RECORDED,
                    TextMessage.due_at <= now,
                    or_(TextMessage.lease_until.is_(None), TextMessage.lease_until <= now),
                )
                .order_by(TextMessage.crisis.desc(), TextMessage.due_at)
                .limit(limit)
                .with_for_update(of=TextMessage, skip_locked=True)
            )
            leased = [await self._lease(session, text, row, now) for text, row in rows.all()]
        return [item for item in leased if item is not None]

    async def _lease(
        self, session: AsyncSession, text: TextMessage, conversation: Conversation, now: datetime
    ) -> _Leased | None:
        if not text.crisis and (conversation.opted_out_at or conversation.blocked_at):
            await progress.failed(session, text, now, Failed.OPTED_OUT)
            return None
        try:
            to = self._ring.decrypt(conversation.sender or b"", conversation.id, field=SENDER)
            body = self._ring.decrypt(text.body, text.id, field=BODY)
        except DecryptionError:
            await progress.failed(session, text, now, "key lost")
            return None
        text.lease_owner, text.lease_until = self._owner, now + LEASE
        text.attempts += 1
        return _Leased(text.id, to, body)

    async def _tell_of_late_ones(self, session: AsyncSession, now: datetime) -> None:
        """Tell staff of crisis texts that the provider has not taken yet; they are tried on."""
        late = await session.scalars(
            select(TextMessage).where(
                TextMessage.state == Delivery.RECORDED,
                TextMessage.crisis,
                TextMessage.paged_at.is_(None),
                TextMessage.due_at.is_not(None),
                TextMessage.created_at <= now - CRISIS_LATE,
            )
        )
        for text in late.all():
            text.paged_at = now
            await progress.cannot_arrive(session, text.conversation_id, text.id, now)

    async def _deliver(self, item: _Leased) -> None:
        outcome = await self._provider.send(item.to, item.body, self._reports.of_text(item.text))
        await mark(lambda: self._mark(item.text, outcome))

    async def _mark(self, text: UUID, outcome: str | Failure) -> None:
        now = self._clock.now()
        async with self._database.transaction() as session:
            if isinstance(outcome, str):
                about = progress.OfText(text)
                await progress.note(session, about, Delivery.SENT, now, external_id=outcome)
                return
            row = await session.get(TextMessage, text, with_for_update=True, populate_existing=True)
            if row is None or row.state is not Delivery.RECORDED:
                return  # Its report came first.
            row.lease_until = row.lease_owner = None
            row.code = outcome.code
            attempts = CRISIS_ATTEMPTS if row.crisis else ATTEMPTS
            if outcome.why is not Failed.RETRY or row.attempts >= attempts:
                log.warning("text %s: not sent: %s", text, outcome.code)
                await progress.failed(session, row, now, outcome.code)
                return
            row.due_at = now + wait_after(row.attempts, uncertain=outcome.uncertain)


def wait_after(attempts: int, *, uncertain: bool = False) -> timedelta:
    """How long to wait after so many failed attempts, at least one."""
    wait = doubled(attempts, first=FIRST_WAIT, longest=LONGEST_WAIT)
    return max(wait, UNCERTAIN_WAIT) if uncertain else wait
