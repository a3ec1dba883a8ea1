"""The turns of conversations that fit some filters, newest conversation first, read a few at a time.

Each part is read from a snapshot of its own: a file that takes an hour keeps no database from tidying up.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.browsing.cursors import Cursor
from bot.browsing.filters import Filters
from bot.browsing.listing import look
from bot.cases.masking import mask_number
from bot.messages import Level
from bot.transcripts.conversations import SENDER
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Direction, Turn

BATCH: Final = 100
"""Conversations read at once."""
COLUMNS: Final = (
    "conversation",
    "channel",
    "language",
    "contact",
    "turn",
    "seq",
    "at",
    "direction",
    "level",
    "topic",
    "confidence",
    "reply_kind",
    "response",
    "delivery",
    "latency_ms",
    "text",
)
Row = dict[str, Any]
Clean = Callable[[str], str]


async def turns(
    database: Database, ring: KeyRing, filters: Filters, zone: ZoneInfo, *, clean: Clean | None
) -> AsyncIterator[list[Row]]:
    """Rows, some at a time.

    Args:
        clean: Takes out of people's words what may tell who they are, and has numbers masked; None leaves
            everything as it was written.

    Raises:
        StorageError: The database is away.
        DecryptionError: The ring does not fit.
    """
    before: Cursor | None = None
    while True:
        async with database.reading() as session:
            part = await look(session, filters, zone, before=before, limit=BATCH)
            wanted = [row.id for row in part.rows]
            said = await session.scalars(
                select(Turn).where(Turn.conversation_id.in_(wanted)).order_by(Turn.conversation_id, Turn.seq)
            )
            found = list(said.all()) if wanted else []
            chats = {row.id: row for row in part.rows}
            session.expunge_all()
        if found:
            yield await asyncio.to_thread(_rows, ring, found, chats, clean)
        if part.next is None:
            return
        before = part.next


def _rows(
    ring: KeyRing, found: Sequence[Turn], chats: dict[Any, Conversation], clean: Clean | None
) -> list[Row]:
    """Decrypted, in a thread."""
    contacts = {
        chat.id: ring.decrypt(chat.sender, chat.id, field=SENDER) for chat in chats.values() if chat.sender
    }
    order = {chat: place for place, chat in enumerate(chats)}
    ordered = sorted(found, key=lambda turn: (order[turn.conversation_id], turn.seq))
    return [_row(ring, turn, chats[turn.conversation_id], contacts, clean) for turn in ordered]


def _row(ring: KeyRing, turn: Turn, chat: Conversation, contacts: dict[Any, str], clean: Clean | None) -> Row:
    body, inbound = ring.decrypt(turn.body, turn.id), turn.direction is Direction.INBOUND
    text = body if inbound else str(json.loads(body)["text"])
    contact = contacts.get(chat.id)
    return {
        "conversation": str(chat.id),
        "channel": chat.channel.value,
        "language": turn.language.value if turn.language else None,
        "contact": mask_number(contact) if contact and clean else contact,
        "turn": str(turn.id),
        "seq": turn.seq,
        "at": turn.created_at.isoformat(),
        "direction": turn.direction.value,
        "level": (turn.level or Level.NONE).name.lower() if inbound else None,
        "topic": turn.topic,
        "confidence": turn.confidence,
        "reply_kind": turn.reply_kind.value if turn.reply_kind else None,
        "response": turn.response,
        "delivery": turn.delivery.value if turn.delivery else None,
        "latency_ms": turn.latency_ms,
        "text": clean(text) if clean and _is_a_persons(turn) else text,
    }


def _is_a_persons(turn: Turn) -> bool:
    """Curated answers tell nothing of anybody; everything else may."""
    return turn.direction is Direction.INBOUND or turn.response is None
