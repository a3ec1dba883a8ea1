"""A simulated phone: what it sent, what it got, and how each text travelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from bot.content.septets import segments, septets


class By(StrEnum):
    """Who wrote a text."""

    PERSON = "person"
    CLINIC = "clinic"
    NETWORK = "network"


@dataclass
class Bubble:
    """One text on a phone. `state` is the provider's word for how far it got, `code` its error code."""

    by: By
    text: str
    state: str
    code: str | None = None
    sid: str = field(default_factory=lambda: f"SM{uuid4().hex}")
    attachments: tuple[str, ...] = ()
    milliseconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "by": self.by,
            "text": self.text,
            "state": self.state,
            "code": self.code,
            "sid": self.sid,
            "attachments": list(self.attachments),
            "milliseconds": self.milliseconds,
            "segments": segments(self.text),
            "length": length(self.text),
        }


@dataclass
class Phone:
    """A number and its texts, oldest first; `blocked`: the network keeps the clinic's texts from it."""

    number: str
    bubbles: list[Bubble] = field(default_factory=list)
    blocked: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "number": self.number,
            "blocked": self.blocked,
            "texts": [bubble.to_json() for bubble in self.bubbles],
        }


def length(text: str) -> str:
    """How long a text is on the air, in the units of its alphabet."""
    used = septets(text)
    if used is not None:
        return f"{used} septets of GSM-7"
    return f"{len(text.encode('utf-16-be')) // 2} units of UCS-2"
