"""The test utterances of `data/evaluation/faq.jsonl`: there for every topic, and apart from training.

One JSON object a line: `{"id", "text", "lang", "topic", "ambiguous_ok"?, "author"?}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.checks.similarity import Known
from bot.checks.utterances import Utterance, likeness
from bot.messages import Language
from bot.text.fault import Fault

FILE = Path("evaluation") / "faq.jsonl"
TESTED_ELSEWHERE = frozenset({"crisis"})
"""Danger is found before any topic is chosen; the evaluation of risk measures it, with its own sets."""

_KEYS = ("id", "text", "lang", "topic")


@dataclass(frozen=True, slots=True)
class Line:
    """A test utterance with its language, and the other topics that would also be right."""

    utterance: Utterance
    id: str
    language: str
    also: tuple[str, ...]


def faults(data: Path, trained: Sequence[Utterance]) -> Iterator[Fault]:
    """A missing file, malformed lines, topics without a test utterance, and ones known from training."""
    file = data / FILE
    noted: list[Fault] = []
    lines = _read(file, noted)
    yield from noted
    if lines is None:
        return
    topics = {utterance.topic: utterance for utterance in reversed(trained)}
    yield from _misnamed(lines, frozenset(topics))
    yield from _untested(lines, topics)
    yield from _seen(lines, trained)


def texts(data: Path) -> list[str]:
    """What the test utterances say, as far as they can be read."""
    return [line.utterance.text for line in _read(data / FILE, []) or ()]


def _misnamed(lines: Sequence[Line], topics: frozenset[str]) -> Iterator[Fault]:
    ids: set[str] = set()
    for line in lines:
        at = line.utterance
        for name in (at.topic, *line.also):
            if name not in topics:
                yield Fault(at.file, at.line, f"no intent teaches the topic '{name}'", "Correct its name.")
        if line.id in ids:
            yield Fault(at.file, at.line, f"the id '{line.id}' is there twice", "Give it another id.")
        ids.add(line.id)


def _untested(lines: Sequence[Line], topics: dict[str, Utterance]) -> Iterator[Fault]:
    tested = {(line.utterance.topic, line.language) for line in lines}
    for name, first in topics.items():
        missing = [language for language in Language if (name, language) not in tested]
        if missing and name not in TESTED_ELSEWHERE:
            problem = f"the topic '{name}' has no test utterance in {' and '.join(missing)}"
            yield Fault(first.file, first.line, problem, f"Add one to {FILE} that is not in training.")


def _seen(lines: Sequence[Line], trained: Sequence[Utterance]) -> Iterator[Fault]:
    """Test utterances that training nearly holds: what they measure is memory."""
    texts = [utterance.text for utterance in trained]
    known = Known(texts)
    for text in texts:
        known.add(text)
    for line in lines:
        near = known.nearest(line.utterance.text)
        if near is not None:
            like = likeness(line.utterance, trained[near.position], near)
            remedy = "Ask it in other words, or remove one of the two."
            yield Fault(line.utterance.file, line.utterance.line, f"{like}, which is trained on", remedy)


def _read(file: Path, noted: list[Fault]) -> list[Line] | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        remedy = "Write test utterances, one JSON object a line; see docs/content.md."
        noted.append(Fault(file, 0, "is missing or not UTF-8, so that no topic is tested", remedy))
        return None
    read = (_line(file, at, line, noted) for at, line in enumerate(text.split("\n"), start=1) if line.strip())
    return [line for line in read if line is not None]


def _line(file: Path, at: int, text: str, noted: list[Fault]) -> Line | None:
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        noted.append(
            Fault(file, at, "is no JSON object", 'Write {"id": …, "text": …, "lang": …, "topic": …}.')
        )
        return None
    absent = [key for key in _KEYS if not isinstance(value.get(key), str) or not value[key].strip()]
    if absent:
        noted.append(Fault(file, at, f"lacks {', '.join(absent)}", "Give each of them as text."))
        return None
    also = value.get("ambiguous_ok") or []
    if not isinstance(also, list) or not all(isinstance(name, str) for name in also):
        noted.append(Fault(file, at, "has an ambiguous_ok that is no list", 'Write ["topic", …].'))
        return None
    return Line(Utterance(value["topic"], value["text"], file, at), value["id"], value["lang"], tuple(also))
