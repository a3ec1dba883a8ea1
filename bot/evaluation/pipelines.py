"""The pipelines that are compared: encoders and terms under a head, and stock Rasa beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from bot.encoders.terms import Terms
from bot.evaluation.heads import HEADS, LINEAR, NEAREST, RADIAL, REGRESSION, Features, Head
from bot.evaluation.vectors import Floats
from bot.nlu.topic_model import SCALE_MEANING, SCALE_TERMS

TERMS: Final = "TF-IDF"
STOCK: Final = "stock Rasa"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a text becomes, and what tells topics apart.

    With `nearest` a probability counts as much as the topic's nearest example is near.
    """

    features: tuple[str, ...]
    head: str
    nearest: bool = False

    @property
    def name(self) -> str:
        """For the table."""
        return f"{' + '.join(self.features)}, {self.head}{' × nearest' if self.nearest else ''}"

    @property
    def encoders(self) -> tuple[str, ...]:
        """The sentence encoders that it needs."""
        return tuple(each for each in self.features if each not in (TERMS, STOCK))


SHIPPED: Final = Pipeline(("MiniLM", "USE", TERMS), REGRESSION, nearest=True)
_ALL: Final = (
    ("MiniLM",),
    ("MiniLM int8",),
    ("USE",),
    (TERMS,),
    ("MiniLM", "USE"),
    ("MiniLM", "USE", TERMS),
    ("MiniLM int8", "USE", TERMS),
)
_FOR_VECTOR_MACHINES: Final = (("MiniLM",), ("USE",), (TERMS,), ("MiniLM", "USE"), ("MiniLM", "USE", TERMS))
COMPARED: Final = (
    Pipeline((STOCK,), "CountVectors, logistic regression"),
    *(Pipeline(features, REGRESSION) for features in _ALL),
    *(Pipeline(features, LINEAR) for features in _FOR_VECTOR_MACHINES),
    *(Pipeline(features, RADIAL) for features in _FOR_VECTOR_MACHINES),
    *(Pipeline(features, NEAREST) for features in _ALL),
    Pipeline(("MiniLM int8", "USE", TERMS), REGRESSION, nearest=True),
    SHIPPED,
)


class Fitted(Protocol):
    """A trained pipeline."""

    def logits(self, vectors: Sequence[Floats], texts: Sequence[str]) -> Floats:
        """n × topics, topics in the order of their names."""
        ...

    def nearness(self, vectors: Sequence[Floats]) -> Floats:
        """The cosine to each topic's nearest example: n × topics, in [0, 1]."""
        ...


class FittedPipeline:
    """Ours: features under a head."""

    def __init__(
        self, pipeline: Pipeline, vectors: Sequence[Floats], texts: Sequence[str], labels: NDArray[np.str_]
    ) -> None:
        self._terms = Terms(least=2).fit(texts) if TERMS in pipeline.features else None
        self._examples = list(vectors) if pipeline.nearest else []
        self._labels = labels
        self._head: Head = HEADS[pipeline.head](self._features(vectors, texts), list(labels))

    def logits(self, vectors: Sequence[Floats], texts: Sequence[str]) -> Floats:
        """n × topics, topics in the order of their names."""
        return self._head.logits(self._features(vectors, texts))

    def nearness(self, vectors: Sequence[Floats]) -> Floats:
        """The cosine to each topic's nearest example, by the encoder that finds it nearer."""
        pairs = zip(vectors, self._examples, strict=True)
        cosines = np.max([own @ examples.T for own, examples in pairs], axis=0)
        topics = np.unique(self._labels)
        nearest = [cosines[:, self._labels == topic].max(axis=1) for topic in topics]
        return np.asarray(np.clip(np.stack(nearest, axis=1), 0.0, 1.0), dtype=np.float32)

    def _features(self, vectors: Sequence[Floats], texts: Sequence[str]) -> Features:
        share = np.float32(SCALE_MEANING / np.sqrt(max(len(vectors), 1)))
        dense = np.hstack([np.zeros((len(texts), 0), dtype=np.float32), *vectors]) * share
        terms = None if self._terms is None else self._terms.transform(texts) * SCALE_TERMS
        return Features(dense, terms)


class FittedStock:
    """Stock Rasa; its probabilities as logits."""

    def __init__(self, texts: Sequence[str], labels: NDArray[np.str_]) -> None:
        # Importing Rasa takes seconds, and only this row needs it.
        from bot.rasa_compat.stock import StockClassifier

        self._stock = StockClassifier(texts, list(labels))

    def logits(self, vectors: Sequence[Floats], texts: Sequence[str]) -> Floats:
        """n × topics, topics in the order of their names."""
        return np.log(np.maximum(self._stock.probabilities(texts), 1e-9))

    def nearness(self, vectors: Sequence[Floats]) -> Floats:
        """It knows none."""
        return np.ones((1, 1), dtype=np.float32)


def fit(
    pipeline: Pipeline, vectors: Sequence[Floats], texts: Sequence[str], labels: NDArray[np.str_]
) -> Fitted:
    """Train a pipeline.

    Args:
        pipeline: Which one.
        vectors: Of each of its encoders: n × dimensions.
        texts: As the model reads them.
        labels: The topic of each text.
    """
    if STOCK in pipeline.features:
        return FittedStock(texts, labels)
    return FittedPipeline(pipeline, vectors, texts, labels)


def scores(
    pipeline: Pipeline, fitted: Fitted, vectors: Sequence[Floats], logits: Floats, temperature: float
) -> Floats:
    """Scores in [0, 1]: calibrated probabilities, times the nearness where the pipeline says so."""
    probabilities = softmax(logits / temperature, axis=1)
    scored = probabilities * fitted.nearness(vectors) if pipeline.nearest else probabilities
    return np.asarray(scored, dtype=np.float32)
