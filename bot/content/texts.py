"""A curated text in each language and channel, with what a clinician signed for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from bot.content.clinic import Clinic
from bot.content.entry import Entry
from bot.messages import Channel, Experiencer, Kind, Language, Level, Link, ReplyKind

Place = tuple[Language, Channel]
PLACES: tuple[Place, ...] = tuple(product(Language, Channel))
"""Every language on every channel: a text that lacks one of them is a fault."""

ARGUMENTS = frozenset({"city"})
"""Placeholders that an action fills; the others come from `clinic.yml`."""

PENDING, SIGNED = "pending", "signed"
REVIEW_KEYS = ("reviewer", "reviewed_on", "status", "sha256")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Review:
    """Who looked at a text, when, and whether a clinician has signed it; `lines` says where each key is."""

    reviewer: str
    reviewed_on: str
    status: str
    sha256: str
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def signed(self) -> bool:
        """Whether a clinician has."""
        return self.status == SIGNED


@dataclass(frozen=True, slots=True)
class Variant:
    """One text in one language for one channel; `line` is where it stands in its file."""

    text: str
    line: int
    quick_replies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """What is shown about an answer in one language."""

    title: str
    question: str | None = None
    section: str | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Curated:
    """One thing the bot may say: a response, or a card, in every language and channel."""

    name: str
    kind: ReplyKind
    variants: Mapping[Place, Variant]
    review: Review
    file: Path
    line: int
    headings: Mapping[Language, Heading] = field(default_factory=dict)
    covers: frozenset[tuple[Level, Kind | None, Experiencer]] = frozenset()
    sources: tuple[str, ...] = ()

    @property
    def takes_arguments(self) -> bool:
        """Whether an action fills a placeholder of it."""
        return any(ARGUMENTS & set(placeholders(variant.text)) for variant in self.variants.values())


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces, in their order."""
    return tuple(_PLACEHOLDER.findall(text))


def render(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder replaced.

    Raises:
        KeyError: A placeholder has no value.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def links(text: str, clinic: Clinic, language: Language) -> tuple[Link, ...]:
    """The taps for the numbers in a text, each once, in the order of the text."""
    named = (clinic.numbers[name] for name in placeholders(text) if name in clinic.numbers)
    return tuple(dict.fromkeys(link for number in named for link in number.links[language]))


def review(entry: Entry) -> Review:
    """The sign-off of a text; faults are noted in the entry."""
    reviewed_on = entry.text("reviewed_on")
    if reviewed_on and not _is_date(reviewed_on):
        entry.fault("reviewed_on", f"'{reviewed_on}' is not a date", 'Write it as "2026-11-23", in quotes.')
    return Review(
        reviewer=entry.text("reviewer"),
        reviewed_on=reviewed_on,
        status=entry.choice("status", (PENDING, SIGNED), PENDING),
        sha256=entry.optional("sha256") or "",
        lines={key: entry.line(key) for key in REVIEW_KEYS if key in entry},
    )


def digest(curated: Curated) -> str:
    """SHA-256 over everything that was reviewed, and who reviewed it; only the hash itself is left out."""
    reviewed: dict[str, Any] = {
        "name": curated.name,
        "kind": curated.kind,
        "texts": {
            f"{language}_{channel}": [variant.text, *variant.quick_replies]
            for (language, channel), variant in sorted(curated.variants.items())
        },
        "headings": {
            language: [heading.title, heading.question, heading.section, heading.authority]
            for language, heading in sorted(curated.headings.items())
        },
        "covers": sorted([level.name, str(kind), experiencer] for level, kind, experiencer in curated.covers),
        "sources": curated.sources,
        "review": [curated.review.reviewer, curated.review.reviewed_on, curated.review.status],
    }
    return hashlib.sha256(json.dumps(reviewed, sort_keys=True).encode()).hexdigest()


def problems(curated: Curated, clinic: Clinic) -> Iterator[tuple[int, str, str]]:
    """What is wrong with a text that was read whole: (line, problem, remedy)."""
    known = clinic.values.keys() | ARGUMENTS
    for place in PLACES:
        if place not in curated.variants:
            language, channel = place
            yield (
                curated.line,
                f"'{curated.name}' has no {language} text for {channel}",
                "Every text needs English and Spanish, each for web and for SMS; see docs/content.md.",
            )
    for variant in curated.variants.values():
        for name in placeholders(variant.text):
            if name not in known:
                yield variant.line, f"'{{{name}}}' is not known", f"Use one of: {', '.join(sorted(known))}."
    yield from changed(curated)


def changed(curated: Curated) -> Iterator[tuple[int, str, str]]:
    """That a text is not the one that was reviewed, if so: (line, problem, remedy)."""
    if curated.review.sha256 != digest(curated):
        yield (
            curated.line,
            f"'{curated.name}' was changed since its review",
            f"When it is reviewed, run 'harborline content sign {curated.file.stem} --reviewer NAME'; "
            f"to leave it pending, 'harborline content stamp {curated.file.stem}'.",
        )


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
