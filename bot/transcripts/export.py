"""Conversations as plain JSON values, decrypted: for handing a person their data, and for backups to read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.conversations import SENDER
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.feedback import Opinion, opinions
from bot.transcripts.tables import CallBack, Conversation, Direction, Handoff, Turn
from bot.transcripts.turns import page_of


async def export_conversations(
    database: Database, ring: KeyRing, *, conversation: UUID | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Each conversation with its turns and hand-offs, oldest first, all as they were at one moment.

    Args:
        database: Read without keeping any writer waiting.
        ring: Opens what people wrote.
        conversation: The only one wanted; None for all.

    Raises:
        StorageError: The database cannot be read.
        DecryptionError: The ring does not fit.
    """
    wanted = (
        select(Conversation.id)
        .where(~Conversation.synthetic)
        .order_by(Conversation.created_at, Conversation.id)
    )
    if conversation is not None:
        wanted = wanted.where(Conversation.id == conversation)
    async with database.reading() as session:
        for found in (await session.scalars(wanted)).all():
            yield await _conversation(session, ring, found)
            session.expunge_all()


async def _conversation(session: AsyncSession, ring: KeyRing, conversation: UUID) -> dict[str, Any]:
    row = await session.get_one(Conversation, conversation)
    turns = await session.scalars(
        select(Turn).where(Turn.conversation_id == conversation).order_by(Turn.created_at, Turn.seq)
    )
    handoffs = await session.scalars(
        select(Handoff).where(Handoff.conversation_id == conversation).order_by(Handoff.opened_at)
    )
    call_backs = await session.scalars(
        select(CallBack).where(CallBack.conversation_id == conversation).order_by(CallBack.consented_at)
    )
    return {
        "conversation": str(row.id),
        "channel": row.channel,
        "sender": ring.decrypt(row.sender, row.id, field=SENDER) if row.sender else None,
        "language": row.language,
        "created_at": _time(row.created_at),
        "opted_out_at": _time(row.opted_out_at),
        "turns": [_turn(turn, ring) for turn in turns],
        "handoffs": [_handoff(handoff, ring) for handoff in handoffs],
        "call_backs": [
            {"number": ring.decrypt(each.number, each.id, field="number"), "at": _time(each.consented_at)}
            for each in call_backs
        ],
        "feedback": [_opinion(each) for each in await opinions(session, ring, conversation)],
    }


def _turn(turn: Turn, ring: KeyRing) -> dict[str, Any]:
    common = {"turn": str(turn.id), "direction": turn.direction, "at": _time(turn.created_at)}
    body = ring.decrypt(turn.body, turn.id)
    if turn.direction is Direction.OUTBOUND:
        return {**common, "reply_to": str(turn.reply_to), "delivery": turn.delivery, **json.loads(body)}
    return {
        **common,
        "external_id": turn.external_id,
        "text": body,
        "page": asdict(page) if (page := page_of(ring, turn)) else None,
        "language": turn.language,
        "risk": turn.risk,
        "topic": turn.topic,
        "confidence": turn.confidence,
        "candidates": turn.candidates,
        "latency_ms": turn.latency_ms,
        "answered_at": _time(turn.answered_at),
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "turn": str(opinion.turn),
        "helpful": opinion.helpful,
        "comment": opinion.comment,
        "at": _time(opinion.at),
    }


def _handoff(handoff: Handoff, ring: KeyRing) -> dict[str, Any]:
    return {
        "handoff": str(handoff.id),
        "level": handoff.level.name,
        "reason": handoff.reason,
        "kind": handoff.kind,
        "experiencer": handoff.experiencer,
        "count": handoff.count,
        "opened_at": _time(handoff.opened_at),
        "raised_at": _time(handoff.raised_at),
        "acknowledged_at": _time(handoff.acknowledged_at),
        "closed_at": _time(handoff.closed_at),
        "outcome": (ring.decrypt(handoff.outcome, handoff.id, field="outcome") if handoff.outcome else None),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
