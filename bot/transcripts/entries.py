"""What is stored of a turn, before it is known where: in the database or in the spool."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.messages import (
    Candidate,
    Channel,
    EngineReply,
    Language,
    Link,
    Message,
    Page,
    Reply,
    ReplyKind,
    Risk,
    Source,
)


@dataclass(frozen=True, slots=True)
class AcceptedEntry:
    """An inbound message that was accepted, with the id of its turn.

    `opted_out` is True or False when the message itself changed whether its sender wants messages.
    """

    turn: UUID
    message: Message
    risk: Risk
    language: Language
    opted_out: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordedEntry:
    """How the inbound turn `turn` was answered; no replies means silence on purpose."""

    turn: UUID
    conversation: UUID
    replies: tuple[Reply, ...]
    understood: EngineReply
    latency_ms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CallBackEntry:
    """A request to be called, with the person's consent to it. `turn` is an id of its own, of no turn."""

    turn: UUID
    conversation: UUID
    channel: Channel
    language: Language
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClearEntry:
    """A person's wish that the words of a conversation up to `at` be deleted. `turn` is of no turn."""

    turn: UUID
    conversation: UUID
    at: datetime


Entry = AcceptedEntry | RecordedEntry | CallBackEntry | ClearEntry


def reply_to_json(reply: Reply) -> dict[str, Any]:
    """The stored form of a reply: plain JSON values, everything that a retry must see again."""
    return asdict(reply)


def reply_from_json(stored: dict[str, Any]) -> Reply:
    """The reverse of `reply_to_json`.

    Raises:
        KeyError, TypeError, ValueError: `stored` was not made by `reply_to_json`.
    """
    source = stored["source"]
    return Reply(
        kind=ReplyKind(stored["kind"]),
        text=stored["text"],
        language=Language(stored["language"]),
        quick_replies=tuple(stored["quick_replies"]),
        links=tuple(Link(**link) for link in stored["links"]),
        source=Source(**source) if source else None,
        response=stored["response"],
        content_hash=stored["content_hash"],
    )


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """The spooled form of an entry: plain JSON values."""
    if isinstance(entry, AcceptedEntry):
        return _accepted_to_json(entry)
    if isinstance(entry, CallBackEntry):
        return _call_back_to_json(entry)
    if isinstance(entry, ClearEntry):
        return {"turn": str(entry.turn), "clear": str(entry.conversation), "at": entry.at.isoformat()}
    return {
        "turn": str(entry.turn),
        "conversation": str(entry.conversation),
        "replies": [reply_to_json(reply) for reply in entry.replies],
        "topic": entry.understood.topic,
        "confidence": entry.understood.confidence,
        "candidates": candidates_to_json(entry.understood),
        "failed_actions": list(entry.understood.failed_actions),
        "latency_ms": entry.latency_ms,
        "at": entry.at.isoformat(),
    }


def entry_from_json(stored: dict[str, Any]) -> Entry:
    """The reverse of `entry_to_json`.

    Raises:
        KeyError, TypeError, ValueError: `stored` was not made by `entry_to_json`.
    """
    if "message" in stored:
        return _accepted_from_json(stored)
    if "number" in stored:
        return _call_back_from_json(stored)
    if "clear" in stored:
        return ClearEntry(UUID(stored["turn"]), UUID(stored["clear"]), datetime.fromisoformat(stored["at"]))
    return RecordedEntry(
        turn=UUID(stored["turn"]),
        conversation=UUID(stored["conversation"]),
        replies=tuple(reply_from_json(reply) for reply in stored["replies"]),
        understood=EngineReply(
            topic=stored["topic"],
            confidence=stored["confidence"],
            candidates=tuple(Candidate(**candidate) for candidate in stored["candidates"]),
            failed_actions=tuple(stored["failed_actions"]),
        ),
        latency_ms=stored["latency_ms"],
        at=datetime.fromisoformat(stored["at"]),
    )


def candidates_to_json(understood: EngineReply) -> list[dict[str, Any]]:
    """The topics that the engine considered, as plain JSON values."""
    return [asdict(candidate) for candidate in understood.candidates]


def _call_back_to_json(entry: CallBackEntry) -> dict[str, Any]:
    return {
        "turn": str(entry.turn),
        "conversation": str(entry.conversation),
        "channel": entry.channel,
        "language": entry.language,
        "number": entry.number,
        "at": entry.at.isoformat(),
    }


def _call_back_from_json(stored: dict[str, Any]) -> CallBackEntry:
    return CallBackEntry(
        turn=UUID(stored["turn"]),
        conversation=UUID(stored["conversation"]),
        channel=Channel(stored["channel"]),
        language=Language(stored["language"]),
        number=stored["number"],
        at=datetime.fromisoformat(stored["at"]),
    )


def _accepted_to_json(entry: AcceptedEntry) -> dict[str, Any]:
    message = entry.message
    return {
        "turn": str(entry.turn),
        "message": {
            "conversation": str(message.conversation),
            "channel": message.channel,
            "text": message.text,
            "external_id": message.external_id,
            "received_at": message.received_at.isoformat(),
            "language": message.language,
            "sender": message.sender,
            "synthetic": message.synthetic,
            "page": asdict(message.page) if message.page else None,
        },
        "risk": entry.risk.to_json(),
        "language": entry.language,
        "opted_out": entry.opted_out,
    }


def _accepted_from_json(stored: dict[str, Any]) -> AcceptedEntry:
    message = stored["message"]
    return AcceptedEntry(
        turn=UUID(stored["turn"]),
        message=Message(
            conversation=UUID(message["conversation"]),
            channel=Channel(message["channel"]),
            text=message["text"],
            external_id=message["external_id"],
            received_at=datetime.fromisoformat(message["received_at"]),
            language=Language(message["language"]) if message["language"] else None,
            sender=message["sender"],
            synthetic=message.get("synthetic", False),
            page=Page(**message["page"]) if message.get("page") else None,
        ),
        risk=Risk.from_json(stored["risk"]),
        language=Language(stored["language"]),
        opted_out=stored["opted_out"],
    )
