"""Verdicts of invented reviewers, and opinions of invented people, for a demonstration."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Kind, Level
from bot.reviewing import choosing, giving
from bot.reviewing.choosing import Sampling
from bot.reviewing.verdicts import Judgement
from bot.staff import accounts
from bot.staff.roles import Role
from bot.transcripts import feedback
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import ReviewItem, ReviewReason, ReviewStage, StaffMember, Turn, Verdict

COMMENTS: Final = (None, None, "That was clear, thank you.", "I wanted the price.", "Not what I asked")
READ: Final = 40
"""Messages that two invented reviewers have read."""
RIGHT: Final = Judgement(verdict=Verdict.RIGHT)


async def review(session: AsyncSession, ring: KeyRing, now: datetime, zone: ZoneInfo) -> None:
    """Let people have said what they think, and reviewers have worked."""
    chance = random.Random(11)  # noqa: S311 - invented people
    await _opinions(session, ring, chance, now)
    for week in (3, 2, 1, 0):
        at = now - timedelta(weeks=week)
        choice = await choosing.choose(session, ring, Sampling(percent=10, weekly=6), zone, at)
        await choosing.put_up(session, ring, choice, at)
    await _judge(session, ring, chance, now)


async def _opinions(session: AsyncSession, ring: KeyRing, chance: random.Random, now: datetime) -> None:
    answers = select(Turn).where(
        Turn.response.like("utter_faq/%"), Turn.created_at < now - timedelta(hours=4)
    )
    for turn in (await session.scalars(answers.order_by(Turn.created_at))).all():
        if chance.random() < 0.2:
            await feedback.keep(
                session,
                ring,
                conversation=turn.conversation_id,
                turn=turn.id,
                helpful=chance.random() < 0.7,
                comment=chance.choice(COMMENTS),
                now=turn.created_at + timedelta(minutes=1),
            )


async def _judge(session: AsyncSession, ring: KeyRing, chance: random.Random, now: datetime) -> None:
    first, second = [await _reviewer(session, ring, f"demo-{name}", now) for name in ("rosa", "tim")]
    waiting = select(ReviewItem).order_by(ReviewItem.rank, ReviewItem.created_at).limit(READ)
    for item in (await session.scalars(waiting)).all():
        turn, at = await session.get_one(Turn, item.turn_id), now - timedelta(hours=2)
        judgement = _verdict(turn, item, chance)
        await giving.give(session, ring, turn.id, first, judgement, at, stage=ReviewStage.FIRST)
        if item.stage is ReviewStage.SECOND and chance.random() < 0.7:
            other = judgement if chance.random() < 0.85 else RIGHT
            await giving.give(session, ring, turn.id, second, other, at, stage=ReviewStage.SECOND)


def _verdict(turn: Turn, item: ReviewItem, chance: random.Random) -> Judgement:
    read = turn.level or Level.NONE
    if read >= Level.CRISIS and chance.random() < 0.2:
        return Judgement(verdict=Verdict.FALSE_ALARM)
    if item.reason is ReviewReason.UNSURE and chance.random() < 0.5:
        return Judgement(verdict=Verdict.WRONG_ANSWER, label="insurance")
    if item.reason is ReviewReason.NO_RISK and chance.random() < 0.05:
        return Judgement(verdict=Verdict.MISSED, level=Level.CRISIS, kind=Kind.SUICIDE)
    return RIGHT


async def _reviewer(session: AsyncSession, ring: KeyRing, login: str, now: datetime) -> UUID:
    made = await accounts.add(session, ring, login, Role.REVIEWER, now, name=login[5:].title())
    return (await session.get_one(StaffMember, made.staff)).id
