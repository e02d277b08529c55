"""What scripts/benchmark.py counts; the numbers it prints are nobody's test."""

import importlib.util
import sys
from pathlib import Path

import pytest

from claimcheck.api import embedded_folder

SCRIPT = Path(__file__).parents[1] / "scripts" / "benchmark.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_boundaries_are_pooled_and_the_end_of_a_text_is_none(benchmark):
    text = "باران آمد. برف هم آمد. شب شد."
    ends = [10, 22, 29]
    cases = [(text, ends), ("یک جمله", [7])]
    assert benchmark.boundary_scores(lambda text: [], cases) == (0, 0, 0)
    assert benchmark.boundary_scores(lambda text: [len(text)], cases) == (0, 0, 0)
    assert benchmark.boundary_scores(lambda text: ends if len(text) > 9 else [7], cases) == (1, 1, 1)
    # one of two found, and a wrong one in each text
    assert benchmark.boundary_scores(lambda text: [4, 10] if len(text) > 9 else [2], cases) == (
        1 / 3,
        1 / 2,
        pytest.approx(0.4),
    )


def test_which_side_a_blank_is_on_is_no_matter(benchmark):
    cases = [("باران آمد.\u200f برف آمد.", [10])]
    for end in (10, 11, 12):
        assert benchmark.boundary_scores(lambda text, end=end: [end], cases) == (1, 1, 1)


def test_pieces_are_found_in_the_text_in_order(benchmark):
    text = "نه. نه.\nنه ☏. بله."
    assert list(benchmark._ends(text, ["نه. ", "نه.", "", "نه ..", "بله."])) == [3, 7, 18]


def test_sentences_lists_what_is_not_installed(benchmark, monkeypatch, capsys):
    ours = benchmark.SPLITTERS["claimcheck"]
    missing = lambda: importlib.import_module("no_such_splitter")  # noqa: E731
    monkeypatch.setattr(benchmark, "SPLITTERS", {"claimcheck": ours, "other": missing})
    monkeypatch.setattr(sys, "argv", ["benchmark.py", "sentences"])
    benchmark.main()
    *_, head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["version", "precision", "recall", "F1"]
    assert first.split()[:2] == ["claimcheck", "this"]
    assert second.split() == ["other", "not", "installed"]


def test_first_answer_is_timed_in_a_process_of_its_own(benchmark):
    seconds, megabytes = benchmark.first_answer(benchmark.ANSWERS["claimcheck"], embedded_folder())
    assert 0.01 < seconds < 30
    assert 10 < megabytes < 2000


def test_no_answer_is_an_error_that_shows_why(benchmark):
    with pytest.raises(SystemExit, match="no model folder at 'nosuch'"):
        benchmark.first_answer(benchmark.ANSWERS["claimcheck"], Path("nosuch"))
