"""Rewrites: what each does to a text, and that spans and sentences stand where they stood."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strings import TEXTS

from claimcheck import rewrites
from claimcheck.cli import main
from claimcheck.examples import Example, LabelledSpan, write_examples
from claimcheck.robustness import REWRITES, rewritten_example, robustness
from claimcheck.span import Label, Span

OURS = {name: rewrite for name, rewrite in REWRITES.items() if name != "hazm-normalised"}
CASES = [  # rewrite, before, after
    ("Arabic ye and kaf", "کتابی خوب", "كتابي خوب"),
    ("half-spaces left out", "می‌رود به خانه‌ها", "میرود به خانهها"),
    ("half-spaces as blanks", "می‌رود", "می رود"),
    ("informal forms", "او نمی‌گوید که خوب است، ولی می‌شود.", "او نمی‌گوید که خوبه، ولی میشه."),
    ("informal forms", "رفته است و آن را نان داده است", "رفته و اون رو نون داده"),
    ("informal forms", "آنجا استخر دارد", "آنجا استخر داره"),
    ("formal forms", "میگه اینو دیگه نمی‌دونم", "می‌گوید اینو دیگر نمی‌دانم"),
    ("formal forms", "بودن یا نبودن، میان ما", "بودن یا نبودن، میان ما"),
    ("no punctuation", "«گفت: ۳.۵ درصد»، نه؟", "گفت ۳.۵ درصد نه"),
]


@pytest.mark.parametrize(("name", "before", "after"), CASES)
def test_what_it_does(name, before, after):
    assert rewrites.apply(before, REWRITES[name](before, random.Random(0)))[0] == after


def test_what_is_drawn_is_of_its_kind():
    text = "خیلی از مردم شهر هنوز منتظر خبرهای تازه هستند " * 20 + "۱۲ و 13 و ٤"
    made = {name: rewrites.apply(text, rewrite(text, random.Random(1)))[0] for name, rewrite in OURS.items()}
    assert (
        not set(made["digits of another script"]) & set("") and "۱۲" not in made["digits of another script"]
    )
    assert sum(made["diacritics"].count(mark) for mark in "\u064e\u064f\u0650\u0651") > 50
    assert made["elongation"].count("ـــ") > 3
    assert made["English words, hashtags"].count("#") > 5
    assert len(made["doubled letters"]) > len(text) + 5


@given(text=TEXTS, seed=st.integers(0, 3))
@pytest.mark.parametrize("name", OURS)
def test_edits_are_in_order_and_repeat(name, text, seed):
    edits = list(OURS[name](text, random.Random(seed)))
    assert edits == list(OURS[name](text, random.Random(seed)))
    assert all(a <= b <= len(text) for a, b, _ in edits)
    assert all(one[1] <= two[0] for one, two in pairwise(edits))
    rewrites.apply(text, edits)


@given(data=st.data(), text=st.text("ab \u200cج", max_size=12))
def test_ranges_follow_the_edits(data, text):
    cuts = sorted(
        data.draw(st.lists(st.integers(0, len(text)), max_size=4).map(lambda c: c[: len(c) // 2 * 2]))
    )
    edits = [(a, b, data.draw(st.text("xy", max_size=2))) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]
    new, place = rewrites.apply(text, edits)
    assert place(0, len(text))[1] == len(new)
    bounds = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=3, max_size=3)))
    (a, b), (c, d) = place(*bounds[:2]), place(*bounds[1:])
    assert 0 <= a <= len(new) and 0 <= b <= len(new) and d <= len(new)
    if not any(start < bounds[1] < end for start, end, _ in edits):
        assert b <= c  # ranges that touch do not overlap
    if not any(
        (start < bounds[1] and end > bounds[0]) or start == end in bounds[:2] for start, end, _ in edits
    ):
        assert new[a:b] == text[bounds[0] : bounds[1]]


def test_edits_that_overlap_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        rewrites.apply("abc", [(0, 2, ""), (1, 3, "")])


def test_an_example_keeps_its_labels(examples):
    for name, rewrite in OURS.items():
        for example in examples:
            made = rewritten_example(example, rewrite, random.Random(0))
            assert [s.label for s in made.spans] == [s.label for s in example.spans], name
            assert len(made.sentences) >= 1


def test_flips_are_counted(examples):
    def always(label):
        return lambda texts: [[_whole(text, label)] for text in texts]

    (same,) = robustness(examples, always(Label.CLAIM), {"x": rewrites.arabic_letters})
    assert (same.texts, same.flips) == (2, 0)
    turned = iter([Label.CLAIM] * 2 + [Label.OPINION] * 2)
    (other,) = robustness(
        examples, lambda texts: [[_whole(t, next(turned))] for t in texts], {"x": rewrites.arabic_letters}
    )
    assert other.flips == 1


def test_by_command(examples, tmp_path, capsys, monkeypatch):
    def missing():
        raise ImportError("no hazm here")

    monkeypatch.setattr(rewrites, "_hazm", missing)
    file = tmp_path / "data.jsonl"
    write_examples([*examples, Example("bare", "وی رفت.", (LabelledSpan(0, 6, Label.CLAIM),))], file)
    assert main(["evaluate", str(file), "--robustness"]) == 0
    printed = capsys.readouterr()
    assert all(name in printed.out for name in OURS)
    assert "hazm-normalised is left out: no hazm here" in printed.err
    assert main(["evaluate", str(file), "--robustness", "--json"]) == 0
    assert '"flips"' in capsys.readouterr().out


def test_hazm_moves_no_label(examples):
    pytest.importorskip("hazm")
    (example,) = [one for one in examples if one.genre == "news"]
    made = rewritten_example(example, rewrites.hazm_normalised, random.Random(0))
    assert [made.text[s.start : s.end].strip()[:4] for s in made.spans] == [
        example.text[s.start : s.end][:4] for s in example.spans
    ]


def _whole(text, label):
    return Span(0, len(text), text, label, 0.9)
