"""A sentence encoder made ready to ship: pooled, turned to the axes of Persian text, its weights in four bits.

The encoder's weights come from a file that kept them in blocks of 32 with 16 levels and a scale, so packing
them the same way again (``MatMulNBits`` of ONNX Runtime) loses next to nothing, where int8 with one scale a
column would lose a little and be twice as large. The embedding table has a byte a weight and a scale a row.

The vectors of E5 all point one way. Mean and covariance are measured on raw Persian text; a vector is
centred and turned, its largest axes kept and half-whitened: divided by the square root of their deviation
(between leaving the axes as they are and whitening them, Su et al., "Whitening Sentence Representations for
Better Semantics and Faster Retrieval", 2021).
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from transformers import AutoModel

from claimcheck.flags.sentence_vectors import SETTINGS, SentenceVectors
from claimcheck.folder import open_tokenizer, tokenizer_probe
from claimcheck.training.export import _fuse
from claimcheck.training.quantize import (
    _attend,
    _is_table,
    _Product,
    _products,
    _quantized_gather,
    _replace_nodes,
)

FloatArray = NDArray[np.float32]
BLOCK = 32
FILE = "model.q4.onnx"
_POSITIONS = 130  # a window of 128 pieces reads no more


def export_sentence_encoder(
    folder: Path, texts: Sequence[str], out: Path, size: int = 256
) -> dict[str, float]:
    """Write ``out`` from a BERT-like sentence encoder.

    Args:
        folder: a Hugging Face folder: weights and ``tokenizer.json``.
        texts: raw sentences, some thousands, to measure mean and covariance on.
        out: the folder to write; made where it is not there.
        size: axes that are kept.

    Returns:
        ``cosine``: of the vectors in floats and in four bits, the mean over a part of ``texts``, before they are
        turned; ``megabytes``: the file's size.
    """
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "tokenizer.json", out / "tokenizer.json")
    written = {"tokenizer_probe": tokenizer_probe(open_tokenizer(out))}
    (out / SETTINGS).write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    some = texts[:200]
    with tempfile.TemporaryDirectory() as scratch:
        graph = Path(scratch) / FILE
        _export(folder, graph)
        for name in ("tokenizer.json", SETTINGS):
            shutil.copyfile(out / name, Path(scratch) / name)
        exact = SentenceVectors(scratch)(some)
        _to_four_bits(graph, out / FILE)
    plain = SentenceVectors(out)
    vectors = plain(texts)
    _turn(out / FILE, *half_whitening(vectors, size))
    return {
        "cosine": float((exact * vectors[: len(some)]).sum(1).mean()),
        "megabytes": (out / FILE).stat().st_size / 1e6,
    }


def half_whitening(vectors: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """The mean ``(width,)`` and the map ``(width, size)`` onto the largest axes, half-whitened."""
    mean = vectors.mean(0)
    _, deviations, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    scaled = deviations[:size] / np.sqrt(len(vectors))
    turn: FloatArray = (axes[:size].T / np.sqrt(scaled)).astype(np.float32)
    return mean, turn


class Pooled(torch.nn.Module):
    """A BERT-like encoder whose output is the mean of its last states, of unit length."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        """``(texts, width)`` from ids and mask, both ``(texts, pieces)``."""
        states = self.module(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        kept = attention_mask[..., None].to(states.dtype)
        mean = (states * kept).sum(1) / kept.sum(1)
        return mean / mean.norm(dim=-1, keepdim=True)


def _export(folder: Path, path: Path) -> None:
    module = AutoModel.from_pretrained(
        folder,
        dtype=torch.float32,
        attn_implementation="eager",
        add_pooling_layer=False,
        use_safetensors=True,
    ).eval()
    positions = module.embeddings.position_embeddings
    positions.weight = torch.nn.Parameter(positions.weight[:_POSITIONS].detach().clone())
    ids = torch.full((2, 16), 5)
    axes = {0: "batch", 1: "pieces"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Pooled(module),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vector": {0: "batch"}},
            opset_version=17,
            dynamo=False,  # as in export.py: the graph whose attention can be fused
        )
    _fuse(path, module.config.num_attention_heads, module.config.hidden_size)


def _to_four_bits(source: Path, target: Path) -> None:
    model = onnx.load(str(source))
    graph = model.graph
    weights = {i.name: i for i in graph.initializer}
    products = _products(graph, weights)
    outputs = {product.output for product in products.values()}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        name = node.output[0]
        if node.op_type == "Gather" and _is_table(node, weights):
            nodes += _quantized_gather(graph, node, weights)
        elif name in products:
            nodes += _packed_product(graph, products[name])
        elif name not in outputs:  # else a bias that the product now adds
            nodes.append(node)
    _replace_nodes(model, nodes)
    onnx.save(model, str(target))


def pack(matrix: FloatArray) -> tuple[NDArray[np.uint8], FloatArray]:
    """A ``(inputs, outputs)`` matrix as ``(outputs, blocks, 16)`` bytes of two levels each, and the blocks' scales."""
    levels, scales = four_bits(matrix.T)
    codes = (levels + 8).astype(np.uint8)  # zero is 8
    packed: NDArray[np.uint8] = (codes[..., 0::2] | (codes[..., 1::2] << 4)).astype(np.uint8)
    return packed, scales


