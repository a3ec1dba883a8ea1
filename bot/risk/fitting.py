"""Trains the learned layer from `data/risk/examples/` and ordinary talk."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from bot.encoders import PairedEncoder
from bot.encoders.terms import Terms
from bot.messages import Level
from bot.risk.examples import Example
from bot.risk.heads import Heads
from bot.risk.learned import Calibration, LearnedLayer
from bot.risk.machine import Machine
from bot.risk.reading import counted_as, words
from bot.text.fold import fold

LETTERS: Final = 5
LEAST: Final = 2
"""The longest letter group, and in how many texts a term must stand."""
FOLDS: Final = 4

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a machine is trained on, examples first: a row for each text.

    `answers` says of each text whether it is a crisis, and whether it is at least a concern. `authors`
    holds each example's author, and one name for all ordinary talk.
    """

    meaning: Floats
    terms: csr_matrix
    answers: NDArray[np.bool_]
    authors: NDArray[np.str_]

    def rows(self, chosen: NDArray[np.bool_]) -> Material:
        """The chosen rows."""
        return Material(self.meaning[chosen], self.terms[chosen], self.answers[chosen], self.authors[chosen])


def fit(
    encoder: PairedEncoder,
    examples: Sequence[Example],
    ordinary: Sequence[str],
    *,
    progress: Callable[[str], None],
) -> LearnedLayer:
    """The layer that these texts teach; the same texts teach the same layer.

    Args:
        encoder: Makes the vectors now and when a message comes.
        examples: Of at least `FOLDS` authors and every level.
        ordinary: Texts without danger.
        progress: Told what is going on, one line at a time.
    """
    progress(f"reading {len(examples)} examples and {len(ordinary)} ordinary texts")
    terms, material = prepare(encoder, examples, ordinary)
    progress("learning what danger is like")
    keep = len(examples)
    machine = Machine.fit(material.meaning, material.terms, material.answers, keep=keep)
    heads = Heads.fit(material.meaning[:keep], material.terms[:keep], examples)
    progress("calibrating on authors left out")
    return LearnedLayer(
        encoder,
        terms=terms,
        machine=machine,
        heads=heads,
        calibration=calibrate(left_out(material), material.answers),
        names=[example.name for example in examples],
        known=known_words(examples),
        version=f"learned-{_digest(examples, ordinary)}",
    )


def prepare(
    encoder: PairedEncoder, examples: Sequence[Example], ordinary: Sequence[str]
) -> tuple[Terms, Material]:
    """The n-grams of all texts, and the texts as a machine reads them."""
    texts = [fold(text) for text in (*(example.text for example in examples), *ordinary)]
    counted = [counted_as(text) for text in texts]
    terms = Terms(letters=LETTERS, least=LEAST).fit(counted)
    levels = np.array([*(example.level for example in examples), *[Level.NONE] * len(ordinary)])
    return terms, Material(
        meaning=encoder.encode(texts),
        terms=terms.transform(counted),
        answers=np.stack([levels >= Level.CRISIS, levels >= Level.CONCERN], axis=1),
        authors=np.array([*(example.author for example in examples), *["ordinary"] * len(ordinary)]),
    )


def left_out(material: Material, folds: int = FOLDS) -> Floats:
    """Scores of every text by a machine that has read nothing of its author: n × outputs.

    Ordinary talk has too many authors to tell: its lines are dealt out to the folds.
    """
    groups = np.where(
        material.authors == "ordinary", np.arange(len(material.authors)) % (folds * 25), material.authors
    )
    scores = np.zeros(material.answers.shape, dtype=np.float32)
    for read, unread in GroupKFold(folds).split(material.meaning, groups=groups):
        seen = np.isin(np.arange(len(groups)), read)
        part = material.rows(seen)
        machine = Machine.fit(part.meaning, part.terms, part.answers, keep=0)
        scores[unread] = machine.scores(material.meaning[unread], material.terms[unread])
    return scores


def calibrate(scores: Floats, answers: NDArray[np.bool_]) -> Calibration:
    """Slopes and intercepts that turn scores of texts not read into probabilities."""
    fitted = [
        LogisticRegression(C=1e6).fit(scores[:, [output]], answers[:, output])
        for output in range(scores.shape[1])
    ]
    slopes, intercepts = zip(*((float(f.coef_[0, 0]), float(f.intercept_[0])) for f in fitted), strict=True)
    return Calibration((slopes[0], slopes[1]), (intercepts[0], intercepts[1]))


def known_words(examples: Sequence[Example]) -> list[str]:
    """The words that stand in at least `LEAST` examples."""
    counted = Counter(word for example in examples for word in set(words(example.text)))
    return sorted(word for word, count in counted.items() if count >= LEAST)


def _digest(examples: Sequence[Example], ordinary: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(f"{example.name} {example.experiencer} {example.minor}\n".encode())
    digest.update("\n".join(ordinary).encode())
    return digest.hexdigest()[:12]
