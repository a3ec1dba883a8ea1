"""A conversation turn by turn, as staff read it: the cue in its words, the answer's origin, delivery."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cases.masking import mask_numbers
from bot.messages import Candidate, Cue, Language, Level, Page, ReplyKind, Risk
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Delivery, Direction, TextMessage, Turn
from bot.transcripts.turns import page_of

PAGE: Final = 200
"""Turns of a page; the last page is shown first."""
VERSION: Final = 8
"""Hex digits of a text's hash that tell its versions apart."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text, and the rules that found something in it."""

    text: str
    rules: tuple[str, ...] = ()
    level: Level = Level.NONE


@dataclass(frozen=True, slots=True)
class Queued:
    """A text that has not gone out yet: when it is tried next, None while it waits for the one before it."""

    due_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One turn. `inbound`: the person wrote it; `risk`, `topic` and `others` are then what we made of it.

    `latency_ms` is how long the answer to it took. `reply`, `response` and `version` tell which kind of
    answer an outbound turn is, which curated text, and the beginning of its hash. `delivery_code` is what the
    provider says of a text that did not arrive, `queued` stands for one that has not gone out. `page` is
    where the person wrote it, as the page says of itself: a stranger's text. `attachments` are the media
    types of what came with it, which was never fetched.
    """

    id: UUID
    seq: int
    inbound: bool
    at: datetime
    pieces: tuple[Piece, ...]
    language: Language | None
    risk: Risk
    topic: str | None
    confidence: float | None
    others: tuple[Candidate, ...]
    latency_ms: int | None
    reply: ReplyKind | None
    response: str | None
    version: str | None
    delivery: Delivery | None
    delivery_code: str | None = None
    queued: Queued | None = None
    page: Page | None = None
    by_staff: bool = False
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A page of a conversation, oldest turn first. `earlier` is how many turns come before it."""

    turns: tuple[Said, ...]
    total: int
    earlier: int


async def transcript(
    session: AsyncSession,
    ring: KeyRing,
    conversation: UUID,
    *,
    before: int | None = None,
    reveal: bool = False,
    limit: int = PAGE,
) -> Transcript:
    """The last turns of a conversation. Whoever calls this for somebody writes it into the audit log.

    Args:
        before: Only turns with a smaller sequence number.
        reveal: Show phone numbers that people wrote in full.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = select(Turn).where(Turn.conversation_id == conversation)
    if before is not None:
        wanted = wanted.where(Turn.seq < before)
    rows = list((await session.scalars(wanted.order_by(Turn.seq.desc()).limit(limit))).all())[::-1]
    counted = select(func.count()).where(Turn.conversation_id == conversation)
    total = await session.scalar(counted) or 0
    earlier = await session.scalar(counted.where(Turn.seq < rows[0].seq)) or 0 if rows else 0
    waiting = await _queued(session, [row.id for row in rows])
    return Transcript(tuple(_said(ring, row, reveal, waiting) for row in rows), total, earlier)


async def mark(session: AsyncSession, conversation: UUID) -> str:
    """Something short that changes whenever turns come or get further on their way."""
    counted = select(Turn.delivery, func.count()).where(Turn.conversation_id == conversation)
    found = dict((await session.execute(counted.group_by(Turn.delivery))).tuples().all())
    return ".".join(str(found.get(state, 0)) for state in (None, *Delivery))


async def _queued(session: AsyncSession, turns: Sequence[UUID]) -> Mapping[UUID, Queued]:
    """Which of the turns are texts that have not gone out, or not wholly."""
    rows = await session.execute(
        select(TextMessage.turn_id, func.min(TextMessage.due_at), func.max(TextMessage.attempts))
        .where(TextMessage.turn_id.in_(turns), TextMessage.state == Delivery.RECORDED)
        .group_by(TextMessage.turn_id)
    )
    return {turn: Queued(due, attempts) for turn, due, attempts in rows.tuples()}


def highlight(text: str, cues: Sequence[Cue]) -> tuple[Piece, ...]:
    """A text cut where cues begin and end; the pieces together are the text."""
    own = [cue for cue in cues if cue.turns_ago == 0 and 0 <= cue.start < cue.end <= len(text)]
    edges = sorted({0, len(text), *(cue.start for cue in own), *(cue.end for cue in own)})
    return tuple(_pieces(text, own, edges)) or (Piece(text),)


def _pieces(text: str, cues: Sequence[Cue], edges: Sequence[int]) -> Iterator[Piece]:
    for start, end in zip(edges, edges[1:], strict=False):
        over = [cue for cue in cues if cue.start <= start and end <= cue.end]
        rules = tuple(sorted({cue.rule for cue in over}))
        yield Piece(text[start:end], rules, max((cue.level for cue in over), default=Level.NONE))


def _others(turn: Turn) -> tuple[Candidate, ...]:
    """What else it might have been about."""
    stored = turn.candidates or ()
    found = (Candidate(str(each["topic"]), float(each["confidence"])) for each in stored)
    return tuple(each for each in found if each.topic != turn.topic)


def _said(ring: KeyRing, turn: Turn, reveal: bool, queued: Mapping[UUID, Queued]) -> Said:
    body = ring.decrypt(turn.body, turn.id)
    inbound = turn.direction is Direction.INBOUND
    risk = Risk.from_json(turn.risk) if turn.risk else Risk()
    text = body if inbound else str(json.loads(body)["text"])
    shown = text if reveal or not inbound else mask_numbers(text)
    return Said(
        id=turn.id,
        seq=turn.seq,
        inbound=inbound,
        at=turn.created_at,
        pieces=highlight(shown, risk.cues) if inbound else (Piece(text),),
        language=turn.language,
        risk=risk,
        topic=turn.topic,
        confidence=turn.confidence,
        others=_others(turn),
        latency_ms=turn.latency_ms,
        reply=turn.reply_kind,
        response=turn.response,
        version=turn.content_hash[:VERSION] if turn.content_hash else None,
        delivery=turn.delivery,
        delivery_code=turn.delivery_code,
        queued=queued.get(turn.id),
        page=page_of(ring, turn),
        by_staff=not inbound and turn.reply_to is None,
        attachments=tuple(turn.attachments or ()),
    )
