"""Turns: what steps 2 and 5 of a message's way read and write.

Every function works in the session of the caller's transaction. A function that takes `ring` reads or
writes what people wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Channel, Language, Message, Page, Reply, ReplyKind, Risk
from bot.transcripts.conversations import SENDER, UnknownConversationError, locked, open_conversation
from bot.transcripts.database import StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import RecordedEntry, candidates_to_json, reply_from_json, reply_to_json
from bot.transcripts.placing import Place, places
from bot.transcripts.tables import Conversation, Delivery, Direction, Turn, WaitingAnswer

STAFF_IDLE: Final = timedelta(minutes=3)
"""How long staff who have joined a conversation may take before the bot answers a message."""
CHAT_GAP: Final = timedelta(hours=3)
"""A longer silence than this starts a new chat within the conversation."""
PAGE: Final = "page"


class UnknownTurnError(StorageError):
    """The turn is not stored, or not yet."""


@dataclass(frozen=True, slots=True)
class Retry:
    """An inbound turn that is stored already.

    `replies` is None when it was never answered, and empty when it was answered with silence. `places` are
    the turn's own and those of the replies.
    """

    turn: UUID
    conversation: UUID
    text: str
    replies: tuple[Reply, ...] | None
    places: tuple[Place, ...] = ()


async def find_retry(
    session: AsyncSession, ring: KeyRing, channel: Channel, external_id: str
) -> Retry | None:
    """The inbound turn that the channel's own id was used for, with the replies it got.

    Raises:
        DecryptionError: The ring does not fit.
    """
    turn = await session.scalar(
        select(Turn).where(
            Turn.channel == channel,
            Turn.external_id == external_id,
            Turn.direction == Direction.INBOUND,
        )
    )
    if turn is None:
        return None
    replies = await _replies(session, ring, turn.id) if turn.answered_at is not None else None
    stored = await places(session, turn.id)
    return Retry(turn.id, turn.conversation_id, ring.decrypt(turn.body, turn.id), replies, stored)


def page_of(ring: KeyRing, turn: Turn) -> Page | None:
    """The page that a turn was written on, where it was kept.

    Raises:
        DecryptionError: The ring does not fit.
    """
    return Page(**json.loads(ring.decrypt(turn.page, turn.id, field=PAGE))) if turn.page else None


async def add_inbound(
    session: AsyncSession, ring: KeyRing, turn: UUID, message: Message, *, risk: Risk, language: Language
) -> None:
    """Store what a person wrote, and the conversation if it is new.

    A commit fails with `RefusedError` when the turn or its external id is stored already.
    """
    at, conversation = message.received_at, message.conversation
    try:
        row = await locked(session, conversation)
    except UnknownConversationError:
        await open_conversation(session, conversation, message.channel, language, at)
        row = await locked(session, conversation)
    if row.last_inbound_at is None or at - row.last_inbound_at >= CHAT_GAP:
        row.chat_started_at = at
    # One message that a person wrote makes it a person's conversation for good.
    row.synthetic = message.synthetic and (row.synthetic or row.last_inbound_at is None)
    # A replayed message may be older than what is stored.
    row.last_inbound_at = max(at, row.last_inbound_at or at)
    row.last_at = max(at, row.last_at)
    row.language = language
    if risk.level > row.highest:
        row.highest, row.highest_kind = risk.level, risk.kind
    if message.sender is not None and row.sender_digest != ring.digest(SENDER, message.sender):
        row.sender_digest = ring.digest(SENDER, message.sender)
        row.sender = ring.encrypt(message.sender, conversation, field=SENDER)
    row.turns += 1
    session.add(
        Turn(
            id=turn,
            conversation_id=conversation,
            seq=row.turns,
            direction=Direction.INBOUND,
            channel=message.channel,
            external_id=message.external_id,
            body=ring.encrypt(message.text, turn),
            language=language,
            risk=risk.to_json(),
            level=risk.level,
            page=_page(ring, turn, message.page),
            attachments=list(message.attachments) or None,
            created_at=at,
        )
    )
    await session.flush()


async def have_answered_later(session: AsyncSession, conversation: UUID, turn: UUID, now: datetime) -> None:
    """While staff have the conversation: let the bot answer a message that they leave unanswered."""
    row = await session.get_one(Conversation, conversation)
    if row.held_by is not None:
        session.add(WaitingAnswer(turn_id=turn, conversation_id=conversation, due_at=now + STAFF_IDLE))
        await session.flush()


async def add_staff_turn(
    session: AsyncSession, ring: KeyRing, conversation: Conversation, turn: UUID, reply: Reply, at: datetime
) -> bool:
    """Store what staff write to a person; whether it was not stored yet.

    Args:
        conversation: Locked by the caller.
        turn: Chosen by the caller: the same one again is the same text, sent twice.
    """
    if await session.get(Turn, turn) is not None:
        return False
    conversation.turns += 1
    conversation.last_at = max(at, conversation.last_at)
    session.add(_written(ring, turn, reply, conversation.id, conversation.channel, conversation.turns, at))
    await session.flush()
    return True


async def add_late_answer(
    session: AsyncSession, ring: KeyRing, turn: UUID, replies: Sequence[Reply], at: datetime
) -> None:
    """Store the bot's answer to a message that was left to staff, after its time."""
    inbound = await session.get_one(Turn, turn)
    conversation = await locked(session, inbound.conversation_id)
    _note_replies(conversation, {reply.kind for reply in replies}, at)
    for position, reply in enumerate(replies):
        conversation.turns += 1
        own = outbound_id(turn, position)
        session.add(_outbound(ring, own, reply, inbound, position, conversation.turns, at))
    await session.flush()


