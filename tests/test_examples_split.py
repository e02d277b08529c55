"""No near-duplicates and no document on two sides, labels spread evenly, the same again for the same seed."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimcheck.examples import DataError, Example, LabelledSpan, fold_text, read_examples, split
from claimcheck.examples.near import SIMILARITY, groups, near_pairs
from claimcheck.span import Label

SAMPLE = Path(__file__).parent.parent / "examples"
SHARES = {"train": 0.6, "dev": 0.2, "test": 0.2}
OPENINGS = ("وزیر نیرو", "شهردار", "یکی از نمایندگان", "سخنگوی دولت")
BODIES = (
    "گفت که ساخت نیروگاه تازه در جنوب کشور تا پایان سال آینده به پایان می‌رسد",
    "از مردم خواست که در مصرف آب و برق در ماه‌های گرم سال بیشتر دقت کنند",
    "بودجهٔ بازسازی مدرسه‌های روستایی را کم و زمان اجرای آن را نادرست خواند",
)
ENDINGS = ("", ".", " و رفت.", "؛ خبرگزاری‌ها چنین نوشتند.")
NEAR = st.tuples(st.sampled_from(OPENINGS), st.sampled_from(BODIES), st.sampled_from(ENDINGS))
TEXTS = st.tuples(NEAR, st.sampled_from([None, "الف", "ب", "پ"]), st.sampled_from(list(Label)))


def shingles(text):
    """The definition, written out: five-letter stretches of the folded text."""
    folded = fold_text(text)
    return {folded[i : i + 5] for i in range(max(1, len(folded) - 4))}


def similarity(one, other):
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def example(number, text, document=None, label=Label.CLAIM):
    return Example(str(number), text, (LabelledSpan(0, 4, label),), document=document)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(TEXTS, min_size=2, max_size=24), seed=st.integers(0, 3))
def test_nothing_near_and_no_document_is_parted(rows, seed):
    examples = [example(i, "".join(text), *rest) for i, (text, *rest) in enumerate(rows)]
    try:
        parts = split(examples, {"train": 0.7, "dev": 0.3}, seed=seed, allow_few=True)
    except DataError as error:  # all of them hang together
        assert "too few to keep" in str(error)
        return
    assert parts == split(examples, {"train": 0.7, "dev": 0.3}, seed=seed, allow_few=True)
    assert sorted(e.id for part in parts.values() for e in part) == sorted(e.id for e in examples)
    for one in parts["train"]:
        for other in parts["dev"]:
            assert one.document is None or one.document != other.document
            assert similarity(one.text, other.text) < SIMILARITY


PIECES = st.tuples(st.integers(0, 6), st.integers(1, 12)).map(lambda ends: BODIES[0][ends[0] : sum(ends)])


@given(
    st.lists(NEAR.map("".join) | PIECES, max_size=12, unique_by=fold_text),
    st.sampled_from([0.3, 0.5, 0.7, 1]),
)
def test_near_pairs_are_all_pairs_as_alike(texts, least):
    alike = {(i, j): similarity(texts[i], texts[j]) for j in range(len(texts)) for i in range(j)}
    found = near_pairs([fold_text(text) for text in texts], least)
    assert found == sorted((i, j, pytest.approx(s)) for (i, j), s in alike.items() if s >= least)


SAME_TO_A_READER = {
    "half-space or blank": ("می\u200cرود", "می رود"),
    "Arabic ye and ke": ("كتابي", "کتابی"),
    "vowel marks and tatweel": ("بَرقِ کـشور", "برق کشور"),
    "hamza over he": ("خانهٔ ما", "خانه ما"),
    "he with ye above": ("خانۀ ما", "خانهٔ ما"),
    "three kinds of digits": ("۱۲٫۵ ٪", "12٫5"),
    "presentation forms": ("ﺗﻮﺭﻡ ﻻ", "تورم لا"),
    "marks": ("«گران» شد!!", "گران شد"),
    "Latin case": ("OPEC", "opec"),
}


@pytest.mark.parametrize("name", SAME_TO_A_READER)
def test_the_same_to_a_reader(name):
    one, other = SAME_TO_A_READER[name]
    assert one != other
    assert fold_text(one) == fold_text(other)


def test_texts_of_marks_alone_differ():
    assert fold_text("؟!") != fold_text("…") != ""


def test_a_template_repeated_a_thousand_times_stays_together_and_is_quick():
    folded = [
        fold_text(f"قیمت سکه در روز {i} ماه جاری در بازار تهران بدون تغییر ماند و خریدار نداشت")
        for i in range(1000)
    ]
    assert set(groups(len(folded), ((i, j) for i, j, _ in near_pairs(folded)))) == {0}


@pytest.fixture(scope="module")
def sample():
    return [e for name in ("train", "dev") for e in read_examples(SAMPLE / f"{name}.jsonl")]


def test_labels_and_genres_are_spread_evenly(sample):
    parts = split(sample, SHARES, seed=1)
    whole = Counter(span.label for e in sample for span in e.spans)
    for name, share in SHARES.items():
        held = Counter(span.label for e in parts[name] for span in e.spans)
        assert len(parts[name]) == pytest.approx(share * len(sample), rel=0.03)
        for label, many in whole.items():
            assert held[label] == pytest.approx(share * many, rel=0.1)


def test_order_stays_and_seeds_differ(sample):
    one, other = split(sample, SHARES, seed=1), split(sample, SHARES, seed=2)
    assert one != other
    places = {e.id: i for i, e in enumerate(sample)}
    for part in one.values():
        assert [places[e.id] for e in part] == sorted(places[e.id] for e in part)


def test_the_sample_that_ships_is_one_split(sample):
    train, dev = (list(read_examples(SAMPLE / f"{name}.jsonl")) for name in ("train", "dev"))
    together = sorted(train + dev, key=lambda e: e.id)
    assert split(together, {"train": 0.8, "dev": 0.2}, seed=0) == {
        "train": sorted(train, key=lambda e: e.id),
        "dev": sorted(dev, key=lambda e: e.id),
    }


@pytest.mark.parametrize("group", ["document", "source", "id"])
def test_what_is_asked_to_stay_together_does(group):
    examples = [
        Example(str(i // 2), text * (i + 1), source=str(i // 2), document=str(i // 2))
        for i, text in enumerate(["الف ", "پ ", "ت ", "ج ", "چ ", "خ "])
    ]
    parts = split(examples, {"train": 0.5, "dev": 0.5}, group=group)
    assert not {e.id for e in parts["train"]} & {e.id for e in parts["dev"]}


TOO_FEW = [example(0, BODIES[0]), example(1, BODIES[1]), example(2, BODIES[2], label=Label.OPINION)]
REFUSED = {
    "shares that miss 1": (TOO_FEW, {"train": 0.5, "dev": 0.4}, {}, "sum to 1"),
    "a share below 0": (TOO_FEW, {"train": 1.2, "dev": -0.2}, {}, "above 0"),
    "a label for one part only": (TOO_FEW, {"train": 0.5, "dev": 0.5}, {}, r"opinion \(1\)\. .*--allow-few"),
    "a part without anything": (
        TOO_FEW,
        {"train": 0.9, "dev": 0.1},
        {"allow_few": True},
        "^3 texts are too few to keep 10% of them for dev; set --dev, or label more$",
    ),
    "groups without anything": (
        [*TOO_FEW, example(3, BODIES[0])],
        {"train": 0.9, "dev": 0.1},
        {"allow_few": True},
        "^3 groups of texts that must stay together are too few to keep 10% of them for dev",
    ),
    "nothing to learn from": (
        TOO_FEW[:2],
        {"train": 0.1, "dev": 0.9},
        {"allow_few": True},
        "2 texts are too few to keep 10% of them for train; make fewer parts, or label more$",
    ),
    "no source to group by": (TOO_FEW, {"a": 1.0}, {"group": "source"}, "no example has a source"),
    "a grouping that is none": (TOO_FEW, {"a": 1.0}, {"group": "genre"}, "one of document, source, id"),
    "a similarity of 0": (TOO_FEW, {"a": 1.0}, {"similarity": 0}, "above 0 and at most 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    examples, shares, more, wanted = REFUSED[name]
    with pytest.raises(ValueError, match=wanted):
        split(examples, shares, **more)
