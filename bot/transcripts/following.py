"""A conversation from a turn on: what a client that was away, or another tab, has not seen."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Reply
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import reply_from_json
from bot.transcripts.placing import Place
from bot.transcripts.tables import Conversation, Direction, Turn

MOST: Final = 100
"""Turns that are read at once."""
MOST_BYTES: Final = 500_000
"""Of stored words that are read at once; one turn is read however long it is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored turn. `text` is what the person wrote; `reply` what we, or staff, wrote to them.

    `external_id` is the channel's id of a person's message; `reply_to` the message that a reply answers,
    None for what staff wrote.
    """

    place: Place
    text: str | None = None
    external_id: str | None = None
    reply: Reply | None = None
    reply_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How far a conversation has got: its last turn, whether staff hold it, when it was last cleared."""

    last: int = 0
    held: bool = False
    cleared_at: datetime | None = None


async def turns_after(
    session: AsyncSession, ring: KeyRing, conversation: UUID, seq: int, *, limit: int = MOST
) -> tuple[Kept, ...]:
    """The next turns after `seq`, in order; fewer than `limit` when they are long.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = (
        select(Turn)
        .where(Turn.conversation_id == conversation, Turn.seq > seq)
        .order_by(Turn.seq)
        .limit(limit)
        .execution_options(yield_per=10)
    )
    found, size = list[Kept](), 0
    async for row in await session.stream_scalars(wanted):
        size += len(row.body)
        if found and size > MOST_BYTES:
            break
        found.append(_kept(ring, row))
    return tuple(found)


async def states(session: AsyncSession, conversations: Collection[UUID]) -> dict[UUID, State]:
    """The state of those conversations that are stored."""
    rows = await session.execute(
        select(Conversation.id, Conversation.turns, Conversation.held_by, Conversation.cleared_at).where(
            Conversation.id.in_(conversations)
        )
    )
    return {id_: State(last, holder is not None, at) for id_, last, holder, at in rows.tuples()}


def _kept(ring: KeyRing, row: Turn) -> Kept:
    place, body = Place(row.id, row.seq, row.created_at), ring.decrypt(row.body, row.id)
    if row.direction is Direction.INBOUND:
        return Kept(place, text=body, external_id=row.external_id)
    return Kept(place, reply=reply_from_json(json.loads(body)), reply_to=row.reply_to)
