"""The learned layer: what a message is like, where no rule knows its words.

It may raise a level and never lowers one: `bot.risk.raising`. It knows examples that people wrote for us
(`data/risk/examples/`), and answers with a probability, a kind, who is in danger, and the nearest examples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.encoders import PairedEncoder
from bot.encoders.terms import Terms
from bot.messages import Experiencer, Kind, Level, Neighbour
from bot.risk.heads import Heads
from bot.risk.machine import Machine
from bot.risk.reading import counted_as, pieces
from bot.text.fold import fold

CRISIS: Final = 0.8
CRISIS_SHORT: Final = 0.9
CONCERN: Final = 0.8
CONCERN_SHORT: Final = 0.9
"""Least probabilities, chosen on left-out authors and ordinary texts: docs/adr/0008."""
SHORT_WORDS: Final = 6
"""A text of so few words says little, and most such texts are ordinary: it needs a higher probability."""
NEIGHBOURS: Final = 3

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the layer makes of a message. Probabilities are those of a text among our examples."""

    level: Level = Level.NONE
    kind: Kind = Kind.DISTRESS
    experiencer: Experiencer = Experiencer.SELF
    minor: bool = False
    crisis: float = 0.0
    worry: float = 0.0
    neighbours: tuple[Neighbour, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From scores to probabilities (Platt, 1999): slope and intercept for crisis, and for worry."""

    slopes: tuple[float, float]
    intercepts: tuple[float, float]

    def probabilities(self, scores: Floats) -> Floats:
        """n × 2, for scores n × 2."""
        logits = scores * np.array(self.slopes) + np.array(self.intercepts)
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


class LearnedLayer:
    """What was trained, ready to read messages; the same message always gets the same finding."""

    def __init__(
        self,
        encoder: PairedEncoder,
        *,
        terms: Terms,
        machine: Machine,
        heads: Heads,
        calibration: Calibration,
        names: Sequence[str],
        version: str,
    ) -> None:
        """`names` are those of the machine's first examples, in order."""
        self._encoder = encoder
        self._terms = terms
        self._machine = machine
        self._heads = heads
        self._calibration = calibration
        self._names = tuple(names)
        self.version = version

    def judge(self, text: str) -> Finding:
        """The finding for the piece of the text that sounds most like danger."""
        read = [piece for piece in map(fold, pieces(text)) if any(char.isalpha() for char in piece)]
        if not read:
            return Finding(version=self.version)
        meaning = np.stack([self._encoder.encode_one(one) for one in read])
        terms = self._terms.transform([counted_as(one) for one in read])
        probabilities = self._calibration.probabilities(self._machine.scores(meaning, terms))
        levels = [
            level_of(*row, words=len(one.split())) for row, one in zip(probabilities, read, strict=True)
        ]
        worst = max(range(len(read)), key=lambda at: (levels[at], probabilities[at, 0]))
        return self._finding(levels[worst], probabilities[worst], meaning[worst : worst + 1], terms[worst])

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """The probabilities of crisis, and of at least a concern, for many texts at once: n × 2."""
        read = [fold(text) for text in texts]
        terms = self._terms.transform([counted_as(text) for text in read])
        return self._calibration.probabilities(self._machine.scores(self._encoder.encode(read), terms))

    def _finding(self, level: Level, probabilities: Floats, meaning: Floats, terms: csr_matrix) -> Finding:
        kind, who, minor = Kind.DISTRESS, Experiencer.SELF, False
        if level is Level.CRISIS:
            kind, who, minor = self._heads.tell(meaning, terms)
        crisis, worry = (round(float(each), 4) for each in probabilities)
        return Finding(level, kind, who, minor, crisis, worry, self._nearest(meaning), self.version)

    def _nearest(self, meaning: Floats) -> tuple[Neighbour, ...]:
        cosines = self._encoder.cosines(meaning, self._machine.examples[: len(self._names)])[0]
        nearest = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        return tuple(Neighbour(self._names[at], round(float(cosines[at]), 3)) for at in nearest)

    def save(self, folder: Path) -> None:
        """Write `terms.json`, `machine.npz`, `heads.npz` and `layer.json`."""
        self._terms.save(folder / "terms.json")
        self._machine.save(folder / "machine.npz")
        self._heads.save(folder / "heads.npz")
        described = {
            "slopes": self._calibration.slopes,
            "intercepts": self._calibration.intercepts,
            "names": self._names,
            "version": self.version,
        }
        (folder / "layer.json").write_text(json.dumps(described), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: PairedEncoder) -> LearnedLayer:
        """The reverse of `save`.

        Raises:
            OSError, ValueError, KeyError: A file is missing or damaged.
        """
        described = json.loads((folder / "layer.json").read_text(encoding="utf-8"))
        return cls(
            encoder,
            terms=Terms.load(folder / "terms.json"),
            machine=Machine.load(folder / "machine.npz"),
            heads=Heads.load(folder / "heads.npz"),
            calibration=Calibration(tuple(described["slopes"]), tuple(described["intercepts"])),
            names=described["names"],
            version=described["version"],
        )


def level_of(crisis: float, worry: float, *, words: int) -> Level:
    """The level that two probabilities amount to, for a text of so many words."""
    short = words <= SHORT_WORDS
    if crisis >= (CRISIS_SHORT if short else CRISIS):
        return Level.CRISIS
    return Level.CONCERN if worry >= (CONCERN_SHORT if short else CONCERN) else Level.NONE
