"""Scores on made-up spans, worked out by hand, and that they add."""

import numpy as np
import pytest

from claimcheck.calibration import WORTH, Calibration
from claimcheck.evaluation import Evaluation, evaluate
from claimcheck.examples import Example, LabelledSpan
from claimcheck.metrics import (
    Counts,
    Scores,
    expected_calibration_error,
    match_spans,
    reliability,
    roc_auc,
    score,
    sentence_label,
    word_labels,
)
from claimcheck.span import Label, Span
from claimcheck.training.calibrate import cross_fitted_error, fit_calibration, recalibrate

TEXT = "وزیر گفت: باران آمد. این بد است."  # 0-9 frame, 10-19 claim, 21-31 opinion
GOLD = [
    LabelledSpan(0, 9, Label.ATTRIBUTION),
    LabelledSpan(10, 19, Label.CLAIM, True),
    LabelledSpan(21, 31, Label.OPINION),
]
SENTENCES = [(0, 20), (21, 32)]


def predicted(*places):
    return [
        Span(a, b, TEXT[a:b], label, confidence, 0.5 if label is Label.CLAIM else None)
        for a, b, label, confidence in places
    ]


def test_counts_add():
    total = Counts(1, 0, 1) + Counts(2, 1, 0)
    assert (total.precision, total.recall, total.f1) == (0.75, 0.75, 0.75)
    assert Counts().precision == Counts().recall == Counts().f1 == 0


def test_gold_against_itself_is_perfect():
    scores = score(TEXT, GOLD, GOLD, SENTENCES)
    assert scores.span_f1 == scores.exact_f1 == 1
    assert scores.confusion == {("claim", "claim"): 1, ("opinion", "opinion"): 1}


def test_a_span_one_word_short_is_found_but_not_exact():
    spans = predicted(
        (0, 9, Label.ATTRIBUTION, 0.9), (10, 19, Label.CLAIM, 0.9), (25, 31, Label.OPINION, 0.9)
    )
    scores = score(TEXT, GOLD, spans, SENTENCES)
    assert scores.span_f1 == 1
    assert scores.exact["opinion"] == Counts(0, 1, 1)
    assert scores.word["opinion"] == Counts(2, 0, 1)
    assert scores.word["none"] == Counts(0, 1, 0)


def test_a_wrong_label_is_a_miss_and_a_false_alarm():
    scores = score(TEXT, GOLD, predicted((21, 31, Label.CLAIM, 0.9)), SENTENCES)
    assert scores.span["opinion"] == Counts(0, 0, 1)
    assert scores.span["claim"] == Counts(0, 1, 1)
    assert scores.confusion == {("claim", "none"): 1, ("opinion", "claim"): 1}


def test_scores_add():
    one, two = score(TEXT, GOLD, GOLD, SENTENCES), score(TEXT, GOLD, [], SENTENCES)
    total = one + two
    assert total.span["claim"] == Counts(1, 0, 1)
    assert (one + Scores()).summary() == one.summary()


def test_each_gold_span_is_found_once():
    spans = predicted((10, 15, Label.CLAIM, 0.9), (16, 19, Label.CLAIM, 0.9))
    assert match_spans(GOLD, spans, 0.3) == [1, None]


def test_words_take_the_label_of_most_of_their_characters():
    assert word_labels(TEXT, GOLD) == ["attribution"] * 2 + ["claim"] * 2 + ["opinion"] * 3


def test_a_sentence_takes_the_content_label_that_covers_most():
    assert sentence_label(GOLD, 0, 20) == "claim"
    assert sentence_label(GOLD, 0, 9) == "none"
    tie = [LabelledSpan(0, 4, Label.OPINION), LabelledSpan(5, 9, Label.CALL_TO_ACTION)]
    assert sentence_label(tie, 0, 9) == "call_to_action"


def test_calibration_error():
    confidence = np.array([0.95, 0.95, 0.15, 0.15])
    assert expected_calibration_error(confidence, np.array([True, True, False, False])) == pytest.approx(0.1)
    assert expected_calibration_error(np.array([]), np.array([], bool)) == 0
    assert reliability(confidence, np.array([True, False, False, False])) == [
        (pytest.approx(0.15), 0.0, 2),
        (pytest.approx(0.95), 0.5, 2),
    ]


def test_roc_auc():
    assert roc_auc(np.array([0.9, 0.8, 0.1]), np.array([True, True, False])) == 1
    assert roc_auc(np.array([0.5, 0.5]), np.array([True, False])) == 0.5
    assert np.isnan(roc_auc(np.array([0.5]), np.array([True])))


def _evaluation(rows):
    """A document for each (confidence, right): one predicted claim, found or not."""
    examples = [
        Example(str(i), "باران آمد.", (LabelledSpan(0, 9, Label.CLAIM),) if right else ())
        for i, (_, right) in enumerate(rows)
    ]
    answers = [[Span(0, 9, "باران آمد", Label.CLAIM, confidence, 0.5)] for confidence, _ in rows]
    return evaluate(examples, lambda texts: answers)


def test_thresholds_keep_what_they_promise():
    evaluation = _evaluation([(0.9, True), (0.8, True), (0.7, False), (0.6, True)])
    assert evaluation.threshold(1.0) == (0.8, 0.5)
    assert evaluation.threshold(0.75) == (0.6, 1.0)
    assert evaluation.threshold(0.5, Label.OPINION) is None
    assert _evaluation([(0.9, False)]).threshold(0.5) is None


def test_spans_of_one_confidence_stand_or_fall_together():
    assert _evaluation([(0.9, True), (0.9, False)]).threshold(0.9) is None


def test_calibration_learns_overconfidence():
    evaluation = _evaluation([(0.95, i % 10 < 7) for i in range(400)])
    calibration = fit_calibration(evaluation)
    assert calibration.apply(Label.CLAIM, 0.95) == pytest.approx(0.7, abs=0.04)
    assert recalibrate(evaluation, calibration.apply).summary()["calibration_error"] < 0.03
    assert 0 < cross_fitted_error(evaluation) < 0.06


def test_few_examples_bend_no_curve():
    assert fit_calibration(_evaluation([(0.9, False)])).apply(Label.CLAIM, 0.9) > 0.5
    assert fit_calibration(Evaluation(())).apply(WORTH, 0.3) == 0.3


def test_no_calibration_is_the_identity():
    assert Calibration().apply(Label.OPINION, 0.42) == 0.42


def test_evaluation_by_genre():
    examples = [Example("a", TEXT, tuple(GOLD), genre="news"), Example("b", TEXT, tuple(GOLD))]
    evaluation = evaluate(examples, lambda texts: [predicted((10, 19, Label.CLAIM, 0.9)) for _ in texts])
    assert {genre: len(part.results) for genre, part in evaluation.by(lambda e: e.genre).items()} == {
        "news": 1,
        "": 1,
    }
    assert evaluation.worth()[1].tolist() == [True, True]
