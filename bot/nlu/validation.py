"""Cross-validation of the topic model: where to put the thresholds, and how good that is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from bot.encoders import PairedEncoder
from bot.nlu.decision import BEHIND, OUT_OF_SCOPE, Thresholds
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.wording import Wording

FOLDS = 5
SEED = 0
OFFERED = 3
"""Topics that a question back offers."""

_ANSWER: Final = np.arange(0.06, 0.60, 0.04)
_MARGIN: Final = np.arange(0.0, 0.45, 0.05)
_ASK: Final = (0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3)
_REFUSE: Final = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 1.0)

# What an outcome is worth, by what the question was. Right answers count 1. A wrong answer about a drug
# is worse than a question back, and that is worse than the right answer; an answer where there must be
# none is the worst of all.
_WORTH_INSIDE: Final = {"wrong": -2.0, "asked_right": 0.5, "asked": -0.75, "refused": -1.0, "declined": -0.25}
_WORTH_REFUSAL: Final = {"refused": 1.0, "declined": 0.25, "asked": -1.0, "answered": -4.0}
_WORTH_OUTSIDE: Final = {"declined": 0.5, "refused": 0.25, "asked": -0.25, "answered": -2.0}

Scores = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How held-out examples fare at `thresholds`; rates in [0, 1].

    `right`, `wrong`, `asked` and `declined` are of the examples with a topic that may be answered;
    `leaked` is the part of the out-of-scope ones that would have been answered; `caught` the part of
    those that must not be answered that would not have been, nor asked back.
    """

    thresholds: Thresholds
    right: float
    wrong: float
    asked: float
    declined: float
    leaked: float
    caught: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the model thinks of each held-out example, one array entry an example."""

    best: Scores
    """Score of the best topic that may be answered."""
    rival: Scores
    """The next best score of any kind."""
    refusal: Scores
    """Score of the best topic that must not be answered; `leads` where it is the best of all."""
    leads: Marks
    right: Marks
    offered: Marks
    """Whether the right topic is among those that a question back would offer."""
    outside: Marks
    forbidden: Marks

    @property
    def inside(self) -> Marks:
        return ~self.outside & ~self.forbidden

    def outcomes(self, thresholds: Thresholds) -> tuple[Marks, Marks, Marks]:
        """Which examples are refused, answered, asked back: `bot.nlu.decision.decide`, on all at once."""
        lead = self.best - self.rival
        refused = self.leads | (self.refusal >= thresholds.refuse)
        answered = ~refused & (self.best >= thresholds.answer) & (lead >= thresholds.margin)
        asked = ~refused & ~answered & (self.best >= thresholds.ask) & (lead > -BEHIND)
        return refused, answered, asked

    def value(self, thresholds: Thresholds) -> float:
        refused, answered, asked = self.outcomes(thresholds)
        declined = ~refused & ~answered & ~asked
        inside = (
            (answered & self.right & self.inside).sum()
            + _WORTH_INSIDE["wrong"] * (answered & ~self.right & self.inside).sum()
            + _WORTH_INSIDE["asked_right"] * (asked & self.offered & self.inside).sum()
            + _WORTH_INSIDE["asked"] * (asked & ~self.offered & self.inside).sum()
            + _WORTH_INSIDE["refused"] * (refused & self.inside).sum()
            + _WORTH_INSIDE["declined"] * (declined & self.inside).sum()
        )
        outcomes = {"refused": refused, "answered": answered, "asked": asked, "declined": declined}
        rest = sum(
            worth[name] * (marks & of).sum()
            for of, worth in ((self.forbidden, _WORTH_REFUSAL), (self.outside, _WORTH_OUTSIDE))
            for name, marks in outcomes.items()
        )
        return float(inside + rest)

    def estimate(self, thresholds: Thresholds) -> Estimate:
        refused, answered, asked = self.outcomes(thresholds)
        return Estimate(
            thresholds=thresholds,
            right=_rate(answered & self.right, self.inside),
            wrong=_rate(answered & ~self.right, self.inside),
            asked=_rate(asked, self.inside),
            declined=_rate(~answered & ~asked, self.inside),
            leaked=_rate(answered, self.outside),
            caught=_rate(~answered & ~asked, self.forbidden),
        )


def cross_validate(
    encoder: PairedEncoder,
    examples: Sequence[Example],
    synonyms: Mapping[str, str],
    vectors: Scores,
    refusals: Collection[str] = (),
) -> Estimate:
    """The thresholds that are worth most on examples that the model has not seen.

    Each author's examples are held out in turn, for strangers write unlike those whom the model knows;
    where no two authors are named, five stratified folds are.

    Args:
        encoder: What made the vectors.
        examples: At least two topics.
        synonyms: Words to read as other words.
        vectors: The examples' vectors: n × encoder.dimensions.
        refusals: Topics that must not be answered.

    Raises:
        ValueError: There are no authors, and a topic has fewer examples than there are folds.
    """
    held_out = _held_out(encoder, examples, synonyms, vectors, refusals)
    return held_out.estimate(choose(held_out))


def choose(held_out: HeldOut) -> Thresholds:
    """The thresholds that are worth most on held-out examples."""
    grid = [Thresholds(*map(float, point)) for point in product(_ANSWER, _MARGIN, _ASK, _REFUSE)]
    allowed = [thresholds for thresholds in grid if thresholds.ask <= thresholds.answer]
    return max(allowed, key=held_out.value)


def _held_out(
    encoder: PairedEncoder,
    examples: Sequence[Example],
    synonyms: Mapping[str, str],
    vectors: Scores,
    refusals: Collection[str],
) -> HeldOut:
    texts = Wording(synonyms).read_all(example.text for example in examples)
    labels = np.array([example.topic for example in examples])
    topics = np.unique(labels)
    scores = np.zeros((len(examples), len(topics)), dtype=np.float32)
    for seen, unseen in folds(texts, labels, [example.author for example in examples]):
        model = TopicModel.fit(encoder, [examples[at] for at in seen], synonyms, vectors[seen])
        columns = np.searchsorted(topics, model.topics)
        scores[np.ix_(unseen, columns)] = model.scores(vectors[unseen], [texts[at] for at in unseen])
    return judged(scores, topics, labels, labels[:, np.newaxis] == topics, refusals)


def folds(
    texts: Sequence[str], labels: NDArray[np.str_], authors: Sequence[str]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Which examples to learn from and which to hold out: an author at a time, or a fifth."""
    if len(set(authors)) > 1:
        yield from LeaveOneGroupOut().split(texts, labels, authors)
    else:
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(texts, labels)


