"""The report of a training run: numbers that can be trusted, a page that no text can act on."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from claimcheck.evaluation import evaluate
from claimcheck.examples import Example, LabelledSpan
from claimcheck.span import Label, Span
from claimcheck.training import charts
from claimcheck.training.bootstrap import LEVELS, differences, intervals, resamples
from claimcheck.training.report import badness, write_report

NASTY = "</style><script>x</script>\u202e\"'&<b>\x1b[2J\x00\x9b\ud83d"
HISTORY = [
    {"epoch": 0, "step": 0, "dev_sentence_macro_f1": 0.5, "dev_span_f1": 0.4},
    {"epoch": 1, "step": 9, "dev_sentence_macro_f1": 0.7, "dev_span_f1": 0.6, "loss": 0.9},
]


def _example(i, label=Label.CLAIM, genre="news", name=None):
    text = f"{name or 'خبر'} {i} به شهر رسید. باران آمد."
    end = text.index(".")
    return Example(name or str(i), text, (LabelledSpan(0, end, label),), genre=genre)


def _said(text, label, confidence=0.8):
    end = text.index(".")
    worth = 0.5 if label is Label.CLAIM else None
    return Span(0, end, text[:end], label, confidence, worth)


def _evaluation(examples, wrong=()):
    """A system that finds every span, with another label in the ``wrong`` examples."""

    def segment(texts):
        for i, (text, example) in enumerate(zip(texts, examples, strict=True)):
            label = Label.OPINION if i in wrong else example.spans[0].label
            yield [_said(text, label)]

    return evaluate(examples, segment)


@pytest.fixture(scope="module")
def examples():
    labels = [Label.CLAIM, Label.CALL_TO_ACTION, Label.CLAIM]
    return [_example(i, labels[i % 3], "news" if i < 20 else "social") for i in range(26)]


@pytest.fixture(scope="module")
def systems(examples):
    return _evaluation(examples, wrong=range(0, 26, 2)), _evaluation(examples, wrong=(0, 4))


def _write(folder, *args):
    write_report(folder, *args)
    page = (folder / "report.html").read_text(encoding="utf-8")
    return json.loads((folder / "report.json").read_text(encoding="utf-8")), page


# ---- numbers


def test_an_interval_is_about_its_value(systems):
    before, _ = systems
    summary = before.scores.summary()
    found = intervals(before, resamples(len(before.results)))
    for level, name in zip(
        LEVELS, ("sentence_macro_f1", "word_macro_f1", "span_f1", "exact_span_f1"), strict=True
    ):
        assert round(found[level]["all"].value, 4) == summary[name]
        for label, score in summary["by_label"][level].items():
            if label in found[level]:
                assert round(found[level][label].value, 4) == score
        assert all(row.low <= row.value <= row.high for row in found[level].values())
    assert found["span"]["all"].low < found["span"]["all"].value < found["span"]["all"].high


def test_an_interval_covers_what_it_says():
    """Of 200 draws of 40 documents half of which are right, about 95 % of the intervals hold that half."""
    rng = np.random.default_rng(1)
    right, wrong = (_evaluation([_example(0)], w).results[0] for w in ((), (0,)))
    held = 0
    for _ in range(200):
        drawn = tuple(right if r else wrong for r in rng.random(40) < 0.5)
        row = intervals(type(_evaluation([_example(0)]))(drawn), resamples(40, 300))["span"]["all"]
        held += row.low <= 0.5 <= row.high
    assert 175 <= held <= 199


def test_differences_are_paired(systems):
    before, after = systems
    weights = resamples(len(after.results))
    one, two = intervals(before, weights), intervals(after, weights)
    found = differences(before, after, weights)
    for level in LEVELS:
        row = found[level]["all"]
        assert row.value == pytest.approx(two[level]["all"].value - one[level]["all"].value)
        assert 0 < row.low <= row.value <= row.high  # it is better on every resample
    same = differences(after, after, weights)["span"]["all"]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_resamples_repeat_and_hold_as_many_documents():
    weights = resamples(7, 50, seed=3)
    assert weights.shape == (51, 7)
    assert (weights[0] == 1).all()
    assert (weights.sum(1) == 7).all()
    assert (weights == resamples(7, 50, seed=3)).all()


def test_a_label_that_is_absent(tmp_path, systems):
    numbers, page = _write(tmp_path, None, systems[1], HISTORY, {})
    assert numbers["scores"]["after"]["span"]["attribution"] == {"value": 0, "low": 0, "high": 0}
    assert "attribution" in page


def test_badness(examples):
    right, wrong = (_evaluation(examples[:1], w).results[0] for w in ((), (0,)))
    assert badness(right) == 0
    assert badness(wrong) == pytest.approx(0.8 + 1)


# ---- the page


class _Cells(HTMLParser):
    """The texts of table cells, the tags and the attributes of a page, the text outside styles."""

    def __init__(self, page):
        super().__init__()
        self.cells, self.tags, self.attributes, self.text = [], set(), set(), ""
        self._in = self._style = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self._style = tag == "style"
        if tag == "td":
            self._in = True
            self.cells.append("")

    def handle_endtag(self, tag):
        self._in = self._in and tag != "td"
        self._style = False

    def handle_data(self, data):
        if self._in:
            self.cells[-1] += data
        if not self._style:
            self.text += data


def _leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def test_every_number_of_a_table_is_in_the_json(tmp_path, systems):
    numbers, page = _write(tmp_path, *systems, HISTORY, {"seed": 0})
    leaves = [leaf for leaf in _leaves(numbers) if isinstance(leaf, int | float)]
    known = {f"{abs(leaf):.3f}" for leaf in leaves} | {str(leaf) for leaf in leaves} | {"0"}
    cells = _Cells(page).cells
    assert len(cells) > 60
    for cell in cells:
        text = re.sub(r"\d+%", "", cell)  # shares of a confusion's row
        assert set(re.findall(r"[\d.]+", text)) <= known, cell


def test_without_a_model_to_compare_with(tmp_path, systems):
    numbers, page = _write(tmp_path, None, systems[1], HISTORY, {})
    assert set(numbers["scores"]) == set(numbers["reliability"]) == {"after"}
    assert "no tagger" in page
    assert "difference" not in page
    for row in numbers["genres"].values():
        assert set(row) == {"documents", "after"}


def test_genres_are_held_against_the_start(tmp_path, systems):
    numbers, _ = _write(tmp_path, *systems, HISTORY, {})
    news, social = numbers["genres"]["news"], numbers["genres"]["social"]
    assert (news["documents"], social["documents"]) == (20, 6)
    assert set(news["difference"]["span"]) == {"value", "low", "high"}
    assert set(social["difference"]["span"]) == {"value"}  # too few for an interval
    change = news["after"]["span"]["value"] - news["before"]["span"]["value"]
    assert news["difference"]["span"]["value"] == pytest.approx(change, abs=2e-4)


def test_a_difference_that_is_sure_is_bold(tmp_path, systems):
    assert "<td><b>+0." in _write(tmp_path, *systems, HISTORY, {})[1]
    assert "<td><b>" not in _write(tmp_path, systems[1], systems[1], HISTORY, {})[1]


def test_no_text_acts_on_the_page(tmp_path):
    examples = [_example(i, genre=NASTY, name=NASTY) for i in range(3)]
    evaluation = _evaluation(examples, wrong=(0, 1))
    numbers, page = _write(tmp_path, evaluation, evaluation, HISTORY, {NASTY: NASTY, "name": NASTY})
    shown = _Cells(page)
    assert not shown.tags & {"script", "b", "img", "iframe", "link"}
    assert not any(name.startswith("on") or name == "src" for name in shown.attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", page)
    assert "<script>x</script>" in shown.text
    for line in page.split("\n"):
        for piece in re.split(r"<bdi>|</bdi>", line):
            assert piece.count("\u202e") == piece.count("\u202c")  # what is opened is closed in its element
    assert numbers["worst_errors"][0]["id"] == NASTY  # in the JSON everything is as it was
    raw = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "\u202e" not in raw
    assert "\x9b" not in raw


@pytest.mark.parametrize("history", [[], HISTORY[:1], HISTORY[1:]])
def test_histories(tmp_path, systems, history):
    numbers, page = _write(tmp_path, *systems, history, {})
    assert numbers["history"] == history
    assert page.count("Nothing was measured") == (2 if not history else "loss" not in history[0])


def test_nothing_predicted_and_nothing_wrong(tmp_path, examples):
    silent = evaluate(examples, lambda texts: [[] for _ in texts])
    perfect = _evaluation(examples)
    numbers, page = _write(tmp_path, silent, perfect, HISTORY, {})
    assert numbers["calibration_error"]["before"] == 0
    assert numbers["reliability"]["before"] == []
    assert numbers["worst_errors"] == []
    assert "every span was found" in page


def test_sections_can_be_gone_to(tmp_path, systems):
    _, page = _write(tmp_path, *systems, HISTORY, {})
    links = re.findall(r'href="#(\w+)"', page)
    assert links == re.findall(r'<section id="(\w+)"', page)
    assert len(links) == 7


def test_errors_are_the_worst_fifty(tmp_path):
    examples = [_example(i) for i in range(60)]
    numbers, page = _write(tmp_path, None, _evaluation(examples, wrong=range(60)), [], {})
    assert len(numbers["worst_errors"]) == page.count("<article>") == 50
    assert page.count('lang="fa" dir="rtl"') == 100


# ---- charts


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.5, 0.5), (0, 0), (-1, -1), (0.91234, 0.912341), (1e-9, 2e-9), (0.3, 0.7), (19, 38), (0, 1e6)],
)
def test_ticks_hold_the_range_and_differ(low, high):
    ticks = charts._ticks(low, high)
    assert ticks[0] <= low
    assert high <= ticks[-1]
    assert 2 <= len(ticks) <= 8
    assert len({f"{tick:,.10g}" for tick in ticks}) == len(ticks)
    assert max(len(f"{tick:,.10g}") for tick in ticks) <= 9


def test_steps_are_whole_numbers():
    assert all(tick == int(tick) for tick in charts._ticks(19, 20, least=1.0))
    assert charts._ticks(7, 7, least=1.0) == [7, 8]


@pytest.mark.parametrize("points", [[(1, 0.5)], [(1, 0.5), (2, 0.5)], [(0, 0.0)], [(5, 0.1), (5, 0.1)]])
def test_marks_lie_inside_their_chart(points):
    drawn = charts.lines({"a<b": points}, "step", "score")
    assert "a&lt;b" in drawn
    for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', drawn):
        assert 0 <= float(x) <= 460
        assert 0 <= float(y) <= 260


def test_series_differ_without_colours():
    drawn = charts.lines({str(i): [(0, i), (1, i)] for i in range(5)}, "step", "score")
    dashes = re.findall(r'<polyline[^>]*stroke-dasharray="([^"]*)"', drawn)
    assert len(set(dashes)) == 5
    dots = charts.reliability({"before": [(0.5, 0.4, 3)], "after": [(0.7, 0.7, 9)]})
    assert {"0", "0.5"} == set(re.findall(r'fill-opacity="([^"]*)"', dots))
