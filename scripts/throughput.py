"""The measurements of ``scripts/benchmark.py throughput``; each runs in a process of its own.

    python scripts/throughput.py SYSTEM FOLDER < TEXTS.json

reads a JSON list of texts and prints one JSON object. SYSTEM is a name in ``SYSTEMS``.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from claimcheck import split_sentences

_SHAPES = (
    (384, 1152),
    (384, 384),
    (384, 1536),
    (1536, 384),
)  # the products of one layer of the shipped model
_LAYERS = 6
REPEATED = 16  # times the texts are scored, so that the workers end about together
MACS = _LAYERS * sum(a * b for a, b in _SHAPES)  # multiply-adds a piece, attention between pieces not counted


def score(folder: Path, texts: list[str]) -> dict[str, float]:
    """Through ``claimcheck score``'s workers, a process a processor; the clock starts when all are warm."""
    from claimcheck.scoring.workers import best_split, label

    workers, threads = best_split()
    texts = texts * REPEATED
    chunks = [texts[i : i + 256] for i in range(0, len(texts), 256)]
    warm = [[texts[0]]] * (4 * workers)
    started, pieces = 0.0, 0
    for i, _ in enumerate(
        label(((None, chunk) for chunk in [*warm, *chunks]), str(folder), workers, threads)
    ):
        if i < len(warm) - 2 * workers:
            started = time.perf_counter()
    seconds = time.perf_counter() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    pieces = _pieces(folder, texts)
    return {"seconds": seconds, "megabytes": peak / 1024, "pieces": pieces, "workers": workers}


def pipeline(size: int) -> Callable[[Path, list[str]], dict[str, float]]:
    """``transformers.pipeline`` in single precision on all processors, ``size`` texts a batch."""

    def run(folder: Path, texts: list[str]) -> dict[str, float]:
        import torch
        from transformers import pipeline

        tagger = pipeline(
            "token-classification",
            model=str(folder),
            aggregation_strategy="simple",
            dtype=torch.float32,
            device=-1,
        )
        tagger(texts[0])
        seconds = _timed(lambda: list(tagger(texts, batch_size=size)))
        return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}

    return run


def ceiling(folder: Path, texts: list[str]) -> dict[str, float]:
    """Billions of int8 multiply-adds a second of ONNX Runtime's product in the model's shapes, all processors.

    1,024 rows at a time, as the model runs; a process a processor, added up.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from claimcheck.scoring.workers import best_split

    workers, _ = best_split()
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        rates = list(pool.map(_product_rate, range(workers)))
    return {"gmacs": sum(rates)}


def _product_rate(_: int) -> float:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    total = seconds = 0.0
    for inputs, outputs in _SHAPES:
        weight = rng.integers(-64, 65, (inputs, outputs), np.int8)
        node = helper.make_node("MatMulInteger", ["x", "w"], ["y"])
        graph = helper.make_graph(
            [node],
            "product",
            [helper.make_tensor_value_info("x", TensorProto.UINT8, [None, inputs])],
            [helper.make_tensor_value_info("y", TensorProto.INT32, [None, outputs])],
            [numpy_helper.from_array(weight, "w")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        rows = rng.integers(0, 256, (1024, inputs), np.uint8)
        for _ in range(5):
            session.run(None, {"x": rows})
        seconds += _timed(partial(_repeat, session, {"x": rows}))
        total += 100 * 1024 * inputs * outputs
    return total / seconds / 1e9


def _repeat(session: Any, feed: dict[str, Any]) -> None:
    for _ in range(100):
        session.run(None, feed)


def latency(folder: Path, texts: list[str]) -> dict[str, float]:
    """Milliseconds of one tweet and of one report of 500 words on one thread: p50 and p99 of 200."""
    from claimcheck.model import Model

    model = Model.load(folder, threads=1)
    tweet = min(texts, key=lambda text: abs(len(text) - 120))
    words = " ".join(texts).split()
    report = " ".join(words[:500])
    out = {}
    for name, text in (("tweet", tweet), ("report", report)):
        model.analyze(text)
        times = [_timed(partial(model.analyze, text)) * 1000 for _ in range(200)]
        out[f"{name}_p50"], out[f"{name}_p99"] = (float(np.percentile(times, p)) for p in (50, 99))
    return out


def profile(folder: Path, texts: list[str]) -> dict[str, float]:
    """The share of each kind of operation in the runs of one thread, and of what is outside the runs (``python``)."""
    import onnxruntime

    from claimcheck.model import Model

    def labelled() -> None:
        for _ in model.analyze_many(texts * 4):
            pass

    model = Model.load(folder, threads=1)
    labelled()
    inside = 0.0
    run = model.runtime.logits

    def timed(*arrays: Any) -> Any:
        nonlocal inside
        started = time.perf_counter()
        out = run(*arrays)
        inside += time.perf_counter() - started
        return out

    model.runtime.logits = timed  # type: ignore[method-assign, assignment]
    whole = _timed(labelled)
    with tempfile.TemporaryDirectory() as scratch:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.intra_op_num_threads = 1
        options.enable_profiling, options.profile_file_prefix = True, f"{scratch}/run"
        session = onnxruntime.InferenceSession(str(folder / "model.int8.onnx"), options)
        ids = np.full((1024 // 24, 24), 100)
        for _ in range(50):
            session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    kinds: dict[str, float] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            kind = event["args"]["op_name"]
            kinds[kind] = kinds.get(kind, 0.0) + event["dur"]
    total, share = sum(kinds.values()), inside / whole
    return {kind: share * time / total for kind, time in kinds.items()} | {"python": 1 - share}


def parsbert(folder: Path, texts: list[str]) -> dict[str, float]:
    """The pipeline one by one at ParsBERT's size with random weights."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    from claimcheck.training.parsbert import build_parsbert

    with tempfile.TemporaryDirectory() as scratch:
        base, tagger = Path(scratch) / "base", Path(scratch) / "tagger"
        build_parsbert(base, texts)
        AutoModelForTokenClassification.from_pretrained(base, num_labels=6).save_pretrained(tagger)
        AutoTokenizer.from_pretrained(base).save_pretrained(tagger)
        return pipeline(1)(tagger, texts[: len(texts) // 4])


def _pieces(folder: Path, texts: list[str]) -> int:
    from claimcheck.encoding import Encoder
    from claimcheck.folder import open_tokenizer

    encodings = Encoder(open_tokenizer(folder)).encode(texts, [split_sentences(text) for text in texts])
    return sum(len(encoding.ids) + 2 for encoding in encodings)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


SYSTEMS: dict[str, Callable[[Path, list[str]], dict[str, float]]] = {
    "score": score,
    "pipeline-1": pipeline(1),
    "pipeline-8": pipeline(8),
    "pipeline-32": pipeline(32),
    "parsbert": parsbert,
    "ceiling": ceiling,
    "latency": latency,
    "profile": profile,
}

if __name__ == "__main__":
    name, folder = sys.argv[1:]
    print(json.dumps(SYSTEMS[name](Path(folder), json.load(sys.stdin))))
