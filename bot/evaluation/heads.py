"""The classifiers that are compared on the same features; each gives logits, topics in the order of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from bot.nlu.topic_model import INVERSE_REGULARISATION

Floats = NDArray[np.float32]

GAMMA: Final = 0.1
"""Of the radial kernel, in units of the scaled features; 0.03 and 0.3 are no better."""
SHARPEST, FLATTEST = -3.0, 5.0
"""Logarithms of the temperatures that are looked at."""


@dataclass(frozen=True, slots=True)
class Features:
    """What texts became: dense vectors, n × dimensions, and sparse terms where there are any."""

    dense: Floats
    terms: csr_matrix | None = None

    @property
    def joined(self) -> csr_matrix:
        """Side by side."""
        return hstack([csr_matrix(self.dense), *([] if self.terms is None else [self.terms])], format="csr")

    def products(self, others: Features) -> Floats:
        """The dot product of each of these with each of the others."""
        found = self.dense @ others.dense.T
        if self.terms is not None and others.terms is not None:
            found += (self.terms @ others.terms.T).toarray()
        return np.asarray(found, dtype=np.float32)

    @property
    def squares(self) -> Floats:
        """The squared length of each."""
        found = (self.dense**2).sum(axis=1)
        if self.terms is not None:
            found += np.asarray(self.terms.multiply(self.terms).sum(axis=1)).ravel()
        return np.asarray(found, dtype=np.float32)


class Head(Protocol):
    """A trained classifier."""

    def logits(self, features: Features) -> Floats:
        """n × topics; higher is likelier."""
        ...


class _Linear:
    def __init__(
        self, model: LogisticRegression | LinearSVC, features: Features, labels: Sequence[str]
    ) -> None:
        self._model = model.fit(features.joined, labels)

    def logits(self, features: Features) -> Floats:
        return np.asarray(self._model.decision_function(features.joined), dtype=np.float32)


class _Radial:
    """A support vector machine; its kernel is computed here, for libsvm's own is slow on these."""

    def __init__(self, features: Features, labels: Sequence[str]) -> None:
        self._features = features
        model = SVC(C=INVERSE_REGULARISATION, kernel="precomputed", class_weight="balanced")
        self._model = model.fit(self._kernel(features), labels)

    def logits(self, features: Features) -> Floats:
        return np.asarray(self._model.decision_function(self._kernel(features)), dtype=np.float32)

    def _kernel(self, features: Features) -> Floats:
        distances = features.squares[:, np.newaxis] + self._features.squares
        distances -= 2 * features.products(self._features)
        return np.asarray(np.exp(-GAMMA * np.maximum(distances, 0)), dtype=np.float32)


class _Nearest:
    """The nearest example of each topic."""

    def __init__(self, features: Features, labels: Sequence[str]) -> None:
        self._features = features
        topics, owners = np.unique(labels, return_inverse=True)
        self._own = [np.flatnonzero(owners == topic) for topic in range(len(topics))]

    def logits(self, features: Features) -> Floats:
        products = features.products(self._features)
        return np.stack([products[:, own].max(axis=1) for own in self._own], axis=1).astype(np.float32)


def _regression(features: Features, labels: Sequence[str]) -> Head:
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2_000, class_weight="balanced")
    return _Linear(model, features, labels)


def _linear_svm(features: Features, labels: Sequence[str]) -> Head:
    return _Linear(LinearSVC(C=0.1, class_weight="balanced", max_iter=2_000), features, labels)


REGRESSION, LINEAR, RADIAL, NEAREST = "logistic regression", "linear SVM", "RBF SVM", "nearest neighbours"
HEADS: Final[Mapping[str, Callable[[Features, Sequence[str]], Head]]] = {
    REGRESSION: _regression,
    LINEAR: _linear_svm,
    RADIAL: _Radial,
    NEAREST: _Nearest,
}


def temperature(logits: Floats, right: NDArray[np.int64]) -> float:
    """What to divide held-out logits by, so that their softmax is a probability (Guo et al., 2017).

    Args:
        logits: n × topics.
        right: The column of the right topic.
    """
    rows = np.arange(len(right))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scaled[rows, right].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(SHARPEST, FLATTEST), method="bounded").x))
