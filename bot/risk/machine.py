"""A support-vector machine on sentence vectors and n-grams: examples vote by how like the message they are.

The kernel is exp(-γ‖x-y‖²) on the vectors of both encoders plus a scaled dot product of TF-IDF terms.
The second part is linear, so after training it is kept as one weight for each term.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import SVC

GAMMA: Final = 1.0
TERMS: Final = 0.3
PENALTY: Final = 10.0
"""Width of the kernel, weight of the n-grams beside it, C: chosen on left-out authors, docs/adr/0008."""
CACHE_MEGABYTES: Final = 500
STEPS: Final = 127
"""The largest number of eight bits: a stored vector is off by at most half of 1/127 of its largest part."""

Floats = NDArray[np.float32]
Answers = NDArray[np.bool_]


def meaning_kernel(rows: Floats, others: Floats) -> Floats:
    """exp(-γ‖x-y‖²) for rows of unit length: rows × others."""
    return np.asarray(np.exp(2 * GAMMA * (rows @ others.T - 1)), dtype=np.float32)


def kernel(meaning: Floats, terms: csr_matrix) -> Floats:
    """The whole kernel of n texts with themselves: n × n."""
    counted = (terms @ terms.T).toarray()
    return np.asarray(meaning_kernel(meaning, meaning) + TERMS * counted, dtype=np.float32)


def separate(kernel_rows: Floats, answers: Answers) -> SVC:
    """A machine that tells the rows with answer True from the others; `kernel_rows` is n × n."""
    machine = SVC(kernel="precomputed", C=PENALTY, cache_size=CACHE_MEGABYTES)
    return machine.fit(kernel_rows, answers)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is learned. `coefficients` is examples × outputs, `weights` terms × outputs, `bias` outputs."""

    examples: Floats
    coefficients: Floats
    weights: Floats
    bias: Floats

    @classmethod
    def fit(cls, meaning: Floats, terms: csr_matrix, answers: Answers, *, keep: int) -> Machine:
        """Learn each column of `answers` (n × outputs); same rows, same machine.

        The first `keep` rows stay whether they vote or not, the others only where they do.
        """
        whole = kernel(meaning, terms)
        coefficients = np.zeros(answers.shape, dtype=np.float32)
        bias = np.zeros(answers.shape[1], dtype=np.float32)
        for output in range(answers.shape[1]):
            machine = separate(whole, answers[:, output])
            coefficients[machine.support_, output] = machine.dual_coef_[0]
            bias[output] = machine.intercept_[0]
        kept = (np.arange(len(meaning)) < keep) | coefficients.any(axis=1)
        weights = np.asarray(terms.T @ coefficients * TERMS, dtype=np.float32)
        return cls(meaning[kept], coefficients[kept], weights, bias)

    def scores(self, meaning: Floats, terms: csr_matrix) -> Floats:
        """Above 0 for yes, below for no: n × outputs."""
        voted = meaning_kernel(meaning, self.examples) @ self.coefficients
        return np.asarray(voted + terms @ self.weights + self.bias, dtype=np.float32)

    def save(self, file: Path) -> None:
        """Write it as `.npz`: vectors at eight bits with a scale for each row, weights at half precision."""
        scales = np.abs(self.examples).max(axis=1, keepdims=True) / STEPS
        np.savez(
            file,
            examples=np.rint(self.examples / scales).astype(np.int8),
            scales=scales,
            coefficients=self.coefficients,
            weights=self.weights.astype(np.float16),
            bias=self.bias,
        )

    @classmethod
    def load(cls, file: Path) -> Machine:
        """The reverse of `save`.

        Raises:
            OSError, ValueError, KeyError: The file is missing or damaged.
        """
        with np.load(file, allow_pickle=False) as arrays:
            return cls(
                arrays["examples"].astype(np.float32) * arrays["scales"],
                arrays["coefficients"],
                arrays["weights"].astype(np.float32),
                arrays["bias"],
            )
