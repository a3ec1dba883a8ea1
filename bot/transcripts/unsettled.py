"""Messages that did not get what they should: declined, asked back, marked unhelpful, corrected by staff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.messages import Level, ReplyKind
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Direction, Feedback, ReviewItem, Turn, Verdict

DECLINED, ASKED_BACK, UNHELPFUL, CORRECTED = "declined", "asked back", "unhelpful", "corrected"
_KINDS: Final = {ReplyKind.DECLINE: DECLINED, ReplyKind.ASK_BACK: ASKED_BACK}


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An inbound turn with why it is here; `label` is the topic that staff corrected it to."""

    turn: UUID
    text: str
    at: datetime
    reasons: tuple[str, ...]
    candidates: tuple[str, ...]
    label: str | None = None


async def unsettled(
    session: AsyncSession, ring: KeyRing, since: datetime, *, limit: int = 1_000
) -> tuple[Unsettled, ...]:
    """Such messages since a moment, newest first, but for those that were dismissed.

    None at CRISIS or above, which are no training data.

    Raises:
        DecryptionError: The ring does not fit.
    """
    reasons: dict[UUID, set[str]] = defaultdict(set)
    labels: dict[UUID, str] = {}
    for turn, kind in (await session.execute(_replied())).all():
        if turn is not None and kind is not None:
            reasons[turn].add(_KINDS[kind])
    for turn in await session.scalars(_unhelpful()):
        reasons[turn].add(UNHELPFUL)
    for turn, label in (await session.execute(_corrected())).all():
        reasons[turn].add(CORRECTED)
        if label:
            labels[turn] = label
    wanted = (
        select(Turn)
        .where(Turn.direction == Direction.INBOUND, Turn.created_at >= since, Turn.dismissed_at.is_(None))
        .where(func.coalesce(Turn.level, Level.NONE) < Level.CRISIS)
        .order_by(Turn.created_at.desc())
    )
    found = [turn for turn in await session.scalars(wanted) if turn.id in reasons][:limit]
    return tuple(
        Unsettled(
            turn=turn.id,
            text=ring.decrypt(turn.body, turn.id),
            at=turn.created_at,
            reasons=tuple(sorted(reasons[turn.id])),
            candidates=_topics(turn.candidates or ()),
            label=labels.get(turn.id),
        )
        for turn in found
    )


def _replied() -> Select[UUID | None, ReplyKind | None]:
    return select(Turn.reply_to, Turn.reply_kind).where(
        Turn.reply_to.is_not(None), Turn.reply_kind.in_(tuple(_KINDS))
    )


def _unhelpful() -> Select[UUID]:
    """A person judges a reply; what is wanted is the message that it answered."""
    judged = aliased(Turn)
    return (
        select(func.coalesce(judged.reply_to, judged.id))
        .join(Feedback, Feedback.turn_id == judged.id)
        .where(Feedback.helpful.is_(False))
    )


def _corrected() -> Select[UUID, str | None]:
    """Only what reviewers agreed on."""
    return (
        select(ReviewItem.turn_id, ReviewItem.label)
        .where(ReviewItem.verdict == Verdict.WRONG_ANSWER, ReviewItem.settled_at.is_not(None))
        .order_by(ReviewItem.settled_at)
    )


def _topics(stored: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(each["topic"]) for each in stored)
