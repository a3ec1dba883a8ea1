"""Deleting what was said in a conversation, except what a hand-off rests on.

A hand-off rests on the messages that it counted, on the turns that they were read together with, and on
our replies to them: without these nobody could tell afterwards why a person was handed over, or help one
who is in danger now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Channel
from bot.transcripts import conversations, standings
from bot.transcripts.tables import Base, CallBack, Conversation, Handoff, HandoffTurn, Tracker, Turn


async def clear(session: AsyncSession, conversation: UUID, now: datetime) -> bool:
    """Delete the words of a conversation; doing it twice changes nothing.

    Whatever hangs on a deleted turn goes with it. The conversation's row stays, without a word, so that
    what was said before and reaches the database later is known to be unwanted.

    Returns:
        Whether something was kept, because a hand-off rests on it.
    """
    await conversations.open_conversation(session, conversation, Channel.WEB, None, now)
    row = await conversations.locked(session, conversation)
    row.cleared_at = max(now, row.cleared_at or now)
    kept = await _rested_on(session, conversation)
    doomed = select(Turn.id).where(Turn.conversation_id == conversation, Turn.id.not_in(kept))
    ids = (await session.scalars(doomed)).all()
    for column in _pointing_at_turns():
        await session.execute(delete(column.table).where(column.in_(ids)))
    gone = delete(Turn).where(Turn.id.in_(ids))
    # Replies first: they point at what they answer.
    await session.execute(gone.where(Turn.reply_to.is_not(None)))
    await session.execute(gone)
    await session.execute(delete(Tracker).where(Tracker.conversation == conversation))
    # A request to be called is always part of a case.
    numbers = await session.scalar(
        select(CallBack.id).where(CallBack.conversation_id == conversation).limit(1)
    )
    await session.flush()
    return bool(kept) or numbers is not None


async def was_cleared(session: AsyncSession, conversation: UUID, at: datetime) -> bool:
    """Whether what was said at `at` has been deleted since."""
    cleared_at = await session.scalar(select(Conversation.cleared_at).where(Conversation.id == conversation))
    return cleared_at is not None and at <= cleared_at


async def anything_kept(session: AsyncSession, conversation: UUID) -> bool:
    """Whether a conversation holds a word, or a number to call."""
    for table in (Turn, CallBack):
        if await session.scalar(select(table.id).where(table.conversation_id == conversation).limit(1)):
            return True
    return False


def _pointing_at_turns() -> Iterator[Column[Any]]:
    """The column of every other table that refers to a turn."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if table.name != Turn.__tablename__ and key.column.table.name == Turn.__tablename__:
                yield key.parent


async def _rested_on(session: AsyncSession, conversation: UUID) -> set[UUID]:
    wanted = select(Turn.id, Turn.reply_to).where(Turn.conversation_id == conversation).order_by(Turn.seq)
    answers = dict((await session.execute(wanted)).tuples().all())
    cases = select(Handoff.id).where(Handoff.conversation_id == conversation)
    counted = set(await session.scalars(select(HandoffTurn.turn_id).where(HandoffTurn.handoff_id.in_(cases))))
    kept = _read_with(tuple(answers), counted)
    kept |= {turn for turn, answered in answers.items() if answered in counted}
    # A reply is kept together with what it answers.
    return kept | {answered for turn in kept if (answered := answers[turn]) is not None}


def _read_with(ids: Sequence[UUID], counted: set[UUID]) -> set[UUID]:
    """The counted turns, and those before each that it was read together with."""
    near: set[UUID] = set()
    for place, turn in enumerate(ids):
        if turn in counted:
            near.update(ids[max(0, place - standings.HISTORY) : place + 1])
    return near
