"""Counts that may be published: how often crisis numbers were given, without anything about anyone (R10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import ReplyKind
from bot.transcripts.tables import Conversation, Turn


async def referrals(session: AsyncSession, zone: ZoneInfo) -> Mapping[str, int]:
    """How many crisis cards were given in each month, `2026-11`, of a time zone, oldest first."""
    times = await session.scalars(
        select(Turn.created_at)
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Turn.reply_kind == ReplyKind.CRISIS, ~Conversation.synthetic)
    )
    months = Counter(f"{at.astimezone(zone):%Y-%m}" for at in times)
    return dict(sorted(months.items()))
