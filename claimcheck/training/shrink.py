"""A deeper encoder to fewer layers: a student that begins as every so-maniest layer of its teacher learns
faster than a new one (Sanh et al., "DistilBERT", 2019). Pre-train it again, then distil it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from claimcheck.training.encoders import Backbone


def shrink(backbone: Backbone, layers: Sequence[int]) -> Backbone:
    """Keep ``layers`` (from 0, ascending) of ``backbone.module``, in place; everything else stays.

    Raises:
        ValueError: a layer is not there, or they do not ascend.
    """
    many = int(backbone.module.config.num_hidden_layers)
    if not layers or list(layers) != sorted({*layers}) or not 0 <= layers[0] <= layers[-1] < many:
        raise ValueError(
            f"{backbone.name} has layers 0 to {many - 1}; wanted some, ascending, got {[*layers]}"
        )
    holder, name = _stack(backbone.module, many)
    stack = getattr(holder, name)
    setattr(holder, name, torch.nn.ModuleList(stack[i] for i in layers))
    config = backbone.module.config
    config.num_hidden_layers = len(layers)
    kinds = getattr(config, "layer_types", None)  # of layouts that mix local and global attention
    if kinds:
        config.layer_types = [kinds[i] for i in layers]
    return backbone


def _stack(module: Any, many: int) -> tuple[Any, str]:
    """Who holds the list of ``many`` layers, and under which name."""
    for holder in module.modules():
        for name, child in holder.named_children():
            if isinstance(child, torch.nn.ModuleList) and len(child) == many:
                return holder, name
    raise ValueError(f"found no list of {many} layers in a {type(module).__name__}; its layout is not known")
