"""What `data/risk/*.yml` says, as objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.messages import Experiencer, Kind, Level, Severity
from bot.risk.lexicon import Lexicon
from bot.risk.patterns import Pattern


class Strength(StrEnum):
    """How a cue stands against its context.

    Ideation gives way to CONCERN at most; an act (means, plan, ingestion, danger under way) hardly
    gives way; a hint is a weak sign that most contexts cancel. A question about ways gives way only to
    those who ask for a clinic's, a school's or a profession's reason: it states nothing about the writer.
    """

    IDEATION = "ideation"
    ACT = "act"
    QUESTION = "question"
    HINT = "hint"


class Scope(StrEnum):
    """Which cues a context trigger reaches."""

    FORWARD = "forward"
    BACKWARD = "backward"
    OVERLAP = "overlap"
    SENTENCE = "sentence"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Rule:
    """One family of cues. Without a level it is only a sign, for combinations.

    An `experiencer` of None is whoever the words before the cue are about.
    """

    name: str
    kind: Kind | None
    level: Level
    severity: Severity = Severity.UNKNOWN
    strength: Strength = Strength.IDEATION
    signs: frozenset[str] = frozenset()
    experiencer: Experiencer | None = Experiencer.SELF
    keeps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CuePattern:
    """A compiled pattern of a rule, for one experiencer."""

    rule: Rule
    experiencer: Experiencer | None
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Context:
    """Words that change what a cue means: which cues they reach, and how far they lower them.

    A context with `together` counts only in a text that has one of those as well, in any sentence. One
    with `rules` touches no other rule's cues, so that a plain reason for one thing excuses nothing else.
    """

    name: str
    scope: Scope
    effect: Mapping[Strength, Level]
    reach: int
    experiencer: Experiencer | None
    triggers: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    stops: tuple[Pattern, ...]
    together: tuple[Pattern, ...] = ()
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Combination:
    """Signs that mean more together: all of `every`, and `at_least` so many of `any_of`.

    The signs of `any_of` must stand in different words, and be different ones unless `repeated`. With
    `across`, those that the person gave in earlier turns count as well.
    """

    name: str
    every: frozenset[str]
    any_of: frozenset[str]
    at_least: int
    repeated: bool
    across: bool
    level: Level
    kind: Kind
    severity: Severity
    experiencer: Experiencer | None = None


@dataclass(slots=True)
class Grammar:
    """Everything that the cue files say."""

    lexicon: Lexicon
    cues: list[CuePattern] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    combinations: list[Combination] = field(default_factory=list)
    subjects: dict[Experiencer, frozenset[str]] = field(default_factory=dict)
    version: str = ""
