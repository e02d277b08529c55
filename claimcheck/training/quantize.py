"""A single-precision ONNX tagger to int8 with its labels kept.

Plain dynamic quantisation changes about 3 % of this model's token labels, for three reasons, each with
its remedy here:

* activations have channels far larger than the rest, so one scale for all wastes the range: channels are
  evened out into the weights first (Xiao et al., "SmoothQuant", ICML 2023), and the few that stand out
  even so, such as one or two behind every GELU, go through a thin product in floats of their own
  (Dettmers et al., "LLM.int8()", NeurIPS 2022);
* one scale for the whole embedding table: here every row has its own;
* the scale of an activation is measured on whatever is in the batch, so the answer depends on company:
  here scales are fixed beforehand on calibration texts, clipped where that lowers the error.

Weights have 129 levels, not 255: on processors with AVX2 alone two products of an unsigned and a signed
byte are added in 16 bits, which 255 x 64 x 2 still fits, so every machine gives the same sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

FloatArray = NDArray[np.float32]
_ALPHAS = (None, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # how much of a channel's size moves into the weights
_CLIPS = (1.0, 0.99999, 0.9999)  # quantile of the activations that the range still covers
_OUTLIERS = 4  # channels that may be kept in floats, where that halves the error
_ROWS = 4000  # activations kept of every layer to choose by
_LEVELS = 64  # weights run from -64 to 64
_MICROSOFT = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Plan:
    """How one product is quantised: ``smooth`` ``(inputs,)``, the activation's scale and zero, outliers."""

    smooth: FloatArray
    scale: float
    zero: int
    outliers: NDArray[np.int64]
    error: float


@dataclass(frozen=True, slots=True)
class _Product:
    """A node that multiplies by ``matrix``; ``output`` is the sum with ``bias`` where there is one."""

    node: onnx.NodeProto
    matrix: FloatArray
    bias: str
    output: str

    @property
    def source(self) -> str:
        return str(self.node.input[0])


@dataclass(slots=True)
class _Activation:
    rows: FloatArray
    maximum: FloatArray


def quantize(
    source: Path, target: Path, feeds: Iterable[Mapping[str, NDArray[np.int64]]]
) -> dict[str, float]:
    """Write ``target``, the int8 form of ``source``.

    Args:
        source: a fused single-precision ONNX file (``export.py``).
        target: the file to write.
        feeds: inputs of the graph to calibrate on, a few hundred unpadded texts.

    Returns:
        The relative squared error that quantising adds to each product on the calibration texts.
    """
    model = onnx.load(str(source))
    weights = {i.name: i for i in model.graph.initializer}
    products = _products(model.graph, weights)
    observed = _observe(model, sorted({product.source for product in products.values()}), feeds)
    nodes: list[onnx.NodeProto] = []
    errors = {}
    for node in model.graph.node:
        name = node.output[0]
        if node.op_type == "Gather" and _is_table(node, weights):
            nodes += _quantized_gather(model.graph, node, weights)
        elif name in products:
            plan = _plan(observed[products[name].source], products[name].matrix)
            errors[name] = plan.error
            nodes += _quantized_product(model.graph, products[name], plan)
        elif not any(name == product.output for product in products.values()):
            nodes.append(node)
    _replace_nodes(model, nodes)
    onnx.save(model, str(target))
    return errors


