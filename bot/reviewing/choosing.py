"""Choosing what is reviewed: every danger, every thumb down, what the model was unsure of, and samples.

Samples are drawn by a keyed digest of a message's id: nobody can tell beforehand which will be drawn, the
same ones are drawn whoever looks, and drawing more keeps those that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, exists, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Level
from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import (
    Conversation,
    Direction,
    Feedback,
    ReviewItem,
    ReviewReason,
    ReviewStage,
    Turn,
    Watermark,
)

UNSURE_BELOW: Final = 0.5
TWICE: Final = 20
"""Per cent of other messages that are judged twice, so that agreement is measured on more than disputes."""
OVERLAP: Final = timedelta(hours=1)
"""Looked at again each time: a turn that was answered late, or came through the spool."""
LONG_OVERLAP: Final = timedelta(days=7)
"""The same for danger, which must not be missed however late it came."""
WEEK: Final = timedelta(days=7)
BATCH: Final = 2_000
NAME: Final = "review"
RANKS: Final = {
    ReviewReason.CHOSEN: 0,
    ReviewReason.RISK: 1,
    ReviewReason.UNHELPFUL: 2,
    ReviewReason.NO_RISK: 3,
    ReviewReason.UNSURE: 4,
    ReviewReason.SAMPLED: 5,
}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How much is drawn: per cent of all messages, and messages without danger a week."""

    percent: int
    weekly: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A message that is to be reviewed, and why."""

    turn: UUID
    conversation: UUID
    reason: ReviewReason
    week: date | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, up to when everything was looked at, and since when; None for the first time."""

    messages: tuple[Chosen, ...]
    until: datetime
    since: datetime | None = None

    @property
    def is_overdue(self) -> bool:
        """Whether it is time to write down how far this got, although nothing was chosen."""
        return self.since is None or self.until - self.since > OVERLAP / 2


async def choose(
    session: AsyncSession, ring: KeyRing, sampling: Sampling, zone: ZoneInfo, now: datetime
) -> Choice:
    """What has come since the last time and is to be reviewed; reads only, so that no message waits for it.

    The first time goes back one week, not to the beginning.
    """
    mark = await session.get(Watermark, NAME)
    since = (mark.at if mark is not None else now - WEEK) - OVERLAP
    recent = await _recent(session, since)
    reasons = {turn.id: (turn, _reason(turn, ring, sampling)) for turn in recent}
    for turn in [*await _dangers(session, now - LONG_OVERLAP), *await _disliked(session, since)]:
        danger = (turn.level or Level.NONE) >= Level.CONCERN
        reasons[turn.id] = turn, ReviewReason.RISK if danger else ReviewReason.UNHELPFUL
    chosen = [
        Chosen(turn.id, turn.conversation_id, reason)
        for turn, reason in reasons.values()
        if reason is not None
    ]
    until = recent[-1].created_at if len(recent) == BATCH else now
    return Choice(
        (*chosen, *await _week(session, ring, sampling, zone, now)), until, mark.at if mark else None
    )


async def put_up(session: AsyncSession, ring: KeyRing, choice: Choice, now: datetime) -> int:
    """Have messages reviewed; how many of them were not yet going to be."""
    # The weekly sample first: a message that was drawn for another reason too counts as one of the week.
    ordered = sorted(choice.messages, key=lambda chosen: chosen.week is None)
    added = sum([await add_item(session, ring, chosen, now) for chosen in ordered])
    await insert_if_absent(session, Watermark, {"name": NAME, "at": choice.until})
    (await session.get_one(Watermark, NAME)).at = choice.until
    return added


