"""Replies, turns and links as JSON: what the API and the socket show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from bot.exchange import Exchange
from bot.messages import Link, Reply, Source
from bot.transcripts.following import Kept
from bot.transcripts.placing import Place


def replies_json(replies: Iterable[Reply]) -> list[dict[str, Any]]:
    """Replies that are no turns as the API shows them."""
    return [reply_json(reply) for reply in replies]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """What was answered to a message, and by which ids both are known again; no replies for silence."""
    return {"message": place_json(exchange.message), "replies": answers_json(exchange)}


def answers_json(exchange: Exchange) -> list[dict[str, Any]]:
    """The replies with their places."""
    return [
        {**place_json(place), **reply_json(reply)}
        for place, reply in zip(exchange.places, exchange.said, strict=True)
    ]


def kept_json(kept: Kept, conversation: UUID) -> dict[str, Any]:
    """A stored turn as the API shows it."""
    if kept.reply is not None:
        return {**place_json(kept.place), "by": "bot" if kept.reply_to else "staff", **reply_json(kept.reply)}
    id_ = (kept.external_id or "").removeprefix(f"{conversation}:")
    return {**place_json(kept.place), "by": "person", "text": kept.text, "client_message_id": id_}


def place_json(place: Place) -> dict[str, Any]:
    """A turn's id, number and time; the number is null while the database does not hold it."""
    return {"turn": str(place.turn), "seq": place.seq, "at": place.at.isoformat()}


def link_json(link: Link) -> dict[str, str]:
    """A link as the API shows it."""
    return {"label": link.label, "href": link.href}


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as the API shows it."""
    return {
        "kind": reply.kind.value,
        "text": reply.text,
        "language": reply.language.value,
        "quick_replies": list(reply.quick_replies),
        "source": _source_json(reply.source) if reply.source else None,
        "links": [link_json(link) for link in reply.links],
    }


def _source_json(source: Source) -> dict[str, str | None]:
    return {
        "title": source.title,
        "section": source.section,
        "authority": source.authority,
        "reviewed_on": source.reviewed_on,
    }
