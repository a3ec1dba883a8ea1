"""The heartbeat's own conversations: kept for a day, so that a failure can be looked into."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.tables import Conversation, TextMessage, Tracker, Turn

KEPT: Final = timedelta(days=1)


async def forget(session: AsyncSession, now: datetime) -> None:
    """Delete what heartbeats left more than a day ago."""
    old = select(Conversation.id).where(Conversation.synthetic, Conversation.created_at < now - KEPT)
    turns = delete(Turn).where(Turn.conversation_id.in_(old))
    # Replies first: they point at what they answer.
    await session.execute(turns.where(Turn.reply_to.is_not(None)))
    await session.execute(turns)
    await session.execute(delete(TextMessage).where(TextMessage.conversation_id.in_(old)))
    await session.execute(delete(Tracker).where(Tracker.conversation.in_(old)))
    await session.execute(delete(Conversation).where(Conversation.id.in_(old)))
