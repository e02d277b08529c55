import re
import time
from unicodedata import category

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sentence_cases import TABLE, read_cases
from strings import NASTY

from claimcheck import split_sentences

# --- the table -------------------------------------------------------------------------------------------


def by_kind():
    kinds = {}
    for case in read_cases():
        kinds.setdefault(case.kind, []).append(case)
    return kinds


KINDS = by_kind()
MISSES = KINDS.pop("known misses")  # in the table for honest scores: mend one, and move it to its kind


def sentences(text, ranges):
    return [text[start:end] for start, end in ranges]


@pytest.mark.parametrize(("kind", "cases"), [pytest.param(*item, id=item[0]) for item in KINDS.items()])
def test_table(kind, cases):
    wrong = []
    for _, text, ranges in cases:
        found = split_sentences(text)
        if found != ranges:
            wrong.append(f"wanted {sentences(text, ranges)}\n found {sentences(text, found)}")
    assert not wrong, f"{kind}: {len(wrong)} of {len(cases)}\n" + "\n".join(wrong)


@pytest.mark.parametrize("case", MISSES, ids=lambda case: case.text)
def test_known_misses_are_still_missed(case):
    assert split_sentences(case.text) != case.ranges


def test_table_is_large_and_says_nothing_twice():
    texts = [case.text for case in read_cases()]
    assert len(set(texts)) == len(texts) >= 300
    assert "\u200c" not in TABLE.read_text(encoding="utf-8")  # what cannot be seen goes by name


# --- invariants ------------------------------------------------------------------------------------------

LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
BLANKS = "\x1f\u2003\u202f\u3000"
HIDDEN = "\u200b\u2060\u00ad\u200e\u202a\u202b\u202c\u202d\u2066\u2068"
COMBINING = "\u064b\u0301\u20e3"
LETTERS = "ابپوهB۱6"
MARKS = "!?۔⸮。！؛;,"
SIGNS = "'“”„‘’()[]{}<>/*_-–♦•▪✅🔴😍👍🏻⚕🏳🌈☏∯❦🚗❤"
WORDS = [" و ", "گفت: «", "شد.", "است.", "http://", "www.", "@", "ه. ق. ", "۱. ", "۲) ", "الف) ", "[۱۲]", "Dr. ", "</b>", ":)", "ماده ۱. "]  # fmt: skip
PIECES = [*NASTY.values(), *LINE_BREAKS, *BLANKS, *HIDDEN, *COMBINING, *LETTERS, *MARKS, *SIGNS, *WORDS]
nasty = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def check(text):
    ranges = split_sentences(text)
    before = 0
    for start, end in [*ranges, (len(text), len(text))]:
        between = text[before:start]
        assert all(unseen(c, combining=not ranges) for c in between), f"lost {between!r}"
        assert before <= start
        before = end
    for start, end in ranges:
        assert start < end
        assert not text[start].isspace() and not text[end - 1].isspace()
        assert start == ranges[0][0] or category(text[start])[0] != "M", "starts inside a character"


def unseen(character, combining):
    """Whether a character leaves no ink: blanks and format controls, and marks with nothing to stand on."""
    lone = ("Mn", "Me", "Lm") if combining else ()
    return character.isspace() or category(character) in ("Cf", *lone)


@settings(max_examples=1500, deadline=None)
@given(nasty)
@example("")
@example(" \n\u2028 ")
@example("\ud800.\udfff")
@example("«»")
@example(".")
@example("\u200c\u200f\ufeff")
@example("ا\n\u064b و ")
@example("ا\n\u064b\xa0\u064eب")
def test_ranges_are_sorted_disjoint_trimmed_and_miss_nothing(text):
    check(text)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40))
def test_any_string_at_all(text):
    check(text)


@settings(max_examples=300, deadline=None)
@given(nasty)
@example(":) و :) و ")
def test_what_a_sentence_is_does_not_depend_on_blanks_around_the_text(text):
    shifted = [(start - 3, end - 3) for start, end in split_sentences(f"\n  {text}\n\n")]
    assert shifted == split_sentences(text)


@settings(max_examples=300, deadline=None)
@given(nasty)
def test_lines_are_read_each_by_itself(text):
    line = "دیروز" + re.sub(f"[{LINE_BREAKS}]", " ", text).rstrip()
    page = f"هوا سرد بود\n{line}\nشب شد"
    shifted = [(start + 12, end + 12) for start, end in split_sentences(line)]
    assert split_sentences(page) == [(0, 11), *shifted, (len(page) - 5, len(page))]


@pytest.mark.parametrize("text", [None, b"\xd8\xa7", 3, ["متن"]])
def test_only_a_str_is_text(text):
    with pytest.raises(TypeError, match=type(text).__name__):
        split_sentences(text)


def test_unknown_rules_name_those_there_are():
    with pytest.raises(ValueError, match=r"'claimcheck' or 'hazm', got 'nltk'"):
        split_sentences("متن", rules="nltk")


# --- time ------------------------------------------------------------------------------------------------

RUNS = [*set(PIECES) - {*LETTERS}, "ه.", "آ. ", "a.", "۱.", " .", ". . ", ".»", "«.", '".', '" ', "(.", "!»", "😍 ", "🔹 ب ", "شد 😍 ", "است... ", "a@b.", "۱) ا ", "ا۱)", "[1", "]", "</", "!=a", "شد.د", "ب!ب", "\u200c.", "\u0651.", "(ب!) "]  # fmt: skip


@pytest.mark.parametrize("unit", sorted(RUNS), ids=ascii)
def test_time_is_linear_on_hostile_runs(unit):
    """Eight times the text takes about eight times as long; a quadratic rule would take 64 times."""

    def seconds(count):
        text = "هوا " + unit * count + " سرد شد"
        split_sentences(text[:500])
        return min(_seconds(text) for _ in range(2))

    assert seconds(16_000) < 8 * 3.5 * seconds(2_000) + 0.01


def _seconds(text):
    start = time.perf_counter()
    split_sentences(text)
    return time.perf_counter() - start


# --- hazm ------------------------------------------------------------------------------------------------

hazmish = st.lists(st.sampled_from([*PIECES, *".!?⸮؟ \n", "\n\n", ". ", ".\n"]), max_size=40).map("".join)


@settings(max_examples=3000, deadline=None)
@given(hazmish)
@example("الف. ب\n\n\nپ؟  \n ت")
@example(".\n\n.")
def test_hazm_rules_are_those_of_hazm(text):
    hazm = pytest.importorskip("hazm")
    ranges = split_sentences(text, rules="hazm")
    assert [text[a:b].replace("\n", " ") for a, b in ranges] == hazm.SentenceTokenizer().tokenize(text)
    at = 0
    for start, end in ranges:
        assert at <= start < end
        assert not text[at:start].strip(), "what hazm leaves out is blank"
        at = end
    assert not text[at:].strip()
