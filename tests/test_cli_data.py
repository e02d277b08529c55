"""claimcheck data convert, lint, split: files in, files out, exit codes and what is said."""

import json
import shutil
from pathlib import Path

import pytest

from claimcheck.cli import main
from claimcheck.examples import read_examples

SAMPLE = Path(__file__).parent.parent / "examples"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a table of four sentences and one bad row."""
    rows = [
        "text;label",
        "نرخ ارز پایین آمد;FACT",
        "چه فیلم خوبی;opinion",
        "سلام;none",
        "بد",
        "بیایید;call_to_action",
    ]
    (tmp_path / "cells.csv").write_text("\r\n".join(rows), encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sample_that_ships_is_clean(capsys):
    assert main(["data", "lint", "--strict", str(SAMPLE / "train.jsonl"), str(SAMPLE / "dev.jsonl")]) == 0
    assert capsys.readouterr().out.endswith("\n0 errors, 0 warnings\n")


def test_convert_says_what_it_read_and_leaves_out(here, capsys):
    assert main(["data", "convert", "cells.csv", "out.jsonl", "--map", "FACT=claim", "--skip-bad"]) == 0
    said = capsys.readouterr()
    assert said.out == "out.jsonl: 4 examples, 3 spans; 1 bad rows left out\n"
    assert said.err.startswith(
        "cells.csv: reading as csv, separated by semicolon\ncells.csv:5: error: 1 columns"
    )
    assert next(read_examples("out.jsonl")).text == "نرخ ارز پایین آمد"


def test_a_chain_through_the_formats_gives_the_sample_back(here):
    pytest.importorskip("datasets")
    shutil.copyfile(SAMPLE / "dev.jsonl", "a.jsonl")
    steps = ["a.jsonl", "b.jsonl --to doccano", "c.json", "d --to hf", "e.conll", "f --to brat"]
    for i, step in enumerate(steps[1:]):
        assert main(["data", "convert", steps[i].split()[0], *step.split()]) == 0
    original = {e.id: e for e in read_examples("a.jsonl")}
    assert list(read_examples("d")) == list(original.values())
    for path in ("e.conll", "f"):
        assert {e.id: (e.text, e.spans) for e in read_examples(path)} == {
            e.id: (e.text, e.spans) for e in original.values()
        }


REFUSED = {
    "unknown labels": (
        "convert cells.csv out.jsonl",
        "cells.csv:2: unknown labels: FACT. Say what each means",
    ),
    "a bad row": ("convert cells.csv out.jsonl --map FACT=claim", "cells.csv:5: 1 columns, the header has 2"),
    "onto itself": ("convert cells.csv ./cells.csv", "cells.csv would be written over itself"),
    "no format to write": (
        "convert cells.csv out --skip-bad --map FACT=claim",
        "say the format to write with --to",
    ),
    "a label that is none": ("lint cells.csv --map FACT=fact", "there is no label 'fact'"),
    "a missing file": ("split nothing.jsonl --out parts", "nothing.jsonl does not exist"),
    "a label in too few": ("split cells.csv --out parts --skip-bad --map FACT=claim", "--allow-few"),
    "its own input": ("split parts/train.jsonl --out parts", "train.jsonl would be written over"),
    "an old part": ("split cells.csv --out parts --test 0", "test.jsonl is there from another split"),
}


@pytest.mark.parametrize(
    "name", ["empty.jsonl", "empty.csv", "empty.jsonl --from doccano", "empty.csv --from csv"]
)
def test_an_empty_file_is_said_to_be(here, capsys, name):
    file = name.split()[0]
    Path(file).write_bytes(b"\r\n \n")
    train = f"train {SAMPLE / 'train.jsonl'} --out x --dev"
    for command in ("data convert {} out.csv", "data split {} --out x", "train {} --out x", "evaluate {}"):
        assert main(command.format(name).split()) == 2 - (not command.startswith("data"))
        assert capsys.readouterr().err.endswith(f": {file} is empty\n")
    assert main(["data", "lint", *name.split()]) == 1
    assert f"{file} is empty" in capsys.readouterr().out
    if name == file:
        assert main([*train.split(), name]) == 1
        assert capsys.readouterr().err.endswith(f": {file} is empty\n")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line_and_nothing_written(here, capsys, name):
    command, wanted = REFUSED[name]
    parts = here / "parts"
    parts.mkdir()
    for part in ("train.jsonl", "test.jsonl"):
        (parts / part).write_text("{}", encoding="utf-8")
    assert main(["data", *command.split()]) == 2
    assert wanted in capsys.readouterr().err.splitlines()[-1]
    assert sorted(path.name for path in here.iterdir()) == ["cells.csv", "parts"]
    assert [path.read_text() for path in parts.iterdir()] == ["{}", "{}"]


def test_lint_of_a_table(here, capsys):
    assert main(["data", "lint", "cells.csv", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    errors = [(f["line"], f["kind"]) for f in report["findings"] if f["level"] == "error"]
    assert errors == [(2, "unknown-label"), (5, "row")]
    assert report["files"]["cells.csv"]["examples"] == 3


def test_lint_shows_twenty_of_a_kind(here, capsys):
    line = json.dumps({"text": "نرخ ارز", "spans": [{"start": 0, "end": 99, "label": "claim"}]})
    Path("many.jsonl").write_text(f"{line}\n" * 23, encoding="utf-8")
    assert main(["data", "lint", "many.jsonl"]) == 1
    out = capsys.readouterr().out
    assert out.count("out of range") == 20
    assert "… and 3 more [out-of-range]; --all shows them" in out
    assert "24 errors, 0 warnings (23 out-of-range, 1 empty)" in out
    main(["data", "lint", "many.jsonl", "--all"])
    assert capsys.readouterr().out.count("out of range") == 23


def test_nothing_in_the_data_acts_on_the_terminal(here, capsys):
    span = {"start": 0, "end": 11}
    rows = [
        {"text": "نرخ\x1b]0;x\x07ارز\rبالا", "spans": [{**span, "label": label}]}
        for label in ("claim", "c\x1b[2J")
    ]
    Path("bad.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    main(["data", "lint", "bad.jsonl"])
    main(["data", "convert", "bad.jsonl", "out.csv"])
    said = "".join(capsys.readouterr())
    assert "«نرخ\\x1b]0;x\\x07ار»" in said
    assert "unknown label" in said
    assert not set("\x1b\x07\r") & set(said)


def test_split_writes_the_parts_and_their_balance(here, capsys):
    assert (
        main(["data", "split", str(SAMPLE / "train.jsonl"), "--out", "parts", "--dev", "0.25", "--test", "0"])
        == 0
    )
    assert sorted(path.name for path in Path("parts").iterdir()) == ["dev.jsonl", "train.jsonl"]
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
    train, dev = (len(list(read_examples(f"parts/{part}.jsonl"))) for part in ("train", "dev"))
    assert rows == [["parts/train.jsonl", str(train)], ["parts/dev.jsonl", str(dev)]]
    assert train + dev == 768
    assert main(["data", "lint", "--strict", "parts/train.jsonl", "parts/dev.jsonl"]) == 0
