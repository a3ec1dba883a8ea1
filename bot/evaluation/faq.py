"""Evaluating the answers: each line is the first message of a conversation of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from bot.content import Content, topic
from bot.evaluation.asking import Asked, Rehearsal
from bot.evaluation.lines import Fields, Identity
from bot.evaluation.lines import read as read_lines
from bot.evaluation.outcomes import Outcome, outcome
from bot.messages import Candidate, Channel, ReplyKind

OUT_OF_SCOPE: Final = "out_of_scope"
_KNOWN: Final = frozenset({"id", "text", "lang", "topic", "ambiguous_ok"})


@dataclass(frozen=True, slots=True)
class FaqLine:
    """A question and its topic; `ambiguous_ok` holds topics whose answer would do as well."""

    id: Identity
    text: str
    lang: str
    topic: str
    ambiguous_ok: tuple[str, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)

    def fits(self, topic: str | None) -> bool:
        """Whether a topic is right for it."""
        return topic == self.topic or topic in self.ambiguous_ok


@dataclass(frozen=True, slots=True)
class Answered:
    """A line, what the program took it for, what it did, and how long that took in seconds."""

    line: FaqLine
    topic: str | None
    candidates: tuple[Candidate, ...]
    outcome: Outcome
    seconds: float

    @property
    def confidence(self) -> float:
        """How sure the classifier was of the first candidate, in [0, 1]."""
        return self.candidates[0].confidence if self.candidates else 0.0

    @property
    def is_right(self) -> bool:
        """Whether it was answered with a topic that fits."""
        return self.outcome is Outcome.ANSWERED and self.line.fits(self.topic)

    def to_json(self) -> dict[str, Any]:
        """The line's part of the report, with whatever else the file said of it."""
        return {
            **self.line.others,
            "id": self.line.id,
            "topic": self.topic,
            "candidates": [each.topic for each in self.candidates],
            "outcome": self.outcome.value,
            "confidence": round(self.confidence, 4),
        }


def read(file: Path) -> list[FaqLine]:
    """The lines of a file.

    Raises:
        DataError: With file, line and remedy of the first fault.
    """
    return [_line(fields) for fields in read_lines(file)]


async def ask(lines: Sequence[FaqLine], rehearsal: Rehearsal) -> list[Answered]:
    """Ask every line, one after the other, so that the latency is that of a quiet clinic."""
    await _ask("hello", "en", rehearsal)  # what is made on first use is not the first line's latency
    return [_answered(line, await _ask(line.text, line.lang, rehearsal)) for line in lines]


def must_not_answer(content: Content) -> frozenset[str]:
    """The topics that the content refuses."""
    return frozenset(
        topic(curated.name) for curated in content.responses.values() if curated.kind is ReplyKind.REFUSAL
    )


async def _ask(text: str, lang: str, rehearsal: Rehearsal) -> Asked:
    return await rehearsal.ask(text, conversation=uuid4(), channel=Channel.WEB, lang=lang)


def _line(fields: Fields) -> FaqLine:
    return FaqLine(
        id=fields.identity(),
        text=fields.text("text"),
        lang=fields.language(),
        topic=fields.text("topic"),
        ambiguous_ok=fields.texts("ambiguous_ok"),
        others=fields.others(_KNOWN),
    )


def _answered(line: FaqLine, asked: Asked) -> Answered:
    understood = asked.understood
    return Answered(line, understood.topic, understood.candidates, outcome(asked.replies), asked.seconds)
