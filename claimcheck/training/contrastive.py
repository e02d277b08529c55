"""A sentence encoder that goes on learning from headlines and the news below them, its weights staying in four bits.

A headline and the paragraph below it say the same in other words. A batch of such pairs is learnt from as E5
was: each headline must be nearest to its own paragraph and each paragraph to its own headline (InfoNCE; van den
Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018).

The weights came in blocks of 32 with 16 levels and a scale. Free weights would leave those levels, and rounding
them again would undo what was learnt. So levels stay as they are, and scales, biases, norms and the embedding
table learn (Kim et al., "Memory-Efficient Fine-Tuning of Compressed Large Language Models via sub-4-bit Integer
Quantization", NeurIPS 2023). What is kept is the middle between the old and the new values, which keeps more of
what the encoder knew of other texts (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn.utils import parametrize
from transformers import AutoModel

from claimcheck.flags.rarity import Rarity
from claimcheck.flags.sentence_vectors import PREFIX
from claimcheck.folder import open_tokenizer
from claimcheck.training.device import pick_device
from claimcheck.training.fit import TrainingError
from claimcheck.training.sentence_encoder import Pooled, four_bits

Pair = tuple[str, str]
_HEADLINE = (4, 13)  # words
_PARAGRAPH = 14  # words at least
_BELOW = 2  # lines below its headline, at most
_READ = 32  # words of a paragraph
_PIECES = 64
_SLACK = 0.05  # of a level: weights come rounded to eight bits of mantissa
_RARE = 3.0  # nats: words that say what a headline is about
_SHARED = (0.25, 0.98)  # of their rarity that the paragraph has too: about the same, not the same words


@dataclass(frozen=True, slots=True)
class ContrastiveRecipe:
    """How to go on.

    ``rate`` is of scales (shares of their old value), biases and norms, ``table_rate`` of embeddings; both are
    lower by ``layer_decay`` a layer from the last one down, embeddings one step more. ``kept`` is the share of
    what changed that is kept, ``held_out`` the pairs that are measured on.
    """

    steps: int = 60
    batch: int = 64
    rate: float = 1e-3
    table_rate: float = 1e-4
    layer_decay: float = 0.9
    temperature: float = 0.05
    kept: float = 0.5
    held_out: int = 1000
    seed: int = 0


def headline_pairs(lines: Iterable[str], words: Callable[[str], Sequence[str]], rarity: Rarity) -> list[Pair]:
    """Headlines of running news and the paragraphs below them, each headline and each paragraph once.

    Args:
        lines: a paragraph a line, in the order they stand in.
        words: the stems of a text (``Reading.words``).
        rarity: says which of them are rare.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    headline, left = "", 0  # the nearest above, and how many lines below it its paragraph may still stand
    for line in lines:
        parts = line.split()
        if len(parts) >= _PARAGRAPH:
            paragraph = " ".join(parts[:_READ])
            new = left > 0 and headline not in found and paragraph not in taken
            if new and _same_matter(words(headline), words(paragraph), rarity):
                found[headline] = paragraph
                taken.add(paragraph)
            left = 0
        elif _HEADLINE[0] <= len(parts) <= _HEADLINE[1] and line[-1] not in ".:؛،" and line[0] != "[":
            headline, left = line, _BELOW
        else:
            left -= 1
    return list(found.items())


def _same_matter(headline: Sequence[str], paragraph: Sequence[str], rarity: Rarity) -> bool:
    rare = {word: idf for word, idf in zip(headline, rarity.of_words(headline), strict=True) if idf > _RARE}
    there = set(paragraph)
    shared = sum(idf for word, idf in rare.items() if word in there)
    return bool(rare) and _SHARED[0] <= shared / sum(rare.values()) <= _SHARED[1]


