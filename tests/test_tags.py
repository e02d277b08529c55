"""Tokens to words to spans: the alignment, the edges, the price of a change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strings import TEXTS

from claimcheck.examples import LabelledSpan
from claimcheck.span import Label
from claimcheck.tags import (
    CHECK_WORTHY,
    CLAIM,
    NONE,
    TAGS,
    Decoder,
    best_path,
    character_tags,
    decode,
    token_tags,
    trim,
    word_log_probabilities,
    words,
)

ATTRIBUTION, OPINION, CALL = (TAGS.index(name) for name in ("attribution", "opinion", "call_to_action"))

WORDS = {
    "blanks part words": ("مصرف برق", ["مصرف", "برق"]),
    "a half-space does not": ("می‌رود خانه", ["می‌رود", "خانه"]),
    "a colon without a blank does": ("وی گفت:دستور دادند", ["وی", "گفت:", "دستور", "دادند"]),
    "a comma without a blank does": ("آمد،اما نرفت", ["آمد،", "اما", "نرفت"]),
    "an end mark without a blank does": ("شد.جمله", ["شد.", "جمله"]),
    "not in numbers": ("۱۲.۵ و ۳:۲۰", ["۱۲.۵", "و", "۳:۲۰"]),
    "not in links": ("https://example.ir/a.b خبر", ["https://example.ir/a.b", "خبر"]),
    "not in initialisms": ("آ.د.ک خبر", ["آ.د.ک", "خبر"]),
    "not in hashtags": ("#نرم‌افزار_آزاد است", ["#نرم‌افزار_آزاد", "است"]),
    "a no-break space parts them": ("ده\u00a0کتاب", ["ده", "کتاب"]),
}


@pytest.mark.parametrize("name", WORDS)
def test_words(name):
    text, wanted = WORDS[name]
    assert [text[a:b] for a, b in words(text, 0, len(text))] == wanted


@given(TEXTS)
def test_words_cover_every_character_that_is_no_blank(text):
    ranges = words(text, 0, len(text))
    assert "".join(text[a:b] for a, b in ranges) == "".join(text.split())
    assert all(a < b for a, b in ranges)


EDGES = {
    "end mark": ("تورم بالا رفت.", "تورم بالا رفت"),
    "several": ("چه شد؟!…", "چه شد"),
    "comma and blank in front": ("، اما رفت،", "اما رفت"),
    "dash in front": ("– بارش کم شد؛", "بارش کم شد"),
    "a colon stays": ("وی گفت:", "وی گفت:"),
    "quotes stay": ("«هوا سرد است.»", "«هوا سرد است.»"),
    "brackets stay": ("(نقل از او)", "(نقل از او)"),
    "half-space at the edge": ("\u200cرفت\u200c", "رفت"),
    "direction mark at the edge": ("\u200fرفت.\u200f", "رفت"),
    "end mark in front": (". هوا سرد است", "هوا سرد است"),
    "a decimal in front stays": (".۵ درصد رشد کرد", ".۵ درصد رشد کرد"),
    "face behind the end mark": ("برد! 😍🔥", "برد"),
    "typed face behind the end mark": ("رفت. :))", "رفت"),
    "face without an end mark stays": ("رفت 😍", "رفت 😍"),
    "a fatha stays with its letter": ("رفتَ.", "رفتَ"),
    "nothing left": (" ،… ", ""),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name):
    text, wanted = EDGES[name]
    start, end = trim(text, 0, len(text))
    assert text[start:end] == wanted


@given(TEXTS)
def test_trimming_twice_changes_nothing(text):
    start, end = trim(text, 0, len(text))
    assert 0 <= start <= end <= len(text)
    assert trim(text, start, end) == (start, end)


def test_character_tags_take_the_marks_behind_a_span_along():
    text = "وی گفت: باران آمد، ولی کم."
    spans = [LabelledSpan(0, 7, Label.ATTRIBUTION), LabelledSpan(8, 17, Label.CLAIM)]
    tags = character_tags(text, spans, [False, True])
    assert tags[:8] == [ATTRIBUTION] * 8
    assert tags[8:19] == [CHECK_WORTHY] * 11
    assert tags[19:22] == [NONE] * 3


def test_token_tags_are_the_commonest():
    assert token_tags([1, 1, 2, 2, 2], [0, 1, 5], [3, 5, 5]) == [1, 2, -100]


def _evidence(*tags, sure=0.9):
    rows = np.full((len(tags), len(TAGS)), (1 - sure) / (len(TAGS) - 1))
    rows[np.arange(len(tags)), tags] = sure
    return np.log(rows)


def _decode(text, evidence, switch_cost=2.0):
    return [
        (text[s.start : s.end], TAGS[s.tag])
        for s in decode(text, words(text, 0, len(text)), evidence, Decoder(switch_cost))
    ]


def test_one_stray_word_shreds_no_clause():
    text = "مصرف برق امسال خیلی زیاد شد"
    tags = [CLAIM] * 6
    stray = _evidence(*tags)
    stray[3] = _evidence(OPINION, sure=0.6)
    assert _decode(text, stray) == [(text, "claim")]
    assert len(_decode(text, stray, switch_cost=0.0)) == 3


def test_a_clear_change_is_kept():
    text = "باران آمد و باید رفت."
    tags = (CLAIM, CLAIM, CALL, CALL, CALL)
    assert _decode(text, _evidence(*tags)) == [("باران آمد", "claim"), ("و باید رفت", "call_to_action")]


def test_an_opening_quote_goes_with_what_it_opens():
    text = "وی گفت « باران آمد"
    assert _decode(text, _evidence(ATTRIBUTION, ATTRIBUTION, ATTRIBUTION, CLAIM, CLAIM)) == [
        ("وی گفت", "attribution"),
        ("« باران آمد", "claim"),
    ]


def test_adjacent_claims_of_different_worth_are_two_spans():
    text = "وی به یزد رفت و آنجا نرخ تورم ده درصد شد"
    tags = [CLAIM] * 4 + [CHECK_WORTHY] * 7
    assert [tag for _, tag in _decode(text, _evidence(*tags, sure=0.97))] == ["claim", "claim_check_worthy"]


def test_the_two_claims_count_together_against_the_rest():
    text = "نرخ تورم"
    rows = np.log(np.array([[0.02, 0.02, 0.4, 0.02, 0.27, 0.27]] * 2))
    assert [tag for _, tag in _decode(text, rows)] == ["claim"]


@given(
    st.lists(st.lists(st.floats(-9, 0), min_size=4, max_size=4), min_size=1, max_size=6),
    st.floats(0, 5),
)
def test_the_best_path_is_the_best(rows, cost):
    import itertools

    def value(path):
        changes = sum(a != b for a, b in itertools.pairwise(path))
        return sum(row[c] for row, c in zip(rows, path, strict=True)) - cost * changes

    best = max(value(path) for path in itertools.product(range(4), repeat=len(rows)))
    assert value(best_path(np.array(rows, float), cost)) == pytest.approx(best)


def test_pieces_of_a_word_are_averaged_and_a_word_without_pieces_has_no_say():
    logs = np.arange(12, dtype=float).reshape(2, 6)
    out = word_log_probabilities(logs, np.array([0, 2]), [(0, 4), (5, 6)])
    assert out[0].tolist() == [3, 4, 5, 6, 7, 8]
    assert not out[1].any()
