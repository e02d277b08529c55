"""Spans in spaCy, data sets, tables, and in the units of JavaScript."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strings import TEXTS as any_texts

from claimcheck import analyze, load
from claimcheck.examples import read_examples, write_examples
from claimcheck.examples.formats.web_annotation import of_analysis
from claimcheck.examples.records import Example
from claimcheck.integrations.datasets import add_spans, with_spans
from claimcheck.integrations.tables import lists_of, spans_of
from claimcheck.integrations.utf16 import in_utf16

REPORT = "وی با تأکید بر اینکه باید صرفه‌جویی کنیم، گفت: مصرف برق ۱۲ درصد رشد کرده است."
OPINION = "به نظر من این تصمیم عجولانه است."


@pytest.fixture(scope="module")
def nlp():
    spacy = pytest.importorskip("spacy", reason="needs claimcheck[spacy]")
    opened = spacy.blank("fa")
    opened.add_pipe("claimcheck", config={"cues": True})
    return opened


@pytest.fixture(scope="module")
def datasets():
    library = pytest.importorskip("datasets")
    library.disable_progress_bars()
    return library


class TestSpacy:
    @pytest.mark.parametrize(
        "text",
        [
            REPORT,
            "😀 " + REPORT,
            "كتاب\u200cهاي \u064aک نفر گفت: \u0645ي\u200cرود.",
            "",
            "hello",
            "\n\n" + OPINION,
        ],
        ids=["report", "emoji before", "arabic letters and half-spaces", "empty", "latin", "blank lines"],
    )
    def test_spans_are_ours(self, nlp, text):
        doc = nlp(text)
        wanted = analyze(text, cues=True)
        held = doc.spans["claimcheck"]
        assert doc.text == text
        assert [span._.claimcheck for span in held] == [span.to_dict() for span in wanted]
        for span, ours in zip(held, wanted, strict=True):
            assert span.label_ == ours.label
            assert span.start_char <= ours.start and ours.end <= span.end_char
            assert span._.confidence == ours.confidence
            assert span._.check_worthiness == ours.check_worthiness
            assert (span._.attribution and span._.attribution.text) == (
                ours.attribution and ours.attribution.text
            )

    def test_a_span_that_ends_inside_a_token(self, nlp):
        """spaCy keeps a web address with what is glued to it; ours has its own offsets beside."""
        from spacy.tokens import Doc

        words = ["گفت:مصرف", "برق", "۱۲", "درصد", "رشد", "کرد."]
        doc = nlp.get_pipe("claimcheck")(Doc(nlp.vocab, words=words))
        for span in doc.spans["claimcheck"]:
            ours = span._.claimcheck
            assert doc.text[ours["start"] : ours["end"]] == ours["text"]
            assert span.start_char <= ours["start"] and ours["end"] <= span.end_char
        assert any(span.text != span._.claimcheck["text"] for span in doc.spans["claimcheck"])

    def test_many_documents_in_order(self, nlp):
        texts = [REPORT, "", OPINION] * 3
        docs = list(nlp.pipe(texts, batch_size=2))
        assert [[s._.claimcheck["text"] for s in doc.spans["claimcheck"]] for doc in docs] == [
            [span.text for span in analyze(text)] for text in texts
        ]

    def test_saved_and_opened(self, nlp, tmp_path):
        import spacy

        nlp.to_disk(tmp_path / "pipeline")
        again = spacy.load(tmp_path / "pipeline")
        doc = again(REPORT)
        kept = spacy.tokens.Doc(again.vocab).from_bytes(doc.to_bytes())
        assert [span._.claimcheck for span in kept.spans["claimcheck"]] == [
            span.to_dict() for span in analyze(REPORT, cues=True)
        ]

    def test_displacy_draws_them(self, nlp):
        from spacy import displacy

        drawn = displacy.render(nlp(REPORT), style="span", options={"spans_key": "claimcheck"}, jupyter=False)
        assert "call_to_action" in drawn and "#98c6f9" in drawn.lower(), "in our colours"

    def test_its_options(self, tiny_folder):
        import spacy

        nlp = spacy.blank("fa")
        nlp.add_pipe(
            "claimcheck", config={"model": str(tiny_folder), "spans_key": "ours", "min_confidence": 1}
        )
        assert len(nlp(REPORT).spans["ours"]) == 0


class TestDatasets:
    def test_a_column_of_spans(self, datasets):
        rows = {"text": ["سلام", None, OPINION, REPORT], "n": [1, 2, 3, 4]}
        held = datasets.Dataset.from_dict(rows)
        kwargs = {"cues": True, "explain": True}
        got = held.map(
            add_spans, batched=True, batch_size=1, features=with_spans(held.features), fn_kwargs=kwargs
        )
        assert got["n"] == rows["n"]
        for text, spans in zip(rows["text"], got["spans"], strict=True):
            wanted = [span.to_dict() for span in analyze(text or "", **kwargs)]
            assert [{"words": [], "flags": [], **span} for span in wanted] == [
                span | {"flags": [{k: v for k, v in f.items() if k != "factcheck"} for f in span["flags"]]}
                for span in spans
            ]

    def test_another_column(self, datasets, tiny_folder):
        held = datasets.Dataset.from_dict({"متن": [REPORT]})
        with pytest.raises(KeyError, match="fn_kwargs"):
            held.map(add_spans, batched=True)
        got = held.map(add_spans, batched=True, fn_kwargs={"column": "متن", "model": str(tiny_folder)})
        assert "spans" in got.column_names


class TestTables:
    def test_pandas(self):
        pandas = pytest.importorskip("pandas")
        column = pandas.Series([REPORT, None, OPINION, 5, ""], index=list("abcde"), name="text")
        with pytest.warns(UserWarning, match=r"2 of 5 rows hold no text .* first is row 1: NoneType None"):
            found = spans_of(column, cues=True)
        wanted = [("a", s) for s in analyze(REPORT)] + [("c", s) for s in analyze(OPINION)]
        assert list(found.index) == [place for place, _ in wanted]
        assert list(found["span_text"]) == [span.text for _, span in wanted]
        assert list(found["span_start"]) == [span.start for _, span in wanted]
        assert found["flags"].iloc[1] == "number_without_source" or found["flags"].iloc[1] == ""
        with pytest.warns(UserWarning):
            lists = lists_of(column)
        assert list(lists.index) == list("abcde")
        assert lists["a"] == [span.to_dict() for span in analyze(REPORT)] and lists["b"] == lists["d"] == []
        assert spans_of(column[:0]).empty

    def test_polars(self):
        polars = pytest.importorskip("polars")
        column = polars.Series("text", [REPORT, None, OPINION])
        with pytest.warns(UserWarning, match="1 of 3 rows"):
            found = spans_of(column)
        wanted = [(0, s) for s in analyze(REPORT)] + [(2, s) for s in analyze(OPINION)]
        assert found["row"].to_list() == [row for row, _ in wanted]
        assert found["frame_text"].to_list() == [s.attribution and s.attribution.text for _, s in wanted]
        assert found["span_check_worthiness"].dtype == polars.Float64
        assert spans_of(column[:0]).schema == found.schema
        assert lists_of(polars.Series([OPINION])).to_list() == [[span.to_dict() for span in analyze(OPINION)]]

    def test_progress_sees_every_text(self, tiny_model):
        pandas = pytest.importorskip("pandas")
        seen = []

        def progress(texts):
            for text in texts:
                seen.append(text)
                yield text

        spans_of(pandas.Series([REPORT] * 3), progress=progress, model=tiny_model)
        assert seen == [REPORT] * 3

    def test_what_is_no_column(self):
        pandas = pytest.importorskip("pandas")
        with pytest.raises(TypeError, match=r"list"):
            spans_of([REPORT])
        with pytest.raises(TypeError, match=r'frame\["text"\]'):
            spans_of(pandas.DataFrame({"text": [REPORT]}))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([REPORT, OPINION, "😀", "𝔸𝔹 ", "👨‍👩‍👧", "\n", "می‌رود. "]), max_size=5).map(
        "".join
    )
)
def test_offsets_in_utf16(text):
    units = text.encode("utf-16-le")
    for span in analyze(text, cues=True):
        given_, plain = in_utf16(text, span.to_dict()), span.to_dict()
        for part in (given_, given_["attribution"], *(f["evidence"] for f in given_.get("flags", ()))):
            if part:
                assert units[2 * part["start"] : 2 * part["end"]].decode("utf-16-le") == part["text"]
        assert plain == span.to_dict(), "what was given is left as it was"


@settings(max_examples=30, deadline=None)
@given(any_texts)
def test_offsets_in_utf16_of_any_text(text):
    length = len(text)
    plain = {"start": 0, "end": length, "text": text}
    assert in_utf16(text, plain)["end"] == len(text.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    "format", ["jsonl", "doccano", "label-studio", "conll", "web-annotation", "webanno", "brat"]
)
def test_what_was_analysed_in_every_format(tmp_path, format):
    text = "😀 " + REPORT
    segments = load().segments(text)
    example = Example.of("خبر", text, segments)
    write_examples([example], tmp_path / "x", format=format)
    (got,) = read_examples(tmp_path / "x", format=format)
    assert got.text == text
    assert [(s.start, s.end, s.label) for s in got.spans] == [(s.start, s.end, s.label) for s in segments]


def test_what_score_wrote_converts(tmp_path):
    """A claim's check-worthiness says whether it is check-worthy."""
    row = {"text": REPORT, "spans": [span.to_dict() for span in analyze(REPORT)]}
    (tmp_path / "scored.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (example,) = read_examples(tmp_path / "scored.jsonl")
    assert example.spans == Example.of("", REPORT, analyze(REPORT)).spans
    assert [span.check_worthy for span in example.spans] == [False, True]


def test_an_annotation_says_what_a_tag_cannot(tmp_path):
    made = of_analysis("https://example.org/1", REPORT, analyze(REPORT))
    tag, described = made["first"]["items"][1]["body"]
    assert tag["value"] == "claim_check_worthy"
    said = json.loads(described["value"])
    assert said["attribution"]["text"] == "گفت:" and 0 < said["confidence"] <= 1
    (tmp_path / "x.jsonld").write_text(json.dumps(made), encoding="utf-8")
    (example,) = read_examples(tmp_path / "x.jsonld")
    assert example.spans == Example.of("", REPORT, analyze(REPORT)).spans


def test_the_folder_opens_in_transformers():
    transformers = pytest.importorskip("transformers")
    from claimcheck.api import embedded_folder

    tagger = transformers.pipeline("token-classification", model=str(embedded_folder()), device="cpu")
    found = tagger("مصرف برق ۱۲ درصد رشد کرده است.")
    labels = {"none", "attribution", "opinion", "call_to_action", "claim", "claim_check_worthy"}
    assert set(tagger.model.config.label2id) == labels
    assert {token["entity"] for token in found} & {"claim", "claim_check_worthy"}
