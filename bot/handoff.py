"""Hand-offs to staff: open or raise, acknowledge, close. At most one is open in a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Level, Risk
from bot.transcripts.conversations import locked
from bot.transcripts.database import WAKES_OUTBOX
from bot.transcripts.encryption import KeyRing
from bot.transcripts.standings import end_sticky
from bot.transcripts.tables import Conversation, Handoff, HandoffReason, HandoffTurn, Notification, Reason

NEWS: Final = {
    HandoffReason.CALL_BACK: Reason.CALL_BACK,
    HandoffReason.CANNOT_TEXT_BACK: Reason.CANNOT_TEXT_BACK,
}
"""Reasons that staff are told of even when a hand-off is open already: they have to act otherwise now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The hand-off that counts a message or request, and what that did to it.

    `opened`: it is new. `raised`: its level rose. Neither for one more message of the same danger.
    """

    handoff: UUID
    opened: bool = False
    raised: bool = False


async def open(session: AsyncSession, conversation: UUID, turn: UUID, risk: Risk, now: datetime) -> Opened:
    """Hand a person in danger to staff; a turn that was counted already changes nothing.

    Staff are notified when the hand-off is new or its level rises, so that a flood of messages is one
    case and one notification.

    Args:
        session: A transaction, best the one that stores the message.
        conversation: Where the message was written.
        turn: The crisis message.
        risk: At CRISIS or above.
        now: The time of the message.

    Raises:
        UnknownConversationError: There is no such conversation.
    """
    return await _take_up(session, conversation, HandoffReason.RISK, turn, risk, now)


async def open_case(
    session: AsyncSession,
    conversation: UUID,
    reason: HandoffReason,
    request: UUID,
    now: datetime,
    *,
    risk: Risk | None = None,
) -> Opened:
    """Bring a conversation to staff for another reason than danger in a message; twice changes nothing.

    A hand-off that is open already takes the request up and keeps its reason.

    Args:
        session: A transaction, best the one that stores the request.
        conversation: Whose case it is.
        reason: Anything but RISK.
        request: The turn, or another id that is the same whenever this is tried again.
        now: The time of the request.
        risk: What is known of danger; level NONE by default.

    Raises:
        UnknownConversationError: There is no such conversation.
    """
    return await _take_up(session, conversation, reason, request, risk or Risk(), now)


async def current(session: AsyncSession, conversation: UUID) -> Handoff | None:
    """The open hand-off of a conversation."""
    return await session.scalar(
        select(Handoff)
        .where(Handoff.conversation_id == conversation, Handoff.closed_at.is_(None))
        .execution_options(populate_existing=True)
    )


async def acknowledge(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> bool:
    """Note that a staff member takes care of it.

    Returns:
        Whether this was the first to do so; an unknown or closed hand-off is acknowledged by nobody.
    """
    row = await _still_open(session, handoff)
    if row is None or row.acknowledged_at is not None:
        return False
    row.acknowledged_at, row.acknowledged_by = now, staff
    await session.flush()
    return True


async def close(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, outcome: str = ""
) -> bool:
    """Close it with what came of it, and end the conversation's crisis state.

    Returns:
        Whether it was open until now.
    """
    row = await _still_open(session, handoff)
    if row is None:
        return False
    row.closed_at, row.closed_by = now, staff
    row.outcome = ring.encrypt(outcome, row.id, field="outcome")
    await end_sticky(session, row.conversation_id)
    await session.flush()
    return True


async def _take_up(
    session: AsyncSession, conversation: UUID, why: HandoffReason, turn: UUID, risk: Risk, now: datetime
) -> Opened:
    row = await locked(session, conversation)
    if not row.synthetic:
        reachable = row.opted_out_at is None and row.blocked_at is None
        return await _write(session, conversation, why, turn, risk, now, reachable=reachable)
    # The heartbeat: everything is written, so that a fault in writing is found, and taken back.
    savepoint = await session.begin_nested()
    opened = await _write(session, conversation, why, turn, risk, now, reachable=True)
    await savepoint.rollback()
    session.info.pop(WAKES_OUTBOX, None)
    return opened


async def _write(
    session: AsyncSession,
    conversation: UUID,
    why: HandoffReason,
    turn: UUID,
    risk: Risk,
    now: datetime,
    *,
    reachable: bool,
) -> Opened:
    counted = await session.get(HandoffTurn, turn)
    if counted is not None:
        return Opened(counted.handoff_id)
    handoff = await current(session, conversation)
    opened, raised = handoff is None, handoff is not None and risk.level > handoff.level
    if handoff is None:
        handoff = _new(conversation, turn, risk, now, why)
        session.add(handoff)
        (await session.get_one(Conversation, conversation)).has_case = True
        await session.flush()
    else:
        _count(handoff, turn, risk, now)
    session.add(HandoffTurn(turn_id=turn, handoff_id=handoff.id))
    if opened or raised:
        told = NEWS.get(why, Reason.OPENED if opened else Reason.RAISED)
        unreachable = why is HandoffReason.RISK and not reachable
        _notify(session, handoff, Reason.CANNOT_TEXT_BACK if unreachable else told, now)
    elif why in NEWS:
        _notify(session, handoff, NEWS[why], now, key=f"{why}:{turn}")
    await session.flush()
    return Opened(handoff.id, opened=opened, raised=raised)


async def _still_open(session: AsyncSession, handoff: UUID) -> Handoff | None:
    conversation = await session.scalar(select(Handoff.conversation_id).where(Handoff.id == handoff))
    if conversation is None:
        return None
    # The conversation before the hand-off, as `open` does: the other order could deadlock.
    await locked(session, conversation)
    row = await current(session, conversation)
    return row if row is not None and row.id == handoff else None


def _new(conversation: UUID, turn: UUID, risk: Risk, now: datetime, reason: HandoffReason) -> Handoff:
    return Handoff(
        id=uuid4(),
        conversation_id=conversation,
        level=risk.level,
        kind=risk.kind,
        experiencer=risk.experiencer,
        reason=reason,
        count=1,
        last_turn=turn,
        opened_at=now,
    )


def _count(handoff: Handoff, turn: UUID, risk: Risk, now: datetime) -> None:
    handoff.count += 1
    handoff.last_turn = turn
    if risk.level > handoff.level:
        handoff.level, handoff.kind, handoff.experiencer = risk.level, risk.kind, risk.experiencer
        handoff.raised_at = now
        if risk.level >= Level.CRISIS:
            handoff.reason = HandoffReason.RISK


def _notify(
    session: AsyncSession, handoff: Handoff, reason: Reason, now: datetime, *, key: str | None = None
) -> None:
    if handoff.acknowledged_at is not None:
        # News is what is younger than the acknowledgement; this is, whatever the message's own time.
        now = max(now, handoff.acknowledged_at + timedelta(microseconds=1))
    notification = Notification(
        handoff_id=handoff.id,
        reason=reason,
        level=handoff.level,
        kind=handoff.kind,
        # A hand-off reaches each level once.
        idempotency_key=f"{handoff.id}:{key or handoff.level.name}",
        created_at=now,
    )
    session.add(notification)
    session.info[WAKES_OUTBOX] = True
