"""What passes between the layers: messages, replies, risk, and the protocols that are passed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

MAX_TEXT = 4_000
"""Characters of a message that are answered; a longer one is screened whole and declined kindly."""


class Level(IntEnum):
    """How urgent a message is. Ordered: a higher level never gives way to a lower one."""

    NONE = 0
    CONCERN = 1
    CRISIS = 2
    EMERGENCY = 3


class Kind(StrEnum):
    """What the danger is; decides which safety card is shown."""

    SUICIDE = "suicide"
    SELF_HARM = "self_harm"
    OVERDOSE = "overdose"
    POISONING = "poisoning"
    MEDICAL = "medical"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    PSYCHOSIS = "psychosis"
    EATING_DISORDER = "eating_disorder"
    METHOD_SEEKING = "method_seeking"
    DISTRESS = "distress"


class Experiencer(StrEnum):
    """Who is in danger: the person who writes, or somebody they write about."""

    SELF = "self"
    OTHER = "other"


class Severity(IntEnum):
    """The highest C-SSRS screener item that the words themselves tell (Posner et al., 2011)."""

    UNKNOWN = 0
    WISH_TO_BE_DEAD = 1
    THOUGHTS = 2
    METHOD = 3
    INTENT = 4
    PLAN = 5
    BEHAVIOUR = 6


@dataclass(frozen=True, slots=True)
class Cue:
    """One reason for a level: a rule and the span of the sender's own text that it matched.

    `start` and `end` are offsets in code points into the text as it was received.
    `turns_ago` is 0 for the message itself, 1 for the turn before it, and so on.
    """

    rule: str
    start: int
    end: int
    level: Level
    kind: Kind
    turns_ago: int = 0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training example that the learned layer found near the message: its id and the cosine, up to 1."""

    example: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Risk:
    """What `screen` found. Holds offsets and rule ids, never the sender's words."""

    level: Level = Level.NONE
    kind: Kind | None = None
    experiencer: Experiencer = Experiencer.SELF
    minor: bool = False
    severity: Severity = Severity.UNKNOWN
    cues: tuple[Cue, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    version: str = ""

    def to_json(self) -> dict[str, Any]:
        """The stored form: plain JSON values."""
        return {
            "level": self.level.name,
            "kind": self.kind.value if self.kind else None,
            "experiencer": self.experiencer.value,
            "minor": self.minor,
            "severity": self.severity.name,
            "cues": [
                {
                    "rule": cue.rule,
                    "start": cue.start,
                    "end": cue.end,
                    "level": cue.level.name,
                    "kind": cue.kind.value,
                    "turns_ago": cue.turns_ago,
                }
                for cue in self.cues
            ],
            "neighbours": [
                {"example": each.example, "similarity": each.similarity} for each in self.neighbours
            ],
            "version": self.version,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Risk:
        """The reverse of `to_json`.

        Raises:
            KeyError, ValueError: `stored` was not made by `to_json`.
        """
        return cls(
            level=Level[stored["level"]],
            kind=Kind(stored["kind"]) if stored["kind"] else None,
            experiencer=Experiencer(stored["experiencer"]),
            minor=stored["minor"],
            severity=Severity[stored["severity"]],
            cues=tuple(
                Cue(
                    rule=cue["rule"],
                    start=cue["start"],
                    end=cue["end"],
                    level=Level[cue["level"]],
                    kind=Kind(cue["kind"]),
                    turns_ago=cue["turns_ago"],
                )
                for cue in stored["cues"]
            ),
            neighbours=tuple(
                Neighbour(each["example"], each["similarity"]) for each in stored.get("neighbours", ())
            ),
            version=stored["version"],
        )


class Channel(StrEnum):
    """Where a conversation takes place. The value is also Rasa's channel name."""

    WEB = "web"
    SMS = "sms"


class Language(StrEnum):
    """The languages that every answer and card exists in."""

    EN = "en"
    ES = "es"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of the clinic's site that a message was written on. What it says is a stranger's text."""

    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Message:
    """One inbound message, its text already free of lone surrogates and NUL.

    `external_id` is the channel's own id (MessageSid, client_message_id): the same one twice is a
    retry. `sender` is the phone number on SMS and None on the web. `synthetic`: the program's own
    heartbeat wrote it. `page` is None unless the clinic has it kept.
    """

    conversation: UUID
    channel: Channel
    text: str
    external_id: str
    received_at: datetime
    language: Language | None = None
    sender: str | None = None
    synthetic: bool = False
    page: Page | None = None


class ReplyKind(StrEnum):
    """What a reply is; the guarantee and the evaluation go by this, never by its text."""

    ANSWER = "answer"
    ASK_BACK = "ask_back"
    REFUSAL = "refusal"
    DECLINE = "decline"
    CHECK_IN = "check_in"
    CRISIS = "crisis"
    FALLBACK = "fallback"
    DISCLOSURE = "disclosure"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Link:
    """A tappable number or page under a reply."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where an answer comes from. `authority` is the body that the article names, if any."""

    title: str
    section: str
    authority: str | None
    reviewed_on: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One outbound message. `response` names the curated text and `content_hash` its version."""

    kind: ReplyKind
    text: str
    language: Language
    quick_replies: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    source: Source | None = None
    response: str | None = None
    content_hash: str | None = None


class Silent:
    """The type of `SILENT`: nothing is to be sent, on purpose."""

    def __repr__(self) -> str:
        return "SILENT"


SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier turn of the same conversation, for reading a message in its context.

    `kind` is None for what the person wrote, else the kind of our `reply`.
    """

    text: str
    at: datetime
    kind: ReplyKind | None = None
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A topic that the NLU considered; `confidence` is in [0, 1]."""

    topic: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing the engine says: a curated response by its name, and values for its placeholders.

    `response` is None when an action uttered text of its own, which is never passed on.
    """

    response: str | None
    arguments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineReply:
    """What the engine understood and what it wants to say."""

    utterances: tuple[Utterance, ...] = ()
    topic: str | None = None
    confidence: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    failed_actions: tuple[str, ...] = ()


class EngineUnavailableError(Exception):
    """The engine is not loaded, not healthy, or missed its deadline."""


class Engine(Protocol):
    """Understands a message and picks curated responses."""

    @property
    def ready(self) -> bool:
        """Whether a message sent now would be understood."""
        ...

    async def reply(self, message: Message, risk: Risk, language: Language) -> EngineReply:
        """Answer within the engine's deadline.

        Raises:
            EngineUnavailableError: Not loaded, not healthy, or too late.
        """
        ...


class Clock(Protocol):
    """The only source of times, so that tests can move it."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Pager(Protocol):
    """Tells staff straight from memory when the database cannot hold a notification."""

    async def page(self, conversation: UUID, risk: Risk, reason: str) -> None:
        """Send level, kind and a link; never a word of the message."""
        ...
