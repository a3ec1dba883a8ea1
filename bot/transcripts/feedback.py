"""What people say about replies: kept once a reply, the words encrypted, open until staff dealt with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Channel
from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import Conversation, Direction, Feedback, Turn
from bot.transcripts.turns import UnknownTurnError

MAX_COMMENT: Final = 2_000
"""Characters of a comment."""
FIELD: Final = "comment"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person said about one reply. `comment` is their own text, never markup; None for none."""

    id: UUID
    conversation: UUID
    turn: UUID
    helpful: bool
    comment: str | None
    channel: Channel
    at: datetime
    answered_at: datetime | None = None


async def keep(
    session: AsyncSession,
    ring: KeyRing,
    *,
    conversation: UUID,
    turn: UUID,
    helpful: bool,
    comment: str | None,
    now: datetime,
) -> None:
    """Store an opinion, or change the one that the reply has; a changed one is open again.

    Args:
        turn: An outbound turn of the conversation.
        comment: None leaves an earlier comment as it is, an empty one takes it away.

    Raises:
        UnknownTurnError: There is no such reply in this conversation.
    """
    row = await session.get(Turn, turn)
    if row is None or row.conversation_id != conversation or row.direction is not Direction.OUTBOUND:
        raise UnknownTurnError(f"turn {turn} is no reply of conversation {conversation}")
    fresh = {
        "id": uuid4(),
        "conversation_id": conversation,
        "turn_id": turn,
        "helpful": helpful,
        "channel": row.channel,
        "created_at": now,
    }
    await insert_if_absent(session, Feedback, fresh)
    stored = (await session.execute(select(Feedback.id).where(Feedback.turn_id == turn))).scalar_one()
    changed: dict[str, object] = {"helpful": helpful, "created_at": now, "answered_at": None}
    if comment is not None:
        changed["comment"] = ring.encrypt(comment, stored, field=FIELD) if comment else None
    await session.execute(update(Feedback).where(Feedback.id == stored).values(**changed))
    await _note_opinions(session, conversation)


async def _note_opinions(session: AsyncSession, conversation: UUID) -> None:
    """Let lists of conversations know what people said in this one."""
    said = set(
        await session.scalars(select(Feedback.helpful).where(Feedback.conversation_id == conversation))
    )
    await session.execute(
        update(Conversation)
        .where(Conversation.id == conversation)
        .values(liked=True in said, disliked=False in said)
    )


async def opinions(session: AsyncSession, ring: KeyRing, conversation: UUID) -> tuple[Opinion, ...]:
    """What a person said about the replies of a conversation, oldest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = await session.scalars(
        select(Feedback)
        .where(Feedback.conversation_id == conversation)
        .order_by(Feedback.created_at, Feedback.id)
    )
    return tuple(_opinion(ring, row) for row in rows)


def _opinion(ring: KeyRing, row: Feedback) -> Opinion:
    return Opinion(
        id=row.id,
        conversation=row.conversation_id,
        turn=row.turn_id,
        helpful=row.helpful,
        comment=ring.decrypt(row.comment, row.id, field=FIELD) if row.comment else None,
        channel=row.channel,
        at=row.created_at,
        answered_at=row.answered_at,
    )
