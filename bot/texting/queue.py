"""Queueing texts: replies that go through the API, and what staff write, in the caller's transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.content.parts import in_parts
from bot.messages import Channel, Language, Reply, ReplyKind
from bot.texting.numbers import Origin, sender
from bot.texting.quiet import after_quiet_hours
from bot.transcripts.conversations import REASSIGNED, SENDER, locked
from bot.transcripts.database import WAKES_TEXTS
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import reply_to_json
from bot.transcripts.tables import Conversation, Delivery, Direction, TextMessage, Turn

log = logging.getLogger(__name__)

UNDER_WAY: Final = timedelta(hours=1)
"""A text to somebody who wrote within this is no start of anything, whatever the hour."""
SOON: Final = timedelta(minutes=10)
"""A text that goes later than this was put off on purpose, and nothing waits for it."""
BODY: Final = "body"


class Why(StrEnum):
    """Why a person cannot be texted."""

    NOT_SMS = "not_sms"
    AUTOMATED = "automated"
    SILENT_90_DAYS = "silent_90_days"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"


class CannotTextError(Exception):
    """Nothing is queued; `why` says what stands in the way."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Queued:
    """A text on its way: its first row, the outbound turn, when it goes, in how many messages."""

    text: UUID
    turn: UUID
    due_at: datetime
    parts: int


async def queue_text(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    text: str,
    key: str,
    now: datetime,
    *,
    zone: ZoneInfo,
    hint: str = "",
    crisis: bool = False,
    due_at: datetime | None = None,
    turn: UUID | None = None,
    override: UUID | None = None,
    in_order: bool = False,
) -> Queued:
    """Text somebody what staff wrote; the same key again is the same text.

    Args:
        session: The caller's transaction.
        ring: Reads the number, encrypts the text.
        conversation: On SMS.
        text: Any length; at most three messages go out, the rest when the person asks for it.
        key: Up to 128 characters.
        now: The current time.
        zone: The clinic's, for numbers that do not tell theirs.
        hint: How to ask for the rest, in the person's language.
        crisis: It goes at any hour and to whoever opted out; when it fails staff are told.
        due_at: Not before then.
        turn: The outbound turn, if the caller has recorded one.
        override: Who sends it in spite of quiet hours.
        in_order: It goes after what is on its way to the person already.

    Raises:
        CannotTextError: It must not, or cannot, be sent.
        UnknownConversationError: There is no such conversation.
    """
    row = await locked(session, conversation)
    number = reachable(row, ring, now, crisis=crisis)
    texts = in_parts(text, hint).texts
    known = await session.scalar(select(TextMessage).where(TextMessage.key == _key(key, 0)))
    if known is not None:
        return Queued(known.id, known.turn_id, known.due_at or now, len(texts))
    due = max(now, due_at or now)
    if starts(row, now) and not crisis:
        due = _held(due, number, zone, conversation, override)
    after = await on_its_way(session, row.id, now) if in_order and due == now else None
    if turn is None:
        turn = _add_turn(session, ring, row, text, key, now)
    rows = queue_parts(session, ring, row.id, turn, texts, key, now, crisis=crisis, due_at=due, after=after)
    rows[0].override = override
    await session.flush()
    return Queued(rows[0].id, turn, due, len(rows))


def queue_parts(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    turn: UUID,
    texts: Sequence[str],
    key: str,
    now: datetime,
    *,
    crisis: bool,
    due_at: datetime | None,
    after: UUID | None = None,
) -> list[TextMessage]:
    """Rows for the messages of one turn, each going after the one before it; not yet flushed.

    Args:
        after: The text that the first one waits for, if any; then `due_at` is None.
    """
    rows: list[TextMessage] = []
    for place, part in enumerate(texts):
        row = _id(turn, place)
        rows.append(
            TextMessage(
                id=row,
                conversation_id=conversation,
                turn_id=turn,
                key=_key(key, place),
                after=after,
                body=ring.encrypt(part, row, field=BODY),
                crisis=crisis,
                due_at=due_at if after is None else None,
                created_at=now,
            )
        )
        after = row
    session.add_all(rows)
    session.info[WAKES_TEXTS] = True
    return rows


def _id(turn: UUID, place: int) -> UUID:
    return uuid5(turn, f"text {place}")


def _key(key: str, place: int) -> str:
    return f"{key}:{place}"


def starts(row: Conversation, now: datetime) -> bool:
    """Whether a text now would start something, rather than go on with it."""
    return row.last_inbound_at is None or now - row.last_inbound_at > UNDER_WAY


async def on_its_way(session: AsyncSession, conversation: UUID, now: datetime) -> UUID | None:
    """The last text that is queued to go to a person soon and that no other waits for yet."""
    follower = aliased(TextMessage)
    return await session.scalar(
        select(TextMessage.id)
        .where(
            TextMessage.conversation_id == conversation,
            TextMessage.state == Delivery.RECORDED,
            or_(TextMessage.due_at.is_(None), TextMessage.due_at <= now + SOON),
            ~exists().where(follower.after == TextMessage.id),
        )
        .order_by(TextMessage.created_at.desc())
        .limit(1)
        # Whoever notes meanwhile that it went must see the one that waits for it.
        .with_for_update(of=TextMessage)
    )


def reachable(row: Conversation, ring: KeyRing, now: datetime, *, crisis: bool = False) -> str:
    """The number to text.

    Raises:
        CannotTextError: There is none, or it must be left alone.
    """
    if row.channel is not Channel.SMS or row.sender is None:
        raise CannotTextError(Why.NOT_SMS)
    who = sender(ring.decrypt(row.sender, row.id, field=SENDER))
    if who.origin is not Origin.PHONE:
        raise CannotTextError(Why.AUTOMATED)
    if now - (row.last_inbound_at or row.created_at) > REASSIGNED:
        raise CannotTextError(Why.SILENT_90_DAYS)
    if not crisis and row.opted_out_at is not None:
        raise CannotTextError(Why.OPTED_OUT)
    if not crisis and row.blocked_at is not None:
        raise CannotTextError(Why.BLOCKED)
    return who.number


def _held(due: datetime, number: str, zone: ZoneInfo, conversation: UUID, override: UUID | None) -> datetime:
    morning = after_quiet_hours(due, number, zone)
    if morning > due and override is not None:
        log.warning("conversation %s: staff %s texts in quiet hours", conversation, override)
        return due
    return morning


def _add_turn(
    session: AsyncSession, ring: KeyRing, row: Conversation, text: str, key: str, now: datetime
) -> UUID:
    turn, language = uuid5(row.id, key), row.language or Language.EN
    body = json.dumps(reply_to_json(Reply(ReplyKind.SERVICE, text, language)), ensure_ascii=False)
    row.turns += 1
    session.add(
        Turn(
            id=turn,
            conversation_id=row.id,
            seq=row.turns,
            direction=Direction.OUTBOUND,
            channel=Channel.SMS,
            body=ring.encrypt(body, turn),
            language=language,
            reply_kind=ReplyKind.SERVICE,
            delivery=Delivery.RECORDED,
            created_at=now,
        )
    )
    return turn
