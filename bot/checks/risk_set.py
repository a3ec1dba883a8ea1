"""The unseen lines of `data/evaluation/risk.jsonl`: only what nobody learned from can measure the screen.

One JSON object a line, as `harborline evaluate risk` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.risk.examples import Example
from bot.text.fault import Fault
from bot.text.overlap import overlaps

FILE: Final = Path("evaluation") / "risk.jsonl"
WORDS: Final = 8
"""From how many words on a likeness counts: "wrong number sorry" is written by everybody."""
COPIED: Final = 0.85
"""From which part of the words on a line counts as known. Two writers who never met came as near as 0.81."""


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the set and where it stands."""

    text: str
    at: int


def faults(data: Path, examples: Sequence[Example]) -> Iterator[Fault]:
    """Lines that cannot be read, and those that an example nearly holds; nothing where there is no set.

    Args:
        data: The data folder.
        examples: What the learned layer learns from.
    """
    file = data / FILE
    if not file.exists():
        return
    noted: list[Fault] = []
    lines = _read(file, noted)
    yield from noted
    yield from _learned(file, lines, examples)


def _learned(file: Path, lines: Sequence[Line], examples: Sequence[Example]) -> Iterator[Fault]:
    long = [line for line in lines if len(line.text.split()) >= WORDS]
    texts = [*(example.text for example in examples), *(line.text for line in long)]
    for found in overlaps(texts, share=COPIED):
        line, example = found.second - len(examples), found.first
        if line >= 0 and example < len(examples):
            known = examples[example]
            where = f"{known.file.name}:{known.line}"
            problem = f"shares {found.share:.0%} of its words with {where}, which is learned from"
            yield Fault(file, long[line].at, problem, "Take that example out: the set must stay unseen")


def _read(file: Path, noted: list[Fault]) -> list[Line]:
    try:
        rows = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        noted.append(Fault(file, 0, "cannot be read as UTF-8", "Restore it from git"))
        return []
    numbered = [(at, row) for at, row in enumerate(rows, start=1) if row.strip()]
    read = [(at, _text(row)) for at, row in numbered]
    remedy = 'Write {"id": …, "text": …, "lang": …, "expected": …}'
    noted.extend(
        Fault(file, at, "is no JSON object with a text", remedy) for at, text in read if text is None
    )
    return [Line(text, at) for at, text in read if text is not None]


def _text(row: str) -> str | None:
    try:
        value: Any = json.loads(row)
    except ValueError:
        return None
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None
