"""Where turns stand in their conversation: what a client knows them again by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.tables import Turn


@dataclass(frozen=True, slots=True)
class Place:
    """A turn's id, its number in the conversation, and its time.

    `seq` is None while the database does not hold the turn; the id stays the same when it does.
    """

    turn: UUID
    seq: int | None
    at: datetime


async def places(session: AsyncSession, inbound: UUID) -> tuple[Place, ...]:
    """The place of a message, then those of the replies in their order; nothing if it is not stored."""
    rows = await session.execute(
        select(Turn.id, Turn.seq, Turn.created_at)
        .where(or_(Turn.id == inbound, Turn.reply_to == inbound))
        .order_by(Turn.seq)
    )
    return tuple(Place(turn, seq, at) for turn, seq, at in rows.tuples())
