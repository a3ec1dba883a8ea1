"""The state of a conversation before a message: its last turns, and the crisis state that is in force.

Every function works in the session of the caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Kind, Language, Level, PastTurn, Risk
from bot.transcripts.conversations import locked
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import reply_from_json
from bot.transcripts.tables import Conversation, Direction, Turn

HISTORY: Final = 10
"""Past turns that a message is read together with."""
STICKY: Final = timedelta(hours=24)
"""How long a crisis state lasts after the last crisis message."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a conversation before a message: crisis state in force, opt-out, last turns.

    `level` is NONE when no crisis state is in force. `history` is oldest first, at most `HISTORY`.
    """

    level: Level = Level.NONE
    level_until: datetime | None = None
    kind: Kind | None = None
    opted_out: bool = False
    held_by: UUID | None = None
    language: Language | None = None
    disclosed_at: datetime | None = None
    chat_started_at: datetime | None = None
    last_inbound_at: datetime | None = None
    history: tuple[PastTurn, ...] = ()


async def standing(session: AsyncSession, ring: KeyRing, conversation: UUID, now: datetime) -> Standing:
    """The state of a conversation; an empty one when there is none.

    Raises:
        DecryptionError: The ring does not fit.
    """
    row = await session.get(Conversation, conversation)
    if row is None:
        return Standing()
    in_force = row.level_until is not None and row.level_until > now
    return Standing(
        level=row.level if in_force else Level.NONE,
        level_until=row.level_until if in_force else None,
        kind=row.kind if in_force else None,
        opted_out=row.opted_out_at is not None,
        held_by=row.held_by,
        language=row.language,
        disclosed_at=row.disclosed_at,
        chat_started_at=row.chat_started_at,
        last_inbound_at=row.last_inbound_at,
        history=await history(session, ring, conversation),
    )


async def history(
    session: AsyncSession, ring: KeyRing, conversation: UUID, *, limit: int = HISTORY
) -> tuple[PastTurn, ...]:
    """The last turns of a conversation, oldest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = await session.scalars(
        select(Turn)
        .where(Turn.conversation_id == conversation)
        .order_by(Turn.created_at.desc(), Turn.seq.desc())
        .limit(limit)
    )
    return tuple(_past_turn(ring, row) for row in reversed(rows.all()))


def _past_turn(ring: KeyRing, turn: Turn) -> PastTurn:
    if turn.direction is Direction.INBOUND:
        return PastTurn(ring.decrypt(turn.body, turn.id), turn.created_at)
    reply = reply_from_json(json.loads(ring.decrypt(turn.body, turn.id)))
    return PastTurn(reply.text, turn.created_at, reply.kind, reply)


async def hold_sticky(session: AsyncSession, conversation: UUID, risk: Risk, now: datetime) -> None:
    """Let a crisis state begin, rise or last longer; a level in force is never lowered.

    CONCERN is remembered as well, but does not lengthen a crisis state.

    Raises:
        UnknownConversationError: There is no such conversation.
    """
    row = await locked(session, conversation)
    in_force = row.level if row.level_until is not None and row.level_until > now else Level.NONE
    if risk.level < min(Level.CRISIS, max(Level.CONCERN, in_force)):
        return
    if risk.level >= in_force:
        row.level, row.kind = risk.level, risk.kind
    # A replayed message may be older than the one that the state rests on.
    row.level_until = max(now + STICKY, row.level_until or now)
    await session.flush()


async def end_sticky(session: AsyncSession, conversation: UUID) -> None:
    """End the crisis state, whatever its level: staff closed the hand-off."""
    await session.execute(
        update(Conversation)
        .where(Conversation.id == conversation)
        .values(level=Level.NONE, kind=None, level_until=None)
    )
