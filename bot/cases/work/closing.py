"""The end of a case, with what came of it; and its beginning again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff as handoffs
from bot.cases.work.changing import CaseError, add_event, lapse, name_of, open_case
from bot.cases.work.holding import HOLD
from bot.cases.work.noting import LONGEST_NOTE
from bot.messages import Level, Risk
from bot.transcripts import conversations, standings
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, Conversation, Handoff, Outcome


async def close(
    session: AsyncSession,
    ring: KeyRing,
    handoff: UUID,
    staff: UUID,
    now: datetime,
    result: Outcome,
    *,
    remark: str = "",
) -> None:
    """Close a case with what came of it.

    Raises:
        CaseError: It is closed, or somebody else has it.
    """
    row = await open_case(session, handoff)
    lapse(session, row, now)
    if row.acknowledged_by not in (None, staff):
        raise CaseError(f"{await name_of(session, row.acknowledged_by)} has this case.")
    row.acknowledged_at = row.acknowledged_at or now
    row.acknowledged_by = staff
    row.result, row.held_until = result, None
    await handoffs.close(session, ring, handoff, staff, now, outcome=remark[:LONGEST_NOTE])
    add_event(session, ring, handoff, CaseAct.CLOSED, now, staff, remark[:LONGEST_NOTE])


async def reopen(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str
) -> None:
    """Open a closed case again; it is then with whoever did so.

    The crisis state comes back for what is left of its time.

    Raises:
        CaseError: It is open, a newer one of the same person is, or no reason is given.
    """
    row = await session.get(Handoff, handoff)
    if row is None or row.closed_at is None:
        raise CaseError("This case is open.")
    if not why.strip():
        raise CaseError("Say why it is opened again.")
    conversation = await conversations.locked(session, row.conversation_id)
    if await handoffs.current(session, row.conversation_id) is not None:
        raise CaseError("A newer case of this person is open.")
    row.closed_at = row.closed_by = row.result = row.outcome = None
    row.acknowledged_at, row.acknowledged_by, row.held_until = now, staff, now + HOLD
    await session.flush()
    await _resume(session, conversation, row)
    add_event(session, ring, handoff, CaseAct.REOPENED, now, staff, why)


async def _resume(session: AsyncSession, conversation: Conversation, row: Handoff) -> None:
    if conversation.last_inbound_at is not None and row.level >= Level.CRISIS:
        risk = Risk(level=row.level, kind=row.kind, experiencer=row.experiencer)
        await standings.hold_sticky(session, conversation.id, risk, conversation.last_inbound_at)