def _products(graph: onnx.GraphProto, weights: Mapping[str, onnx.TensorProto]) -> dict[str, _Product]:
    """The products with a constant matrix that are large enough to be worth it, by the node's own output.

    A bias added to nothing but the product joins it: the int8 kernel adds it for free.
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found = {}
    for node in graph.node:
        if node.op_type not in ("MatMul", "Attention") or node.input[1] not in weights:
            continue
        matrix = numpy_helper.to_array(weights[node.input[1]]).astype(np.float32)
        if matrix.ndim != 2 or matrix.shape[1] < 16:
            continue
        bias, output = (
            (node.input[2], node.output[0]) if node.op_type == "Attention" else ("", node.output[0])
        )
        after = readers.get(output, [])
        if len(after) == 1 and after[0].op_type == "Add":
            added = next((name for name in after[0].input if name in weights), "")
            if added and list(weights[added].dims) == [matrix.shape[1]]:
                bias, output = added, after[0].output[0]
        found[node.output[0]] = _Product(node, matrix, bias, output)
    return found


def _is_table(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]) -> bool:
    table = weights.get(node.input[0])
    return table is not None and len(table.dims) == 2 and table.dims[0] >= 1024


def _observe(
    model: onnx.ModelProto, names: Sequence[str], feeds: Iterable[Mapping[str, NDArray[np.int64]]]
) -> dict[str, _Activation]:
    """Run the float graph with the inputs of all products as outputs; keep a sample and the maxima."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    pick = np.random.default_rng(0)
    seen: dict[str, _Activation] = {}
    for feed in feeds:
        for name, value in zip(names, session.run(list(names), dict(feed)), strict=True):
            rows = value.reshape(-1, value.shape[-1])
            maximum = np.abs(rows).max(0)
            if name in seen:
                maximum = np.maximum(seen[name].maximum, maximum)
                rows = np.concatenate([seen[name].rows, rows])
                if len(rows) > 2 * _ROWS:
                    rows = rows[pick.choice(len(rows), _ROWS, replace=False)]
            seen[name] = _Activation(rows, maximum)
    return seen


def _plan(activation: _Activation, matrix: FloatArray) -> Plan:
    """The smoothing and range that lose least on the sample; outliers only where they halve the error."""
    largest = np.argsort(activation.maximum)[::-1][:_OUTLIERS].astype(np.int64)
    plain, split = (
        min(_candidates(activation, matrix, outliers), key=lambda plan: plan.error)
        for outliers in (largest[:0], np.sort(largest))
    )
    return split if split.error < plain.error / 2 else plain


