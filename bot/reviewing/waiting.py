"""What waits for a verdict, for whom, and whether the weekly sample is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.reviewing.choosing import WEEK, week_before
from bot.staff.roles import Role
from bot.transcripts.tables import Review, ReviewItem, ReviewReason, ReviewStage

Counts = dict[tuple[ReviewStage, ReviewReason], int]


@dataclass(frozen=True, slots=True)
class Week:
    """A weekly sample: how much of it was drawn and read. It is late once the next one is due."""

    monday: date
    drawn: int
    read: int
    late: bool


async def next_item(
    session: AsyncSession, staff: UUID, role: Role, *, reason: ReviewReason | None = None
) -> UUID | None:
    """The message that somebody should judge next; None when nothing waits for them."""
    wanted = select(ReviewItem.turn_id).where(_may_judge(staff, role))
    if reason is not None:
        # Why a message was chosen tells what the program made of it, which a blind second must not know.
        wanted = wanted.where(ReviewItem.reason == reason, ReviewItem.stage != ReviewStage.SECOND)
    ordered = wanted.order_by(ReviewItem.rank, ReviewItem.created_at, ReviewItem.turn_id)
    return await session.scalar(ordered.limit(1))


async def counts(session: AsyncSession) -> Counts:
    """How many messages wait, by what for and why they were chosen."""
    rows = await session.execute(
        select(ReviewItem.stage, ReviewItem.reason, func.count())
        .where(ReviewItem.stage != ReviewStage.SETTLED)
        .group_by(ReviewItem.stage, ReviewItem.reason)
    )
    return {(stage, reason): number for stage, reason, number in rows.tuples()}


async def weeks(session: AsyncSession, zone: ZoneInfo, now: datetime, *, back: int = 8) -> list[Week]:
    """The last weekly samples, the latest first."""
    latest = week_before(now, zone)
    rows = await session.execute(
        select(
            ReviewItem.week,
            func.count(),
            func.count().filter(ReviewItem.stage != ReviewStage.FIRST),
        )
        .where(ReviewItem.week >= latest - back * WEEK)
        .group_by(ReviewItem.week)
        .order_by(ReviewItem.week.desc())
    )
    today = now.astimezone(zone).date()
    return [
        Week(monday, drawn, read, read < drawn and today >= monday + 2 * WEEK)
        for monday, drawn, read in rows.tuples()
        if monday is not None
    ]


def due(monday: date) -> date:
    """The day by which a week's sample is to be read."""
    return monday + 2 * WEEK - timedelta(days=1)


def _may_judge(staff: UUID, role: Role) -> ColumnElement[bool]:
    """First verdicts by anybody, a second by somebody else, a third by a clinician who gave neither."""
    gave = exists().where(Review.turn_id == ReviewItem.turn_id, Review.staff_id == staff)
    stages = [ReviewItem.stage == ReviewStage.FIRST, and_(ReviewItem.stage == ReviewStage.SECOND, ~gave)]
    if role.may(Role.CLINICIAN):
        stages.append(and_(ReviewItem.stage == ReviewStage.THIRD, ~gave))
    return or_(*stages)
