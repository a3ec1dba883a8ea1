"""Putting messages out of the inbox that teach nothing: they stay out, and the audit log has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from bot.audit import Act, record
from bot.opening import database_of
from bot.settings import Settings
from bot.transcripts.tables import Turn


async def dismiss(settings: Settings, turns: Sequence[UUID], now: datetime) -> None:
    """Put messages out of the inbox. The transcript keeps them; nothing is learned from them.

    Args:
        settings: Names the database and the keys.
        turns: The ids of the messages.
        now: When it was done.

    Raises:
        SettingsError: The database cannot be used.
    """
    async with database_of(settings) as (database, ring), database.transaction() as session:
        await session.execute(update(Turn).where(Turn.id.in_(turns)).values(dismissed_at=now))
        detail = {"turns": [turn.hex for turn in turns]}
        await record(session, ring, Act.INBOX_DISMISSED, now, detail=detail)
