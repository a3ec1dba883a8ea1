"""Evaluating the risk screen: each line is screened by itself, as the first message of a conversation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.evaluation.lines import Fields, Identity
from bot.evaluation.lines import read as read_lines
from bot.messages import Level, Risk
from bot.text import clean

CRISIS, CONCERN, NONE = LEVELS = ("crisis", "concern", "none")
_KNOWN: Final = frozenset({"id", "text", "lang", "expected", "category", "tier", "also_ok"})


@dataclass(frozen=True, slots=True)
class RiskLine:
    """A message and how urgent a person judged it; `also_ok` holds judgements that are fair too."""

    id: Identity
    text: str
    lang: str
    expected: str
    category: str | None = None
    tier: str | None = None
    also_ok: tuple[str, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Screened:
    """A line, what the screen found in it, and how long that took, in seconds by the clock and of the CPU."""

    line: RiskLine
    risk: Risk
    seconds: float
    cpu_seconds: float

    @property
    def level(self) -> str:
        """The level in the words of the file."""
        return named(self.risk.level)

    def is_right(self, *, lenient: bool) -> bool:
        """Whether the level is the expected one or, leniently, another fair one."""
        return self.level == self.line.expected or (lenient and self.level in self.line.also_ok)

    def to_json(self) -> dict[str, Any]:
        """The line's part of the report, with whatever else the file said of it."""
        found = self.risk.to_json()
        return {**self.line.others, "id": self.line.id} | {
            key: found[key] for key in ("level", "kind", "cues")
        }


def named(level: Level) -> str:
    """A level in the words of an evaluation file: an emergency is a crisis."""
    return CRISIS if level >= Level.CRISIS else CONCERN if level is Level.CONCERN else NONE


def read(file: Path) -> list[RiskLine]:
    """The lines of a file.

    Raises:
        DataError: With file, line and remedy of the first fault.
    """
    return [_line(fields) for fields in read_lines(file)]


def screen(lines: Sequence[RiskLine], read_risk: Callable[[str], Risk]) -> list[Screened]:
    """Screen every line with what finds the risk of a text."""
    read_risk("ready")  # what is made on first use is not the first line's latency
    return [_screened(line, read_risk) for line in lines]


def _line(fields: Fields) -> RiskLine:
    return RiskLine(
        id=fields.identity(),
        text=clean(fields.text("text")),
        lang=fields.language(),
        expected=fields.choice("expected", LEVELS),
        category=fields.optional("category"),
        tier=fields.optional("tier"),
        also_ok=fields.texts("also_ok"),
        others=fields.others(_KNOWN),
    )


def _screened(line: RiskLine, read_risk: Callable[[str], Risk]) -> Screened:
    started, computed = time.perf_counter(), time.process_time()
    risk = read_risk(line.text)
    return Screened(line, risk, time.perf_counter() - started, time.process_time() - computed)
