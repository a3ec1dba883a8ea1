"""What kind of danger it is and who is in it: linear heads, used once a text counts as a crisis.

Kinds differ by topic, which the sentence vectors tell apart well without a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.kernel_ridge import KernelRidge

from bot.messages import Experiencer, Kind, Level
from bot.risk.examples import Example

KINDS: Final = tuple(kind for kind in Kind if kind is not Kind.DISTRESS)
SCALE_MEANING: Final = 2.0
SCALE_TERMS: Final = 0.5
REGULARISATION: Final = 1.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """Weights (features × outputs) and bias for each of `KINDS`, for somebody else, and for a minor."""

    weights: Floats
    bias: Floats

    @classmethod
    def fit(cls, meaning: Floats, terms: csr_matrix, examples: Sequence[Example]) -> Heads:
        """Learn from the examples that are crises; `meaning` and `terms` hold a row for each example."""
        rows = [at for at, example in enumerate(examples) if example.level is Level.CRISIS]
        features = _features(meaning[rows], terms[rows])
        answers = np.array([_answers(examples[at]) for at in rows], dtype=np.float32) * 2 - 1
        bias = answers.mean(axis=0)
        ridge = KernelRidge(kernel="precomputed", alpha=REGULARISATION)
        ridge.fit((features @ features.T).toarray(), answers - bias)
        return cls(np.asarray(features.T @ ridge.dual_coef_, dtype=np.float32), bias)

    def tell(self, meaning: Floats, terms: csr_matrix) -> tuple[Kind, Experiencer, bool]:
        """The likeliest kind, who is in danger, and whether that seems to be a minor; for one row each."""
        scores = np.asarray(_features(meaning, terms) @ self.weights)[0] + self.bias
        *kinds, other, minor = scores.tolist()
        who = Experiencer.OTHER if other > 0 else Experiencer.SELF
        return KINDS[int(np.argmax(kinds))], who, minor > 0

    def save(self, file: Path) -> None:
        """Write them as `.npz`."""
        np.savez(file, weights=self.weights.astype(np.float16), bias=self.bias)

    @classmethod
    def load(cls, file: Path) -> Heads:
        """The reverse of `save`.

        Raises:
            OSError, ValueError, KeyError: The file is missing or damaged.
        """
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["weights"].astype(np.float32), arrays["bias"])


def _answers(example: Example) -> list[bool]:
    of_kind = [example.kind is kind for kind in KINDS]
    return [*of_kind, example.experiencer is Experiencer.OTHER, example.minor]


def _features(meaning: Floats, terms: csr_matrix) -> csr_matrix:
    return hstack([csr_matrix(meaning * SCALE_MEANING), terms * SCALE_TERMS], format="csr")
