"""An encoder with ParsBERT's architecture and random weights, for machines that no model hub reaches.

ParsBERT (Farahani et al., "ParsBERT: Transformer-based Model for Persian Language Understanding", 2021) is a
BERT of 12 layers x 768 with a WordPiece vocabulary of 100,000 pieces (42,000 in its later version), whose
normaliser lower-cases, strips accents and drops half-spaces. The folder is laid out as its hub repository is:
``config.json``, ``vocab.txt``, ``tokenizer_config.json`` and weights. It knows nothing; it is as large and as
slow as the real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertConfig, BertForMaskedLM

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def build_parsbert(
    out: Path,
    texts: Iterable[str],
    *,
    vocabulary: int = 100_000,
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    seed: int = 0,
) -> int:
    """Write the folder ``out``.

    Args:
        out: a folder, made where there is none.
        texts: what the vocabulary is learnt from.
        vocabulary: pieces; where the texts give fewer, the rest are unused ones, as BERT's own have.
        layers: how deep.
        width: of a layer; the feed-forward part is four times as wide.
        heads: of attention.
        seed: of the weights.

    Returns:
        How many pieces the texts gave.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=1, special_tokens=list(_SPECIAL), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    pieces = [piece for piece, _ in learnt] + [f"[unused{i}]" for i in range(vocabulary - len(learnt))]
    out.mkdir(parents=True, exist_ok=True)
    (out / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (out / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )
    BertForMaskedLM(config).save_pretrained(out)
    return len(learnt)