def _candidates(activation: _Activation, matrix: FloatArray, outliers: NDArray[np.int64]) -> Iterable[Plan]:
    rows = activation.rows[: _ROWS // 2].copy()
    rows[:, outliers] = 0
    wanted = rows @ matrix
    size = np.maximum(activation.maximum, 1e-5)
    per_input = np.maximum(np.abs(matrix).max(1), 1e-5)
    for alpha in _ALPHAS:
        smooth = np.ones_like(size) if alpha is None else size**alpha / per_input ** (1 - alpha)
        smoothed = rows / smooth
        weight = _dequantized_columns(matrix * smooth[:, None])
        ordered = np.sort(smoothed[:: max(1, len(smoothed) // 500)].ravel())
        for clip in _CLIPS:
            low = min(0.0, float(ordered[int((1 - clip) * (len(ordered) - 1))]))
            high = max(1e-6, float(ordered[int(clip * (len(ordered) - 1))]))
            if clip == 1.0:
                low, high = min(0.0, float(smoothed.min())), max(1e-6, float(smoothed.max()))
            scale = (high - low) / 255
            zero = round(-low / scale)
            read = (np.clip(np.rint(smoothed / scale) + zero, 0, 255) - zero) * scale
            error = float(np.square(read @ weight - wanted).mean() / np.square(wanted).mean())
            yield Plan(smooth.astype(np.float32), scale, zero, outliers, error)


def _column_scales(matrix: FloatArray) -> FloatArray:
    scales: FloatArray = np.maximum(np.abs(matrix).max(0), 1e-12) / _LEVELS
    return scales


def _dequantized_columns(matrix: FloatArray) -> FloatArray:
    scales = _column_scales(matrix)
    restored: FloatArray = np.rint(matrix / scales) * scales
    return restored


def _quantized_product(graph: onnx.GraphProto, target: _Product, plan: Plan) -> list[onnx.NodeProto]:
    """Smooth, quantise, multiply in int8, add the outliers' product; attend, where it is attention."""
    matrix, source, name = target.matrix, target.source, target.output + "/int8"
    smoothed = matrix * plan.smooth[:, None]
    smoothed[plan.outliers] = 0
    inverse = 1 / plan.smooth
    inverse[plan.outliers] = 0
    scales = _column_scales(smoothed)
    constants = {
        "inverse": inverse.astype(np.float32),
        "scale": np.float32(plan.scale),
        "zero": np.uint8(plan.zero),
        "weight": np.rint(smoothed / scales).astype(np.int8),
        "weight_scale": scales.astype(np.float32),
    }
    if len(plan.outliers):
        constants |= {"outliers": plan.outliers, "outlier_rows": matrix[plan.outliers]}
    attention = target.node.op_type == "Attention"
    if attention:
        constants["thirds"] = np.full(3, matrix.shape[1] // 3, np.int64)
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"{name}/{key}") for key, value in constants.items()
    )
    product = f"{name}/product" if attention or len(plan.outliers) else target.output
    nodes = [
        helper.make_node("Mul", [source, f"{name}/inverse"], [f"{name}/smoothed"]),
        helper.make_node(
            "QuantizeLinear", [f"{name}/smoothed", f"{name}/scale", f"{name}/zero"], [f"{name}/input"]
        ),
        helper.make_node(
            "MatMulIntegerToFloat",
            [
                *(f"{name}/{key}" for key in ("input", "weight", "scale", "weight_scale", "zero")),
                "",
                target.bias,
            ],
            [product],
            domain=_MICROSOFT,
        ),
    ]
    if len(plan.outliers):
        whole = f"{name}/whole" if attention else target.output
        nodes += [
            helper.make_node("Gather", [source, f"{name}/outliers"], [f"{name}/large"], axis=-1),
            helper.make_node("MatMul", [f"{name}/large", f"{name}/outlier_rows"], [f"{name}/extra"]),
            helper.make_node("Add", [product, f"{name}/extra"], [whole]),
        ]
        product = whole
    return [*nodes, *_attend(target.node, product, name)] if attention else nodes


def _attend(node: onnx.NodeProto, product: str, name: str) -> list[onnx.NodeProto]:
    """What is left of an ``Attention`` node once its projection is made outside."""
    parts = [f"{name}/{part}" for part in ("query", "key", "value")]
    heads = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "num_heads")
    return [
        helper.make_node("Split", [product, f"{name}/thirds"], parts, axis=-1),
        helper.make_node(
            "MultiHeadAttention",
            [*parts, "", node.input[3]],
            [node.output[0]],
            domain=_MICROSOFT,
            num_heads=heads,
        ),
    ]


def _quantized_gather(
    graph: onnx.GraphProto, node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]
) -> list[onnx.NodeProto]:
    """An embedding table in int8 with a scale for every row."""
    table = numpy_helper.to_array(weights[node.input[0]]).astype(np.float32)
    scales = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12) / 127
    name, ids = node.output[0] + "/int8", node.input[1]
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.rint(table / scales).astype(np.int8), f"{name}/rows"),
            numpy_helper.from_array(scales.astype(np.float32), f"{name}/scales"),
        ]
    )
    return [
        helper.make_node("Gather", [f"{name}/rows", ids], [f"{name}/row"]),
        helper.make_node("Gather", [f"{name}/scales", ids], [f"{name}/scale"]),
        helper.make_node("Cast", [f"{name}/row"], [f"{name}/float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}/float", f"{name}/scale"], [node.output[0]]),
    ]


def _replace_nodes(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> None:
    """Put ``nodes`` in the graph and drop the weights that nothing reads any more."""
    graph = model.graph
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    read = {name for node in copies for name in node.input}
    kept = [i for i in graph.initializer if i.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    if _MICROSOFT not in {opset.domain for opset in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
