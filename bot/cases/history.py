"""What happened to a case, from the first notification to the last note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Level
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseEvent, Dispatch, Notification, SendState, StaffMember


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a history. `what` is an act of `CaseAct`, or a reason of `Reason` for staff being told.

    `who` is None when the program or time did it. `text` is a note, or why.
    """

    at: datetime
    what: str
    who: str | None = None
    text: str = ""
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """One notification to one recipient, known by a digest of its address."""

    recipient: str
    level: Level
    reason: str
    sent_at: datetime | None
    attempts: int
    error: str | None
    due_at: datetime


async def history(session: AsyncSession, ring: KeyRing, handoff: UUID) -> list[Happened]:
    """Everything that happened to a case, oldest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    told = await session.scalars(select(Notification).where(Notification.handoff_id == handoff))
    happened = [Happened(row.created_at, row.reason.value, level=row.level) for row in told]
    events = await session.execute(
        select(CaseEvent, StaffMember.name)
        .outerjoin(StaffMember, StaffMember.id == CaseEvent.staff_id)
        .where(CaseEvent.handoff_id == handoff)
        .order_by(CaseEvent.id)
    )
    for event, name in events.tuples():
        text = ring.decrypt(event.detail, event.row, field="detail") if event.detail else ""
        happened.append(Happened(event.at, event.act.value, name, text))
    return sorted(happened, key=lambda line: line.at)


async def sendings(session: AsyncSession, handoff: UUID) -> list[Sending]:
    """How each recipient was told, or not yet."""
    rows = await session.execute(
        select(Dispatch, Notification)
        .join(Notification, Notification.id == Dispatch.notification_id)
        .where(Notification.handoff_id == handoff)
        .order_by(Notification.created_at, Dispatch.recipient)
    )
    return [
        Sending(
            recipient=dispatch.recipient,
            level=told.level,
            reason=told.reason.value,
            sent_at=dispatch.sent_at if dispatch.state is SendState.SENT else None,
            attempts=dispatch.attempts,
            error=dispatch.last_error,
            due_at=dispatch.due_at,
        )
        for dispatch, told in rows.tuples()
    ]