def judged(
    scores: Scores,
    topics: NDArray[np.str_],
    labels: NDArray[np.str_],
    fits: Marks,
    refusals: Collection[str],
) -> HeldOut:
    """What scores say of examples that the model has not seen.

    Args:
        scores: n × topics.
        topics: The names of the columns.
        labels: The topic of each example.
        fits: Which topics are right for an example: n × topics.
        refusals: Topics that must not be answered.
    """
    forbidden, outside = np.isin(topics, list(refusals)), topics == OUT_OF_SCOPE
    rows = np.arange(len(labels))
    inside = np.where(forbidden | outside, np.float32(-1), scores)
    order = np.argsort(-inside, axis=1)
    best = order[:, 0]
    others = scores.copy()
    others[rows, best] = -1
    refusal = np.where(forbidden, scores, np.float32(-1)).max(axis=1)
    return HeldOut(
        best=inside[rows, best],
        rival=others.max(axis=1),
        refusal=refusal,
        leads=refusal >= scores.max(axis=1),
        right=fits[rows, best],
        offered=np.asarray(np.take_along_axis(fits, order[:, :OFFERED], axis=1).any(axis=1)),
        outside=labels == OUT_OF_SCOPE,
        forbidden=np.isin(labels, list(refusals)),
    )


def _rate(part: Marks, whole: Marks) -> float:
    return round(float((part & whole).sum() / max(int(whole.sum()), 1)), 4)
