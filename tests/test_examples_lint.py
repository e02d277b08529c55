"""lint names file and line of what training would refuse and of what a person should look at."""

import json

import pytest

from claimcheck.examples import DataError, Example, LabelledSpan, lint, read_examples, write_examples
from claimcheck.examples.lint import cuts_word
from claimcheck.span import Label

LONG = "وزارت راه دیروز خبر داد که ساخت جادهٔ تازهٔ شمال تا پایان سال آینده به پایان می‌رسد."
NEARLY = "وزارت راه امروز خبر داد که ساخت جادهٔ تازهٔ شمال تا پایان سال آینده به پایان می‌رسد."
TYPED_OTHERWISE = "وزارت راه ديروز خبر داد كه ساخت جادۀ تازۀ شمال تا پایان سال آینده به پایان می رسد!!"
OTHER = "به گمان من فیلم تازه هیچ حرفی برای گفتن نداشت و حوصله را سر می‌برد."


def line(text, *spans, **more):
    made = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    return json.dumps({"text": text, "spans": made, **more}, ensure_ascii=False)


CASES = {
    "overlap": ([line(OTHER, (0, 7, "opinion"), (3, 9, "claim"))], [(1, "overlap")]),
    "empty span": ([line(LONG), line(OTHER, (3, 3, "claim"))], [(2, "empty-span")]),
    "out of range": ([line(OTHER, (0, 999, "claim"))], [(1, "out-of-range")]),
    "two errors in a row": (
        [line(OTHER, (0, 999, "claim"), (0, 7, "fact"))],
        [(1, "unknown-label"), (1, "out-of-range")],
    ),
    "a word is cut": ([line(OTHER, (0, 2, "opinion"), (3, 5, "claim"))], [(1, "cut-word")]),
    "a word is cut at its half-space": ([line(LONG, (0, LONG.index("می") + 3, "claim"))], [(1, "cut-word")]),
    "marks left out are no cut": ([line(LONG, (0, len(LONG) - 1, "claim"))], []),
    "blank at an edge": ([line(OTHER, (0, 3, "opinion"))], [(1, "blank-edge")]),
    "over two sentences": (
        [
            line(
                f"{OTHER} {LONG}",
                (0, len(OTHER) + 6, "claim"),
                sentences=[[0, 68], [69, len(OTHER + LONG) + 1]],
            )
        ],
        [(1, "crosses-sentence")],
    ),
    "the same text": ([line(LONG), line(OTHER), line(LONG)], [(3, "duplicate")]),
    "the same text, typed otherwise": ([line(LONG), line(TYPED_OTHERWISE)], [(2, "duplicate")]),
    "nearly the same text": ([line(LONG), line(OTHER), line(NEARLY)], [(3, "near-duplicate")]),
    "nearly the same as two": (
        [line(LONG), line(NEARLY), line(LONG.replace("دیروز", "هفتهٔ پیش"))],
        [(2, "near-duplicate"), (3, "near-duplicate")],
    ),
    "labelled otherwise": (
        [line(OTHER, (0, 7, "opinion")), line(OTHER, (0, 7, "claim"))],
        [(2, "disagreement"), (2, "duplicate")],
    ),
    "labelled otherwise in one span less": (
        [line(LONG, (0, 5, "claim"), (6, 9, "claim")), line(TYPED_OTHERWISE, (0, 5, "claim"))],
        [(2, "disagreement"), (2, "duplicate")],
    ),
    "an id twice": ([line(LONG, id="a"), line(OTHER, id="a")], [(2, "repeated-id")]),
    "not JSON": (["{", line(OTHER)], [(1, "row")]),
    "a blank text": ([line(" ")], [(1, "empty-text")]),
}


def found(path):
    return [(f.place.line, f.kind) for f in lint([path]).findings if f.kind not in ("balance", "empty")]


@pytest.mark.parametrize("name", CASES)
def test_findings_with_their_line(tmp_path, name):
    lines, wanted = CASES[name]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert sorted(found(path), key=str) == sorted(wanted, key=str)


def test_texts_that_two_files_share(tmp_path):
    train, dev = tmp_path / "train.jsonl", tmp_path / "dev.jsonl"
    train.write_text("\n".join([line(LONG), line(OTHER)]), encoding="utf-8")
    dev.write_text("\n".join([line(TYPED_OTHERWISE), line(NEARLY)]), encoding="utf-8")
    said = {f.kind: str(f) for f in lint([train, dev]).findings if f.kind != "balance"}
    assert said.keys() == {"duplicate-across-files", "near-duplicate-across-files"}
    assert said["duplicate-across-files"].startswith(f"{dev}:1: warning: the same text stands at {train}:1")
    assert said["near-duplicate-across-files"].startswith(f"{dev}:2: warning: nearly the same text (0.")
    assert f"stands at {train}:1" in said["near-duplicate-across-files"]


def test_balance(tmp_path):
    path = tmp_path / "x.jsonl"
    span = LabelledSpan(0, 5, Label.CLAIM, True)
    write_examples([Example(str(i), f"{OTHER} {i}", (span,), genre="web") for i in range(10)], path)
    report = lint([path])
    few = [f.message for f in report.findings if f.kind == "balance"]
    assert few == [f"no span of {name}; 10 or more are wanted" for name in ("claim", *list(Label)[1:])]
    assert report.to_dict()["files"][str(path)] == {
        "examples": 10,
        "sentences": 0,
        "spans": {"claim_check_worthy": 10},
        "genres": {"web": 10},
    }


def test_what_lint_calls_an_error_is_what_reading_refuses(tmp_path):
    for number, (lines, _) in enumerate(CASES.values()):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("\n".join(lines), encoding="utf-8")
        bad = []
        try:
            list(read_examples(path, on_bad=bad.append))
        except DataError as error:
            bad.append(error)
        assert bool(bad) == bool(lint([path]).errors), lines


def test_a_file_without_anything_usable_is_an_error(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(line(" "), encoding="utf-8")
    assert [f.kind for f in lint([path]).findings if f.error] == ["empty", "empty-text"]


EDGES = {
    "between words": ("نرخ ارز", 3, False),
    "at a blank": ("نرخ ارز", 4, False),
    "ends of the text": ("نرخ", 0, False),
    "inside a word": ("نرخ ارز", 2, True),
    "before a half-space": ("می\u200cرود", 2, True),
    "behind a half-space": ("می\u200cرود", 3, True),
    "before the end mark": ("آمد.", 3, False),
    "before a quote": ("«آمد»", 4, False),
    "behind an opening quote": ("«آمد»", 1, False),
    "before a vowel mark": ("بَرق", 1, True),
    "before a last vowel mark": ("برقَ", 3, False),
    "inside a decimal": ("۳.۵", 2, True),
    "inside a link": ("www.example.ir", 4, True),
    "inside a hashtag": ("#نرم\u200cافزار_آزاد", 4, True),
    "behind a colon without a blank": ("گفت:نرخ", 4, False),
    "in a word of 200,000 letters": ("ه" * 200_000, 100_000, True),
}


@pytest.mark.parametrize("name", EDGES)
def test_cuts_word(name):
    text, at, wanted = EDGES[name]
    assert cuts_word(text, at) is wanted
