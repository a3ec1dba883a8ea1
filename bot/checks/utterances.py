"""The training utterances of `data/nlu/`, and those that say nearly the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.checks.similarity import Known, Near
from bot.content import topic
from bot.content.entry import Entry, read
from bot.text.fault import Fault

_ITEM = "- "


@dataclass(frozen=True, slots=True)
class Utterance:
    """One way people ask, the topic it stands for, and where it is written."""

    topic: str
    text: str
    file: Path
    line: int

    @property
    def place(self) -> str:
        """For example `risks.yml:12`."""
        return f"{self.file.name}:{self.line}"


def training(data: Path, found: list[Fault]) -> list[Utterance]:
    """Every training utterance, in the order of files and lines; faults are noted."""
    blocks = (block for block in _blocks(data, found) if "intent" in block and "examples" in block)
    return [utterance for block in blocks for utterance in _utterances(block)]


def synonyms(data: Path, found: list[Fault]) -> dict[str, str]:
    """Words that the topic model reads as other words; faults are noted."""
    blocks = (block for block in _blocks(data, found) if "synonym" in block)
    return {text: block.text("synonym") for block in blocks for _, text in _items(block)}


def repeated(utterances: Sequence[Utterance]) -> Iterator[Fault]:
    """Every training utterance that an earlier one nearly repeats, in its own topic or another."""
    known = Known([utterance.text for utterance in utterances])
    for utterance in utterances:
        near = known.nearest(utterance.text)
        known.add(utterance.text)
        if near is not None:
            earlier = utterances[near.position]
            own = utterance.topic == earlier.topic
            remedy = "Remove one of the two." if own else "Keep it in the topic that should answer it."
            yield Fault(utterance.file, utterance.line, likeness(utterance, earlier, near), remedy)


def likeness(utterance: Utterance, other: Utterance, near: Near) -> str:
    """How two utterances are alike, in words."""
    return (
        f"'{utterance.text}' shares {near.share:.0%} of its words with '{other.text}' "
        f"of {other.topic} ({other.place})"
    )


def _blocks(data: Path, found: list[Fault]) -> Iterator[Entry]:
    for file in sorted((data / "nlu").glob("*.yml")):
        entry = read(file, found)
        if entry is not None:
            yield from entry.entries("nlu")


def _utterances(block: Entry) -> Iterator[Utterance]:
    name = topic(f"utter_{block.text('intent')}")
    return (Utterance(name, text, block.file, line) for line, text in _items(block))


def _items(block: Entry) -> Iterator[tuple[int, str]]:
    """The items of a block with their lines; a literal text begins in the line below its key."""
    first = block.line("examples") + 1
    for at, line in enumerate(block.text("examples").splitlines()):
        text = line.strip().removeprefix(_ITEM).strip()
        if text:
            yield first + at, text
