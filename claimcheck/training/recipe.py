"""How to train: every number that can be chosen, and what each may be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from claimcheck.training.batches import Variation
from claimcheck.training.encoders import Backbone

_FEW = 1000  # examples
_LEAST_WINDOW = 16  # pieces; less holds hardly a clause


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; the defaults suit some hundred to some ten thousand passages.

    ``learning_rate`` is that of the head; where ``None`` it is chosen by the width of the encoder and by
    whether it was a tagger already. ``pieces`` are those of a batch with its padding (``None``: by how many
    examples there are, for some tens of steps an epoch at least); ``accumulate`` batches make a step.
    ``balance`` weights a tag by its frequency to the power of ``-balance``; ``smoothing`` spreads that share
    of a label over all. ``epochs`` are those at most (``None``: by how many examples there are), ``patience``
    epochs without a better development score end the training.

    Raises:
        ValueError: a number is out of its range; says which range.
    """

    epochs: int | None = None
    learning_rate: float | None = None
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1
    pieces: int | None = None
    accumulate: int = 1
    balance: float = 0.25
    smoothing: float = 0.0
    average: float = 0.99
    patience: int = 3
    window: int = 128
    seed: int = 0
    variation: Variation = field(default_factory=Variation)

    def __post_init__(self) -> None:
        if self.epochs is not None:
            self._check("epochs", 1, math.inf)
        for name, least in (("accumulate", 1), ("patience", 1), ("window", _LEAST_WINDOW)):
            self._check(name, least, math.inf)
        for name, most in (("warmup", 1.0), ("balance", 1.0), ("smoothing", 0.9), ("average", 1.0)):
            self._check(name, 0, most)
        self._check("weight_decay", 0, 1)
        self._check("layer_decay", 0.01, 1)
        if self.learning_rate is not None:
            self._check("learning_rate", 1e-12, math.inf)
        if self.pieces is not None and self.pieces < self.window:
            raise ValueError(
                f"a batch of {self.pieces} pieces cannot hold a window of {self.window}; "
                f"try --batch {8 * self.window}, and --accumulate where memory is short"
            )

    def _check(self, name: str, least: float, most: float) -> None:
        value = getattr(self, name)
        if not least <= value <= most or value == math.inf:  # written so that nan is refused
            wanted = f"between {least:g} and {most:g}" if most < math.inf else f"{least:g} or more"
            raise ValueError(f"--{name.replace('_', '-')} must be {wanted}, got {value}")

    def most_epochs(self, backbone: Backbone, examples: int) -> int:
        """Epochs at most: more where few examples must teach a bare encoder what labels are."""
        if self.epochs is not None:
            return self.epochs
        return 20 if examples < _FEW and not backbone.tagger else 8

    def rate(self, backbone: Backbone) -> float:
        """The learning rate of the head."""
        if self.learning_rate is not None:
            return self.learning_rate
        if backbone.tagger:
            return 5e-5
        return 3e-4 if backbone.module.config.hidden_size <= 512 else 5e-5