def four_bits(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Levels ``(outputs, blocks, BLOCK)`` from -8 to 7 and scales ``(outputs, blocks)`` of ``(outputs, inputs)``.

    The largest weight of a block is level -8: the scale has the other sign. So levels times scales, with
    whatever scales, give the same levels again.
    """
    outputs, inputs = matrix.shape
    blocks = np.ascontiguousarray(matrix).reshape(outputs, inputs // BLOCK, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
    scales = largest / -8
    scales[scales == 0] = 1
    levels = np.clip(np.rint(blocks / scales), -8, 7).astype(np.float32)
    return levels, scales[..., 0].astype(np.float32)


def _packed_product(graph: onnx.GraphProto, product: _Product) -> list[onnx.NodeProto]:
    inputs, outputs = product.matrix.shape
    name = product.output + "/q4"
    packed, scales = pack(product.matrix)
    constants: dict[str, NDArray[Any]] = {"packed": packed, "scales": scales.reshape(-1)}
    attention = product.node.op_type == "Attention"
    if attention:
        constants["thirds"] = np.full(3, outputs // 3, np.int64)
    graph.initializer.extend(
        numpy_helper.from_array(value, f"{name}/{key}") for key, value in constants.items()
    )
    result = f"{name}/whole" if attention else product.output
    given = [product.source, f"{name}/packed", f"{name}/scales"]
    node = helper.make_node(
        "MatMulNBits",
        [*given, "", "", product.bias] if product.bias else given,
        [result],
        domain="com.microsoft",
        K=inputs,
        N=outputs,
        bits=4,
        block_size=BLOCK,
        accuracy_level=4,  # activations in int8, a scale for every block of them
    )
    return [node, *_attend(product.node, result, name)] if attention else [node]


def _turn(path: Path, mean: FloatArray, turn: FloatArray) -> None:
    """Let the graph's output be the turned vector, of unit length."""
    model = onnx.load(str(path))
    graph = model.graph
    last = graph.output[0].name
    graph.initializer.extend(
        [numpy_helper.from_array(mean, "turn/mean"), numpy_helper.from_array(turn, "turn/axes")]
    )
    graph.node.extend(
        [
            helper.make_node("Sub", [last, "turn/mean"], ["turn/centred"]),
            helper.make_node("MatMul", ["turn/centred", "turn/axes"], ["turn/turned"]),
            helper.make_node("LpNormalization", ["turn/turned"], ["turned"], axis=-1, p=2),
        ]
    )
    del graph.output[:]
    graph.output.extend(
        [helper.make_tensor_value_info("turned", onnx.TensorProto.FLOAT, ["batch", turn.shape[1]])]
    )
    onnx.save(model, str(path))
