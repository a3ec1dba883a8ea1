"""The ONNX graph of all-MiniLM-L6-v2, built from its safetensors: a six-layer BERT with mean pooling.

Reference: Devlin et al. (2019) for the encoder, Wang et al. (2020) for MiniLM.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS = 6
HEADS = 12
WIDTH = 384
EPSILON = 1e-12
MASKED = -1e4
OPSET = 20
IR_VERSION = 9

Weights = Mapping[str, NDArray[np.float32]]


class GraphBuilder:
    """Collects nodes and constants; every method returns the name of the tensor that it makes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        """A tensor that never changes."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """The output of one ONNX operator."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def linear(self, x: str, weights: Weights, prefix: str) -> str:
        """`x @ W.T + b`."""
        product = self.add("MatMul", x, self.constant(weights[f"{prefix}.weight"].T))
        return self.add("Add", product, self.constant(weights[f"{prefix}.bias"]))

    def layer_norm(self, x: str, weights: Weights, prefix: str) -> str:
        """Normalise over the last axis, then scale and shift."""
        scale = self.constant(weights[f"{prefix}.weight"])
        shift = self.constant(weights[f"{prefix}.bias"])
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)

    def shape(self, *dimensions: int) -> str:
        """A shape or list of axes, as ONNX wants them: an int64 tensor."""
        return self.constant(np.array(dimensions, dtype=np.int64))


def build(safetensors: Path, target: Path) -> None:
    """Write the graph to `target`, whole or not at all.

    The graph maps `ids` and `mask` (int64, batch × tokens; mask 0 is padding) to `sentence`
    (float32, batch × 384, rows of unit length).
    """
    model = _model(load_file(safetensors))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    onnx.save(model, partial)
    partial.replace(target)


def _model(weights: Weights) -> onnx.ModelProto:
    graph = GraphBuilder()
    x = _embeddings(graph, weights)
    bias = _attention_bias(graph)
    for layer in range(LAYERS):
        x = _layer(graph, weights, f"encoder.layer.{layer}", x, bias)
    sentence = _pool(graph, x)
    graph.nodes.append(helper.make_node("Identity", [sentence], ["sentence"]))
    tokens = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("sentence", TensorProto.FLOAT, ["batch", WIDTH])
    made = helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.constants)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(made, opset_imports=[opset], ir_version=IR_VERSION)


def _embeddings(graph: GraphBuilder, weights: Weights) -> str:
    words = graph.add("Gather", graph.constant(weights["embeddings.word_embeddings.weight"]), "ids")
    # Every message is one segment, so its type embedding is part of the position's.
    positions = (
        weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    length = graph.add("Shape", "ids", start=1, end=2)
    used = graph.add("Slice", graph.constant(positions), graph.shape(0), length, graph.shape(0))
    return graph.layer_norm(graph.add("Add", words, used), weights, "embeddings.LayerNorm")


def _attention_bias(graph: GraphBuilder) -> str:
    """0 for a token, a large negative number for padding; batch × 1 × 1 × tokens."""
    mask = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    absent = graph.add("Sub", graph.constant(_scalar(1.0)), mask)
    bias = graph.add("Mul", absent, graph.constant(_scalar(MASKED)))
    return graph.add("Unsqueeze", bias, graph.shape(1, 2))


def _layer(graph: GraphBuilder, weights: Weights, prefix: str, x: str, bias: str) -> str:
    attended = graph.linear(
        _attention(graph, weights, f"{prefix}.attention.self", x, bias),
        weights,
        f"{prefix}.attention.output.dense",
    )
    x = graph.layer_norm(graph.add("Add", x, attended), weights, f"{prefix}.attention.output.LayerNorm")
    hidden = graph.add("Gelu", graph.linear(x, weights, f"{prefix}.intermediate.dense"))
    output = graph.linear(hidden, weights, f"{prefix}.output.dense")
    return graph.layer_norm(graph.add("Add", x, output), weights, f"{prefix}.output.LayerNorm")


def _attention(graph: GraphBuilder, weights: Weights, prefix: str, x: str, bias: str) -> str:
    split = graph.shape(0, 0, HEADS, WIDTH // HEADS)

    def heads(part: str, order: list[int]) -> str:
        projected = graph.linear(x, weights, f"{prefix}.{part}")
        return graph.add("Transpose", graph.add("Reshape", projected, split), perm=order)

    query, key = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1])
    scale = graph.constant(_scalar((WIDTH // HEADS) ** -0.5))
    scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), bias)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), heads("value", [0, 2, 1, 3]))
    return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.shape(0, 0, WIDTH))


def _pool(graph: GraphBuilder, x: str) -> str:
    """The mean over tokens that are not padding, at unit length."""
    mask = graph.add("Unsqueeze", graph.add("Cast", "mask", to=TensorProto.FLOAT), graph.shape(2))
    total = graph.add("ReduceSum", graph.add("Mul", x, mask), graph.shape(1), keepdims=0)
    return graph.add("LpNormalization", total, axis=1, p=2)


def _scalar(value: float) -> NDArray[np.float32]:
    return np.array([value], dtype=np.float32)
