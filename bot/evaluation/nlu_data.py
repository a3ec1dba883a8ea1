"""What pipelines are compared on: the training utterances with their authors, and a file of judged lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.content import load as load_content
from bot.content import topic
from bot.content.entry import Entry, read
from bot.evaluation.faq import FaqLine, must_not_answer
from bot.nlu.topic_model import Example
from bot.nlu.wording import Wording
from bot.text.fault import DataError, Fault

NO_TOPICS = frozenset({"out_of_scope", "crisis"})
"""What the classifier may find beside a topic; never a candidate."""


@dataclass(frozen=True)
class Corpus:
    """Examples to learn from, lines to be judged on, both as the model reads them."""

    examples: Sequence[Example]
    lines: Sequence[FaqLine]
    texts: Sequence[str]
    line_texts: Sequence[str]
    refusals: Collection[str]

    @property
    def labels(self) -> NDArray[np.str_]:
        """The topic of each example."""
        return np.array([example.topic for example in self.examples])

    def fits(self, topics: NDArray[np.str_]) -> NDArray[np.bool_]:
        """Which topics are right for each line: lines × topics."""
        return np.array([[line.fits(str(name)) for name in topics] for line in self.lines])


def corpus(data: Path, lines: Sequence[FaqLine]) -> Corpus:
    """The examples of a data folder, and the lines to judge on.

    Raises:
        DataError: The folder cannot be used.
    """
    entries = _entries(data)
    wording = Wording(_synonyms(entries))
    examples = [example for entry in entries if "intent" in entry for example in _examples(entry)]
    return Corpus(
        examples=examples,
        lines=lines,
        texts=wording.read_all(example.text for example in examples),
        line_texts=wording.read_all(line.text for line in lines),
        refusals=must_not_answer(load_content(data)),
    )


def _entries(data: Path) -> list[Entry]:
    faults: list[Fault] = []
    files = [read(file, faults) for file in sorted((data / "nlu").glob("*.yml"))]
    if faults:
        raise DataError(tuple(faults))
    return [entry for file in files if file is not None for entry in file.entries("nlu")]


def _synonyms(entries: Sequence[Entry]) -> Mapping[str, str]:
    return {word: entry.text("synonym") for entry in entries if "synonym" in entry for word in _items(entry)}


def _examples(entry: Entry) -> list[Example]:
    name = topic(f"utter_{entry.text('intent')}")
    author = (entry.entry("metadata").optional("author") if "metadata" in entry else None) or ""
    return [Example(name, text, author) for text in _items(entry)]


def _items(entry: Entry) -> list[str]:
    return [line.strip()[2:] for line in entry.text("examples").splitlines() if line.strip().startswith("- ")]
