"""Which pieces a masked language model has to guess: whole words (Cui et al., "Pre-Training with Whole Word
Masking for Chinese BERT", 2021), a fifth of them (Wettig et al., "Should You Mask 15% in Masked Language
Modeling?", 2023).

A piece alone is guessed from the rest of its word; a whole word has to be guessed from what the text says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models

_BLANK, _BYTE_BLANK = "▁", "Ġ"  # stand for the blank before a word in Unigram and byte-level vocabularies
_MASKED, _OTHER = 0.8, 0.1  # shares of BERT: the mask, another piece, else the piece itself


@dataclass(frozen=True, slots=True)
class Masking:
    """What masking needs of a vocabulary.

    ``starts`` ``(vocabulary,)``: whether a piece begins a word. ``ordinary`` ``(ids,)``: the pieces that can
    be masked, all but the special ones. ``mask``: the id of the mask. ``share``: of the words, masked.
    """

    starts: NDArray[np.bool_]
    ordinary: NDArray[np.int32]
    mask: int
    share: float = 0.2

    def __call__(
        self, ids: NDArray[np.int32], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Mask words of ``ids`` ``(rows, pieces)``.

        Returns:
            What the model reads, ``(rows, pieces)``, and where it has to guess, ``(rows, pieces)``.
        """
        words = self.starts[ids].cumsum(1)
        fates = rng.random((len(ids), ids.shape[1] + 1))
        chosen: NDArray[np.bool_] = np.take_along_axis(fates, words, 1) < self.share
        chosen &= np.isin(ids, self.ordinary)
        how = rng.random(ids.shape)
        others = rng.choice(self.ordinary, ids.shape)
        changed = np.where(how < _MASKED, self.mask, np.where(how < _MASKED + _OTHER, others, ids))
        return np.where(chosen, changed, ids).astype(np.int64), chosen


def masking_of(tokenizer: Tokenizer, mask_token: str | None, name: str, share: float = 0.2) -> Masking:
    """The masking for a tokenizer with a Unigram, WordPiece or byte-level vocabulary.

    Args:
        tokenizer: opened.
        mask_token: as ``tokenizer_config.json`` has it.
        name: of the encoder, for errors.
        share: of the words, masked.

    Raises:
        ValueError: it has no mask token, or ``share`` is no share.
    """
    mask = tokenizer.token_to_id(mask_token) if mask_token else None
    if mask is None:
        raise ValueError(
            f'{name} has no mask token; name it in tokenizer_config.json: "mask_token": "<mask>"'
        )
    if not 0 < share < 1:
        raise ValueError(f"the share of masked words must be between 0 and 1, got {share}")
    pieces = {i: piece for piece, i in tokenizer.get_vocab(with_added_tokens=True).items()}
    decoder: dict[int, Any] = tokenizer.get_added_tokens_decoder()
    starts = np.zeros(max(pieces) + 1, bool)
    starts[[*_word_starts(tokenizer, pieces), *decoder]] = True
    return Masking(starts, np.array(sorted({*pieces} - {*decoder}), np.int32), mask, share)


def _word_starts(tokenizer: Tokenizer, pieces: Mapping[int, str]) -> list[int]:
    """The ids of pieces that begin a word; a sign is a word of its own, whatever it stands at."""
    if isinstance(tokenizer.model, models.WordPiece):
        within = tokenizer.model.continuing_subword_prefix
        return [i for i, piece in pieces.items() if not piece.startswith(within)]
    if any(piece.startswith(_BLANK) for piece in pieces.values()):
        return [i for i, piece in pieces.items() if piece.startswith(_BLANK) or not piece[0].isalnum()]
    return [
        i for i, piece in pieces.items() if piece.startswith(_BYTE_BLANK)
    ]  # its signs may be half letters
