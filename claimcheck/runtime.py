"""Token ids in, logits out: ONNX Runtime (what analysis uses) or torch (the same labels, for training)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


class ModelError(ValueError):
    """A model folder that cannot be used; the message says what is wrong with it and what to do."""


class Runtime(Protocol):
    """What a model needs of its engine."""

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores ``(batch, pieces, tags)`` for padded ``ids`` and ``mask``, both ``(batch, pieces)``."""


class OnnxRuntime:
    """One ONNX Runtime session on the CPU.

    Args:
        path: the ``.onnx`` file. It must hold its own weights: a file that points to data outside
            itself could make the runtime read any file, and is refused.
        threads: threads inside a run; all cores where ``None``.

    Raises:
        ModelError: the file is broken, truncated, or not a tagger.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        import onnxruntime

        content = path.read_bytes()
        if _points_outside(content):
            raise ModelError(f"{path} keeps tensors in external files; export it again as one file")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors come as exceptions; nothing is written to stderr
        # our files are fused when they are written; more would cost start-up, and its layer norm is slower
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.intra_op_num_threads = threads or 0
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime raises a type of its own for every stage
            raise ModelError(f"{path} cannot be opened by ONNX Runtime ({str(error)[:200]})") from error
        self._inputs = [node.name for node in self._session.get_inputs()]
        if missing := {"input_ids", "attention_mask"} - set(self._inputs):
            raise ModelError(f"{path} has no input named {', '.join(sorted(missing))}")
        self.tags: int = self._session.get_outputs()[0].shape[-1]

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """See ``Runtime``."""
        feed = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(ids)
        return np.asarray(self._session.run(None, feed)[0], np.float32)


class TorchRuntime:
    """The same model as a ``transformers`` module, from memory or from a folder's safetensors."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model: Any = model.eval()

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> TorchRuntime:
        """Load the weights of ``folder`` in single precision.

        Raises:
            ModelError: it holds no ``model.safetensors`` that can be opened; a pickle is not tried.
        """
        try:
            import torch
            from transformers import AutoModelForTokenClassification
        except ImportError as error:
            raise ImportError("the torch runtime needs the extra: pip install 'claimcheck[train]'") from error
        try:
            return cls(
                AutoModelForTokenClassification.from_pretrained(
                    folder, dtype=torch.float32, use_safetensors=True
                )
            )
        except OSError as error:
            raise ModelError(
                f"{str(folder)!r} has no model.safetensors that can be opened ({str(error)[:200]}); the torch "
                "runtime and a teacher of --distil need it beside the ONNX file"
            ) from error

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """See ``Runtime``."""
        import torch

        device = next(self.model.parameters()).device
        with torch.inference_mode():
            feed = {
                k: torch.from_numpy(v).to(device) for k, v in (("input_ids", ids), ("attention_mask", mask))
            }
            return np.asarray(self.model(**feed).logits.float().cpu().numpy())


def _points_outside(content: bytes) -> bool:
    """Whether a serialised ONNX model has a tensor with an ``external_data`` location.

    Such an entry is a key-value pair whose key is ``location``: field 1, length 8. The tag and the length
    may also be written as over-long varints.
    """
    at = content.find(b"location")
    while at >= 0:
        head = content[max(0, at - 20) : at]
        length = head.rstrip(b"\x80\x00") if head.endswith(b"\x00") else head
        if length[-1:] in (b"\x08", b"\x88"):
            tag = length[:-1]
            tag = tag.rstrip(b"\x80\x00") if tag.endswith(b"\x00") else tag
            if tag[-1:] in (b"\x0a", b"\x8a"):
                return True
        at = content.find(b"location", at + 1)
    return False