def learn_from_pairs(
    folder: Path,
    pairs: Sequence[Pair],
    recipe: ContrastiveRecipe,
    out: Path,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[float, float]:
    """Write ``out``, a Hugging Face folder, from that of a BERT-like encoder whose weights stand on four bits.

    Args:
        folder: weights and ``tokenizer.json``.
        pairs: what says the same, at least ``recipe.held_out`` and a batch.
        recipe: how.
        out: the folder to write; made where it is not there.
        say: gets lines for people.

    Returns:
        The share of held-out headlines nearest to their own paragraph, before and after.

    Raises:
        ValueError: too few pairs, weights that stand on no four bits, or ``out`` is ``folder``.
        TrainingError: the loss is no number any more.
    """
    if len(pairs) < recipe.held_out + recipe.batch:
        raise ValueError(
            f"{len(pairs)} pairs; wanted {recipe.held_out} to measure on and {recipe.batch} for a batch, or more"
        )
    if out.resolve() == folder.resolve():
        raise ValueError(f"{out} is the folder that is read; name another to write")
    chance = np.random.default_rng(recipe.seed)
    pairs = [pairs[i] for i in chance.permutation(len(pairs))]
    held, pairs = pairs[: recipe.held_out], pairs[recipe.held_out :]
    tokenizer = open_tokenizer(folder)
    module = AutoModel.from_pretrained(
        folder, dtype=torch.float32, add_pooling_layer=False, use_safetensors=True
    )
    device, half = pick_device()
    encode = _Encode(Pooled(module.to(device).eval()), tokenizer, device)  # eval: no dropout
    old = {name: value.clone() for name, value in module.state_dict().items()}
    before = _nearest(encode, held)
    _fix_levels(module)
    optimizer = torch.optim.AdamW(_groups(module, recipe), weight_decay=0.0, fused=True)
    peaks = [group["lr"] for group in optimizer.param_groups]
    order: list[int] = []
    for step in range(recipe.steps):
        if len(order) < recipe.batch:
            order = chance.permutation(len(pairs)).tolist()
        some, order = [pairs[i] for i in order[: recipe.batch]], order[recipe.batch :]
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * min((step + 1) / 10, 0.5 * (1 + np.cos(np.pi * step / recipe.steps)))
        loss = _info_nce(
            encode([headline for headline, _ in some], half),
            encode([_part(paragraph, chance) for _, paragraph in some], half),
            recipe.temperature,
        )
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss is no number any more at step {step}; try a lower rate")
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 10 == 0:
            say(f"step {step + 1} of {recipe.steps}  loss {float(loss.detach()):.4f}")
    for part in _products(module):
        parametrize.remove_parametrizations(part, "weight", leave_parametrized=True)
    new = module.state_dict()
    if not all(value.isfinite().all() for value in new.values()):
        raise TrainingError("weights are no numbers any more; try a lower rate")
    module.load_state_dict({name: torch.lerp(old[name], new[name], recipe.kept) for name in old})
    after = _nearest(encode, held)
    module.to("cpu").save_pretrained(out)
    shutil.copyfile(folder / "tokenizer.json", out / "tokenizer.json")
    return before, after


class _Encode:
    """Texts to unit vectors ``(texts, width)`` with their gradient, in single precision or products in bfloat16."""

    def __init__(self, pooled: Pooled, tokenizer: Tokenizer, device: torch.device) -> None:
        self.pooled, self.tokenizer, self.device = pooled, tokenizer, device
        self.tokenizer.enable_padding(pad_id=pooled.module.config.pad_token_id)
        self.tokenizer.enable_truncation(_PIECES)

    def __call__(self, texts: Sequence[str], half: bool = False) -> torch.Tensor:
        encodings = self.tokenizer.encode_batch([PREFIX + text for text in texts])
        ids, mask = (
            torch.tensor([getattr(one, name) for one in encodings], device=self.device)
            for name in ("ids", "attention_mask")
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            vectors: torch.Tensor = self.pooled(ids, mask)
        return vectors.float()


class _FixedLevels(torch.nn.Module):
    """A matrix ``(outputs, inputs)`` whose scales alone learn, as shares by which they grow."""

    blocks: torch.Tensor

    def __init__(self, matrix: NDArray[np.float32]) -> None:
        super().__init__()
        levels, scales = (torch.from_numpy(array) for array in four_bits(matrix))
        blocks = levels * scales[..., None]
        rounded = (torch.from_numpy(matrix).view_as(blocks) - blocks).abs()
        if (rounded > _SLACK * scales.abs()[..., None]).any():
            raise ValueError("the weights are free numbers, not blocks of 32 with 16 levels and a scale")
        self.register_buffer("blocks", blocks)

    def forward(self, growth: torch.Tensor) -> torch.Tensor:
        return (self.blocks * (1 + growth)[..., None]).flatten(1)

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return torch.zeros(self.blocks.shape[:2], device=weight.device)


def _products(module: Any) -> list[torch.nn.Linear]:
    return [part for part in module.encoder.modules() if isinstance(part, torch.nn.Linear)]


def _fix_levels(module: Any) -> None:
    for part in _products(module):
        fixed = _FixedLevels(part.weight.detach().cpu().numpy()).to(part.weight.device)
        parametrize.register_parametrization(part, "weight", fixed, unsafe=True)  # unsafe: of another shape


def _groups(module: Any, recipe: ContrastiveRecipe) -> list[dict[str, Any]]:
    """Every layer's parameters with their rate."""
    layers = module.config.num_hidden_layers
    small = [parameter for parameter in module.embeddings.parameters() if parameter.ndim < 2]
    tables = [parameter for parameter in module.embeddings.parameters() if parameter.ndim == 2]
    lowest = recipe.layer_decay ** (layers + 1)
    groups = [
        {"params": small, "lr": recipe.rate * lowest},
        {"params": tables, "lr": recipe.table_rate * lowest},
    ]
    for depth, layer in enumerate(reversed(module.encoder.layer)):
        groups.append({"params": list(layer.parameters()), "lr": recipe.rate * recipe.layer_decay**depth})
    return groups


def _info_nce(headlines: torch.Tensor, paragraphs: torch.Tensor, temperature: float) -> torch.Tensor:
    """Both ways over the batch: ``(n, width)`` twice to one number."""
    logits = headlines @ paragraphs.T / temperature
    wanted = torch.arange(len(logits), device=logits.device)
    cross = torch.nn.functional.cross_entropy
    return (cross(logits, wanted) + cross(logits.T, wanted)) / 2


def _part(paragraph: str, chance: np.random.Generator) -> str:
    """A paragraph, or half the time 7 to 16 of its words, so that length does not tell the two sides apart."""
    words = paragraph.split()
    if chance.random() < 0.5:
        return paragraph
    many = int(chance.integers(7, 17))
    start = int(chance.integers(max(0, len(words) - many) + 1))
    return " ".join(words[start : start + many])


def _nearest(encode: _Encode, pairs: Sequence[Pair]) -> float:
    """The share of headlines whose own paragraph is the nearest of all, in single precision."""
    with torch.no_grad():
        headlines, paragraphs = (
            torch.cat([encode([pair[side] for pair in pairs[i : i + 64]]) for i in range(0, len(pairs), 64)])
            for side in (0, 1)
        )
    right = (headlines @ paragraphs.T).argmax(1).cpu() == torch.arange(len(pairs))
    return float(right.float().mean())
