"""The learned layer: what a message is like, where no rule knows its words.

It may raise a level and never lowers one: `bot.risk.raising`. It knows examples that people wrote for us
(`data/risk/examples/`), and answers with a probability, a kind, who is in danger, and the nearest examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import log
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
from bot.risk.reading import counted_as, pieces, words
from bot.text.fold import fold

CRISIS: Final = 0.0
CONCERN: Final = -0.5
"""Least evidence, in logits: chosen on left-out authors and ordinary texts, docs/adr/0008."""
FAMILIAR: Final = 0.95
UNFAMILIAR_COSTS: Final = 10.0
"""Likeness to words that were never seen is no likeness: what each missing part of `FAMILIAR` takes off."""
LONG_WORDS: Final = 20
SHORT_COSTS: Final = 0.1
"""Most texts of a few words are ordinary: what each word that is missing to `LONG_WORDS` takes off."""
LEAST_WORDS: Final = 3
"""Texts of fewer words are left to the rules."""
NEIGHBOURS: Final = 3

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the layer makes of a message.

    Probabilities are those of a text among our examples; `familiar` is the part of its words that the
    examples hold.
    """

    level: Level = Level.NONE
    kind: Kind = Kind.DISTRESS
    experiencer: Experiencer = Experiencer.SELF
    minor: bool = False
    crisis: float = 0.0
    worry: float = 0.0
    familiar: float = 0.0
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
        known: Iterable[str],
        version: str,
    ) -> None:
        """`names` are those of the machine's first examples, in order; `known` the words that they hold."""
        self._encoder = encoder
        self._terms = terms
        self._machine = machine
        self._heads = heads
        self._calibration = calibration
        self._names = tuple(names)
        self._known = frozenset(known)
        self.version = version

    def judge(self, text: str) -> Finding:
        """The finding for the piece of the text that sounds most like danger."""
        read = [piece for piece in map(fold, pieces(text)) if any(char.isalpha() for char in piece)]
        if not read:
            return Finding(version=self.version)
        meaning = np.stack([self._encoder.encode_one(one) for one in read])
        terms = self._terms.transform([counted_as(one) for one in read])
        probabilities = self._calibration.probabilities(self._machine.scores(meaning, terms))
        familiar = [self._familiar(one) for one in read]
        levels = [
            level_of(*row.tolist(), familiar=part, words=len(one.split()))
            for row, part, one in zip(probabilities, familiar, read, strict=True)
        ]
        worst = max(range(len(read)), key=lambda at: (levels[at], probabilities[at, 0]))
        found = self._finding(levels[worst], probabilities[worst], meaning[worst : worst + 1], terms[worst])
        return replace(found, familiar=round(familiar[worst], 3))

    def _familiar(self, text: str) -> float:
        found = words(text)
        return sum(word in self._known for word in found) / max(len(found), 1)

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
        return Finding(
            level, kind, who, minor, crisis, worry, neighbours=self._nearest(meaning), version=self.version
        )

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
            "known": sorted(self._known),
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
            known=described["known"],
            version=described["version"],
        )


def level_of(crisis: float, worry: float, *, familiar: float, words: int) -> Level:
    """The level that two probabilities amount to.

    Args:
        crisis: Probability of a crisis.
        worry: Probability of at least a concern; a crisis needs both.
        familiar: The part of the text's words that the examples hold.
        words: How many words the text has.
    """
    if words < LEAST_WORDS:
        return Level.NONE
    doubt = UNFAMILIAR_COSTS * max(0.0, FAMILIAR - familiar) + SHORT_COSTS * max(0, LONG_WORDS - words)
    if _logit(min(crisis, worry)) - doubt >= CRISIS:
        return Level.CRISIS
    return Level.CONCERN if _logit(worry) - doubt >= CONCERN else Level.NONE


def _logit(probability: float) -> float:
    within = min(max(probability, 1e-6), 1 - 1e-6)
    return log(within / (1 - within))
