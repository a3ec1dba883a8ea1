"""Notes on a case, and colleagues who are named in them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cases.work.changing import CaseError, add_event
from bot.cases.work.holding import HOLD
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, Handoff, Mention, StaffMember

LONGEST_NOTE: Final = 4_000
MENTION: Final = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9._-]{0,62}[a-z0-9])", re.IGNORECASE)


async def note(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, text: str
) -> tuple[str, ...]:
    """Write a note on a case, open or closed. `@login` in it tells a colleague.

    Returns:
        The names of those who were mentioned.

    Raises:
        CaseError: The note is empty or too long, or there is no such case.
    """
    words = text.strip()
    if not words or len(words) > LONGEST_NOTE:
        raise CaseError(f"A note needs 1 to {LONGEST_NOTE:,} characters.")
    row = await session.get(Handoff, handoff)
    if row is None:
        raise CaseError("There is no such case.")
    if row.acknowledged_by == staff and row.closed_at is None and row.held_until is not None:
        row.held_until = max(row.held_until, now + HOLD)
    event = add_event(session, ring, handoff, CaseAct.NOTED, now, staff, words)
    await session.flush()
    return await _mention(session, handoff, event.id, words)


async def revealed(session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Note in the history that somebody has seen the number."""
    add_event(session, ring, handoff, CaseAct.REVEALED, now, staff)


async def mentions_of(session: AsyncSession, staff: UUID) -> list[UUID]:
    """The cases in which colleagues ask for somebody who has not looked yet."""
    wanted = select(Mention.handoff_id).where(Mention.staff_id == staff, Mention.seen_at.is_(None)).distinct()
    return list(await session.scalars(wanted))


async def mentions_seen(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Note that somebody has opened the case that they were mentioned in."""
    await session.execute(
        update(Mention)
        .where(Mention.handoff_id == handoff, Mention.staff_id == staff, Mention.seen_at.is_(None))
        .values(seen_at=now)
    )


async def _mention(session: AsyncSession, handoff: UUID, event: int, words: str) -> tuple[str, ...]:
    logins = {found.lower() for found in MENTION.findall(words)}
    if not logins:
        return ()
    wanted = select(StaffMember).where(StaffMember.login.in_(logins), StaffMember.disabled_at.is_(None))
    members = (await session.scalars(wanted)).all()
    session.add_all(Mention(event_id=event, handoff_id=handoff, staff_id=member.id) for member in members)
    await session.flush()
    return tuple(member.name for member in members)
