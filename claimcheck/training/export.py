"""A fine-tuned folder made ready for analysis: ONNX in single precision and int8, settings, and the loss.

The folder gets ``model.int8.onnx`` (and ``model.onnx`` where asked), and ``claimcheck.json`` with the
calibration fitted on the development examples through the very file that ships.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForTokenClassification

from claimcheck.calibration import Calibration
from claimcheck.encoding import Encoder
from claimcheck.evaluation import Evaluation, Gold, evaluate
from claimcheck.folder import Settings, open_tokenizer, write_settings
from claimcheck.metrics import expected_calibration_error
from claimcheck.model import Model
from claimcheck.runtime import OnnxRuntime, Runtime, TorchRuntime
from claimcheck.training.calibrate import cross_fitted_error, fit_calibration, recalibrate
from claimcheck.training.quantize import quantize

HEADLINE = ("sentence_macro_f1", "word_macro_f1", "span_f1", "exact_span_f1")
_FUSED = ("bert", "roberta", "xlm-roberta", "electra", "camembert")  # layouts whose attention can be fused
_MOST_TEXTS = 300  # to calibrate the int8 ranges on
_LARGEST = 2_000_000_000  # bytes of weights an ONNX file can hold


@dataclass(frozen=True, slots=True)
class Exported:
    """What exporting gave and cost; each evaluation is of the same development examples."""

    torch: Evaluation
    int8: Evaluation
    calibration_error: float
    cross_fitted_error: float
    changed_tags: float
    megabytes: float

    def summary(self) -> dict[str, Any]:
        """Scores of both, their difference, calibration and size; plain types."""
        before, after = self.torch.scores.summary(), self.int8.scores.summary()
        return {
            "float": {name: before[name] for name in HEADLINE},
            "int8": {name: after[name] for name in HEADLINE},
            "loss": {name: round(before[name] - after[name], 4) for name in HEADLINE},
            "changed_token_tags": round(self.changed_tags, 4),
            "calibration_error": round(self.calibration_error, 4),
            "calibration_error_cross_fitted": round(self.cross_fitted_error, 4),
            "onnx_megabytes": round(self.megabytes, 2),
        }


def export(
    folder: Path,
    dev: Sequence[Gold],
    texts: Sequence[str],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    keep_float: bool = False,
) -> Exported:
    """Export ``folder`` in place.

    Args:
        folder: a Hugging Face folder with the six tags and a ``tokenizer.json``.
        dev: labelled examples to calibrate on and to measure the loss on.
        texts: texts to choose the int8 ranges on, training texts rather than ``dev``.
        settings: window and decoder; the calibration in it is replaced.
        keep_float: keep ``model.onnx`` beside the int8 file.

    Raises:
        ValueError: the weights are too large for one ONNX file.
    """
    module = AutoModelForTokenClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    encoder = Encoder(open_tokenizer(folder), settings.window)
    raw = replace(settings, calibration=Calibration())
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = (folder if keep_float else Path(scratch)) / "model.onnx"
        export_float(module, source)
        quantize(source, folder / "model.int8.onnx", _feeds(encoder, texts[:_MOST_TEXTS]))
    engines: tuple[Runtime, Runtime] = TorchRuntime(module), OnnxRuntime(folder / "model.int8.onnx")
    models = [Model(encoder, engine, raw) for engine in engines]
    float_scores, int8_scores = (evaluate(dev, model.segments_many) for model in models)
    calibration = fit_calibration(int8_scores)
    write_settings(folder, replace(settings, calibration=calibration))
    calibrated = recalibrate(int8_scores, calibration.apply)
    return Exported(
        recalibrate(float_scores, calibration.apply),
        calibrated,
        expected_calibration_error(*calibrated.confidence()),
        cross_fitted_error(int8_scores),
        _changed_tags(encoder, engines, [example.text for example in dev]),
        (folder / "model.int8.onnx").stat().st_size / 1e6,
    )


def check_size(module: Any) -> None:
    """See that the weights of ``module`` fit into one ONNX file; ``ValueError`` where they do not."""
    size = 4 * sum(parameter.numel() for parameter in module.parameters())
    if size > _LARGEST:
        raise ValueError(
            f"the model has {size / 1e9:.1f} GB of weights, an ONNX file holds {_LARGEST / 1e9:.0f} GB"
        )


def export_float(module: Any, path: Path) -> None:
    """Write ``module`` as one single-precision ONNX file, attention fused where the layout is known."""
    check_size(module)
    ids = torch.full((2, 16), 5)
    axes = {0: "batch", 1: "pieces"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Logits(module),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes=dict.fromkeys(("input_ids", "attention_mask", "logits"), axes),
            opset_version=17,
            dynamo=False,  # the graph of this exporter is the one whose attention the optimiser knows
        )
    if module.config.model_type in _FUSED:
        _fuse(path, module.config.num_attention_heads, module.config.hidden_size)


class _Logits(torch.nn.Module):
    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        return self.module(input_ids=input_ids, attention_mask=attention_mask).logits


def _fuse(path: Path, heads: int, width: int) -> None:
    """Fuse attention and GELU. Not layer norm: its fused kernel is several times slower on a CPU."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False
    options.enable_skip_layer_norm = False
    options.enable_bias_skip_layer_norm = False
    options.enable_bias_gelu = False
    fused = optimize_model(
        str(path), "bert", num_heads=heads, hidden_size=width, optimization_options=options, opt_level=0
    )
    fused.save_model_to_file(str(path))


def _feeds(encoder: Encoder, texts: Sequence[str]) -> list[dict[str, np.ndarray[Any, Any]]]:
    out = []
    for encoding in encoder.encode(texts, [[(0, len(text))] for text in texts]):
        ids = np.array([[*encoder.prefix, *encoding.ids[: encoder.size].tolist(), *encoder.suffix]], np.int64)
        out.append({"input_ids": ids, "attention_mask": np.ones_like(ids)})
    return out


def _changed_tags(encoder: Encoder, engines: Sequence[Runtime], texts: Sequence[str]) -> float:
    """The share of pieces whose best tag differs between two engines."""
    changed = total = 0
    for feed in _feeds(encoder, texts):
        first, second = (
            engine.logits(feed["input_ids"], feed["attention_mask"]).argmax(-1) for engine in engines
        )
        changed += int((first != second).sum())
        total += first.size
    return changed / max(1, total)
