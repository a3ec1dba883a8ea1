"""What became of a text: it only moves forward, and a crisis text that fails is told to staff."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff
from bot.messages import Channel, Level, ReplyKind, Risk
from bot.transcripts.database import WAKES_TEXTS
from bot.transcripts.tables import Conversation, Delivery, Direction, HandoffReason, TextMessage, Turn
from bot.transcripts.turns import outbound_id

log = logging.getLogger(__name__)

NEXT_AFTER: Final = timedelta(seconds=10)
"""The next part goes when the one before has arrived, or after this."""
OPTED_OUT_CODES: Final = frozenset({"21610", "40300"})
"""Twilio's and Telnyx's codes for a number whose owner opted out with the network."""
_RANK: Final = {Delivery.RECORDED: 0, Delivery.SENT: 1, Delivery.DELIVERED: 2, Delivery.FAILED: 2}


class UnknownTextError(Exception):
    """A report on a text that is not stored, or not yet."""


@dataclass(frozen=True, slots=True)
class OfText:
    """A report on a text that went through the API."""

    text: UUID


@dataclass(frozen=True, slots=True)
class OfReply:
    """A report on a reply that went out in the response: which message it answered, and its place."""

    external_id: str
    place: int


async def note(
    session: AsyncSession,
    about: OfText | OfReply,
    state: Delivery,
    now: datetime,
    *,
    code: str | None = None,
    external_id: str | None = None,
) -> bool:
    """Note a report. Reports come twice, late and out of order: one that would go back changes nothing.

    Returns:
        Whether it went forward.

    Raises:
        UnknownTextError: It is not stored.
    """
    if isinstance(about, OfText):
        return await _note_text(session, about.text, state, now, code, external_id)
    inbound = await session.scalar(
        select(Turn.id).where(
            Turn.channel == Channel.SMS,
            Turn.external_id == about.external_id,
            Turn.direction == Direction.INBOUND,
        )
    )
    turn = await session.get(Turn, outbound_id(inbound, about.place)) if inbound else None
    if turn is None:
        raise UnknownTextError
    return await _note_turn(session, turn, state, now, code, external_id)


async def failed(session: AsyncSession, row: TextMessage, now: datetime, code: str) -> None:
    """Note that a text will not arrive: nothing after it goes out, and a crisis is told to staff."""
    row.state, row.code, row.due_at = Delivery.FAILED, code, None
    await session.flush()
    await _settle_turn(session, row, now)
    await _drop_following(session, row)


async def cannot_arrive(session: AsyncSession, conversation: UUID, about: UUID, now: datetime) -> None:
    """Tell staff that a crisis text does not reach the person; once for each text."""
    row = await session.get_one(Conversation, conversation)
    in_force = row.level if row.level_until is not None and row.level_until > now else Level.NONE
    risk = Risk(level=max(in_force, Level.CRISIS), kind=row.kind)
    request = uuid5(about, "cannot text back")
    await handoff.open_case(session, conversation, HandoffReason.CANNOT_TEXT_BACK, request, now, risk=risk)
    log.warning("conversation %s: a crisis text does not arrive; staff are told", conversation)


async def _note_text(
    session: AsyncSession,
    text: UUID,
    state: Delivery,
    now: datetime,
    code: str | None,
    external_id: str | None,
) -> bool:
    row = await session.get(TextMessage, text, with_for_update=True, populate_existing=True)
    if row is None:
        raise UnknownTextError
    if not forward(row.state, state):
        return False
    row.state = state
    row.code = code or row.code
    row.external_id = external_id or row.external_id
    row.lease_until = row.lease_owner = None
    await session.flush()
    await _settle_turn(session, row, now)
    if state is Delivery.FAILED:
        await _drop_following(session, row)
    else:
        await _release_following(session, row, now if state is Delivery.DELIVERED else now + NEXT_AFTER)
    return True


async def _note_turn(
    session: AsyncSession,
    turn: Turn,
    state: Delivery,
    now: datetime,
    code: str | None,
    external_id: str | None,
) -> bool:
    if not forward(turn.delivery or Delivery.RECORDED, state):
        return False
    turn.delivery = state
    turn.delivery_code = code or turn.delivery_code
    turn.external_id = external_id or turn.external_id
    await session.flush()
    crisis = turn.reply_kind is ReplyKind.CRISIS
    await _consequences(session, turn, state, turn.delivery_code, now, crisis=crisis)
    return True


def forward(known: Delivery, reported: Delivery) -> bool:
    """Whether a report says more than what is known."""
    return _RANK[reported] > _RANK[known]


async def _settle_turn(session: AsyncSession, row: TextMessage, now: datetime) -> None:
    """The turn is as far as the last of its parts; one that failed fails it."""
    parts = list(await session.scalars(select(TextMessage).where(TextMessage.turn_id == row.turn_id)))
    states = {part.state for part in parts}
    whole = Delivery.FAILED if Delivery.FAILED in states else min(states, key=lambda state: _RANK[state])
    turn = await session.get(Turn, row.turn_id)
    if turn is not None and forward(turn.delivery or Delivery.RECORDED, whole):
        turn.delivery, turn.delivery_code = whole, row.code
        turn.external_id = turn.external_id or row.external_id
    await session.flush()
    crisis = row.crisis and row.paged_at is None
    if crisis and row.state is Delivery.FAILED:
        row.paged_at = now
    await _consequences(session, row, row.state, row.code, now, crisis=crisis)


async def _consequences(
    session: AsyncSession,
    sent: Turn | TextMessage,
    state: Delivery,
    code: str | None,
    now: datetime,
    *,
    crisis: bool,
) -> None:
    if state is Delivery.FAILED and code in OPTED_OUT_CODES:
        # Whoever has written since the text was sent may have opted in again by that.
        await session.execute(
            update(Conversation)
            .where(
                Conversation.id == sent.conversation_id,
                or_(
                    Conversation.last_inbound_at.is_(None),
                    Conversation.last_inbound_at <= sent.created_at,
                ),
            )
            .values(blocked_at=now)
        )
    if state is Delivery.DELIVERED:
        # What was sent since and arrives was not blocked, whatever we thought.
        await session.execute(
            update(Conversation)
            .where(Conversation.id == sent.conversation_id, Conversation.blocked_at < sent.created_at)
            .values(blocked_at=None)
        )
    if state is Delivery.FAILED and crisis:
        await cannot_arrive(session, sent.conversation_id, sent.id, now)


async def _release_following(session: AsyncSession, row: TextMessage, at: datetime) -> None:
    waiting = await session.scalar(
        select(TextMessage).where(TextMessage.after == row.id, TextMessage.state == Delivery.RECORDED)
    )
    if waiting is not None and (waiting.due_at is None or waiting.due_at > at):
        waiting.due_at = at
        session.info[WAKES_TEXTS] = True


async def _drop_following(session: AsyncSession, row: TextMessage) -> None:
    """The parts after one that failed would be half an answer; other turns go on."""
    at: UUID | None = row.id
    while at is not None:
        following = await session.scalar(select(TextMessage).where(TextMessage.after == at))
        if following is None:
            return
        if following.turn_id != row.turn_id:
            if following.state is Delivery.RECORDED and following.due_at is None:
                following.due_at = row.created_at
                session.info[WAKES_TEXTS] = True
            return
        await session.execute(
            update(TextMessage)
            .where(TextMessage.id == following.id, TextMessage.state == Delivery.RECORDED)
            .values(state=Delivery.FAILED, code="part before failed", due_at=None)
        )
        at = following.id
