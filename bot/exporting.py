"""Writing conversations out of the database, decrypted, for `harborline export`."""

from __future__ import annotations

import json
from typing import TextIO
from uuid import UUID

from bot.audit import Act, record
from bot.clock import SystemClock
from bot.opening import database_of
from bot.settings import Settings, SettingsError
from bot.transcripts.export import export_conversations


async def export(settings: Settings, conversation: str | None, to: TextIO) -> int:
    """Write one JSON object a line, a conversation with its turns each, after a line in the audit log.

    Args:
        settings: Names the database and the keys.
        conversation: The id of the only one to write; None for all.
        to: Gets the words of people in danger: keep it as safe as the database.

    Returns:
        How many were written.

    Raises:
        SettingsError: The id is malformed, the database cannot be used, or the key does not fit.
    """
    wanted = _uuid(conversation) if conversation is not None else None
    written = 0
    async with database_of(settings) as (database, ring):
        async with database.transaction() as session:
            await record(session, ring, Act.EXPORTED, SystemClock().now(), subject=wanted)
        async for row in export_conversations(database, ring, conversation=wanted):
            to.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
    if wanted is not None and not written:
        raise SettingsError(f"There is no conversation {wanted}. 'harborline export' lists all.")
    return written


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise SettingsError(f"{text!r} is no conversation's id. Copy it from the transcript.") from error
