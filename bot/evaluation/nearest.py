"""The training utterances that a question is nearest to, which often tell why it was taken for something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.content import topic
from bot.content.entry import Entry, read
from bot.encoders import PairedEncoder
from bot.nlu.wording import Wording
from bot.text.fault import Fault


@dataclass(frozen=True, slots=True)
class Utterance:
    """A training utterance and its topic; `similarity` is a cosine in [-1, 1]."""

    text: str
    topic: str
    similarity: float = 0.0


class Neighbours:
    """The utterances of `data/nlu`, encoded."""

    def __init__(self, data: Path, encoder: PairedEncoder) -> None:
        entries = list(_entries(data))
        self._encoder = encoder
        self._wording = Wording(
            {
                word: entry.text("synonym")
                for entry in entries
                if "synonym" in entry
                for word in _examples(entry)
            }
        )
        self._utterances = [
            Utterance(text, topic(f"utter_{entry.text('intent')}"))
            for entry in entries
            if "intent" in entry
            for text in _examples(entry)
        ]
        self._vectors = self._encode([each.text for each in self._utterances])

    def nearest(self, text: str, count: int = 3) -> list[Utterance]:
        """The utterances nearest to a text, nearest first."""
        cosines = self._encoder.cosines(self._encode([text]), self._vectors)[0]
        return [
            Utterance(self._utterances[at].text, self._utterances[at].topic, float(cosines[at]))
            for at in np.argsort(-cosines, kind="stable")[:count]
        ]

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encoder.encode([self._wording.read(text) for text in texts])


def _entries(data: Path) -> Iterator[Entry]:
    unread: list[Fault] = []  # the model was trained from these files, so they can be read
    for file in sorted((data / "nlu").glob("*.yml")):
        entry = read(file, unread)
        if entry is not None:
            yield from entry.entries("nlu")


def _examples(entry: Entry) -> list[str]:
    return [line.strip()[2:] for line in entry.text("examples").splitlines() if line.strip().startswith("- ")]