async def add_item(session: AsyncSession, ring: KeyRing, chosen: Chosen, now: datetime) -> bool:
    """Have one message reviewed; whether it was not yet going to be."""
    certain = chosen.reason in (ReviewReason.RISK, ReviewReason.NO_RISK)
    values: dict[str, Any] = {
        "turn_id": chosen.turn,
        "conversation_id": chosen.conversation,
        "reason": chosen.reason,
        "rank": RANKS[chosen.reason],
        "week": chosen.week,
        "twice": certain or drawn(ring, "twice", chosen.turn, TWICE),
        "stage": ReviewStage.FIRST,
        "created_at": now,
    }
    return await insert_if_absent(session, ReviewItem, values)


def drawn(ring: KeyRing, purpose: str, turn: UUID, percent: int) -> bool:
    """Whether a message is among so many per cent."""
    return place(ring, purpose, turn) % 10_000 < percent * 100


def place(ring: KeyRing, purpose: str, turn: UUID) -> int:
    """Where a message stands in a shuffled order of all."""
    return int(ring.digest(f"review {purpose}", turn.hex)[:12], 16)


def week_before(now: datetime, zone: ZoneInfo) -> date:
    """The Monday of the last whole week of the clinic."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday()) - WEEK


def _reason(turn: Turn, ring: KeyRing, sampling: Sampling) -> ReviewReason | None:
    if (turn.level or Level.NONE) >= Level.CONCERN:
        return ReviewReason.RISK
    if _best(turn) is not None and (_best(turn) or 0) < UNSURE_BELOW:
        return ReviewReason.UNSURE
    return ReviewReason.SAMPLED if drawn(ring, "sample", turn.id, sampling.percent) else None


def _best(turn: Turn) -> float | None:
    """The confidence of what the message was thought to be about; None when nothing was thought."""
    candidates: Iterable[Any] = turn.candidates or ()
    return max((float(each["confidence"]) for each in candidates), default=None)


async def _recent(session: AsyncSession, since: datetime) -> Sequence[Turn]:
    wanted = _unseen().where(Turn.created_at >= since, Turn.answered_at.is_not(None))
    return (await session.scalars(wanted.order_by(Turn.created_at).limit(BATCH))).all()


async def _dangers(session: AsyncSession, since: datetime) -> Sequence[Turn]:
    at_risk = literal_column("turn.level >= 1", Boolean)
    return (await session.scalars(_unseen().where(Turn.created_at >= since, at_risk).limit(BATCH))).all()


async def _disliked(session: AsyncSession, since: datetime) -> list[Turn]:
    """A person judges a reply; what is reviewed is the message that it answered."""
    replies = (
        select(Turn.reply_to)
        .join(Feedback, Feedback.turn_id == Turn.id)
        .where(Feedback.helpful.is_(False), Feedback.created_at >= since, Turn.reply_to.is_not(None))
    )
    return list(await session.scalars(_unseen().where(Turn.id.in_(replies)).limit(BATCH)))


def _unseen() -> Any:
    return (
        select(Turn)
        .join(Conversation, Conversation.id == Turn.conversation_id)
        .where(Turn.direction == Direction.INBOUND, ~Conversation.synthetic)
        .where(~exists().where(ReviewItem.turn_id == Turn.id))
    )


async def _week(
    session: AsyncSession, ring: KeyRing, sampling: Sampling, zone: ZoneInfo, now: datetime
) -> list[Chosen]:
    """The weekly sample of messages in which no danger was found (R34), once for each week."""
    monday = week_before(now, zone)
    done = await session.scalar(select(ReviewItem.turn_id).where(ReviewItem.week == monday).limit(1))
    if done is not None or not sampling.weekly:
        return []
    begin, end = (datetime.combine(day, time(), zone) for day in (monday, monday + WEEK))
    quiet = _unseen().where(Turn.created_at >= begin, Turn.created_at < end, Turn.level == Level.NONE)
    rows = (await session.execute(quiet.with_only_columns(Turn.id, Turn.conversation_id))).tuples().all()
    first = sorted(rows, key=lambda row: place(ring, f"week {monday}", row[0]))[: sampling.weekly]
    return [Chosen(turn, conversation, ReviewReason.NO_RISK, monday) for turn, conversation in first]
