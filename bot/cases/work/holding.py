"""Having a case: take it, keep it, give it back; a hold that nobody uses ends by itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff as handoffs
from bot.cases.queue import first_waiting
from bot.cases.work.changing import CaseError, add_event, lapse, let_go, name_of, open_case, own_case
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, Handoff

HOLD: Final = timedelta(minutes=10)
"""How long a case stays with somebody who does nothing on its page."""
ON_THE_PHONE: Final = timedelta(minutes=30)


class NeedsReasonError(CaseError):
    """Somebody else has waited longer, or is in greater danger: why this one?"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has the case now, and whether that is the one who asked."""

    won: bool
    holder_name: str


async def take(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str = ""
) -> Taken:
    """Acknowledge a case; of any number at once, one wins.

    Args:
        why: Demanded when it is not the first in the queue.

    Raises:
        NeedsReasonError: It is not, and `why` is empty.
        CaseError: It is closed, or there is none.
    """
    row = await open_case(session, handoff)
    lapse(session, row, now)
    if row.acknowledged_by == staff:
        row.held_until = max(row.held_until or now, now + HOLD)
    elif row.acknowledged_by is None and row.acknowledged_at is None:
        if not why.strip() and await first_waiting(session, now) != row.id:
            raise NeedsReasonError("Somebody else in the queue comes before this person.")
        await handoffs.acknowledge(session, handoff, staff, now)
        row.held_until = now + HOLD
        add_event(session, ring, row.id, CaseAct.TAKEN, now, staff, why)
    await session.flush()
    return Taken(row.acknowledged_by == staff, await name_of(session, row.acknowledged_by))


async def take_next(session: AsyncSession, ring: KeyRing, staff: UUID, now: datetime) -> UUID | None:
    """Acknowledge whoever is first in the queue; None when nobody waits.

    Another may be faster at any moment, so the next one is tried until one is had.
    """
    while (first := await first_waiting(session, now)) is not None:
        # Meanwhile somebody in greater danger may have come, or a colleague.
        with contextlib.suppress(NeedsReasonError):
            if (await take(session, ring, first, staff, now)).won:
                return first
    return None


async def keep(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, length: timedelta
) -> None:
    """Stay with a case that one has, for at least so long from now on.

    Raises:
        CaseError: Somebody else has it, or nobody.
    """
    row = await own_case(session, handoff, staff, now)
    row.held_until = max(row.held_until or now, now + length)
    if length > HOLD:
        add_event(session, ring, row.id, CaseAct.KEPT, now, staff)


async def seen_working(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Let a hold run on from now, if this staff member has the case."""
    await session.execute(
        update(Handoff)
        .where(
            Handoff.id == handoff,
            Handoff.acknowledged_by == staff,
            Handoff.closed_at.is_(None),
            Handoff.held_until > now,
            Handoff.held_until < now + HOLD,
        )
        .values(held_until=now + HOLD)
    )


async def release(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str = ""
) -> None:
    """Give a case back to the queue.

    Raises:
        CaseError: Somebody else has it, or nobody.
    """
    row = await own_case(session, handoff, staff, now)
    let_go(row, now)
    add_event(session, ring, row.id, CaseAct.RELEASED, now, staff, why)


async def any_lapsed(session: AsyncSession, now: datetime) -> bool:
    """Whether a hold has run out that nobody has given back yet."""
    due = select(Handoff.id).where(Handoff.closed_at.is_(None), Handoff.held_until <= now).limit(1)
    return await session.scalar(due) is not None


async def lapse_all(session: AsyncSession, now: datetime) -> int:
    """Give back every case whose hold has run out; how many there were."""
    due = await session.scalars(
        select(Handoff)
        .where(Handoff.closed_at.is_(None), Handoff.held_until <= now)
        .with_for_update(skip_locked=True)
    )
    lapsed = [row for row in due.all() if lapse(session, row, now)]
    await session.flush()
    return len(lapsed)
