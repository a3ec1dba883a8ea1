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

from bot import handoff
from bot.messages import Channel, Language, Message, PastTurn, Reply, Risk
from bot.texting.queue import on_its_way
from bot.texting.replying import Hint, queue_replies
from bot.transcripts.conversations import locked
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.standings import Standing, standing
from bot.transcripts.tables import Conversation, Delivery, HandoffReason, Turn, WaitingAnswer
from bot.transcripts.turns import add_late_answer, outbound_id

LEASE: Final = timedelta(minutes=1)
BATCH: Final = 20
TEXTS_OFF: Final = "texts off"
"""Why a late answer did not go: no text can be sent any more."""


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


@dataclass(frozen=True, slots=True)
class ByText:
    """How answers go to somebody who texts; `off` when no text can be sent but in a response."""

    hint: Hint
    off: bool = False


async def cover(
    database: Database, ring: KeyRing, answer: Answer, now: Callable[[], datetime], by_text: ByText
) -> int:
    """Answer every message whose time has come; how many.

    Args:
        answer: Makes the bot's replies; must not raise for anything but a fault of the program.
        by_text: For messages that came by SMS; their answers are queued with the same commit.

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
            answered += await _finish(session, ring, turn, replies, now(), by_text)
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
        attachments=tuple(said.attachments or ()),
    )
    known = await standing(session, ring, chat.id, now)
    # A message is read with what came before it, not with itself.
    own = PastTurn(message.text, said.created_at)
    earlier = tuple(takewhile(lambda past: past != own, known.history))
    known = replace(known, history=earlier, held_by=None)
    risk = Risk.from_json(said.risk) if said.risk else Risk()
    return Left(turn, message, risk, known, said.language or Language.EN, chat.held_by is not None)


async def _finish(
    session: AsyncSession,
    ring: KeyRing,
    turn: UUID,
    replies: Sequence[Reply],
    now: datetime,
    by_text: ByText,
) -> bool:
    """Store the answer, unless staff wrote one meanwhile; whether it was stored."""
    # The conversation before what belongs to it, as staff who write do it: the other order could deadlock.
    row = await locked(session, (await session.get_one(Turn, turn)).conversation_id)
    done = delete(WaitingAnswer).where(WaitingAnswer.turn_id == turn).returning(WaitingAnswer.turn_id)
    if await session.scalar(done) is None:
        return False
    await add_late_answer(session, ring, turn, replies, now)
    if row.channel is Channel.SMS:
        await _text(session, ring, row, turn, replies, now, by_text)
    return True


async def _text(
    session: AsyncSession,
    ring: KeyRing,
    row: Conversation,
    turn: UUID,
    replies: Sequence[Reply],
    now: datetime,
    by_text: ByText,
) -> None:
    """Bring a late answer on its way, after what staff wrote; where that cannot be, staff are told."""
    if not by_text.off:
        after = await on_its_way(session, row.id, now)
        key = (await session.get_one(Turn, turn)).external_id or turn.hex
        await queue_replies(session, ring, turn, row.id, replies, by_text.hint, now, key=key, after=after)
        return
    if not replies:
        return
    # The next text is answered in the response to it, by the bot: it must not be kept silent.
    row.held_by = row.held_as = None
    for place in range(len(replies)):
        said = await session.get_one(Turn, outbound_id(turn, place))
        said.delivery, said.delivery_code = Delivery.FAILED, TEXTS_OFF
    await handoff.open_case(session, row.id, HandoffReason.CANNOT_TEXT_BACK, turn, now)
