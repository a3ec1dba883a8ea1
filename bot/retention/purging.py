"""What is due to be deleted, by the last activity and its class, and deleting it a little at a time.

Open cases, and conversations that staff are in, are held whatever their age. Nothing of the audit log and of
the hazard record is deleted: they hold no words of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.retention.deleting import delete_conversations
from bot.transcripts.conversations import SENDER
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.spool import Spool
from bot.transcripts.tables import (
    Conversation,
    Handoff,
    LoginThrottle,
    StaffSession,
    Tracker,
)

KEPT_LOGINS: Final = timedelta(days=30)
"""Sessions that have ended and failed logins; what the audit log says of them stays."""
KEPT_TRACKERS: Final = timedelta(days=30)
"""The dialogue engine's memory of a conversation that is quiet: losing it loses nothing."""
BATCH: Final = 25
"""Conversations of one transaction, so that no message waits long for it."""

Forget = Callable[[UUID], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """For how many days conversations are kept after their last turn; 0 for ever."""

    days: int
    case_days: int

    def due(self, now: datetime) -> ColumnElement[bool] | None:
        """Which conversations are older than that; None when everything is kept."""
        classes = [
            and_(flag, Conversation.last_at < now - timedelta(days=days))
            for flag, days in (
                (Conversation.has_case.is_(False), self.days),
                (Conversation.has_case.is_(True), self.case_days),
            )
            if days
        ]
        return or_(*classes) if classes else None


@dataclass(frozen=True, slots=True)
class Due:
    """How much would be deleted, and how many conversations are old enough but held."""

    conversations: int = 0
    with_case: int = 0
    held: int = 0
    sessions: int = 0
    throttles: int = 0
    trackers: int = 0


class HeldError(Exception):
    """A person cannot be deleted now; the message says why."""


async def look(session: AsyncSession, rules: Rules, now: datetime) -> Due:
    """What a purge would delete now."""
    which = rules.due(now)
    found = held = with_case = 0
    if which is not None:
        wanted = select(func.count(), func.count().filter(Conversation.has_case.is_(True)))
        found, with_case = (await session.execute(wanted.where(which, ~_is_held()))).one()
        held = await session.scalar(select(func.count()).where(which, _is_held())) or 0
    counts = [
        await session.scalar(select(func.count()).where(condition)) or 0 for condition in _leftovers(now)
    ]
    return Due(found, with_case, held, *counts)


async def purge(
    database: Database, spool: Spool, rules: Rules, now: datetime, *, forget: Forget = lambda _: None
) -> Due:
    """Delete what is due.

    Args:
        forget: Told of every conversation that is gone, so that memory lets go of it too.

    Returns:
        What was deleted.

    Raises:
        StorageError: The database went away; what was deleted until then stays deleted.
        SpoolError: What was put aside cannot be removed.
    """
    async with database.reading() as session:
        due = await look(session, rules, now)
    which = rules.due(now)
    while which is not None and (gone := await _batch(database, which)):
        for conversation in gone:
            forget(conversation)
    async with database.transaction() as session:
        for table, condition in zip((StaffSession, LoginThrottle, Tracker), _leftovers(now), strict=True):
            await session.execute(delete(table).where(condition))
    if rules.days and rules.case_days:
        # What was put aside may be of any class.
        await spool.discard(now - timedelta(days=max(rules.days, rules.case_days)))
    if due != Due(held=due.held):
        await database.wipe()
    return due


async def conversations_of(
    session: AsyncSession, ring: KeyRing, *, conversation: UUID | None = None, number: str | None = None
) -> list[UUID]:
    """The conversations of one person, by the id of one or by their number.

    Raises:
        HeldError: One is an open case, or staff are in it.
    """
    which = (
        Conversation.id == conversation
        if conversation is not None
        else Conversation.sender_digest.in_(ring.digests(SENDER, number or ""))
    )
    found = list(await session.scalars(select(Conversation.id).where(which)))
    held = await session.scalar(select(Conversation.id).where(which, _is_held()).limit(1))
    if held is not None:
        raise HeldError(f"Conversation {held} is an open case, or staff are in it. Close it first.")
    return found


async def purge_person(
    database: Database, spool: Spool, conversations: Sequence[UUID], *, forget: Forget = lambda _: None
) -> None:
    """Delete everything of one person.

    Raises:
        StorageError: The database is away.
        SpoolError: The spool cannot be read.
    """
    async with database.transaction() as session:
        await delete_conversations(session, conversations)
    for conversation in conversations:
        forget(conversation)
        await spool.forget(conversation, everything=True)
    await database.wipe()


async def _batch(database: Database, which: ColumnElement[bool]) -> list[UUID]:
    async with database.transaction() as session:
        wanted = select(Conversation.id).where(which, ~_is_held()).order_by(Conversation.last_at)
        found = list(await session.scalars(wanted.limit(BATCH).with_for_update()))
        if found:
            await delete_conversations(session, found)
        return found


def _is_held() -> ColumnElement[bool]:
    """Whether a conversation must stay: somebody may still have to act on it."""
    has_open = exists().where(Handoff.conversation_id == Conversation.id, Handoff.closed_at.is_(None))
    return or_(has_open, Conversation.held_by.is_not(None))


def _leftovers(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Sessions, throttles and trackers that are of no use any more."""
    old = now - KEPT_LOGINS
    return (
        or_(StaffSession.ended_at < old, StaffSession.expires_at < old),
        LoginThrottle.last_failure_at < old,
        Tracker.updated_at < now - KEPT_TRACKERS,
    )
