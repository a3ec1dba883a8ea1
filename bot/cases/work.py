"""Working on a case: take, keep, release, note, close, reopen. Every change is in the case's history."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff as handoffs
from bot.cases.queue import first_waiting
from bot.messages import Level, Risk
from bot.transcripts import turns
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, CaseEvent, Conversation, Handoff, Mention, Outcome, StaffMember

HOLD: Final = timedelta(minutes=10)
"""How long a case stays with somebody who does nothing on its page."""
ON_THE_PHONE: Final = timedelta(minutes=30)
LONGEST_NOTE: Final = 4_000
MENTION: Final = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9._-]{0,62}[a-z0-9])", re.IGNORECASE)


class CaseError(Exception):
    """What was asked for does not go; the message tells staff why."""


class NeedsReasonError(CaseError):
    """Somebody else has waited longer, or is in greater danger: why this one?"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has the case now, and whether that is the one who asked."""

    won: bool
    holder_name: str


async def take(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str = ""
) -> Taken:
    """Acknowledge a case; of any number at once, one wins.

    Args:
        why: Demanded when it is not the first in the queue.

    Raises:
        NeedsReasonError: It is not, and `why` is empty.
        CaseError: It is closed, or there is none.
    """
    row = await _open_case(session, handoff)
    _lapse(session, row, now)
    if row.acknowledged_by == staff:
        row.held_until = max(row.held_until or now, now + HOLD)
    elif row.acknowledged_by is None and row.acknowledged_at is None:
        if not why.strip() and await first_waiting(session, now) != row.id:
            raise NeedsReasonError("Somebody else in the queue comes before this person.")
        await handoffs.acknowledge(session, handoff, staff, now)
        row.held_until = now + HOLD
        _add_event(session, ring, row.id, CaseAct.TAKEN, now, staff, why)
    await session.flush()
    return Taken(row.acknowledged_by == staff, await _name(session, row.acknowledged_by))


async def take_next(session: AsyncSession, ring: KeyRing, staff: UUID, now: datetime) -> UUID | None:
    """Acknowledge whoever is first in the queue; None when nobody waits.

    Another may be faster at any moment, so the next one is tried until one is had.
    """
    while (first := await first_waiting(session, now)) is not None:
        # Meanwhile somebody in greater danger may have come, or a colleague.
        with contextlib.suppress(NeedsReasonError):
            if (await take(session, ring, first, staff, now)).won:
                return first
    return None


async def keep(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, length: timedelta
) -> None:
    """Stay with a case that one has, for at least so long from now on.

    Raises:
        CaseError: Somebody else has it, or nobody.
    """
    row = await _own_case(session, handoff, staff, now)
    row.held_until = max(row.held_until or now, now + length)
    if length > HOLD:
        _add_event(session, ring, row.id, CaseAct.KEPT, now, staff)


