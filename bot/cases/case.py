"""A case as the queue shows it: levels, kinds and clocks; never a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cases.masking import mask_number
from bot.messages import Channel, Experiencer, Kind, Language, Level, Risk
from bot.transcripts.conversations import SENDER
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import (
    CallBack,
    Conversation,
    Dispatch,
    Handoff,
    HandoffReason,
    Notification,
    Outcome,
    SendState,
    StaffMember,
    Turn,
)


@dataclass(frozen=True, slots=True)
class Sign:
    """What made us hand a person over: the family of a cue, and which cue of it; never its words."""

    family: str
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """How far telling staff of a case got: recipients reached, still waited for, and failing."""

    reached: int = 0
    waiting: int = 0
    failing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the queue. `contacts` are masked: the number that texts, then those to call back."""

    id: UUID
    conversation: UUID
    reason: HandoffReason
    level: Level
    kind: Kind | None
    experiencer: Experiencer
    minor: bool
    count: int
    channel: Channel
    language: Language | None
    contacts: tuple[str, ...]
    opted_out: bool
    sign: Sign | None
    opened_at: datetime
    raised_at: datetime | None
    waiting_since: datetime
    last_message_at: datetime | None
    holder: UUID | None
    holder_name: str | None
    taken_at: datetime | None
    held_until: datetime | None
    closed_at: datetime | None
    result: Outcome | None
    told: Told

    @property
    def waits(self) -> bool:
        """Whether nobody has it."""
        return self.holder is None and self.closed_at is None


def case_query() -> Select[tuple[Handoff, Conversation, str | None, dict[str, Any] | None]]:
    """Every case, with what is read of it; to be narrowed down and ordered."""
    return (
        select(Handoff, Conversation, StaffMember.name, Turn.risk)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .outerjoin(StaffMember, StaffMember.id == Handoff.acknowledged_by)
        .outerjoin(Turn, Turn.id == Handoff.last_turn)
    )


async def read_cases(
    session: AsyncSession,
    ring: KeyRing,
    wanted: Select[tuple[Handoff, Conversation, str | None, dict[str, Any] | None]],
    now: datetime,
) -> list[Case]:
    """The cases that a query made of `case_query` finds, in its order.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = (await session.execute(wanted)).tuples().all()
    ids = [row[0].id for row in rows]
    told, asked = await _told(session, ids), await numbers_asked(session, ring, ids)
    return [
        _case(
            ring,
            handoff,
            conversation,
            name,
            risk,
            now,
            told=told.get(handoff.id, Told()),
            asked=asked.get(handoff.id, ()),
        )
        for handoff, conversation, name, risk in rows
    ]


def _case(
    ring: KeyRing,
    handoff: Handoff,
    conversation: Conversation,
    name: str | None,
    stored: dict[str, Any] | None,
    now: datetime,
    *,
    told: Told,
    asked: Sequence[str],
) -> Case:
    held = handoff.acknowledged_at is not None and (handoff.held_until is None or handoff.held_until > now)
    risk = Risk.from_json(stored) if stored else Risk()
    return Case(
        id=handoff.id,
        conversation=conversation.id,
        reason=handoff.reason,
        level=handoff.level,
        kind=handoff.kind,
        experiencer=handoff.experiencer,
        minor=risk.minor,
        count=handoff.count,
        channel=conversation.channel,
        language=conversation.language,
        contacts=tuple(mask_number(number) for number in (*sending_number(ring, conversation), *asked)),
        opted_out=conversation.opted_out_at is not None,
        sign=_sign(risk),
        opened_at=handoff.opened_at,
        raised_at=handoff.raised_at,
        waiting_since=handoff.waiting_since,
        last_message_at=conversation.last_inbound_at,
        holder=handoff.acknowledged_by if held else None,
        holder_name=name if held else None,
        taken_at=handoff.acknowledged_at if held else None,
        held_until=handoff.held_until if held else None,
        closed_at=handoff.closed_at,
        result=handoff.result,
        told=told,
    )


def sending_number(ring: KeyRing, conversation: Conversation) -> tuple[str, ...]:
    """The number that a conversation's texts come from, if it has one.

    Raises:
        DecryptionError: The ring does not fit.
    """
    if conversation.sender is None:
        return ()
    return (ring.decrypt(conversation.sender, conversation.id, field=SENDER),)


async def numbers_asked(
    session: AsyncSession, ring: KeyRing, handoffs: Sequence[UUID]
) -> dict[UUID, tuple[str, ...]]:
    """The numbers at which people asked to be called, by case, oldest first.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = await session.scalars(
        select(CallBack).where(CallBack.handoff_id.in_(handoffs)).order_by(CallBack.consented_at)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for row in rows:
        number = ring.decrypt(row.number, row.id, field="number")
        found[row.handoff_id] = (*found.get(row.handoff_id, ()), number)
    return found


def _sign(risk: Risk) -> Sign | None:
    """The strongest cue of the message that was counted last."""
    strongest = max(risk.cues, key=lambda cue: cue.level, default=None)
    if strongest is None:
        return None
    family, _, name = strongest.rule.rpartition(".")
    return Sign((family or strongest.kind.value).replace("_", " "), name.replace("_", " "))


async def _told(session: AsyncSession, handoffs: Sequence[UUID]) -> dict[UUID, Told]:
    """What became of the notifications of each case."""
    sent = Dispatch.state == SendState.SENT
    failing = and_(~sent, Dispatch.last_error.is_not(None))
    rows = await session.execute(
        select(
            Notification.handoff_id,
            func.count(case((sent, Dispatch.recipient)).distinct()),
            func.count(case((and_(~sent, Dispatch.last_error.is_(None)), Dispatch.recipient)).distinct()),
            func.count(case((failing, Dispatch.recipient)).distinct()),
        )
        .join(Dispatch, Dispatch.notification_id == Notification.id)
        .where(Notification.handoff_id.in_(handoffs))
        .group_by(Notification.handoff_id)
    )
    return {handoff: Told(reached, waiting, bad) for handoff, reached, waiting, bad in rows.tuples()}
