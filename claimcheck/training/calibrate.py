"""Fit the calibration curves of a model on examples it was not trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from claimcheck.calibration import WORTH, Calibration, log_odds
from claimcheck.evaluation import Evaluation
from claimcheck.metrics import expected_calibration_error
from claimcheck.span import Label

_PRIOR = 3.0  # strength of the pull towards the identity, in examples: few spans must not bend a curve


def fit_calibration(raw: Evaluation) -> Calibration:
    """Curves for every label and for check-worthiness.

    Args:
        raw: an evaluation of the model with the identity calibration.
    """
    curves = {str(label): _fit_curve(*raw.confidence(label)) for label in Label}
    return Calibration({**curves, WORTH: _fit_curve(*raw.worth())})


def cross_fitted_error(raw: Evaluation, folds: int = 5, rounds: int = 10, seed: int = 0) -> float:
    """Expected calibration error with every document's confidence calibrated on the other folds.

    The mean over ``rounds`` random partitions, since one partition is off by a fifth either way.
    """
    rng = np.random.default_rng(seed)
    errors = []
    for _ in range(rounds):
        fold = rng.permutation(len(raw.results)) % folds
        parts = []
        for k in range(folds):
            rest, held = (
                Evaluation(tuple(r for r, f in zip(raw.results, fold, strict=True) if bool(f == k) is flag))
                for flag in (False, True)
            )
            parts.append(recalibrate(held, fit_calibration(rest).apply).confidence())
        confidence, right = (np.concatenate(column) for column in zip(*parts, strict=True))
        errors.append(expected_calibration_error(confidence, right))
    return float(np.mean(errors))


def recalibrate(raw: Evaluation, apply: Callable[[Label | str, float], float]) -> Evaluation:
    """The same evaluation with calibrated numbers on its spans; the labels do not change."""
    return Evaluation(
        tuple(
            replace(
                result,
                predicted=tuple(
                    replace(
                        span,
                        confidence=apply(span.label, span.confidence),
                        check_worthiness=None
                        if span.check_worthiness is None
                        else apply(WORTH, span.check_worthiness),
                    )
                    for span in result.predicted
                ),
            )
            for result in raw.results
        )
    )


def _fit_curve(raw: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the least regularised logistic loss: Newton's steps from the identity, halved
    where one would overshoot."""
    x = np.stack([np.array([log_odds(p) for p in raw]), np.ones(len(raw))], 1)
    curve = identity = np.array([1.0, 0.0])

    def loss(at: NDArray[np.float64]) -> float:
        z = x @ at
        return float(
            np.logaddexp(0, np.where(right, -z, z)).sum() + _PRIOR / 2 * ((at - identity) ** 2).sum()
        )

    for _ in range(50):
        p = np.exp(-np.logaddexp(0, -(x @ curve)))
        gradient = x.T @ (p - right) + _PRIOR * (curve - identity)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + _PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        while loss(curve - step) > loss(curve) and float(np.abs(step).max()) > 1e-8:
            step /= 2
        curve = curve - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return round(float(curve[0]), 5), round(float(curve[1]), 5)
