"""The latest message as an action finds it on Rasa's tracker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from rasa_sdk import Tracker

from bot.messages import Channel, Language

STOCK_SENDERS: Final = UUID("5f0c1e3b-6a57-4f0e-9d7c-2b8d3a1c4e60")
"""Namespace of conversations whose sender id, under stock Rasa, is no UUID."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One inbound message.

    `accepted` is true when Harborline handed the message to Rasa, having stored and screened it.
    """

    conversation: UUID
    text: str
    external_id: str
    channel: Channel
    language: Language
    received_at: datetime
    accepted: bool

    @property
    def turn(self) -> UUID:
        """The id of a turn that is not stored: the same for the same message."""
        return uuid5(self.conversation, self.external_id)


def heard(tracker: Tracker) -> Heard:
    """The message that the action answers."""
    said: dict[str, Any] = next(event for event in reversed(tracker.events) if event.get("event") == "user")
    known: dict[str, Any] = said.get("metadata") or {}
    return Heard(
        conversation=_conversation(str(tracker.sender_id)),
        text=str(said.get("text") or ""),
        external_id=str(said.get("message_id") or ""),
        channel=_channel(known.get("channel") or said.get("input_channel")),
        language=_language(known.get("language") or tracker.get_slot("language")),
        received_at=_received_at(known, said),
        accepted="level" in known,
    )


def _conversation(sender: str) -> UUID:
    try:
        return UUID(sender)
    except ValueError:
        return uuid5(STOCK_SENDERS, sender)


def _channel(name: Any) -> Channel:
    """Stock channels such as `cmdline` and `rest` show what the web shows."""
    return Channel.SMS if name == Channel.SMS else Channel.WEB


def _language(name: Any) -> Language:
    return Language.ES if name == Language.ES else Language.EN


def _received_at(known: dict[str, Any], said: dict[str, Any]) -> datetime:
    if "received_at" in known:
        return datetime.fromisoformat(known["received_at"])
    return datetime.fromtimestamp(float(said["timestamp"]), UTC)
