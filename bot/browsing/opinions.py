"""What people said of answers, the latest first, with the answer that it was about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.browsing.cursors import Cursor, newest_first
from bot.messages import Channel
from bot.transcripts.encryption import KeyRing
from bot.transcripts.feedback import FIELD
from bot.transcripts.tables import Feedback, Turn

PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Line:
    """One opinion, and the beginning of the answer that it is about."""

    id: UUID
    at: datetime
    helpful: bool
    comment: str
    channel: Channel
    conversation: UUID
    seq: int
    response: str | None
    answer: str
    answered_at: datetime | None

    @property
    def cursor(self) -> Cursor:
        """Where the page after this line begins."""
        return Cursor(self.at, self.id)


async def listed(
    session: AsyncSession, ring: KeyRing, *, answered: bool, before: Cursor | None = None
) -> list[Line]:
    """A page of opinions that are dealt with, or that are not.

    Raises:
        DecryptionError: The ring does not fit.
    """
    state = Feedback.answered_at.is_not(None) if answered else Feedback.answered_at.is_(None)
    wanted: Any = select(Feedback, Turn).join(Turn, Turn.id == Feedback.turn_id).where(state)
    ordered = newest_first(wanted, Feedback.created_at, Feedback.id, before).limit(PAGE)
    return [_line(ring, said, turn) for said, turn in (await session.execute(ordered)).tuples()]


async def settle(session: AsyncSession, opinion: UUID, at: datetime | None) -> bool:
    """Note when an opinion was dealt with, None for not yet; whether there is such a one."""
    row = await session.get(Feedback, opinion)
    if row is None:
        return False
    row.answered_at = at
    return True


def _line(ring: KeyRing, said: Feedback, turn: Turn) -> Line:
    return Line(
        id=said.id,
        at=said.created_at,
        helpful=said.helpful,
        comment=ring.decrypt(said.comment, said.id, field=FIELD) if said.comment else "",
        channel=said.channel,
        conversation=said.conversation_id,
        seq=turn.seq,
        response=turn.response,
        answer=str(json.loads(ring.decrypt(turn.body, turn.id))["text"]),
        answered_at=said.answered_at,
    )
