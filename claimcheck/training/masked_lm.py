"""An encoder opened with a masked language model's head, and its loss where words are masked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from tokenizers import Tokenizer

from claimcheck.api import embedded_folder
from claimcheck.runtime import ModelError
from claimcheck.training.encoders import Backbone, open_backbone
from claimcheck.training.vocabulary import SPECIALS

_POSITIONS = 512


def open_masked_lm(encoder: str | None, seed: int = 0) -> Backbone:
    """Open ``encoder`` to pre-train it; a head it lacks is new, its output tied to the embeddings.

    Args:
        encoder: a folder, a hub id, or ``None`` for the embedded model.
        seed: of the new head's weights.

    Raises:
        FileNotFoundError: there is no such folder.
        ModelError: it cannot be opened, or its tokenizer's offsets cannot be trusted.
    """
    from transformers import AutoModelForMaskedLM

    backbone = open_backbone(
        encoder, seed
    )  # every check of an encoder; a hub id is in the cache from here on
    torch.manual_seed(seed)
    source = encoder or embedded_folder()
    try:
        module = AutoModelForMaskedLM.from_pretrained(source, dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{source} cannot be opened as a masked language model ({str(error)[:300]})"
        ) from error
    module.config.num_labels = 2  # forgets the names of a tagger's labels: its head is gone
    return replace(backbone, module=module, tagger=False)


def new_masked_lm(tokenizer: Tokenizer, layers: int, width: int, heads: int, seed: int = 0) -> Backbone:
    """A BERT that knows nothing yet, for a tokenizer of ``new_vocabulary``; 512 positions.

    Args:
        tokenizer: with the special pieces ``SPECIALS``.
        layers: how deep.
        width: of a layer; the feed-forward part is four times as wide.
        heads: of attention, a divisor of ``width``.
        seed: of the weights.

    Raises:
        ValueError: the shape is none.
    """
    from transformers import BertConfig, BertForMaskedLM

    if min(layers, width, heads) < 1 or width % heads:
        raise ValueError(f"{heads} heads do not share a width of {width}, or {layers} layers are too few")
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        layer_norm_eps=1e-12,
        pad_token_id=tokenizer.token_to_id(SPECIALS["pad_token"]),
        bos_token_id=tokenizer.token_to_id(SPECIALS["bos_token"]),
        eos_token_id=tokenizer.token_to_id(SPECIALS["eos_token"]),
    )
    return Backbone("a new encoder", BertForMaskedLM(config), tokenizer, dict(SPECIALS), False, _POSITIONS)


def masked_loss(module: Any, read: torch.Tensor, wanted: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy of the masked pieces.

    Args:
        module: what ``open_masked_lm`` opened.
        read: ``(rows, pieces)`` ids with masks.
        wanted: ``(rows, pieces)`` ids without.
        chosen: ``(rows, pieces)``, where to guess.
    """
    head = getattr(module, "cls", None) or getattr(module, "lm_head", None)
    if head is None:  # another layout than that of BERT and RoBERTa: every piece through its whole head
        logits = module(input_ids=read).logits[chosen]
    else:  # the head is a third of the work on a small encoder, and four fifths of it would be for nothing
        logits = head(module.base_model(input_ids=read).last_hidden_state[chosen])
    summed = torch.nn.functional.cross_entropy(logits.float(), wanted[chosen], reduction="sum")
    return summed / chosen.sum().clamp(min=1)
