"""What a notification says: level, kind, reason, link and reference; never a word of a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from bot.messages import Kind, Level
from bot.transcripts.tables import HandoffReason, Reason

DATABASE_AWAY: Final = "database away"
TEST: Final = "test"
HEARTBEAT: Final = "heartbeat"

SENTENCES: Final[Mapping[str, str]] = {
    Reason.OPENED: "New hand-off.",
    Reason.RAISED: "The danger has risen.",
    Reason.CANNOT_TEXT_BACK: "This number may not or does not get our texts. Reach the person another way.",
    Reason.CALL_BACK: "The person left a number and asks to be called.",
    Reason.ESCALATED: "Nobody has acknowledged this yet.",
    Reason.ALARM: "Nobody has acknowledged this, and everybody was told.",
    DATABASE_AWAY: "Database away.",
    TEST: "This is a test of how you are reached. Nobody is in danger.",
    HEARTBEAT: "The regular check of the crisis path failed. Look after the service.",
}
CASES: Final[Mapping[HandoffReason, str]] = {
    HandoffReason.CALL_BACK: "call-back request",
    HandoffReason.ASKED_FOR_PERSON: "asks for a person",
    HandoffReason.FOUND_IN_REVIEW: "found in review",
    HandoffReason.CANNOT_TEXT_BACK: "cannot text back",
}
HEADINGS: Final[Mapping[str, str]] = {TEST: "test page", HEARTBEAT: "heartbeat failed"}


@dataclass(frozen=True, slots=True)
class Page:
    """What staff are told. `idempotency_key` is the same at every attempt; no conversation, no link."""

    conversation: UUID | None
    level: Level
    kind: Kind | None
    reason: str
    idempotency_key: str
    case: HandoffReason = HandoffReason.RISK


class Recipient(Protocol):
    """One way to reach staff.

    `name` is stable from start to start, `label` is for staff to read; neither tells of the address.
    """

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    async def send(self, page: Page) -> None:
        """Hand the page over, or raise anything."""
        ...


def title(page: Page) -> str:
    """The first line of a notification."""
    heading = HEADINGS.get(page.reason) or CASES.get(page.case, "")
    if page.level >= Level.CRISIS or not heading:
        heading = page.level.name
    return f"Harborline{' ALARM' if page.reason == Reason.ALARM else ''}: {heading}"


def body(page: Page, base_url: str) -> str:
    """Kind, reason, link and reference: a receiver that sees a reference twice may show it once."""
    kind = f"{page.kind.replace('_', ' ').capitalize()}. " if page.kind else _unnamed(page)
    link = f"/conversations/{page.conversation}" if page.conversation else ""
    return f"{kind}{SENTENCES[page.reason]}\n{base_url}/staff{link}\nRef {page.idempotency_key}"


def _unnamed(page: Page) -> str:
    """Danger of no kind that we have a name for."""
    return "Danger. " if page.level >= Level.CRISIS else ""
