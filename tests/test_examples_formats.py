"""Every format gives back what was written to it, from nasty texts too, and reads what other tools write."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled import ONE_LINE, UTF8, labelled

from claimcheck.examples import (
    FORMATS,
    DataError,
    Example,
    Fields,
    LabelledSpan,
    read_examples,
    write_examples,
)
from claimcheck.examples.offsets import from_utf16, to_utf16
from claimcheck.span import Label
from claimcheck.tags import trim

NAMES = ("claim", "opinion", "call_to_action", "attribution", "claim_check_worthy", "none")
TEXT = "😀 وزیر گفت: نرخ ارز ۵ درصد پایین آمد."  # the emoji is one character and two UTF-16 units
FRAME, CLAIM = (2, 11), (12, TEXT.rindex("."))
some = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


def back(examples, path, format, fields=None):
    """``examples`` written to ``path`` and read again."""
    write_examples(examples, path, format=format)
    return list(read_examples(path, format=format, fields=fields))


def stripped(example):
    """The spans without blanks at their edges, which formats of words cannot keep."""
    spans = []
    for span in example.spans:
        piece = example.text[span.start : span.end]
        start = span.start + len(piece) - len(piece.lstrip())
        spans.append(replace(span, start=start, end=start + len(piece.strip())))
    return spans


def blanked(text):
    """What WebAnno TSV keeps of a text: nothing of its outer blanks, and no difference between inner ones."""
    return re.sub(r"\s", " ", text.rstrip())


@some
@given(st.lists(labelled(), min_size=1, max_size=4))
@pytest.mark.parametrize("format", ["jsonl", "doccano", "label-studio"])
def test_json_formats_keep_everything(folder, format, examples):
    code_points = Fields(offsets="code-points") if format == "label-studio" else None
    assert back(examples, folder / "x", format, code_points) == examples


@some
@given(st.lists(labelled(ONE_LINE, one_sentence=True), min_size=1, max_size=4))
def test_conll_keeps_texts_spans_and_documents(folder, examples):
    for got, example in zip(back(examples, folder / "x.conll", "conll"), examples, strict=True):
        described = ("id", "text", "genre", "source", "document")
        assert [getattr(got, key) for key in described] == [getattr(example, key) for key in described]
        assert list(got.spans) == stripped(example)


@some
@given(st.lists(labelled(UTF8), min_size=1, max_size=3, unique_by=lambda example: example.id.lower()))
@pytest.mark.parametrize(("format", "kept"), [("brat", str), ("webanno", blanked)])
def test_formats_of_folders_keep_texts_and_spans(tmp_path_factory, format, kept, examples):
    got = {e.id: e for e in back(examples, tmp_path_factory.mktemp(format) / "x", format)}
    assert got.keys() == {example.id for example in examples}
    for example in examples:
        assert kept(got[example.id].text) == kept(example.text)
        assert stripped(got[example.id]) == stripped(example)


@some
@given(st.lists(labelled(UTF8), min_size=1, max_size=3, unique_by=lambda example: example.id))
def test_web_annotations_keep_texts_and_spans(folder, examples):
    for got, example in zip(back(examples, folder / "x.jsonld", None), examples, strict=True):
        assert (got.id, got.text, got.spans) == (example.id, example.text, example.spans)


@some
@given(st.lists(st.tuples(UTF8.filter(str.strip), st.sampled_from(NAMES)), min_size=1, max_size=4))
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_tables_keep_one_label_a_text(folder, ending, rows):
    examples = []
    for i, (text, name) in enumerate(rows):
        start, end = trim(text, 0, len(text))
        worthy = name == "claim_check_worthy"
        said = name != "none" and text[start:end].strip()
        spans = (LabelledSpan(start, end, Label("claim" if worthy else name), worthy),) if said else ()
        examples.append(Example(str(i), text, spans, ((0, len(text)),)))
    assert back(examples, folder / f"x.{ending}", None) == examples


KEPT = {
    "a byte order mark first": ("\ufeffنرخ ارز", [(1, 4)], None),
    "a hashtag that looks like a comment": ("#ارز=گران #a=b #", [(0, 16)], None),
    "a text that looks like a comment": ("# id = 5", [(0, 8)], None),
    "a text that ends like a tag": ("نرخ ارز O", [(0, 9)], None),
    "a word in no sentence": ("نرخ ارز پایین آمد. گران شد.", [(0, 7)], ((0, 7), (14, 18), (19, 27))),
    "two spans in a word": ("گفت:نرخ", [(0, 4), (4, 7)], None),
    "a span like the one before": ("نرخ ارز", [(0, 3), (4, 7)], None),
}


@pytest.mark.parametrize(
    "format", ["jsonl", "doccano", "label-studio", "conll", "brat", "web-annotation", "webanno"]
)
@pytest.mark.parametrize("name", KEPT)
def test_kept_in_every_format_of_spans(tmp_path, format, name):
    text, ranges, sentences = KEPT[name]
    example = Example("1", text, tuple(LabelledSpan(a, b, Label.CLAIM, True) for a, b in ranges), sentences)
    (got,) = back([example], tmp_path / "x", format)
    kept = blanked if format == "webanno" else str
    assert (kept(got.text), got.spans) == (kept(text), example.spans)


def test_conll_ends_a_document(tmp_path):
    examples = [
        Example(str(i), "نرخ ارز", document=document) for i, document in enumerate(["الف", "الف", None, "ب"])
    ]
    assert [e.document for e in back(examples, tmp_path / "x.conll", None)] == ["الف", "الف", None, "ب"]


@settings(some, max_examples=5)
@given(examples=st.lists(labelled(UTF8), min_size=1, max_size=6))
def test_hugging_face_keeps_everything(tmp_path_factory, examples):
    pytest.importorskip("datasets")
    assert back(examples, tmp_path_factory.mktemp("hf") / "x", "hf") == examples


@given(UTF8)
def test_utf16_offsets_there_and_back(text):
    there, and_back = to_utf16(text), from_utf16(text)
    for i in range(len(text) + 1):
        assert there(i) == len(text[:i].encode("utf-16-le")) // 2
        assert and_back(there(i)) == i


@pytest.mark.parametrize("format", ["conll", "csv", "brat", "webanno", "web-annotation"])
def test_lone_surrogate_is_refused_where_utf8_is_all_there_is(tmp_path, format):
    with pytest.raises(DataError, match="lone surrogate"):
        write_examples([Example("1", "تورم \ud83d رشد کرد")], tmp_path / "x", format=format)
    assert list(tmp_path.iterdir()) == []


def test_the_two_halves_of_an_emoji_are_refused_in_json(tmp_path):
    with pytest.raises(DataError, match="halves of an emoji"):
        write_examples([Example("1", "تورم \ud83d\ude00 رشد کرد")], tmp_path / "x.jsonl")


def region(span, label, text=TEXT, counts=int, **more):
    """A region of Label Studio."""
    quoted = text[slice(*span)]
    value = {"start": counts(span[0]), "end": counts(span[1]), "text": quoted, "labels": [label]}
    return {"value": {**value, **more}, "type": "labels"}


def task(*results, text=TEXT):
    return {"id": 7, "data": {"text": text}, "annotations": [{"result": list(result)} for result in results]}


units = to_utf16(TEXT)
BOTH = [("attribution", FRAME), ("claim", CLAIM)]
FOREIGN = {
    "doccano triples": (
        "x.jsonl",
        json.dumps({"id": 1, "text": TEXT, "label": [[units(a), units(b), n] for n, (a, b) in BOTH]}),
    ),
    "doccano entities": (
        "x.jsonl",
        json.dumps(
            {
                "text": TEXT,
                "entities": [
                    {"id": 4, "label": n, "start_offset": units(a), "end_offset": units(b)}
                    for n, (a, b) in BOTH
                ],
                "relations": [],
            }
        ),
    ),
    "Label Studio in UTF-16 units": (
        "x.json",
        json.dumps([task([region(span, name, counts=units) for name, span in BOTH])], indent=2),
    ),
    "Label Studio in code points": (
        "x.json",
        json.dumps([task([region(span, name) for name, span in BOTH])]),
    ),
    "columns with blanks, their text, CRLF": (
        "x.conll",
        "# sent_id = 3\r\n"
        f"# text = {TEXT}\r\n"
        "😀 O\r\nوزیر B-attribution\r\nگفت I-attribution\r\n: I-attribution\r\nنرخ B-claim\r\n"
        "ارز I-claim\r\n۵ I-claim\r\nدرصد I-claim\r\nپایین I-claim\r\nآمد I-claim\r\n. O\r\n\r\n",
    ),
    "BILOU, no text": (
        "x.bio",
        "😀\tX\tO\nوزیر\tX\tB-attribution\nگفت:\tX\tL-attribution\nنرخ\tX\tB-claim\nارز\tX\tI-claim\n"
        "۵\tX\tI-claim\nدرصد\tX\tI-claim\nپایین\tX\tI-claim\nآمد\tX\tL-claim\n.\tX\tO\n",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_other_tools_write(tmp_path, name):
    file, content = FOREIGN[name]
    path = tmp_path / file
    path.write_bytes(content.encode())
    (example,) = read_examples(path)
    got = [(span.label, example.text[span.start : span.end]) for span in example.spans]
    assert got == [(name, TEXT[slice(*span)]) for name, span in BOTH]
    assert example.text.replace(" .", ".") == TEXT


@pytest.mark.parametrize("counts", [int, to_utf16("فیلم بد بود 😡")])
@pytest.mark.parametrize("quoted", ["فیلم بد بود 😡", None])
def test_label_studio_counts_no_further_than_the_end(tmp_path, counts, quoted):
    text = "فیلم بد بود 😡"
    whole = region((0, len(text)), "opinion", text, counts)
    whole["value"]["text"] = quoted
    path = tmp_path / "x.json"
    path.write_text(json.dumps([task([whole], text=text)]), encoding="utf-8")
    (example,) = read_examples(path)
    assert [(s.start, s.end) for s in example.spans] == [(0, len(text))]


def test_label_studio_annotators_who_differ_give_a_record_each(tmp_path):
    one, other = [region(CLAIM, "claim")], [region(CLAIM, "opinion")]
    cancelled = {"was_cancelled": True, "result": [region(CLAIM, "attribution")]}
    path = tmp_path / "x.json"
    made = task(one, one, other)
    made["annotations"].append(cancelled)
    path.write_text(json.dumps([made]), encoding="utf-8")
    assert [(e.id, e.spans[0].label) for e in read_examples(path)] == [("7", "claim"), ("7#2", "opinion")]


TAGS = {
    "begins anew": ("B-claim I-claim B-claim O", [(0, 2), (2, 3)]),
    "IOB1": ("I-claim I-claim O I-opinion", [(0, 2), (3, 4)]),
    "IOB1 over a sentence's end": ("O O I-claim | I-claim", [(2, 3), (3, 4)]),
    "the label changes": ("B-claim I-opinion O O", [(0, 1), (1, 2)]),
    "IOBES": ("B-claim E-claim S-claim S-claim", [(0, 2), (2, 3), (3, 4)]),
    "behind a last one": ("B-claim L-claim I-claim O", [(0, 2), (2, 3)]),
}


@pytest.mark.parametrize("name", TAGS)
def test_ways_to_tag(tmp_path, name):
    tags, wanted = TAGS[name]
    path = tmp_path / "x.conll"
    lines = ["" if tag == "|" else f"نرخ\t{tag}" for tag in tags.split()]
    path.write_text("# id = 1\n" + "\n".join(lines), encoding="utf-8")
    (example,) = read_examples(path)
    assert [(s.start // 4, (s.end + 1) // 4) for s in example.spans] == wanted


def test_brat_joins_a_span_over_a_line_break_and_refuses_what_does_not_fit(tmp_path):
    text = "نرخ ارز\nپایین آمد. مردم شاد شدند."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "a.ann").write_text(
        "T1\tclaim 0 7;8 17\tنرخ ارز پایین آمد\nR1\tRel Arg1:T1 Arg2:T1\n#1\tNote T1\tخوب\n", encoding="utf-8"
    )
    (tmp_path / "b.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "b.ann").write_text("T1\tclaim 0 3;8 17\tنرخ پایین آمد\n", encoding="utf-8")
    (tmp_path / "c.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "c.ann").write_text("T1\tclaim 0 3\tنرخ\nT2\tclaim 8 13\tنرخ\n", encoding="utf-8")
    (tmp_path / "d.txt").write_text(text, encoding="utf-8", newline="")
    bad = []
    (example,) = read_examples(tmp_path, on_bad=bad.append)
    assert [(s.start, s.end) for s in example.spans] == [(0, 17)]
    wanted = (
        r"b\.ann:1: .*T1 is discontinuous",
        r"c\.ann:2: .*the text at 8-13 is 'پایین'",
        r"d.txt: .*no d\.ann",
    )
    assert all(re.search(*pair) for pair in zip(wanted, map(str, bad), strict=True))


HF_ROWS = {
    "class label": ({"text": ["نرخ ارز پایین آمد."], "label": [1]}, [("claim", 0, 17)]),
    "token tags": (
        {"tokens": [["نرخ", "پایین", "آمد"]], "tags": [["O", "B-claim", "I-claim"]]},
        [("claim", 4, 13)],
    ),
    "spans as columns": (
        {"text": ["نرخ ارز"], "spans": [{"start": [0], "end": [3], "label": ["claim"]}]},
        [("claim", 0, 3)],
    ),
    "lengths that differ": ({"tokens": [["نرخ"]], "tags": [["O", "O"]]}, "1 tokens and 2 tags"),
    "a span without its end": ({"text": ["نرخ"], "spans": [[{"start": 0, "label": "claim"}]]}, "without end"),
    "extra that is no JSON": ({"text": ["نرخ"], "spans": [[]], "extra": ["{"]}, "not JSON"),
    "a number without a name": ({"text": ["نرخ"], "label": [4]}, "without a name"),
}


@pytest.mark.parametrize("name", HF_ROWS)
def test_hugging_face_layouts(tmp_path, name):
    datasets = pytest.importorskip("datasets")
    columns, wanted = HF_ROWS[name]
    made = datasets.Dataset.from_dict(columns)
    if name == "class label":
        made = made.cast_column("label", datasets.ClassLabel(names=["opinion", "claim"]))
    made.save_to_disk(str(tmp_path / "x"))
    if isinstance(wanted, str):
        with pytest.raises(DataError, match=rf"x:1: .*{wanted}"):
            list(read_examples(tmp_path / "x"))
    else:
        (example,) = read_examples(tmp_path / "x")
        assert [(s.label, s.start, s.end) for s in example.spans] == wanted


def test_nine_formats():
    told = {"jsonl", "doccano", "label-studio", "conll", "csv", "brat", "web-annotation", "webanno", "hf"}
    assert set(FORMATS) == told


WEBANNO = """#FORMAT=WebAnno TSV 3.2
#T_SP=webanno.custom.Mood|strength
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value
#T_RL=webanno.custom.Said|kind|BT_de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity


