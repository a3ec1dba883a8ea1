"""Writing reviewed messages into `data/nlu/`, in a block of the author `staff`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.checks import test_set
from bot.checks.similarity import Known
from bot.checks.utterances import training
from bot.content.entry import read
from bot.text.fault import DataError, Fault

AUTHOR: Final = "staff"
_METADATA: Final = f"  metadata: {{author: {AUTHOR}}}\n"


@dataclass(frozen=True, slots=True)
class Assigned:
    """What was written into a file, and what was left out because `held` nearly holds it."""

    file: Path
    written: tuple[str, ...]
    held: tuple[str, ...]


def assign(data: Path, topic: str, texts: Sequence[str]) -> Assigned:
    """Add scrubbed, reviewed texts to the examples of a topic; the file is replaced whole or not at all.

    Args:
        data: The data folder.
        topic: The name of a file in `data/nlu`, for example `risks`.
        texts: One line each.

    Raises:
        DataError: There is no such topic, or its file cannot be read or written.
    """
    file = data / "nlu" / f"{topic}.yml"
    intent = _intent(file, data)
    written, held = _apart(data, texts)
    if written:
        before = file.read_text(encoding="utf-8").rstrip("\n") + "\n"
        _replace(file, before + _block(before, intent) + "".join(f"    - {text}\n" for text in written))
    return Assigned(file, tuple(written), tuple(held))


def _intent(file: Path, data: Path) -> str:
    faults: list[Fault] = []
    entry = read(file, faults) if file.is_file() else None
    blocks = [block for block in entry.entries("nlu") if "intent" in block] if entry is not None else []
    if faults:
        raise DataError(tuple(faults))
    if not blocks:
        topics = ", ".join(sorted(each.stem for each in (data / "nlu").glob("*.yml")))
        raise DataError((Fault(file, 0, "is no topic's file", f"Name one of: {topics}."),))
    return blocks[0].text("intent")


def _apart(data: Path, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Texts that training and the test utterances do not nearly hold, and those that they do."""
    there = [utterance.text for utterance in training(data, [])] + test_set.texts(data)
    known = Known([*there, *texts])
    for text in there:
        known.add(text)
    written: list[str] = []
    held: list[str] = []
    for text in texts:
        (written if known.nearest(text) is None else held).append(text)
        known.add(text)
    return written, held


def _block(before: str, intent: str) -> str:
    """The head of a block, unless the last one of the file is by staff already."""
    if before.rpartition("- intent:")[2].partition("  examples:")[0].endswith(_METADATA):
        return ""
    return f"\n- intent: {intent}\n{_METADATA}  examples: |\n"


def _replace(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, file)
    except OSError as error:
        remedy = "Make data/ writable for whoever runs this."
        raise DataError((Fault(file, 0, f"cannot be written: {error.strerror}", remedy),)) from error
