"""What cannot be read is one clear error with its place; everything else is read as it stands."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimcheck.examples import DataError, Fields, Labels, lint, read_examples
from claimcheck.examples.reading import detect, read_drafts
from claimcheck.examples.records import Draft, Finding

GOOD = json.dumps(
    {"id": "1", "text": "نرخ ارز پایین آمد.", "spans": [{"start": 0, "end": 17, "label": "claim"}]}
)
TASK = '{"data": {"text": "نرخ"}, "annotations": [{"result": []}]}'
CELLS = "text,label\nنرخ ارز پایین آمد.,claim\n"


def spans(*spans, **more):
    """A line of ours with spans given as (start, end, label)."""
    made = [dict(zip(("start", "end", "label"), span, strict=True)) for span in spans]
    return json.dumps({"text": "نرخ ارز پایین آمد.", "spans": made, **more}, ensure_ascii=False)


BAD_ROWS = {
    "not JSON": ("x.jsonl", "{", "not JSON"),
    "a list": ("x.jsonl", "[1]", "a JSON object was wanted, this is a list"),
    "a number of 5,000 digits": ("x.jsonl", '{"text": ' + "1" * 5000 + "}", "not JSON"),
    "brackets without end": ("x.jsonl", "[" * 100_000, "not JSON"),
    "no text": ("x.jsonl", '{"spans": [], "body": "نرخ"}', "there are: spans, body.*--text-field"),
    "a text that is a number": ("x.jsonl", '{"text": 5, "spans": []}', "must be a string, this is 5"),
    "an empty text": ("x.jsonl", '{"text": " \\n", "spans": []}', "the text is empty"),
    "a span without label": (
        "x.jsonl",
        '{"text": "نرخ", "spans": [{"start": 0, "end": 2}]}',
        "without label",
    ),
    "an offset that is no number": (
        "x.jsonl",
        spans((0, "3", "claim")),
        "must be a whole number, this is '3'",
    ),
    "an offset that is true": ("x.jsonl", spans((True, 3, "claim")), "must be a whole number, this is True"),
    "out of range": ("x.jsonl", spans((0, 19, "claim")), "0-19 is out of range: the text has 18"),
    "negative": ("x.jsonl", spans((-3, 3, "claim")), "-3-3 is out of range"),
    "turned round": ("x.jsonl", spans((5, 3, "claim")), "5-3 is out of range"),
    "empty span": ("x.jsonl", spans((3, 3, "claim")), "3-3 is empty"),
    "blank span": ("x.jsonl", spans((3, 4, "claim")), "3-4 is empty"),
    "overlap": ("x.jsonl", spans((0, 7, "claim"), (4, 9, "opinion")), "4-9 overlaps span 0-7"),
    "nested": ("x.jsonl", spans((0, 17, "claim"), (4, 7, "opinion")), "4-7 overlaps span 0-17"),
    "twice": ("x.jsonl", spans((0, 3, "claim"), (0, 3, "claim")), "0-3 overlaps span 0-3"),
    "an opinion worth checking": (
        "x.jsonl",
        '{"text": "نرخ", "spans": [{"start": 0, "end": 3, "label": "opinion", "check_worthy": true}]}',
        "only claims can be",
    ),
    "sentences that overlap": ("x.jsonl", spans(sentences=[[0, 9], [4, 17]]), "sentence 4-17 overlaps"),
    "an offset inside an emoji": (
        "d.jsonl",
        '{"text": "😀 نرخ", "label": [[1, 3, "claim"]]}',
        "inside an emoji",
    ),
    "a pair for a triple": (
        "d.jsonl",
        '{"text": "نرخ", "label": [[1, "claim"]]}',
        r"must be \[start, end, name\]",
    ),
    "no annotation": ("x.json", '[{"data": {"text": "نرخ"}}]', "no annotation"),
    "JSON-MIN": ("x.json", '[{"text": "نرخ", "label": []}]', "not JSON-MIN"),
    "annotations that are a number": (
        "x.json",
        '[{"data": {"text": "نرخ"}, "annotations": 5}]',
        "must be a list",
    ),
    "text and offsets that differ": (
        "x.json",
        json.dumps(
            [
                {
                    "data": {"text": "نرخ ارز"},
                    "annotations": [
                        {"result": [{"value": {"start": 0, "end": 3, "text": "ارز", "labels": ["claim"]}}]}
                    ],
                }
            ]
        ),
        "no region's text stands at its offsets",
    ),
    "offsets nobody can tell": (
        "x.json",
        json.dumps(
            [
                {
                    "data": {"text": "😀 نرخ ارز"},
                    "annotations": [{"result": [{"value": {"start": 3, "end": 5, "labels": ["claim"]}}]}],
                }
            ]
        ),
        "--offsets utf-16 or code-points",
    ),
    "a tag of no kind": ("x.conll", "نرخ\tclaim\n", "tag 'claim' is neither"),
    "a token without tag": ("x.conll", "نرخ\n", "a token and its tag"),
    "tokens of another text": ("y.conll", "# text = ارز\nنرخ\tO\n", "'نرخ' does not follow"),
    "too many cells": ("x.csv", "text,label\nنرخ, ارز,claim\n", "3 columns, the header has 2"),
    "no label": ("x.csv", "text,label\nنرخ ارز,\n", "no label; write none"),
    "a quote never closed": ("x.csv", 'text,label\n"نرخ ارز,claim\n', "unexpected end of data"),
}


def written(folder, file, content):
    path = folder / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def format_of(path):
    """By ending, as the first record is often what is broken."""
    return {"d.jsonl": "doccano", "x.jsonl": "jsonl", "x.json": "label-studio"}.get(path.name)


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_names_its_place(tmp_path, name):
    file, content, wanted = BAD_ROWS[name]
    path = written(tmp_path, file, content)
    line = 2 if file in ("x.csv", "y.conll") else 1
    bad = []
    rows = read_examples(path, format=format_of(path), on_bad=bad.append)
    with pytest.raises(DataError, match="no example in it"):
        list(rows)
    assert (bad[0].place.file, bad[0].place.line) == (str(path), line)
    with pytest.raises(DataError, match=rf"{file}:{line}: .*{wanted}"):
        list(read_examples(path, format=format_of(path)))


def test_a_bad_row_costs_that_row_alone(tmp_path):
    path = written(tmp_path, "x.jsonl", b"{\n\n" + GOOD.encode() + b"\n\xff\n" + GOOD.encode())
    bad = []
    assert len(list(read_examples(path, on_bad=bad.append))) == 2
    assert [finding.place.line for finding in bad] == [1, 4]
    assert [f.place.line for f in lint([path]).findings if f.error] == [1, 4]


MIXED = {
    "x.csv": (
        "text,label\n",
        "نرخ ارز,claim\n",
        '"نرخ\nطلا",claim\n',
        "not UTF-8 .byte 0xe4., .*fix or leave out",
    ),
    "x.jsonl": ("", f"{GOOD}\n", '{"text": "نرخ"}\n', "not UTF-8 .0xe4 .*fix or leave out"),
}


@pytest.mark.parametrize("file", MIXED)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_row_of_another_encoding_costs_that_row_alone(tmp_path, file, at):
    head, good, bad, wanted = MIXED[file]
    lines = [good.encode()] * 2
    lines.insert(at, bad.encode("cp1256"))
    path = written(tmp_path, file, head.encode() + b"".join(lines))
    found = []
    assert len(list(read_examples(path, on_bad=found.append))) == 2
    assert [finding.place.line for finding in found] == [bool(head) + at + 1]
    assert re.search(wanted, found[0].message)
    with pytest.raises(DataError, match=f"{wanted}.*--skip-bad"):
        list(read_examples(path))


def test_a_header_of_another_encoding_is_no_row(tmp_path):
    content = "text,label,کد\n".encode("cp1256", "replace") + "نرخ,claim,۱\nارز,claim,۲\n".encode()
    with pytest.raises(DataError, match=r"x.csv:1: not UTF-8 .*most of the file is"):
        list(read_examples(written(tmp_path, "x.csv", content)))


def test_tasks_on_one_line_are_told_apart(tmp_path):
    def task(label, **more):
        value = {"start": 0, "end": 99, "labels": [label]}
        return {**more, "data": {"text": "نرخ"}, "annotations": [{"result": [{"value": value}]}]}

    path = written(tmp_path, "x.json", json.dumps([task("claim", id=41), 5, task("claim")]))
    report = lint([path])
    errors = [str(finding).removeprefix(f"{path}:") for finding in report.findings if finding.kind != "empty"]
    assert [error.partition(": error")[0] for error in errors] == [
        "1: task 41",
        "1: task no. 2",
        "1: task no. 3",
    ]
    assert "task 41" in [finding["record"] for finding in report.to_dict()["findings"]]
    bad = []
    with pytest.raises(DataError, match="no example"):
        list(read_examples(path, on_bad=bad.append))
    assert len({finding.place for finding in bad}) == 3  # so many rows are said to be left out


UNREADABLE = {
    "UTF-16 of Excel": (
        "x.csv",
        CELLS.encode("utf-16"),
        "x.csv:1: the file is UTF-16, not UTF-8; .*iconv -f UTF-16 -t UTF-8 .*/x.csv$",
    ),
    "UTF-32": ("x.csv", CELLS.encode("utf-32"), "the file is UTF-32"),
    "UTF-16 lines": ("x.jsonl", GOOD.encode("utf-16"), "x.jsonl:1: the file is UTF-16"),
    "CP1256 table": (
        "x.csv",
        CELLS.encode("cp1256", "replace"),
        "x.csv:2: not UTF-8 .byte 0x.*WINDOWS-1256 .*/x.csv$",
    ),
    "CP1256 lines": (
        "x.jsonl",
        '{"text": "نرخ", "spans": []}\n'.encode("cp1256") * 3,
        "x.jsonl:1: not UTF-8 .0x.* of the line.*WINDOWS-1256",
    ),
    "CP1256 columns": ("x.conll", "نرخ\tO\n".encode("cp1256"), "x.conll:1: not UTF-8"),
    "columns of other names": (
        "x.csv",
        "id;body;kind\n1;نرخ;claim\n",
        "it names: id, body, kind.*--text-field NAME",
    ),
    "an empty table": ("x.csv", "", "x.csv is empty"),
    "an empty file": ("x.jsonl", "", "x.jsonl is empty"),
    "a byte order mark alone": ("x.json", b"\xef\xbb\xbf", "x.json is empty"),
    "blank lines": ("x.conll", "\n \r\n\n", "x.conll is empty"),
    "texts without labels": ("x.jsonl", '{"text": "نرخ ارز"}\n', "no record has 'spans'"),
    "a first line that is broken": ("x.jsonl", "{\n", "x.jsonl:1: not JSON"),
    "an unknown ending": ("x.docx", "نرخ", "ending '.docx' tells no format; say --from jsonl|"),
    "an export that breaks off": ("x.json", f"[{TASK}", "breaks off before its closing"),
    "an export cut in a task": (
        "x.json",
        f'[{TASK},\n {{"da',
        "x.json:2: the task that begins here is not JSON",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_one_error(tmp_path, name):
    file, content, wanted = UNREADABLE[name]
    path = written(tmp_path, file, content)
    with pytest.raises(DataError, match=wanted.replace("|", r"\|")):
        list(read_examples(path))
    (finding,) = (f for f in lint([path]).findings if f.error)
    assert finding.kind == "file"
    assert str(finding).startswith(f"{path}:")


@pytest.mark.parametrize(
    ("path", "wanted"), [("nothing.jsonl", "does not exist"), (".", "is a folder with neither")]
)
def test_a_wrong_path(tmp_path, path, wanted):
    with pytest.raises(DataError, match=wanted):
        list(read_examples(tmp_path / path))
    assert [f.kind for f in lint([tmp_path / path]).findings] == ["file"]


def test_a_folder_for_a_file(tmp_path):
    with pytest.raises(DataError, match="is a folder; csv is kept otherwise"):
        list(read_examples(tmp_path, format="csv"))


TABLES = {
    "a byte order mark before a quoted header": (
        b"\xef\xbb\xbf" + '"text","label"\r\n"نرخ","claim"\r\n'.encode(),
        ["نرخ"],
    ),
    "semicolons": ("id;text;label\r\n1;نرخ، ارز, بها;claim\r\n".encode(), ["نرخ، ارز, بها"]),
    "line breaks of three kinds": (
        'text,label\n"یک\nدو\rسه\r\nچهار ""پنج""",claim\n'.encode(),
        ['یک\nدو\rسه\r\nچهار "پنج"'],
    ),
    "NUL": ('text,label\n"نرخ\x00ارز",claim\nطلا,claim\n'.encode(), ["نرخ\x00ارز", "طلا"]),
    "a field of 400,000 letters": (
        f'text,label\n"{"نرخ " * 100_000}",claim\nطلا,claim\n'.encode(),
        ["نرخ " * 100_000, "طلا"],
    ),
    "blank rows": ("text,label\n\nنرخ,claim\n\n".encode(), ["نرخ"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_people_have_them(tmp_path, name):
    content, texts = TABLES[name]
    path = written(tmp_path, "x.csv", content)
    assert [example.text for example in read_examples(path)] == texts


def test_an_emoji_of_two_escapes_is_one_character(tmp_path):
    line = '{"id": 1, "text": "\\ud83d\\ude00 نرخ ارز", "spans": [{"start": 2, "end": 5, "label": "claim"}]}'
    (example,) = read_examples(written(tmp_path, "x.jsonl", line))
    assert (example.id, example.text[2:5]) == ("1", "نرخ")


def test_labels_are_mapped(tmp_path):
    content = "body,kind\nنرخ ارز پایین آمد,FACT\nچه خوب,دیدگاه\nسلام,-\nبیایید,Call to Action\n"
    path = written(tmp_path, "x.csv", content)
    fields = Fields(text="body", label="kind")
    with pytest.raises(
        DataError, match=r"x.csv:2: unknown labels: FACT, دیدگاه, -\. .*--map FACT=claim --map دیدگاه=claim"
    ):
        list(read_examples(path, fields=fields))
    labels = Labels.parse(["FACT=claim_check_worthy", "دیدگاه=opinion", "-=none"])
    got = [
        [(s.label, s.check_worthy) for s in e.spans]
        for e in read_examples(path, fields=fields, labels=labels)
    ]
    assert got == [[("claim", True)], [("opinion", False)], [], [("call_to_action", False)]]


@pytest.mark.parametrize(
    ("pair", "wanted"), [("FACT", "no '='"), ("FACT=fact", "there is no label 'fact'; one of none")]
)
def test_a_wrong_mapping(pair, wanted):
    with pytest.raises(ValueError, match=wanted):
        Labels.parse([pair])


FOUND = {
    "x.csv": (CELLS, "csv"),
    "x.BIO": ("نرخ\tO\n", "conll"),
    "ours.jsonl": (GOOD, "jsonl"),
    "ours.json": (GOOD, "jsonl"),
    "doccano.jsonl": ('\n{"text": "نرخ", "label": []}', "doccano"),
    "broken first.jsonl": ("{\n" + GOOD, "jsonl"),
    "studio.json": (" \n[{}]", "label-studio"),
    "brat/a.ann": ("", "brat"),
    "hf/state.json": ("{}", "hf"),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_format_is_found(tmp_path, name):
    content, format = FOUND[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    path = written(tmp_path, name, content)
    assert detect(path if path.parent == tmp_path else path.parent) == format


KEYS = [
    "id",
    "text",
    "spans",
    "label",
    "labels",
    "entities",
    "sentences",
    "genre",
    "start",
    "end",
    "check_worthy",
]
KEYS += ["data", "annotations", "result", "value", "choices", "was_cancelled"]
LEAVES = st.sampled_from([None, True, 0, 1, -1, 10**30, 0.5, "", "نرخ ارز", "claim", "😀"])
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=ANYTHING)
@pytest.mark.parametrize("format", ["jsonl", "doccano", "label-studio"])
def test_any_json_is_a_draft_or_a_finding(tmp_path_factory, format, row):
    path = Path(tmp_path_factory.getbasetemp(), "any.json")
    path.write_text(json.dumps([row] if format == "label-studio" else row), encoding="utf-8")
    drafts = list(read_drafts(path, format=format))
    assert len(drafts) >= 1
    assert all(isinstance(draft, Draft | Finding) for draft in drafts)
    lint([path], format=format)
