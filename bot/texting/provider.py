"""What every SMS provider is to us: a few functions, and what they pass back and forth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from bot.messages import CarrierAct
from bot.transcripts.tables import Delivery

SEND_SECONDS: Final = 8.0
"""For a provider's API to answer; the lease of a text is longer."""


class MalformedError(Exception):
    """A request was signed and is not what the provider documents; the message names the field alone."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that came in, as the provider tells it.

    `attachments` are media types, which are never fetched; `check`: the operator's own doctor sent it.
    """

    id: str
    sender: str
    text: str
    carrier: CarrierAct | None = None
    attachments: tuple[str, ...] = ()
    check: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """How far a text of ours got. `code` is the provider's error code."""

    id: str
    state: Delivery
    code: str | None = None


class Failed(StrEnum):
    """Why a text was not taken, in the terms of what may be done about it."""

    OPTED_OUT = "opted_out"
    RETRY = "retry"
    PERMANENT = "permanent"
    FILTERED = "filtered"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Failure:
    """A text that was not taken; `uncertain` when it may have been and only the answer was lost."""

    why: Failed
    code: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of the response to a webhook, and its type."""

    body: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Said:
    """A text that answers in the response itself, and where the provider is to report what became of it."""

    text: str
    report_to: str = ""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a provider does by itself.

    `sync_reply`: it sends what the response to its webhook holds. `opt_out_type`: it says that a text was a
    reserved word that it has answered. `network_opt_out`: it blocks our texts after such a word.
    """

    sync_reply: bool
    opt_out_type: bool
    network_opt_out: bool


class Provider(Protocol):
    """One way to receive and to send texts."""

    @property
    def name(self) -> str:
        """As in the path of its webhook."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What it does by itself."""
        ...

    @property
    def sends(self) -> bool:
        """Whether there are credentials to send with."""
        ...

    def verify(self, raw: bytes, headers: Mapping[str, str], url: str) -> bool:
        """Whether the provider itself sent this.

        Args:
            raw: The body, byte for byte.
            headers: Names in any case.
            url: The public URL that it called, with its query.
        """
        ...

    def parse(self, raw: bytes) -> Inbound | Status | None:
        """What a verified body says; None for an event that is nothing to us.

        Raises:
            MalformedError: A field that must be there is not.
        """
        ...

    def respond(self, said: Sequence[Said]) -> Answer | None:
        """The response that sends these texts; None where they have to go through the API."""
        ...

    async def send(self, to: str, text: str, report_to: str) -> str | Failure:
        """Hand one text to the API; never raises.

        Args:
            to: E.164.
            text: One part, folded.
            report_to: Where to report what becomes of it; it holds our key, so that a text whose answer
                was lost is recognised by its report.

        Returns:
            The provider's id of the text.
        """
        ...
