"""Noticing that the queue changed, whoever changed it: this process, another one, or passing time.

A commit of this process is looked at after a moment; others', at the next poll. Nobody who changes a case
has to know of the desk. While no page listens, nothing is asked of the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from datetime import datetime
from typing import Final

from sqlalchemy import Integer, case, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cases.queue import in_order, is_held
from bot.live import Changes
from bot.messages import Clock
from bot.transcripts.database import Database
from bot.transcripts.tables import CaseEvent, Conversation, Handoff

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.05
"""Commits that follow each other this fast are one change."""
LISTED: Final = 200
"""Cases that a signal names; the counts are of all."""


class Watch:
    """Keeps `latest`, what a page must know of the queue: counts, ids, levels, clocks."""

    def __init__(self, database: Database, changes: Changes, clock: Clock) -> None:
        self.latest: str | None = None
        self._database = database
        self._changes = changes
        self._clock = clock
        self._fingerprint: tuple[object, ...] | None = None
        self._committed = asyncio.Event()
        self._lock = asyncio.Lock()
        database.on_commit.append(self._committed.set)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self._next_look()
            if self._changes.heard:
                await self.look_or_forget()

    async def look_or_forget(self) -> None:
        """Read the queue if it changed; when it cannot be read, `latest` is None and pages say so."""
        try:
            await self.look()
        except Exception as error:  # A page must not stay blind because one look failed.
            log.warning("the queue cannot be watched: %s", type(error).__name__)
            self._forget()

    async def look(self) -> None:
        """Read the queue if it changed, and tell everybody who listens.

        Raises:
            StorageError: The database cannot be read.
        """
        async with self._lock, self._database.reading() as session:
            now = self._clock.now()
            fingerprint = await _fingerprint(session, now)
            if fingerprint == self._fingerprint:
                return
            self.latest = await _state(session, now)
            self._fingerprint = fingerprint
        self._changes.publish()

    async def _next_look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._committed.wait()
        if self._committed.is_set():
            await asyncio.sleep(GATHER_SECONDS)
            self._committed.clear()

    def _forget(self) -> None:
        if self.latest is not None:
            self.latest, self._fingerprint = None, None
            self._changes.publish()


async def _fingerprint(session: AsyncSession, now: datetime) -> tuple[object, ...]:
    """Numbers of which one differs after any change that a page shows."""
    totals = (
        select(
            func.count(),
            func.count(case((is_held(now), 1))),
            func.sum(type_coerce(Handoff.level, Integer)),
            func.sum(Handoff.count),
            func.max(Handoff.opened_at),
            func.max(Handoff.raised_at),
            func.max(Handoff.waiting_since),
            func.sum(Conversation.turns),
        )
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Handoff.closed_at.is_(None))
    )
    events = await session.scalar(select(func.max(CaseEvent.id)))
    return (*(await session.execute(totals)).one(), events)


async def _state(session: AsyncSession, now: datetime) -> str:
    held = case((is_held(now), 1), else_=0)
    listed = await session.execute(
        select(Handoff.id, Handoff.level, Handoff.waiting_since, held, Handoff.count, Conversation.turns)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Handoff.closed_at.is_(None))
        .order_by(*in_order(now))
        .limit(LISTED)
    )
    counted = await session.execute(
        select(func.count(), func.count(case((is_held(now), 1)))).where(Handoff.closed_at.is_(None))
    )
    total, taken = counted.one()
    cases = [
        {
            "id": str(handoff),
            "level": level.name,
            "since": since.isoformat(),
            "waits": not is_taken,
            "turns": f"{count}.{turns}",
        }
        for handoff, level, since, is_taken, count, turns in listed.tuples()
    ]
    return json.dumps({"open": total, "waiting": total - taken, "cases": cases})
