"""The classifiers that are compared on the same features; each gives logits, topics in the order of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from bot.nlu.topic_model import INVERSE_REGULARISATION

Floats = NDArray[np.float32]

GAMMA: Final = 0.1
"""Of the radial kernel, in units of the scaled features; 0.03 and 0.3 are no better."""
SHARPEST, FLATTEST = -3.0, 5.0
"""Logarithms of the temperatures that are looked at."""


class Head(Protocol):
    """A trained classifier."""

    def logits(self, features: csr_matrix) -> Floats:
        """n × topics; higher is likelier."""
        ...


class _Linear:
    def __init__(
        self, model: LogisticRegression | LinearSVC, features: csr_matrix, labels: Sequence[str]
    ) -> None:
        self._model = model.fit(features, labels)

    def logits(self, features: csr_matrix) -> Floats:
        return np.asarray(self._model.decision_function(features), dtype=np.float32)


class _Radial:
    """A support vector machine; its kernel is computed here, for libsvm's own is slow on these."""

    def __init__(self, features: csr_matrix, labels: Sequence[str]) -> None:
        self._features = features
        model = SVC(C=INVERSE_REGULARISATION, kernel="precomputed", class_weight="balanced")
        self._model = model.fit(self._kernel(features), labels)

    def logits(self, features: csr_matrix) -> Floats:
        return np.asarray(self._model.decision_function(self._kernel(features)), dtype=np.float32)

    def _kernel(self, features: csr_matrix) -> Floats:
        squared = [each.multiply(each).sum(axis=1).A1 for each in (features, self._features)]
        products = (features @ self._features.T).toarray()
        distances = squared[0][:, np.newaxis] + squared[1] - 2 * products
        return np.asarray(np.exp(-GAMMA * np.maximum(distances, 0)), dtype=np.float32)


class _Nearest:
    """The nearest example of each topic."""

    def __init__(self, features: csr_matrix, labels: Sequence[str]) -> None:
        self._features = features
        topics, owners = np.unique(labels, return_inverse=True)
        self._own = [np.flatnonzero(owners == topic) for topic in range(len(topics))]

    def logits(self, features: csr_matrix) -> Floats:
        products = (features @ self._features.T).toarray()
        return np.stack([products[:, own].max(axis=1) for own in self._own], axis=1).astype(np.float32)


def _regression(features: csr_matrix, labels: Sequence[str]) -> Head:
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2_000, class_weight="balanced")
    return _Linear(model, features, labels)


def _linear_svm(features: csr_matrix, labels: Sequence[str]) -> Head:
    return _Linear(LinearSVC(C=0.1, class_weight="balanced", max_iter=2_000), features, labels)


REGRESSION, LINEAR, RADIAL, NEAREST = "logistic regression", "linear SVM", "RBF SVM", "nearest neighbours"
HEADS: Final[Mapping[str, Callable[[csr_matrix, Sequence[str]], Head]]] = {
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
