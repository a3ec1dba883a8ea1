"""What every change of a case needs: the row, locked; who has it; a line in its history."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts import conversations
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, CaseEvent, Handoff, StaffMember


class CaseError(Exception):
    """What was asked for does not go; the message tells staff why."""


async def open_case(session: AsyncSession, handoff: UUID) -> Handoff:
    """The case, locked after its conversation, as `handoff.open` does it.

    Raises:
        CaseError: It is closed, or there is none.
    """
    conversation = await session.scalar(select(Handoff.conversation_id).where(Handoff.id == handoff))
    if conversation is None:
        raise CaseError("There is no such case.")
    await conversations.locked(session, conversation)
    row = await session.get(Handoff, handoff, populate_existing=True)
    if row is None or row.closed_at is not None:
        raise CaseError("This case is closed.")
    return row


async def own_case(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> Handoff:
    """The case, locked, if this staff member has it.

    Raises:
        CaseError: Somebody else has it, or nobody.
    """
    row = await open_case(session, handoff)
    lapse(session, row, now)
    if row.acknowledged_by != staff:
        holder = await name_of(session, row.acknowledged_by) if row.acknowledged_by else "Nobody"
        raise CaseError(f"{holder} has this case now.")
    return row


def lapse(session: AsyncSession, row: Handoff, now: datetime) -> bool:
    """Give the case back if its hold has run out; whether it had."""
    if row.acknowledged_at is None or row.held_until is None or row.held_until > now:
        return False
    ended, holder = row.held_until, row.acknowledged_by
    let_go(row, ended)
    session.add(CaseEvent(handoff_id=row.id, at=ended, staff_id=holder, act=CaseAct.LAPSED))
    return True


def let_go(row: Handoff, at: datetime) -> None:
    """Let nobody have the case, and its wait begin at `at`."""
    row.acknowledged_at = row.acknowledged_by = row.held_until = None
    row.waiting_since = at


def add_event(
    session: AsyncSession,
    ring: KeyRing,
    handoff: UUID,
    act: CaseAct,
    now: datetime,
    staff: UUID,
    detail: str = "",
) -> CaseEvent:
    """A line of the case\'s history; `detail` is encrypted."""
    row = uuid4()
    sealed = ring.encrypt(detail.strip(), row, field="detail") if detail.strip() else None
    event = CaseEvent(row=row, handoff_id=handoff, at=now, staff_id=staff, act=act, detail=sealed)
    session.add(event)
    return event


async def name_of(session: AsyncSession, staff: UUID | None) -> str:
    """What colleagues call a staff member."""
    return await session.scalar(select(StaffMember.name).where(StaffMember.id == staff)) or "Somebody"
