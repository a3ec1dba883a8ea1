"""Giving verdicts: the first, a second by somebody who sees neither it nor the program's guess, a third.

Only what two agree on, or the third decides, counts as a label. A missed crisis does not wait for that: the
first who sees one opens a case and writes it down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff
from bot.messages import Level, Risk
from bot.reviewing.verdicts import Judgement, VerdictError, agree
from bot.transcripts.conversations import locked
from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import (
    Conversation,
    HandoffReason,
    HazardEntry,
    Review,
    ReviewItem,
    ReviewStage,
    StaffMember,
    Turn,
    Verdict,
)

LONGEST_NOTE: Final = 4_000
FIELD: Final = "note"
PRAISE: Final = (Verdict.RIGHT, Verdict.NEEDS_EDITING)
"""Verdicts that leave nothing to be learned, so that one is enough unless two were wanted beforehand."""


async def give(
    session: AsyncSession,
    ring: KeyRing,
    turn_id: UUID,
    staff: UUID,
    judgement: Judgement,
    now: datetime,
    *,
    note: str = "",
    stage: ReviewStage,
) -> UUID | None:
    """Give the verdict that a message waits for.

    Args:
        stage: What the page was for: somebody else may have been faster.

    Returns:
        The case that was opened, if a missed crisis opened one.

    Raises:
        VerdictError: It waits for another verdict, or not for one of theirs.
    """
    turn = await session.get_one(Turn, turn_id)
    conversation = await locked(session, turn.conversation_id)
    item = await session.get(ReviewItem, turn_id, populate_existing=True)
    if item is None or item.stage is ReviewStage.SETTLED or item.stage is not stage:
        raise VerdictError("Somebody has judged this message meanwhile.")
    given = await verdicts_on(session, turn_id)
    if any(review.staff_id == staff for review in given):
        raise VerdictError("You have judged this message already: somebody else must give the other verdict.")
    session.add(_review(ring, turn, staff, stage, judgement, note, now))
    conversation.reviewed = True
    _advance(item, given, judgement, staff, now)
    case = (
        await _missed(session, turn, staff, judgement, now) if judgement.verdict is Verdict.MISSED else None
    )
    await session.flush()
    return case


async def give_whole(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    staff: UUID,
    verdict: Verdict,
    now: datetime,
    *,
    note: str,
) -> None:
    """Judge a conversation as a whole; a second time replaces the first.

    Raises:
        VerdictError: The verdict is one that only a message can have.
    """
    if verdict not in PRAISE:
        raise VerdictError("Judge the message itself: open it by its number.")
    row = await locked(session, conversation)
    own = await session.scalar(
        select(Review).where(
            Review.conversation_id == conversation, Review.turn_id.is_(None), Review.staff_id == staff
        )
    )
    if own is None:
        own = Review(
            id=uuid4(), conversation_id=conversation, staff_id=staff, verdict=verdict, created_at=now
        )
        session.add(own)
    own.verdict, own.created_at, own.note = verdict, now, _sealed(ring, note, own.id)
    row.reviewed = True
    await session.flush()


async def verdicts_on(session: AsyncSession, turn: UUID) -> list[Review]:
    """What was said of a message so far, in order."""
    wanted = select(Review).where(Review.turn_id == turn).order_by(Review.created_at, Review.id)
    return list(await session.scalars(wanted))


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it is shown: whose, on which turn (None: on the whole), with its note."""

    name: str
    review: Review
    seq: int | None
    note: str


async def verdicts_in(session: AsyncSession, ring: KeyRing, conversation: UUID) -> list[Given]:
    """Every verdict in a conversation that is no secret any more, oldest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = await session.execute(
        select(Review, StaffMember.name, Turn.seq)
        .join(StaffMember, StaffMember.id == Review.staff_id)
        .outerjoin(Turn, Turn.id == Review.turn_id)
        .outerjoin(ReviewItem, ReviewItem.turn_id == Review.turn_id)
        .where(Review.conversation_id == conversation)
        .where(or_(ReviewItem.stage.is_(None), ReviewItem.stage != ReviewStage.SECOND))
        .order_by(Review.created_at, Review.id)
    )
    return [Given(name, review, seq, note_of(ring, review)) for review, name, seq in rows.tuples()]


def note_of(ring: KeyRing, review: Review) -> str:
    """What a reviewer wrote beside the verdict.

    Raises:
        DecryptionError: The ring does not fit.
    """
    return ring.decrypt(review.note, review.id, field=FIELD) if review.note else ""


def judgement_of(review: Review) -> Judgement:
    """A stored verdict."""
    return Judgement(verdict=review.verdict, label=review.label, level=review.level, kind=review.kind)


def _advance(item: ReviewItem, given: list[Review], judgement: Judgement, staff: UUID, now: datetime) -> None:
    """What the message waits for next, or what was agreed on."""
    if item.stage is ReviewStage.FIRST:
        item.judged_by = staff
        if item.twice or judgement.verdict not in PRAISE:
            item.stage = ReviewStage.SECOND
            return
    elif item.stage is ReviewStage.SECOND:
        first = judgement_of(given[0])
        if not agree(first, judgement):
            item.stage = ReviewStage.THIRD
            return
        # The first saw the answer, and may have more to say of it than a blind second.
        judgement = max(first, judgement, key=lambda one: one.level or Level.NONE)
    item.stage, item.settled_at = ReviewStage.SETTLED, now
    item.verdict, item.label = judgement.verdict, judgement.label
    item.level, item.kind = judgement.level, judgement.kind


async def _missed(
    session: AsyncSession, turn: Turn, staff: UUID, judgement: Judgement, now: datetime
) -> UUID | None:
    """Open a case for a person whose danger the program missed, and write the miss down for good."""
    level = judgement.level or Level.CRISIS
    stored = Risk.from_json(turn.risk) if turn.risk else Risk()
    values = {
        "id": uuid4(),
        "at": now,
        "staff_id": staff,
        "conversation_id": turn.conversation_id,
        "turn_id": turn.id,
        "was": turn.level or Level.NONE,
        "level": level,
        "kind": judgement.kind,
        "version": stored.version[:64],
    }
    if not await insert_if_absent(session, HazardEntry, values):
        return None
    conversation = await session.get_one(Conversation, turn.conversation_id)
    conversation.highest = max(conversation.highest, level)
    conversation.highest_kind = conversation.highest_kind or judgement.kind
    risk = Risk(level=level, kind=judgement.kind, experiencer=stored.experiencer, minor=stored.minor)
    opened = await handoff.open_case(
        session, turn.conversation_id, HandoffReason.FOUND_IN_REVIEW, turn.id, now, risk=risk
    )
    return opened.handoff


def _review(
    ring: KeyRing,
    turn: Turn,
    staff: UUID,
    stage: ReviewStage,
    judgement: Judgement,
    note: str,
    now: datetime,
) -> Review:
    row = uuid4()
    return Review(
        id=row,
        conversation_id=turn.conversation_id,
        turn_id=turn.id,
        staff_id=staff,
        stage=stage,
        verdict=judgement.verdict,
        label=judgement.label,
        level=judgement.level,
        kind=judgement.kind,
        note=_sealed(ring, note, row),
        created_at=now,
    )


def _sealed(ring: KeyRing, note: str, row: UUID) -> bytes | None:
    words = note.strip()[:LONGEST_NOTE]
    return ring.encrypt(words, row, field=FIELD) if words else None
