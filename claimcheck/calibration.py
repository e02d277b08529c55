"""From the mean word probability of a span to the probability that its label is right.

Platt scaling (Platt, "Probabilistic Outputs for Support Vector Machines", 1999): a logistic curve over
the log-odds of the raw probability, one curve a label, fitted on labelled data the model has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from claimcheck.span import Label

WORTH = "check_worthiness"  # the curve of a claim's worth, beside those of the four labels


def log_odds(probability: float) -> float:
    """``log(p / (1 - p))``, kept finite."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


@dataclass(frozen=True, slots=True)
class Calibration:
    """``curves[name] = (slope, offset)`` for every label and ``WORTH``; identity where there is none."""

    curves: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def apply(self, name: Label | str, probability: float) -> float:
        """The calibrated probability, to four decimals."""
        slope, offset = self.curves.get(str(name), (1.0, 0.0))
        return round(1 / (1 + math.exp(-(slope * log_odds(probability) + offset))), 4)
