"""The list of conversations: newest first, a page at a time, without a word of anybody.

A page is read from an index from where the last one ended; nothing is ever counted. Filters that hardly
anything fits would make the database walk the whole table, so one request looks at `WINDOW` conversations
at most and says how far it got.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.browsing.cursors import Cursor, newest_first
from bot.browsing.filters import Filters, conditions, moments
from bot.messages import Channel, Kind, Language, Level
from bot.transcripts.tables import Conversation, Handoff, Turn

PAGE: Final = 50
WINDOW: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One conversation of the list. `open_case`: None without a case, else whether one is open."""

    id: UUID
    last_at: datetime
    channel: Channel
    language: Language | None
    turns: int
    highest: Level
    kind: Kind | None
    declined: bool
    asked_back: bool
    held: bool
    topics: tuple[str, ...]
    open_case: bool | None
    reviewed: bool
    liked: bool
    disliked: bool

    @property
    def cursor(self) -> Cursor:
        """Where the page after this line begins."""
        return Cursor(self.last_at, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, and where to go on; `looked_back_to` is set when there may be more further back."""

    lines: tuple[Line, ...]
    next: Cursor | None
    looked_back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Conversations as they are stored; `next` and `looked_back_to` as in `Page`."""

    rows: Sequence[Conversation]
    next: Cursor | None
    looked_back_to: datetime | None = None


async def conversations(
    session: AsyncSession,
    filters: Filters,
    zone: ZoneInfo,
    *,
    before: Cursor | None = None,
    limit: int = PAGE,
    window: int = WINDOW,
) -> Page:
    """A page of the list."""
    part = await look(session, filters, zone, before=before, limit=limit, window=window)
    return Page(await _lines(session, part.rows), part.next, part.looked_back_to)


async def look(
    session: AsyncSession,
    filters: Filters,
    zone: ZoneInfo,
    *,
    before: Cursor | None,
    limit: int,
    window: int = WINDOW,
) -> Part:
    """The next conversations of the list, from a cursor on."""
    floor = await session.scalar(_floor(filters, zone, before, window))
    wanted = _page(filters, zone, before)
    if floor is not None:
        wanted = wanted.where(Conversation.last_at >= floor)
    rows = (await session.scalars(wanted.limit(limit + 1))).all()
    if len(rows) > limit:
        return Part(rows[:limit], Cursor(rows[limit - 1].last_at, rows[limit - 1].id))
    return Part(rows, Cursor(floor, UUID(int=0)) if floor is not None else None, floor)


def _page(filters: Filters, zone: ZoneInfo, before: Cursor | None) -> Select[Any]:
    wanted = select(Conversation).where(*_days(filters, zone), *conditions(filters))
    return newest_first(wanted, Conversation.last_at, Conversation.id, before)


def _floor(filters: Filters, zone: ZoneInfo, before: Cursor | None, window: int) -> Select[datetime]:
    """The time of the last conversation of the window; none when it reaches to the end."""
    wanted = select(Conversation.last_at).where(*_days(filters, zone))
    return newest_first(wanted, Conversation.last_at, Conversation.id, before).offset(window).limit(1)


def _days(filters: Filters, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    since, until = moments(filters, zone)
    wanted = [Conversation.last_at >= since] if since is not None else []
    return [*wanted, Conversation.last_at < until] if until is not None else wanted


async def _lines(session: AsyncSession, rows: Sequence[Conversation]) -> tuple[Line, ...]:
    if not rows:
        return ()
    wanted = [row.id for row in rows]
    topics = await _topics(session, wanted)
    cases = await _cases(session, wanted)
    return tuple(
        Line(
            id=row.id,
            last_at=row.last_at,
            channel=row.channel,
            language=row.language,
            turns=row.turns,
            highest=row.highest,
            kind=row.highest_kind,
            declined=row.declined,
            asked_back=row.asked_back,
            held=row.held_by is not None,
            topics=tuple(topics.get(row.id, ())),
            open_case=cases.get(row.id),
            reviewed=row.reviewed,
            liked=row.liked,
            disliked=row.disliked,
        )
        for row in rows
    )


async def _topics(session: AsyncSession, wanted: Sequence[UUID]) -> dict[UUID, list[str]]:
    rows = await session.execute(
        select(Turn.conversation_id, Turn.topic)
        .where(Turn.conversation_id.in_(wanted), Turn.topic.is_not(None))
        .distinct()
        .order_by(Turn.conversation_id, Turn.topic)
    )
    found: dict[UUID, list[str]] = defaultdict(list)
    for conversation, topic in rows.tuples():
        found[conversation].append(topic or "")
    return found


async def _cases(session: AsyncSession, wanted: Sequence[UUID]) -> dict[UUID, bool]:
    rows = await session.execute(
        select(Handoff.conversation_id, Handoff.closed_at).where(Handoff.conversation_id.in_(wanted))
    )
    found: dict[UUID, bool] = defaultdict(bool)
    for conversation, closed_at in rows.tuples():
        found[conversation] |= closed_at is None
    return found