async def record_outbound(session: AsyncSession, ring: KeyRing, entry: RecordedEntry) -> tuple[UUID, ...]:
    """Store how an inbound turn was answered; the first answer stands.

    Returns:
        The ids of the outbound turns, in order: the same for the same inbound turn.

    Raises:
        UnknownTurnError: The inbound turn is not stored.
    """
    inbound = await session.get(Turn, entry.turn, with_for_update=True)
    if inbound is None:
        raise UnknownTurnError(f"turn {entry.turn} is not stored")
    ids = tuple(outbound_id(entry.turn, position) for position in range(len(entry.replies)))
    if inbound.answered_at is not None:
        return ids
    inbound.answered_at = entry.at
    inbound.latency_ms = entry.latency_ms
    inbound.topic = entry.understood.topic
    inbound.confidence = entry.understood.confidence
    inbound.candidates = candidates_to_json(entry.understood)
    inbound.failed_actions = list(entry.understood.failed_actions)
    conversation = await locked(session, inbound.conversation_id)
    _note_replies(conversation, {reply.kind for reply in entry.replies}, entry.at)
    for position, (turn, reply) in enumerate(zip(ids, entry.replies, strict=True)):
        conversation.turns += 1
        session.add(_outbound(ring, turn, reply, inbound, position, conversation.turns, entry.at))
    if entry.replies:
        # A reserved word is answered at once, whoever is in the conversation: nothing is left to answer.
        await session.execute(delete(WaitingAnswer).where(WaitingAnswer.turn_id == entry.turn))
    await session.flush()
    return ids


def _note_replies(conversation: Conversation, kinds: Set[ReplyKind], at: datetime) -> None:
    """What lists of conversations, and later disclosures, must know of an answer."""
    if ReplyKind.DISCLOSURE in kinds:
        conversation.disclosed_at = at
    conversation.last_at = max(at, conversation.last_at)
    conversation.declined = conversation.declined or ReplyKind.DECLINE in kinds
    conversation.asked_back = conversation.asked_back or ReplyKind.ASK_BACK in kinds


def outbound_id(turn: UUID, position: int) -> UUID:
    """The id of the reply at `position`, from 0, to the inbound turn `turn`."""
    return uuid5(turn, str(position))


def _page(ring: KeyRing, turn: UUID, page: Page | None) -> bytes | None:
    return ring.encrypt(json.dumps(asdict(page)), turn, field=PAGE) if page else None


async def _replies(session: AsyncSession, ring: KeyRing, turn: UUID) -> tuple[Reply, ...]:
    rows = await session.scalars(select(Turn).where(Turn.reply_to == turn).order_by(Turn.position))
    return tuple(reply_from_json(json.loads(ring.decrypt(row.body, row.id))) for row in rows)


def _outbound(
    ring: KeyRing, turn: UUID, reply: Reply, inbound: Turn, position: int, seq: int, at: datetime
) -> Turn:
    row = _written(ring, turn, reply, inbound.conversation_id, inbound.channel, seq, at)
    row.reply_to, row.position = inbound.id, position
    return row


def _written(
    ring: KeyRing, turn: UUID, reply: Reply, conversation: UUID, channel: Channel, seq: int, at: datetime
) -> Turn:
    return Turn(
        id=turn,
        conversation_id=conversation,
        seq=seq,
        direction=Direction.OUTBOUND,
        channel=channel,
        body=ring.encrypt(json.dumps(reply_to_json(reply), ensure_ascii=False), turn),
        language=reply.language,
        reply_kind=reply.kind,
        response=reply.response,
        content_hash=reply.content_hash,
        delivery=Delivery.RECORDED,
        created_at=at,
    )
