"""The figures themselves. Conversations are counted by the day of their last turn, as the list shows them, so
that every number is the number of rows that its link leads to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import smsutil
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Channel, Language, Level
from bot.overview import slots
from bot.rates import Rate, percentile
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import (
    CaseAct,
    CaseEvent,
    Conversation,
    Direction,
    Feedback,
    Handoff,
    ReviewItem,
    ReviewReason,
    Turn,
    Verdict,
)

TOPICS: Final = 40
AT_RANDOM: Final = (ReviewReason.NO_RISK, ReviewReason.SAMPLED)
"""Reasons that do not depend on what a message says: only these tell how often danger is missed."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long cases of one level waited, in seconds: medians and 95th percentiles; None without any."""

    opened: int
    acknowledged: int
    acknowledge_median: float | None
    acknowledge_95: float | None
    closed: int
    close_median: float | None
    close_95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the overview shows of a span of days, both included."""

    since: date
    until: date
    days: Mapping[date, int]
    hours: tuple[int, ...]
    conversations: int
    messages: int
    channels: Mapping[Channel, int]
    languages: Mapping[Language | None, int]
    levels: Mapping[Level, int]
    topics: tuple[tuple[str, int], ...]
    declined: int
    asked_back: int
    plainly_answered: int
    liked: int
    disliked: int
    open_feedback: int
    waits: Mapping[Level, Waits]
    missed: Rate
    false_alarms: Rate
    texts: int
    segments: int


async def figures(session: AsyncSession, ring: KeyRing, since: date, until: date, zone: ZoneInfo) -> Figures:
    """The figures of a span of days of the clinic's zone.

    Raises:
        DecryptionError: The ring does not fit.
    """
    begin, end = slots.bounds(since, until, zone)
    rows = await _conversations(session, begin, end)
    messages = await _messages(session, begin, end)
    texts, segments = await _segments(session, ring, begin, end)
    return Figures(
        since=since,
        until=until,
        days=slots.by_day(_summed(rows, "slot"), since, until, zone),
        hours=slots.by_hour(messages, zone),
        conversations=sum(row.number for row in rows),
        messages=sum(messages.values()),
        channels=_summed(rows, "channel"),
        languages=_summed(rows, "language"),
        levels=_summed(rows, "highest"),
        topics=await _topics(session, begin, end),
        declined=sum(row.number for row in rows if row.declined),
        asked_back=sum(row.number for row in rows if row.asked_back),
        plainly_answered=sum(row.number for row in rows if not row.declined and not row.asked_back),
        liked=sum(row.number for row in rows if row.liked),
        disliked=sum(row.number for row in rows if row.disliked),
        open_feedback=await session.scalar(
            select(func.count()).select_from(Feedback).where(Feedback.answered_at.is_(None))
        )
        or 0,
        waits=await _waits(session, begin, end),
        missed=await _missed(session, begin, end),
        false_alarms=await _false_alarms(session, begin, end),
        texts=texts,
        segments=segments,
    )


async def _conversations(session: AsyncSession, begin: datetime, end: datetime) -> Sequence[Any]:
    kinds = (
        Conversation.channel,
        Conversation.language,
        Conversation.highest,
        Conversation.declined,
        Conversation.asked_back,
        Conversation.liked,
        Conversation.disliked,
    )
    when = slots.slot(session, Conversation.last_at).label("slot")
    wanted = (
        select(when, *kinds, func.count().label("number"))
        .where(Conversation.last_at >= begin, Conversation.last_at < end)
        .where(~Conversation.synthetic, Conversation.last_inbound_at.is_not(None))
        .group_by(when, *kinds)
    )
    return (await session.execute(wanted)).all()


def _summed(rows: Sequence[Any], name: str) -> Mapping[Any, int]:
    found = Counter[Any]()
    for row in rows:
        found[getattr(row, name)] += row.number
    return dict(found)


async def _messages(session: AsyncSession, begin: datetime, end: datetime) -> Mapping[int, int]:
    when = slots.slot(session, Turn.created_at).label("slot")
    wanted = (
        select(when, func.count())
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(*_between(Turn.created_at, begin, end))
        .where(Turn.direction == Direction.INBOUND, ~Conversation.synthetic)
        .group_by(when)
    )
    return dict((await session.execute(wanted)).tuples().all())


async def _topics(session: AsyncSession, begin: datetime, end: datetime) -> tuple[tuple[str, int], ...]:
    number = func.count(Conversation.id.distinct()).label("number")
    wanted = (
        select(Turn.topic, number)
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Conversation.last_at >= begin, Conversation.last_at < end, ~Conversation.synthetic)
        .where(Turn.topic.is_not(None))
        .group_by(Turn.topic)
        .order_by(number.desc(), Turn.topic)
        .limit(TOPICS)
    )
    return tuple((topic or "", count) for topic, count in (await session.execute(wanted)).tuples())


async def _waits(session: AsyncSession, begin: datetime, end: datetime) -> Mapping[Level, Waits]:
    """From being opened to the first time that somebody took it, and to being closed."""
    first = (
        select(CaseEvent.handoff_id, func.min(CaseEvent.at).label("at"))
        .where(CaseEvent.act == CaseAct.TAKEN)
        .group_by(CaseEvent.handoff_id)
        .subquery()
    )
    rows = await session.execute(
        select(Handoff.level, Handoff.opened_at, Handoff.acknowledged_at, first.c.at, Handoff.closed_at)
        .outerjoin(first, first.c.handoff_id == Handoff.id)
        .where(*_between(Handoff.opened_at, begin, end))
    )
    spans: dict[Level, list[tuple[float | None, float | None]]] = defaultdict(list)
    for level, opened, taken, first_taken, closed in rows.tuples():
        began = first_taken or taken
        spans[level].append((_seconds(opened, began), _seconds(opened, closed)))
    return {level: _wait(spans[level]) for level in sorted(spans, reverse=True)}


def _wait(spans: Sequence[tuple[float | None, float | None]]) -> Waits:
    acknowledged = [one for one, _ in spans if one is not None]
    closed = [other for _, other in spans if other is not None]
    return Waits(
        len(spans),
        len(acknowledged),
        percentile(acknowledged, 50),
        percentile(acknowledged, 95),
        len(closed),
        percentile(closed, 50),
        percentile(closed, 95),
    )


def _seconds(begin: datetime, end: datetime | None) -> float | None:
    return max(timedelta(), end - begin).total_seconds() if end is not None else None


async def _missed(session: AsyncSession, begin: datetime, end: datetime) -> Rate:
    """Of messages drawn at random in which no danger was found, those in which reviewers agree there is."""
    drawn = (ReviewItem.reason.in_(AT_RANDOM), Turn.level < Level.CRISIS)
    return await _reviewed(session, begin, end, Verdict.MISSED, *drawn)


async def _false_alarms(session: AsyncSession, begin: datetime, end: datetime) -> Rate:
    """Of messages taken for a crisis, those that reviewers agree are none."""
    return await _reviewed(session, begin, end, Verdict.FALSE_ALARM, Turn.level >= Level.CRISIS)


async def _reviewed(
    session: AsyncSession, begin: datetime, end: datetime, verdict: Verdict, *which: ColumnElement[bool]
) -> Rate:
    wanted = (
        select(func.count(), func.count().filter(ReviewItem.verdict == verdict))
        .select_from(ReviewItem)
        .join(Turn, Turn.id == ReviewItem.turn_id)
        .where(ReviewItem.settled_at.is_not(None), *_between(Turn.created_at, begin, end), *which)
    )
    of, count = (await session.execute(wanted)).one()
    return Rate(count, of)


async def _segments(session: AsyncSession, ring: KeyRing, begin: datetime, end: datetime) -> tuple[int, int]:
    """How many texts went out, and of how many segments, which is what a provider charges for."""
    rows = await session.execute(
        select(Turn.id, Turn.body)
        .where(*_between(Turn.created_at, begin, end))
        .where(Turn.direction == Direction.OUTBOUND, Turn.channel == Channel.SMS)
    )
    counts = await asyncio.to_thread(_counted, ring, rows.tuples().all())
    return len(counts), sum(counts)


def _counted(ring: KeyRing, texts: Sequence[tuple[UUID, bytes]]) -> list[int]:
    """The segments of each text; in a thread, for there may be thousands."""
    words = (str(json.loads(ring.decrypt(body, turn))["text"]) for turn, body in texts)
    return [len(smsutil.split(text).parts) for text in words]


def _between(at: Any, begin: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    return at >= begin, at < end
