"""The queue: who waits, who is first, who has whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cases.case import Case, case_query, read_cases
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff

PAGE: Final = 100


def is_held(now: datetime) -> ColumnElement[bool]:
    """Whether somebody has the case; a hold that has run out counts no more, swept up or not."""
    return and_(
        Handoff.acknowledged_at.is_not(None),
        or_(Handoff.held_until.is_(None), Handoff.held_until > now),
    )


def in_order(now: datetime) -> tuple[Any, ...]:
    """Nobody's before somebody's, the most urgent level first, then whoever has waited longest."""
    return (
        case((is_held(now), 1), else_=0),
        Handoff.level.desc(),
        Handoff.waiting_since,
        Handoff.id,
    )


async def open_cases(
    session: AsyncSession, ring: KeyRing, now: datetime, *, offset: int = 0, limit: int = PAGE
) -> list[Case]:
    """A page of the queue, in order.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = case_query().where(Handoff.closed_at.is_(None)).order_by(*in_order(now))
    return await read_cases(session, ring, wanted.offset(offset).limit(limit), now)


async def closed_cases(
    session: AsyncSession, ring: KeyRing, now: datetime, *, offset: int = 0, limit: int = PAGE
) -> list[Case]:
    """What was closed, the latest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = case_query().where(Handoff.closed_at.is_not(None)).order_by(Handoff.closed_at.desc())
    return await read_cases(session, ring, wanted.offset(offset).limit(limit), now)


async def find_case(session: AsyncSession, ring: KeyRing, handoff: UUID, now: datetime) -> Case | None:
    """One case, open or closed.

    Raises:
        DecryptionError: The ring does not fit.
    """
    found = await read_cases(session, ring, case_query().where(Handoff.id == handoff), now)
    return found[0] if found else None


async def cases_of(session: AsyncSession, ring: KeyRing, conversation: UUID, now: datetime) -> list[Case]:
    """Every case of a conversation, the latest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = case_query().where(Handoff.conversation_id == conversation).order_by(Handoff.opened_at.desc())
    return await read_cases(session, ring, wanted, now)


async def first_waiting(session: AsyncSession, now: datetime) -> UUID | None:
    """The case that somebody should take next; None when nobody waits."""
    return await session.scalar(
        select(Handoff.id).where(Handoff.closed_at.is_(None), ~is_held(now)).order_by(*in_order(now)).limit(1)
    )


async def count_open(session: AsyncSession, now: datetime) -> tuple[int, int]:
    """How many cases are open, and how many of them nobody has."""
    waiting = func.count(case((~is_held(now), 1)))
    row = (await session.execute(select(func.count(), waiting).where(Handoff.closed_at.is_(None)))).one()
    return row[0], row[1]
