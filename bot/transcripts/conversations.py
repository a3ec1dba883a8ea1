"""Conversations: which one a phone number has, and what holds for the whole of one.

Every function works in the session of the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Channel, Language, Level
from bot.transcripts.database import StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import Conversation

SENDER: Final = "sender"
REASSIGNED: Final = timedelta(days=90)
"""A number that was silent for longer may be somebody else's by now: a new conversation, and nothing goes
out to it before it writes again. Carriers give numbers to others after 45 days at the earliest."""
_NUMBERS: Final = UUID("6a0f4c1e-6f0b-5f0e-9c57-1b8f3b8e2d11")


class UnknownConversationError(StorageError):
    """The conversation is not stored, or not yet."""


async def open_conversation(
    session: AsyncSession,
    conversation: UUID,
    channel: Channel,
    language: Language | None,
    now: datetime,
    *,
    disclosed_at: datetime | None = None,
) -> None:
    """Make the conversation; one that exists stays as it is."""
    values = {
        "id": conversation,
        "channel": channel,
        "language": language,
        "level": Level.NONE,
        "disclosed_at": disclosed_at,
        "turns": 0,
        "created_at": now,
        "last_at": now,
        "highest": Level.NONE,
        "declined": False,
        "asked_back": False,
        "liked": False,
        "disliked": False,
        "has_case": False,
        "reviewed": False,
    }
    await insert_if_absent(session, Conversation, values)


async def conversation_of(session: AsyncSession, ring: KeyRing, sender: str, now: datetime) -> UUID:
    """The conversation of a phone number, whichever key was current when it began; one to be made if need be.

    Two first texts at once get the same new id.
    """
    rows = await session.execute(
        select(Conversation.id, Conversation.last_inbound_at, Conversation.created_at)
        .where(
            Conversation.channel == Channel.SMS,
            Conversation.sender_digest.in_(ring.digests(SENDER, sender)),
        )
        .order_by(Conversation.created_at.desc())
    )
    found = rows.all()
    if found:
        newest, heard_at, created_at = found[0]
        if now - (heard_at or created_at) <= REASSIGNED:
            return newest
    return new_conversation(ring, sender, before=len(found))


def new_conversation(ring: KeyRing, sender: str, *, before: int = 0) -> UUID:
    """The id of a phone number's next conversation: the same for whoever asks, also without a database.

    Args:
        ring: A keyed digest of the number goes into it, so that an id tells nobody the number.
        sender: E.164.
        before: How many conversations the number has had.
    """
    return uuid5(_NUMBERS, f"{ring.digest(SENDER, sender)}:{before}")


async def set_opted_out(session: AsyncSession, conversation: UUID, at: datetime | None) -> None:
    """Note that the sender wants no messages since `at`, or wants them again."""
    await session.execute(update(Conversation).where(Conversation.id == conversation).values(opted_out_at=at))


async def set_blocked(session: AsyncSession, conversation: UUID, at: datetime | None) -> None:
    """Note that the network keeps our texts from the sender since `at`, or lets them through again."""
    await session.execute(update(Conversation).where(Conversation.id == conversation).values(blocked_at=at))


async def locked(session: AsyncSession, conversation: UUID) -> Conversation:
    """The conversation as it is now, locked until the transaction ends.

    Raises:
        UnknownConversationError: There is no such conversation.
    """
    # A transaction on SQLite has the whole database to itself, so what it has read is still true.
    shared = session.get_bind().dialect.name != "sqlite"
    row = await session.get(Conversation, conversation, with_for_update=shared, populate_existing=shared)
    if row is None:
        raise UnknownConversationError(f"conversation {conversation} is not stored")
    return row
