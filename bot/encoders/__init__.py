"""Sentence encoders: text to vectors in which near means alike. Shared by risk and NLU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.encoders.minilm import MiniLM
from bot.encoders.universal import UniversalEncoder
from bot.encoders.weights import WeightsError

__all__ = ["CACHE", "Encoder", "PairedEncoder", "WeightsError", "shared"]

CACHE: Final = Path(__file__).resolve().parents[2] / "models" / "encoders"
"""Where the graph that is built from the weights is kept."""

_LOADING: Final = Lock()
"""The engine and the learned layer of risk load in threads of their own; the weights are needed once."""

REMEMBERED = 8
"""Texts whose vectors are kept, so that one message is encoded once for risk and NLU together."""


class Encoder(Protocol):
    """Text to vectors of unit length."""

    @property
    def dimensions(self) -> int:
        """How many numbers a text becomes."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length, one a text: n × dimensions."""
        ...


class PairedEncoder:
    """Two encoders side by side; the dot product of two rows is the mean of both cosines."""

    def __init__(self, first: Encoder, second: Encoder) -> None:
        self._parts = (first, second)
        self._split = first.dimensions
        self.dimensions = first.dimensions + second.dimensions
        self.encode_one = lru_cache(REMEMBERED)(self._encode_one)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length, one a text: n × dimensions."""
        rows = [part.encode(texts) for part in self._parts]
        return np.asarray(np.hstack(rows) / np.sqrt(len(rows)), dtype=np.float32)

    def cosines(self, rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """By whichever encoder finds a pair nearer: rows × others, in [-1, 1]."""
        at, parts = self._split, len(self._parts)
        first, second = rows[:, :at] @ others[:, :at].T, rows[:, at:] @ others[:, at:].T
        return np.asarray(np.maximum(first, second) * parts, dtype=np.float32)

    def _encode_one(self, text: str) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self.encode([text])[0]
        row.flags.writeable = False  # it is handed out again
        return row


def shared() -> PairedEncoder:
    """The process's encoder, loaded on first use (2 s, 120 MB); any thread may ask.

    Raises:
        WeightsError: The weights are missing or altered.
    """
    with _LOADING:
        return _paired()


@cache
def _paired() -> PairedEncoder:
    return PairedEncoder(MiniLM(CACHE), UniversalEncoder())
