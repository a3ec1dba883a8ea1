"""Replies as texts through the provider's API, one after the other, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.content.parts import folded, in_parts
from bot.messages import Language, Reply, ReplyKind
from bot.texting.queue import queue_parts
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import TextMessage
from bot.transcripts.turns import outbound_id

Hint = Callable[[Language], str]
"""How to ask for the rest of a long text, in a language."""


def texts_of(reply: Reply, hint: Hint) -> tuple[str, ...]:
    """The messages that a reply is sent in. A crisis card is one, whatever its length (R17)."""
    if reply.kind is ReplyKind.CRISIS:
        return (folded(reply.text),)
    return in_parts(reply.text, hint(reply.language)).texts


async def queue_replies(
    session: AsyncSession,
    ring: KeyRing,
    inbound: UUID,
    conversation: UUID,
    replies: Sequence[Reply],
    hint: Hint,
    now: datetime,
    *,
    key: str,
    after: UUID | None = None,
) -> None:
    """Queue the replies to a stored message; what is queued already stays as it is.

    Args:
        inbound: The message's turn.
        key: The same for the same message.
        after: The text that the first one waits for, if any.
    """
    first = outbound_id(inbound, 0)
    if await session.scalar(select(TextMessage.id).where(TextMessage.turn_id == first)) is not None:
        return
    for place, reply in enumerate(replies):
        rows = queue_parts(
            session,
            ring,
            conversation,
            outbound_id(inbound, place),
            texts_of(reply, hint),
            f"reply:{key}:{place}",
            now,
            crisis=reply.kind is ReplyKind.CRISIS,
            due_at=now,
            after=after,
        )
        after = rows[-1].id