#Sentence.id=1
#Text=😀 وزیر گفت:
1-1	0-2	😀	_	_	_	_	_\t
1-2	3-7	وزیر	weak	*[1]	attribution[1]	_	_\t
1-3	8-12	گفت:	_	*[1]	attribution[1]	_	_\t

#Text=نرخ ارز پایین آمد.
2-1	14-17	نرخ	_	*[2]	claim\\_check\\_worthy[2]	_	_\t
2-2	18-21	ارز	_	*[2]	claim\\_check\\_worthy[2]	_	_\t
2-3	22-27	پایین	_	*[2]	claim\\_check\\_worthy[2]	_	_\t
2-4	28-32	آمد.	_	_	_	_	_\t
2-4.1	28-31	آمد	_	*[2]	claim\\_check\\_worthy[2]	_	_\t
"""


def test_webanno_as_others_write_it(tmp_path):
    (tmp_path / "خبر.tsv").write_text(WEBANNO, encoding="utf-8")
    for path in (tmp_path, tmp_path / "خبر.tsv"):
        (example,) = read_examples(path)
        assert example.id == "خبر"
        assert example.text == "😀 وزیر گفت:\n نرخ ارز پایین آمد."
        said = [(example.text[s.start : s.end], s.label.value, s.check_worthy) for s in example.spans]
        assert said == [("وزیر گفت:", "attribution", False), ("نرخ ارز پایین آمد", "claim", True)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("WebAnno TSV 3.2", "WebAnno TSV 2"), "1: .*first line should be"),
        (("#T_SP", "#T_CH"), "1: .*no layer of spans"),
        (("2-1\t14-17", "2-1\t1-4"), "14: .*overlaps"),
        (("1-2\t3-7", "1-2 3-7"), "10: .*neither a token"),
        (("\t_\t*[1]\tattribution[1]\t_\t_\t", ""), "11: .*0 columns"),
    ],
)
def test_webanno_that_is_none(tmp_path, change, said):
    (tmp_path / "x.tsv").write_text(WEBANNO.replace(*change), encoding="utf-8")
    with pytest.raises(DataError, match=rf"x\.tsv:{said}"):
        list(read_examples(tmp_path))


def test_a_web_annotation_of_a_browser(tmp_path):
    """Its offsets count UTF-16 units: an error that says what to type, and then the same span."""
    example = Example("https://example.org/1", TEXT, (LabelledSpan(*CLAIM, Label.CLAIM, True),))
    write_examples([example], tmp_path / "x.jsonld")
    made = json.loads((tmp_path / "x.jsonld").read_text("utf-8"))
    (item,) = made["first"]["items"]
    position, quoted = item["target"]["selector"]
    assert (position["start"], position["end"]) == CLAIM
    assert quoted["prefix"] + quoted["exact"] + quoted["suffix"] == TEXT
    assert item["target"]["source"] == made["documents"][0]["id"] == example.id
    position |= {"start": CLAIM[0] + 1, "end": CLAIM[1] + 1}
    (tmp_path / "x.jsonld").write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(DataError, match="--offsets utf-16"):
        list(read_examples(tmp_path / "x.jsonld"))
    assert list(read_examples(tmp_path / "x.jsonld", fields=Fields(offsets="utf-16"))) == [example]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda made: made.pop("documents"), "wanted a collection"),
        (lambda made: made["first"]["items"][0].pop("body"), "one body of purpose tagging"),
        (lambda made: made["first"]["items"][0]["target"].pop("selector"), "TextPositionSelector"),
        (lambda made: made["first"]["items"][0].pop("target"), "none of the documents"),
        (lambda made: made["documents"][0].pop("value"), "an id and a value"),
    ],
)
def test_web_annotations_that_are_none(tmp_path, spoil, said):
    write_examples([Example("1", TEXT, (LabelledSpan(*CLAIM, Label.CLAIM),))], tmp_path / "x.jsonld")
    made = json.loads((tmp_path / "x.jsonld").read_text("utf-8"))
    spoil(made)
    (tmp_path / "x.jsonld").write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        list(read_examples(tmp_path / "x.jsonld"))
