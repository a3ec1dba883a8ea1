"""The sentence encoders that are compared, with their vectors kept between runs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.encoders import CACHE, Encoder, minilm, universal
from bot.encoders.minilm import MiniLM
from bot.encoders.universal import UniversalEncoder

Floats = NDArray[np.float32]

LOADERS: Final[Mapping[str, Callable[[], Encoder]]] = {
    "MiniLM": lambda: MiniLM(CACHE),
    "MiniLM int8": lambda: MiniLM(CACHE, quantised=True),
    "USE": UniversalEncoder,
}
FOLDER: Final = CACHE / "vectors"


@cache
def encoder(name: str) -> Encoder:
    """One of `LOADERS`, loaded once in a process.

    Raises:
        WeightsError: The weights are missing or altered.
    """
    return LOADERS[name]()


def weights(name: str) -> Sequence[Path]:
    """The files that the encoder keeps in memory."""
    if name == "USE":
        return [file.locate() for file in universal.WEIGHTS]
    return [minilm.quantise(CACHE) if name.endswith("int8") else minilm.prepare(CACHE)]


def encode(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
    """Vectors of texts, n × dimensions, and the processor seconds that they took when they were made."""
    digest = hashlib.sha256(json.dumps([name, minilm.GRAPH_VERSION, *texts]).encode()).hexdigest()
    file = FOLDER / f"{digest[:24]}.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as stored:
            return stored["vectors"], float(stored["seconds"])
    started = time.process_time()
    vectors = encoder(name).encode(texts)
    seconds = time.process_time() - started
    FOLDER.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, vectors=vectors, seconds=seconds)
    partial.replace(file)
    return vectors, seconds