async def seen_working(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Let a hold run on from now, if this staff member has the case."""
    await session.execute(
        update(Handoff)
        .where(
            Handoff.id == handoff,
            Handoff.acknowledged_by == staff,
            Handoff.closed_at.is_(None),
            Handoff.held_until > now,
            Handoff.held_until < now + HOLD,
        )
        .values(held_until=now + HOLD)
    )


async def release(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str = ""
) -> None:
    """Give a case back to the queue.

    Raises:
        CaseError: Somebody else has it, or nobody.
    """
    row = await _own_case(session, handoff, staff, now)
    _let_go(row, now)
    _add_event(session, ring, row.id, CaseAct.RELEASED, now, staff, why)


async def any_lapsed(session: AsyncSession, now: datetime) -> bool:
    """Whether a hold has run out that nobody has given back yet."""
    due = select(Handoff.id).where(Handoff.closed_at.is_(None), Handoff.held_until <= now).limit(1)
    return await session.scalar(due) is not None


async def lapse_all(session: AsyncSession, now: datetime) -> int:
    """Give back every case whose hold has run out; how many there were."""
    due = await session.scalars(
        select(Handoff)
        .where(Handoff.closed_at.is_(None), Handoff.held_until <= now)
        .with_for_update(skip_locked=True)
    )
    lapsed = [row for row in due.all() if _lapse(session, row, now)]
    await session.flush()
    return len(lapsed)


async def note(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, text: str
) -> tuple[str, ...]:
    """Write a note on a case, open or closed. `@login` in it tells a colleague.

    Returns:
        The names of those who were mentioned.

    Raises:
        CaseError: The note is empty or too long, or there is no such case.
    """
    words = text.strip()
    if not words or len(words) > LONGEST_NOTE:
        raise CaseError(f"A note needs 1 to {LONGEST_NOTE:,} characters.")
    row = await session.get(Handoff, handoff)
    if row is None:
        raise CaseError("There is no such case.")
    if row.acknowledged_by == staff and row.closed_at is None and row.held_until is not None:
        row.held_until = max(row.held_until, now + HOLD)
    event = _add_event(session, ring, handoff, CaseAct.NOTED, now, staff, words)
    await session.flush()
    return await _mention(session, handoff, event.id, words)


async def close(
    session: AsyncSession,
    ring: KeyRing,
    handoff: UUID,
    staff: UUID,
    now: datetime,
    result: Outcome,
    *,
    remark: str = "",
) -> None:
    """Close a case with what came of it.

    Raises:
        CaseError: It is closed, or somebody else has it.
    """
    row = await _open_case(session, handoff)
    _lapse(session, row, now)
    if row.acknowledged_by not in (None, staff):
        raise CaseError(f"{await _name(session, row.acknowledged_by)} has this case.")
    row.acknowledged_at = row.acknowledged_at or now
    row.acknowledged_by = staff
    row.result, row.held_until = result, None
    await handoffs.close(session, ring, handoff, staff, now, outcome=remark[:LONGEST_NOTE])
    _add_event(session, ring, handoff, CaseAct.CLOSED, now, staff, remark[:LONGEST_NOTE])


async def reopen(
    session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime, *, why: str
) -> None:
    """Open a closed case again; it is then with whoever did so.

    The crisis state comes back for what is left of its time.

    Raises:
        CaseError: It is open, a newer one of the same person is, or no reason is given.
    """
    row = await session.get(Handoff, handoff)
    if row is None or row.closed_at is None:
        raise CaseError("This case is open.")
    if not why.strip():
        raise CaseError("Say why it is opened again.")
    conversation = await turns.locked(session, row.conversation_id)
    if await handoffs.current(session, row.conversation_id) is not None:
        raise CaseError("A newer case of this person is open.")
    row.closed_at = row.closed_by = row.result = row.outcome = None
    row.acknowledged_at, row.acknowledged_by, row.held_until = now, staff, now + HOLD
    await session.flush()
    await _resume(session, conversation, row)
    _add_event(session, ring, handoff, CaseAct.REOPENED, now, staff, why)


async def revealed(session: AsyncSession, ring: KeyRing, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Note in the history that somebody has seen the number."""
    _add_event(session, ring, handoff, CaseAct.REVEALED, now, staff)


async def mentions_of(session: AsyncSession, staff: UUID) -> list[UUID]:
    """The cases in which colleagues ask for somebody who has not looked yet."""
    wanted = select(Mention.handoff_id).where(Mention.staff_id == staff, Mention.seen_at.is_(None)).distinct()
    return list(await session.scalars(wanted))


async def mentions_seen(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> None:
    """Note that somebody has opened the case that they were mentioned in."""
    await session.execute(
        update(Mention)
        .where(Mention.handoff_id == handoff, Mention.staff_id == staff, Mention.seen_at.is_(None))
        .values(seen_at=now)
    )


async def _resume(session: AsyncSession, conversation: Conversation, row: Handoff) -> None:
    if conversation.last_inbound_at is not None and row.level >= Level.CRISIS:
        risk = Risk(level=row.level, kind=row.kind, experiencer=row.experiencer)
        await turns.hold_sticky(session, conversation.id, risk, conversation.last_inbound_at)


async def _open_case(session: AsyncSession, handoff: UUID) -> Handoff:
    """The case, locked after its conversation, as `handoff.open` does it."""
    conversation = await session.scalar(select(Handoff.conversation_id).where(Handoff.id == handoff))
    if conversation is None:
        raise CaseError("There is no such case.")
    await turns.locked(session, conversation)
    row = await session.get(Handoff, handoff, populate_existing=True)
    if row is None or row.closed_at is not None:
        raise CaseError("This case is closed.")
    return row


async def _own_case(session: AsyncSession, handoff: UUID, staff: UUID, now: datetime) -> Handoff:
    row = await _open_case(session, handoff)
    _lapse(session, row, now)
    if row.acknowledged_by != staff:
        holder = await _name(session, row.acknowledged_by) if row.acknowledged_by else "Nobody"
        raise CaseError(f"{holder} has this case now.")
    return row


def _lapse(session: AsyncSession, row: Handoff, now: datetime) -> bool:
    """Give the case back if its hold has run out."""
    if row.acknowledged_at is None or row.held_until is None or row.held_until > now:
        return False
    ended, holder = row.held_until, row.acknowledged_by
    _let_go(row, ended)
    session.add(CaseEvent(handoff_id=row.id, at=ended, staff_id=holder, act=CaseAct.LAPSED))
    return True


def _let_go(row: Handoff, at: datetime) -> None:
    row.acknowledged_at = row.acknowledged_by = row.held_until = None
    row.waiting_since = at


def _add_event(
    session: AsyncSession,
    ring: KeyRing,
    handoff: UUID,
    act: CaseAct,
    now: datetime,
    staff: UUID,
    detail: str = "",
) -> CaseEvent:
    row = uuid4()
    sealed = ring.encrypt(detail.strip(), row, field="detail") if detail.strip() else None
    event = CaseEvent(row=row, handoff_id=handoff, at=now, staff_id=staff, act=act, detail=sealed)
    session.add(event)
    return event


async def _mention(session: AsyncSession, handoff: UUID, event: int, words: str) -> tuple[str, ...]:
    logins = {found.lower() for found in MENTION.findall(words)}
    if not logins:
        return ()
    wanted = select(StaffMember).where(StaffMember.login.in_(logins), StaffMember.disabled_at.is_(None))
    members = (await session.scalars(wanted)).all()
    session.add_all(Mention(event_id=event, handoff_id=handoff, staff_id=member.id) for member in members)
    await session.flush()
    return tuple(member.name for member in members)


async def _name(session: AsyncSession, staff: UUID | None) -> str:
    return await session.scalar(select(StaffMember.name).where(StaffMember.id == staff)) or "Somebody"
