"""What is asked for beside the labels, and the list that comes of it."""

import json
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck import Label, Span, analyze, analyze_many, load
from claimcheck.cli import main
from claimcheck.flags import FactChecks
from claimcheck.flags.claimreview import FactCheck, read_factchecks
from claimcheck.flags.enrich import CHECKED
from claimcheck.flags.stubs import claim_review
from claimcheck.span import Attribution, Flag
from claimcheck.triage import Item, triage
from claimcheck.triage_page import page

RUMOUR = "فوری!!! یک منبع آگاه گفت: آب نمک کرونا را درمان می‌کند. تا پاک نشده پخش کنید!!!"
PLAIN = "رئیس مرکز آمار گفت نرخ بیکاری به ۸ درصد رسید."
NEAR = "رئیس مرکز آمار گفت نرخ بیکاری به ۱۸ درصد رسید."
SCHEMA = json.loads(Path(__file__).with_name("claimreview.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    with FactChecks.open(tmp_path_factory.mktemp("checks") / "checks.db") as index:
        index.add(
            [
                {"id": "1", "claim": "آب‌نمک کرونا را درمان می‌کند", "verdict": "نادرست", "publisher": "راستی"},
                {"id": "2", "claim": "نرخ بیکاری به ۸ درصد رسیده است", "verdict": "درست"},
            ]
        )
        yield index


# ---- what is asked for


def test_nothing_more_is_done_where_nothing_is_asked_for():
    assert analyze(RUMOUR) == load().analyze(RUMOUR)
    assert all("flags" not in span.to_dict() and "words" not in span.to_dict() for span in analyze(RUMOUR))


def test_flags_and_words_leave_spans_as_they_are(index):
    bare = analyze(RUMOUR)
    full = analyze(RUMOUR, cues=True, factchecks=index, explain=True)
    assert [(s.start, s.end, s.label, s.confidence, s.attribution) for s in full] == [
        (s.start, s.end, s.label, s.confidence, s.attribution) for s in bare
    ]
    (claim,) = [span for span in full if span.label is Label.CLAIM]
    assert {flag.type for flag in claim.flags} >= {"unnamed_source", "share_pressure", CHECKED}
    assert claim.words
    for flag in claim.flags:
        assert RUMOUR[flag.evidence.start : flag.evidence.end] == flag.evidence.text
    assert all(not span.flags for span in full if span.label is not Label.CLAIM)
    assert json.loads(json.dumps([span.to_dict() for span in full]))[0]["flags"]


def test_a_fact_check_weighs_by_its_verdict_and_other_numbers_are_another_claim(index):
    texts = ("آب نمک کرونا را درمان می‌کند.", PLAIN, NEAR)
    (false,), (true,), none = (
        [flag for span in spans for flag in span.flags] for spans in analyze_many(texts, factchecks=index)
    )
    assert false.factcheck["id"] == "1"
    assert false.score > 0.5
    assert "rated «نادرست»" in false.reason
    assert (true.factcheck["verdict"], true.score) == ("true", 0)
    assert none == []


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_confidence_is_a_share(wrong):
    with pytest.raises(ValueError, match="min_confidence must be between 0 and 1"):
        analyze(PLAIN, min_confidence=wrong)


@pytest.mark.parametrize("wrong", ["checks.db", 5, [{"claim": "x"}]])
def test_an_index_is_an_index_whatever_the_text(wrong):
    with pytest.raises(TypeError, match="factchecks must be an index"):
        analyze("زیباست.", factchecks=wrong)
    with pytest.raises(TypeError, match="min_confidence must be a number"):
        analyze(PLAIN, min_confidence="high")


def test_spans_below_a_confidence_are_left_out():
    whole = analyze(RUMOUR + " " + PLAIN)
    middle = sorted(span.confidence for span in whole)[len(whole) // 2]
    for more in ({}, {"cues": True}):
        kept = analyze(RUMOUR + " " + PLAIN, min_confidence=middle, **more)
        assert [s.start for s in kept] == [s.start for s in whole if s.confidence >= middle]


def test_the_stream_is_a_stream_with_flags_too():
    taken = []

    def texts():
        for i in range(1000):
            taken.append(i)
            yield PLAIN

    found = analyze_many(texts(), cues=True, batch_size=4)
    assert next(found) == next(found)
    assert len(taken) <= 8
    with pytest.raises(TypeError, match="got one str"):
        next(analyze_many(PLAIN, cues=True))
    with pytest.raises(TypeError, match="got int"):
        analyze(3, cues=True)


# ---- the list

SCORES = st.lists(st.floats(0, 1), max_size=4)


def _item(worth, scores, number=0):
    flags = tuple(Flag(f"kind_{i}", score, "why") for i, score in enumerate(scores))
    return Item(number, "نان گران شد", Span(0, 11, "نان گران شد", Label.CLAIM, 0.9, worth, flags=flags))


@given(worth=st.floats(0, 1), scores=SCORES, more=st.floats(0, 1))
def test_priority_lies_between_worth_and_twice_it_and_grows_with_flags(worth, scores, more):
    item = _item(worth, scores)
    assert worth <= item.priority + 1e-9 <= 2 * worth + 2e-9
    assert _item(worth, [*scores, more]).priority >= item.priority - 1e-9
    assert f"= {item.priority:.2f}" in item.arithmetic


def test_the_arithmetic_is_shown():
    item = _item(0.8, [0.5, 0.2])
    assert item.arithmetic == "0.80 × (1 + 0.60) = 1.28  [kind 0 0.50, kind 1 0.20]"


def test_what_carries_signs_comes_first(index):
    items = triage([PLAIN, RUMOUR], factchecks=index)
    assert [item.number for item in items] == [1, 0]
    assert items == sorted(items, key=lambda item: -item.priority)
    assert triage([PLAIN, RUMOUR], factchecks=index, top=1) == items[:1]
    assert all(not item.span.flags for item in triage([PLAIN, RUMOUR], cues=False))
    assert triage([]) == []
    with pytest.raises(ValueError, match="top must be 1 or more"):
        triage([PLAIN], top=0)
    with pytest.raises(TypeError, match="got one str"):
        triage(PLAIN)


# ---- by command


@pytest.fixture
def here(tmp_path, monkeypatch, index):
    monkeypatch.chdir(tmp_path)
    rows = [{"text": PLAIN}, {"text": None}, {"text": RUMOUR}]
    Path("texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_by_command(here, index, capsys):
    with FactChecks.open("checks.db") as own:
        own.add([{"id": "1", "claim": "آب‌نمک کرونا را درمان می‌کند", "verdict": "نادرست"}])
    out = ["--html", "page.html", "--claimreview", "stubs.json", "--mark", "1"]
    assert main(["triage", "texts.jsonl", "--factchecks", "checks.db", *out]) == 3
    printed = capsys.readouterr()
    assert printed.out.startswith("  1. 0.")
    assert "already checked (false)" in printed.out.splitlines()[0]
    assert "texts.jsonl:3" in printed.out.splitlines()[2]
    assert "texts.jsonl:2: 'text' is NoneType" in printed.err
    assert Page(Path("page.html").read_text("utf-8")).marks >= 1
    stubs = json.loads(Path("stubs.json").read_text("utf-8"))
    assert len(stubs) == 1
    jsonschema.validate(stubs, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert "author" not in stubs[0]["itemReviewed"]  # «یک منبع آگاه» names nobody
    assert main(["triage", "texts.jsonl", "--html", "page.html", "--overwrite"]) == 3


def test_as_json(here, capsys):
    assert main(["triage", "texts.jsonl", "--json", "--top", "1", "--no-cues"]) == 3
    (line,) = capsys.readouterr().out.splitlines()
    row = json.loads(line)
    assert list(row) == ["rank", "place", "number", "priority", "arithmetic", "span"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--mark", "1"], 2, "add --claimreview OUT"),
        (["--html", "texts.jsonl", "--overwrite"], 2, "is read by this very command"),
        (["--claimreview", "held.txt"], 2, "is there already"),
        (["--mark", "x", "--claimreview", "s.json"], 2, "wanted numbers of the list"),
        (["--mark", "9", "--claimreview", "s.json"], 2, "the list has the numbers 1 to"),
        (["--factchecks", "none.db"], 1, "there is no index none.db"),
        (["--top", "0"], 1, "top must be 1 or more"),
    ],
)
def test_what_cannot_be_done(here, capsys, arguments, code, said):
    Path("held.txt").write_text("held", encoding="utf-8")
    before = Path("texts.jsonl").read_bytes()
    assert main(["triage", "texts.jsonl", *arguments]) == code
    assert Path("texts.jsonl").read_bytes() == before
    assert Path("held.txt").read_text("utf-8") == "held"
    assert said in capsys.readouterr().err
    assert not Path("none.db").exists()


def test_no_command_writes_over_what_it_reads(here, capsys):
    for command in (
        ["analyze", "--file", "texts.jsonl", "--html", "texts.jsonl"],
        ["score", "texts.jsonl", "-o", "out.jsonl", "--report", "./texts.jsonl"],
    ):
        assert main(command) == 2
        assert "is read by this very command" in capsys.readouterr().err
    assert json.loads(Path("texts.jsonl").read_text("utf-8").splitlines()[0])["text"] == PLAIN


def test_analyze_by_command(here, capsys):
    asked = ["--cues", "--explain", "--min-confidence", "0.1", "--html", "view.html"]
    assert main(["analyze", RUMOUR, *asked]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("flags" in row for row in rows)
    assert "منبع بی‌نام" in Path("view.html").read_text("utf-8")
    assert main(["analyze", RUMOUR, "--segments", "--cues"]) == 0
    assert any(json.loads(line)["label"] == "attribution" for line in capsys.readouterr().out.splitlines())
    assert main(["analyze", RUMOUR, "--factchecks", "none.db"]) == 1


# ---- the page and the stubs


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.marks, self.links, self.scripts = 0, [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.marks += tag == "mark"
        self.scripts += tag == "script"
        if tag == "a":
            self.links.append(dict(attrs)["href"])


def test_nothing_hostile_gets_onto_the_page():
    text = "<script>alert(1)</script> نان گران شد"
    at = text.index("نان")
    check = {"id": "1", "similarity": 0.9, "claim": "<b>x</b>", "verdict": "false", "rating": "\u202e<i>"}
    flags = tuple(
        Flag(CHECKED, 0.9, "<u>", None, {**check, "url": url})
        for url in ("javascript:alert(1)", 'https://a.example/"><script>')
    )
    item = Item(0, text, Span(at, len(text), text[at:], Label.CLAIM, 0.9, 0.5, flags=flags))
    shown = page([(item, "<script>")])
    read = Page(shown)
    assert read.scripts == 0
    assert read.links == ['https://a.example/"><script>']  # as a value, not as markup
    assert "<b>x</b>" not in shown
    assert "default-src 'none'" in shown


def test_stubs_are_valid_and_read_back(tmp_path):
    text = "علی رضایی گفت: نان گران شد"
    frame = Attribution(0, 14, text[:14])
    span = Span(15, 26, text[15:], Label.CLAIM, 0.9, 0.5, frame)
    stubs = [
        claim_review(span, "https://example.org/post/1"),
        claim_review(span, "a.txt:3"),
        claim_review(span),
    ]
    jsonschema.validate(stubs, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert stubs[0]["itemReviewed"]["author"] == {"@type": "Person", "name": "علی رضایی"}
    file = tmp_path / "stubs.json"
    file.write_text(json.dumps(stubs), encoding="utf-8")
    read = [one for one in read_factchecks(file) if isinstance(one, FactCheck)]
    assert {one.claim for one in read} == {"نان گران شد"}
