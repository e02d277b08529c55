"""Tables written by hand: that they are well-formed, and that the shipped model does not get worse on them."""

from collections import Counter
from pathlib import Path

import pytest
from hand_tables import LABELS, answer, read, table_text, wilson

from claimcheck import load
from claimcheck.api import embedded_folder

TABLES = Path(__file__).parent / "tables"
LEAST = {"necessity": 120, "imperatives": 100, "encyclopedic": 100, "judgements": 100, "headlines": 200}
NECESSITY = {"urging": "call_to_action", "rule": "claim", "epistemic": "opinion", "hindsight": "opinion"}

# What the shipped model got right when the tables were written, less two sentences of a table or a kind.
FLOORS = {"necessity": 117, "imperatives": 101, "encyclopedic": 95, "judgements": 93, "headlines": 194}
NECESSITY_FLOORS = {"urging": 30, "rule": 29, "epistemic": 23, "hindsight": 29}


@pytest.fixture(scope="module")
def answers():
    model = load()
    return {name: answer(read(TABLES / f"{name}.tsv"), model) for name in LEAST}


def test_the_tables_are_those_counted_here():
    assert {path.stem for path in TABLES.glob("*.tsv")} == set(LEAST)


@pytest.mark.parametrize("name", LEAST)
def test_a_table_is_as_long_as_promised(name):
    rows = read(TABLES / f"{name}.tsv")
    assert len(rows) >= LEAST[name]
    assert all(row.sentence == row.sentence.strip() for row in rows)


def test_no_sentence_stands_twice():
    counts = Counter(
        row.sentence.replace("\u200c", " ").rstrip(".!؟")
        for name in LEAST
        for row in read(TABLES / f"{name}.tsv")
    )
    assert [sentence for sentence, count in counts.items() if count > 1] == []


def test_each_set_of_necessity_has_all_four_uses():
    sets: dict[int, dict[str, str]] = {}
    for row in read(TABLES / "necessity.tsv"):
        assert any(word in row.sentence for word in ("باید", "نباید", "بایستی", "لازم", "ضروری")), row
        sets.setdefault(row.set, {})[row.kind] = row.label
    assert all(uses == NECESSITY for uses in sets.values())


@pytest.mark.parametrize("name", FLOORS)
def test_a_table_does_not_get_worse(answers, name):
    assert sum(answers[name].right) >= FLOORS[name]


@pytest.mark.parametrize("kind", NECESSITY_FLOORS)
def test_no_use_of_necessity_gets_worse(answers, kind):
    assert sum(answers["necessity"].kinds()[kind].right) >= NECESSITY_FLOORS[kind]


def test_the_confusion_adds_up_to_the_shares(answers):
    for found in answers.values():
        numbers = found.to_dict()
        cells = {(a, b): count for a, row in numbers["confusion"].items() for b, count in row.items()}
        assert sum(cells.values()) == numbers["of"] == len(found.rows)
        assert sum(cells.get((label, label), 0) for label in LABELS) == numbers["right"]


@pytest.mark.parametrize(
    ("right", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (9, 10, 0.5958, 0.9821), (50, 100, 0.4038, 0.5962)]
)
def test_intervals(right, of, low, high):
    assert wilson(right, of) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("line", ["no tabs", "متن\tclaim", "متن\tfact\tkind", "متن\tclaim\tkind\tmore"])
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "t.tsv"
    path.write_text(f"خوب\tclaim\tkind\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"t\.tsv:2: wanted sentence, label"):
        read(path)


def test_an_empty_table_is_named(tmp_path):
    (tmp_path / "t.tsv").write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"t\.tsv has no rows"):
        read(tmp_path / "t.tsv")


def test_the_card_shows_what_is_printed(answers):
    card = (embedded_folder() / "README.md").read_text(encoding="utf-8")
    for found in answers.values():
        assert table_text(found) in card, "print them again: python scripts/hand_tables.py tests/tables/*.tsv"
