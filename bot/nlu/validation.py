"""Cross-validation of the topic model: where to put the threshold, and how good that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from bot.encoders import PairedEncoder
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.wording import Wording

OUT_OF_SCOPE: Final = "out_of_scope"
FOLDS = 5
SEED = 0
WRONG_COSTS = 2.0
"""A wrong answer weighs as much as two declined questions, for declining offers topics and the phone."""

_THRESHOLDS: Final = np.arange(0.05, 0.7, 0.01)


@dataclass(frozen=True, slots=True)
class Estimate:
    """How held-out examples fare at `threshold`; rates in [0, 1].

    `right`, `wrong` and `declined` are of the examples with a topic; `leaked` is the part of the
    out-of-scope ones that would have been answered.
    """

    threshold: float
    right: float
    wrong: float
    declined: float
    leaked: float


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """The best topic of each held-out example, its score, and whether it was right."""

    answered: NDArray[np.bool_]
    right: NDArray[np.bool_]
    scores: NDArray[np.float32]
    out_of_scope: NDArray[np.bool_]

    def value(self, threshold: float) -> float:
        said = self.answered & (self.scores >= threshold)
        return float((said & self.right).sum() - WRONG_COSTS * (said & ~self.right).sum())

    def estimate(self, threshold: float) -> Estimate:
        said, inside = self.answered & (self.scores >= threshold), ~self.out_of_scope
        return Estimate(
            threshold=threshold,
            right=_rate(said & self.right, inside),
            wrong=_rate(said & ~self.right, inside),
            declined=_rate(~said, inside),
            leaked=_rate(said, self.out_of_scope),
        )


def cross_validate(
    encoder: PairedEncoder, examples: Sequence[Example], synonyms: Mapping[str, str]
) -> Estimate:
    """The threshold at which right answers most outweigh wrong ones, by five-fold cross-validation.

    Raises:
        ValueError: A topic has fewer examples than there are folds.
    """
    held_out = _held_out(encoder, examples, synonyms)
    # Of thresholds that are equally good the middle one is the farthest from doing harm.
    values = np.array([held_out.value(threshold) for threshold in _THRESHOLDS])
    best = _THRESHOLDS[values == values.max()]
    return held_out.estimate(round(float(best[len(best) // 2]), 2))


def _held_out(encoder: PairedEncoder, examples: Sequence[Example], synonyms: Mapping[str, str]) -> _HeldOut:
    texts = [Wording(synonyms).read(example.text) for example in examples]
    labels = np.array([example.topic for example in examples])
    vectors = encoder.encode(texts)
    best = np.empty(len(examples), dtype=labels.dtype)
    scores = np.zeros(len(examples), dtype=np.float32)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for seen, unseen in folds.split(texts, labels):
        model = TopicModel.fit(encoder, [examples[at] for at in seen], synonyms, vectors[seen])
        ranked = model.scores(vectors[unseen], [texts[at] for at in unseen])
        best[unseen] = np.array(model.topics)[ranked.argmax(axis=1)]
        scores[unseen] = ranked.max(axis=1)
    return _HeldOut(best != OUT_OF_SCOPE, best == labels, scores, labels == OUT_OF_SCOPE)


def _rate(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return round(float((part & whole).sum() / max(int(whole.sum()), 1)), 4)
