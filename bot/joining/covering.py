"""The bot answers what staff who have joined leave unanswered for three minutes, and says so.

The row that waits was written with the message. A worker takes it for a minute; what it answers and the end
of the waiting are one transaction, so that a worker that dies answers nothing twice and loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Language, Message, PastTurn, Reply, Risk
from bot.transcripts.conversations import locked
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.standings import Standing, standing
from bot.transcripts.tables import Conversation, Turn, WaitingAnswer
from bot.transcripts.turns import add_late_answer

LEASE: Final = timedelta(minutes=1)
BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Left:
    """A message that staff left: with its risk, and the conversation as it stands without them."""

    turn: UUID
    message: Message
    risk: Risk
    standing: Standing
    language: Language
    held: bool


Answer = Callable[[Left], Awaitable[Sequence[Reply]]]


async def cover(database: Database, ring: KeyRing, answer: Answer, now: Callable[[], datetime]) -> int:
    """Answer every message whose time has come; how many.

    Args:
        answer: Makes the bot's replies; must not raise for anything but a fault of the program.

    Raises:
        StorageError: The database is away.
    """
    async with database.reading() as session:
        due = select(WaitingAnswer.turn_id).where(WaitingAnswer.due_at <= now())
        waiting = (await session.scalars(due.order_by(WaitingAnswer.due_at).limit(BATCH))).all()
    answered = 0
    for turn in waiting:
        async with database.transaction() as session:
            left = await _take(session, ring, turn, now())
        if left is None:
            continue
        replies = await answer(left)
        async with database.transaction() as session:
            answered += await _finish(session, ring, turn, replies, now())
    return answered


async def _take(session: AsyncSession, ring: KeyRing, turn: UUID, now: datetime) -> Left | None:
    """The message, for a minute; None when another has it, or staff have answered."""
    row = await session.get(WaitingAnswer, turn, with_for_update=True)
    if row is None or row.due_at > now:
        return None
    row.due_at = now + LEASE
    said = await session.get_one(Turn, turn)
    chat = await session.get_one(Conversation, said.conversation_id)
    message = Message(
        conversation=chat.id,
        channel=said.channel,
        text=ring.decrypt(said.body, said.id),
        external_id=said.external_id or turn.hex,
        received_at=said.created_at,
        language=said.language,
    )
    known = await standing(session, ring, chat.id, now)
    # A message is read with what came before it, not with itself.
    own = PastTurn(message.text, said.created_at)
    earlier = tuple(takewhile(lambda past: past != own, known.history))
    known = replace(known, history=earlier, held_by=None)
    risk = Risk.from_json(said.risk) if said.risk else Risk()
    return Left(turn, message, risk, known, said.language or Language.EN, chat.held_by is not None)


async def _finish(
    session: AsyncSession, ring: KeyRing, turn: UUID, replies: Sequence[Reply], now: datetime
) -> bool:
    """Store the answer, unless staff wrote one meanwhile; whether it was stored."""
    # The conversation before what belongs to it, as staff who write do it: the other order could deadlock.
    await locked(session, (await session.get_one(Turn, turn)).conversation_id)
    done = delete(WaitingAnswer).where(WaitingAnswer.turn_id == turn).returning(WaitingAnswer.turn_id)
    if await session.scalar(done) is None:
        return False
    await add_late_answer(session, ring, turn, replies, now)
    return True
