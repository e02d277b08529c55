"""Already checked? Reading sources, what the words say, the index under several processes, the search."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strings import TEXTS

from claimcheck.cli import main
from claimcheck.examples.records import DataError, Finding
from claimcheck.flags import FactChecks, cells
from claimcheck.flags.claimreview import FactCheck, from_records, read_factchecks
from claimcheck.flags.matching import Reader, term_key
from claimcheck.flags.numerals import numbers
from claimcheck.flags.rarity import Rarity, gram_hashes
from claimcheck.flags.sentence_vectors import SentenceVectors, cosines, encode_bytes
from claimcheck.flags.store import IndexFileError, Row, Store
from claimcheck.flags.verdicts import Verdict, verdict_of, verdict_of_review

PAIRS = Path(__file__).with_name("matching_pairs.jsonl")
CLAIMS = [
    {"id": "bread", "claim": "قیمت نان از فردا ۲۰ درصد گران می‌شود", "rating": "نادرست", "publisher": "سنجه"},
    {"id": "water", "claim": "آب شرب اهواز آلوده است", "verdict": "true", "url": "https://a.example/2"},
    {"id": "coach", "claim": "علی کریمی سرمربی تیم ملی شد", "verdict": "false", "date": "2024-05-01"},
    {"id": "lake", "claim": "دریاچهٔ ارومیه تا پایان تابستان خشک می‌شود"},
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    with FactChecks.open(tmp_path_factory.mktemp("checks") / "checks.db") as opened:
        opened.add(CLAIMS)
        yield opened


# ---- verdicts


@pytest.mark.parametrize(
    ("rating", "verdict"),
    [
        ("True", Verdict.TRUE),
        ("Mostly True", Verdict.TRUE),
        ("Not true", Verdict.FALSE),
        ("Pants on Fire!", Verdict.FALSE),
        ("Half-True", Verdict.MISLEADING),
        ("Missing context", Verdict.MISLEADING),
        ("Unproven", Verdict.UNPROVEN),
        ("No evidence", Verdict.UNPROVEN),
        ("درست", Verdict.TRUE),
        ("نادرست", Verdict.FALSE),
        ("نيمه‌درست", Verdict.MISLEADING),
        ("گمراه‌کننده", Verdict.MISLEADING),
        ("شاخ‌دار", Verdict.FALSE),
        ("شایعه", Verdict.FALSE),
        ("صحت ندارد", Verdict.FALSE),
        ("تأیید نشده", Verdict.UNPROVEN),
        ("غیرقابل اثبات", Verdict.UNPROVEN),
        ("تأیید شد", Verdict.TRUE),
        ("Satire", Verdict.OTHER),
        ("", Verdict.OTHER),
        (None, Verdict.OTHER),
    ],
)
def test_ratings_in_words(rating, verdict):
    assert verdict_of(rating) is verdict


@pytest.mark.parametrize(
    ("rating", "verdict"),
    [
        ({"ratingValue": 1, "bestRating": 5}, Verdict.FALSE),
        ({"ratingValue": "5", "bestRating": "5", "worstRating": "1"}, Verdict.TRUE),
        ({"ratingValue": 3, "bestRating": 5}, Verdict.MISLEADING),
        ({"ratingValue": 0, "bestRating": 10, "worstRating": 0}, Verdict.FALSE),
        ({"ratingValue": 1}, Verdict.OTHER),
        ({"ratingValue": 7, "bestRating": 5}, Verdict.OTHER),
        ({"ratingValue": -1, "bestRating": -1, "worstRating": -1}, Verdict.OTHER),
        ({"ratingValue": True, "bestRating": 5}, Verdict.OTHER),
        ({"ratingValue": "nan", "bestRating": "inf"}, Verdict.OTHER),
        ({"ratingValue": 5, "bestRating": 5, "alternateName": "False"}, Verdict.FALSE),
    ],
)
def test_ratings_in_numbers(rating, verdict):
    assert verdict_of_review(rating) is verdict


# ---- sources


def _review(claim="زمین تخت است", **more):
    rating = {"@type": "Rating", "ratingValue": 1, "bestRating": 5, "alternateName": "غلط"}
    return {
        "@type": "ClaimReview",
        "claimReviewed": claim,
        "reviewRating": rating,
        "url": "https://a.example/1",
        **more,
    }


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda one: one, id="one"),
        pytest.param(lambda one: [one], id="a list"),
        pytest.param(
            lambda one: {"@context": "https://schema.org", "@graph": [{"@type": "Person"}, one]}, id="a graph"
        ),
        pytest.param(
            lambda one: {"@type": "DataFeed", "dataFeedElement": [{"item": [one]}]}, id="Data Commons"
        ),
        pytest.param(
            lambda one: {"@type": "ItemList", "itemListElement": [{"item": one}]}, id="an item list"
        ),
    ],
)
@pytest.mark.parametrize("ending", [".json", ".html", ".jsonl"])
def test_claim_reviews_are_found_wherever_they_are(tmp_path, wrap, ending):
    content = json.dumps(
        wrap(_review(author={"name": "سنجه"}, datePublished="2024-01-02")), ensure_ascii=False
    )
    if ending == ".html":
        content = f'<html><script>var x = "<b>";</script>\n<script type="application/ld+json">{content}</script></html>'
    path = tmp_path / f"source{ending}"
    path.write_text(content, encoding="utf-8")
    (check,) = read_factchecks(path)
    assert (check.claim, check.verdict, check.rating) == ("زمین تخت است", Verdict.FALSE, "غلط")
    assert (check.publisher, check.url, check.date) == ("سنجه", "https://a.example/1", "2024-01-02")
    assert [check] == list(read_factchecks(path))  # the same id in every run


def test_bad_reviews_cost_themselves_and_say_where(tmp_path):
    path = tmp_path / "feed.json"
    feed = [{"item": [_review(), _review(claim=" "), _review(claim=7)]}, {"item": [_review("ماه پنیر است")]}]
    path.write_text(json.dumps({"dataFeedElement": feed}), encoding="utf-8")
    found = list(read_factchecks(path))
    assert [one.claim for one in found if isinstance(one, FactCheck)] == ["زمین تخت است", "ماه پنیر است"]
    first, second = (str(one) for one in found if isinstance(one, Finding))
    assert first.startswith(f"{path}: error: dataFeedElement[0].item[1]: 'claimReviewed' must be a text")
    assert "dataFeedElement[0].item[2]" in second


def test_bad_lines_cost_themselves_and_say_where(tmp_path):
    path = tmp_path / "checks.jsonl"
    lines = [
        json.dumps(CLAIMS[0]).encode(),
        b"",
        b"{no json",
        b'{"id": "x"}',
        b'{"id": "y", "claim": 3}',
        b"7",
        "\u0642".encode("windows-1256"),
        b'{"id": "z", "claim": "\\ud83d"}',
        b"[" * 5000,
        json.dumps(CLAIMS[1]).encode(),
    ]
    path.write_bytes(b"\n".join(lines))
    found = list(read_factchecks(path))
    assert [one.id for one in found if isinstance(one, FactCheck)] == ["bread", "water"]
    assert [one.place.line for one in found if isinstance(one, Finding)] == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_with_a_claim_column(tmp_path, separator):
    path = tmp_path / ("checks.tsv" if separator == "\t" else "checks.csv")
    rows = ["claim;label;source", '"یک; دو";شایعه;سنجه', "بی برچسب;;", "کم", " ;غلط;سنجه"]
    path.write_text("\n".join(rows).replace(";", separator), encoding="utf-8-sig")
    one, two, *bad = read_factchecks(path)
    assert (one.claim, one.verdict, one.publisher) == (f"یک{separator} دو", Verdict.FALSE, "سنجه")
    assert (two.claim, two.verdict, two.rating) == ("بی برچسب", Verdict.OTHER, None)
    assert [finding.place.line for finding in bad] == [4, 5]


def test_files_that_are_no_source(tmp_path):
    for name, content, said in (
        ("a.csv", "text,label\n", "must name a column 'claim'; it names: text, label"),
        ("a.pdf", "", "are read from .jsonl"),
        ("a.json", "{", "not JSON"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match=said):
            list(read_factchecks(tmp_path / name))
    with pytest.raises(DataError, match="does not exist"):
        list(read_factchecks(tmp_path / "none.jsonl"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | TEXTS,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "@type",
                        "@graph",
                        "id",
                        "claim",
                        "claimReviewed",
                        "reviewRating",
                        "verdict",
                        "url",
                        "author",
                    ]
                ),
                inner,
            )
        ),
    )
)
@settings(max_examples=60, deadline=None)
def test_nothing_in_a_record_ends_a_run(value):
    for one in from_records([value, {"@type": "ClaimReview", "claimReviewed": "x", "reviewRating": value}]):
        assert isinstance(one, FactCheck | Finding)


# ---- what the words say


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("20 درصد", [20]),
        ("بیست و پنج هزار نفر", [25_000]),
        ("دو میلیون و سیصد هزار تومان", [2_300_000]),
        ("12 هزار معلم", [12_000]),
        ("250/000/000 ریال", [250_000_000]),
        ("3/5 ریشتر 3.5", [3.5, 3.5]),
        ("1402/05/12", [1402, 5, 12]),
        ("ده ها نفر و یک مرد", []),
        ("نه او نه من", []),
        ("چهار بر یک", [4]),
        ("نیمی از مردم", [0.5]),
    ],
)
def test_numbers_in_digits_and_words(text, values):
    assert numbers(text.split())[1] == values


@given(
    st.lists(
        st.sampled_from(
            ["و", "صد", "هزار", "یک", "نه", "میلیون", "بیست", "12", "3/5", "1,000", "ها", "نیم", "نفر", "دوم"]
        )
    )
)
@settings(deadline=None)
def test_words_that_are_no_numbers_stay(words):
    out, values = numbers(words)
    assert sum(word[0] == "#" for word in out) == len(values)
    assert [word for word in out if word[0] != "#" and word == "نفر"] == [
        word for word in words if word == "نفر"
    ]


@given(TEXTS, TEXTS)
@settings(max_examples=50, deadline=None)
def test_letters_are_compared_whatever_they_are(one, other):
    same, cosine = Rarity.open().gram_cosines(one, [one, other])
    assert -1e-4 <= cosine <= 1.0001
    row, gram = gram_hashes([one])
    assert len(row) == len(gram)
    assert not len(row) or same == pytest.approx(1, abs=1e-3) or not same


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize(
    "variant", ["آب شُرب اهواز آلوده است", "آب شرب اهواز آلوده است!!!", "  آب  شرب اهواز آلوده است + عکس"]
)
def test_spelling_and_words_about_the_report_weigh_nothing(reader, variant):
    assert reader.read(variant).words == reader.read("آب شرب اهواز آلوده است").words


def test_a_text_of_nothing_but_words_about_a_report_keeps_them(reader):
    assert reader.read("تکذیب شایعه").words


def test_a_denial_speaks_of_a_rumour_and_negates_nothing(reader):
    reading = reader.read("خبر استعفای وزیر صحت ندارد")
    assert reading.rumour
    assert not reading.negated
    assert reader.read("وزیر استعفا نداده است").negated


# ---- vectors and cells


def test_what_a_text_gets_does_not_depend_on_its_company():
    encode = SentenceVectors()
    texts = [claim["claim"] for claim in CLAIMS] + ["", "سد " * 400]
    together = encode(texts)
    apart = np.concatenate([encode([text]) for text in texts])
    assert np.abs(together - apart).max() < 1e-4
    norms = np.linalg.norm(together, axis=1)
    assert np.allclose(norms[texts.index("") != np.arange(len(texts))], 1, atol=1e-5)
    codes = encode_bytes(together)
    assert np.abs(cosines(together[0], codes) - together @ together[0]).max() < 5e-3


def test_near_vectors_are_found_in_few_cells():
    chance = np.random.default_rng(0)
    vectors = chance.standard_normal((6000, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = encode_bytes(vectors)
    centres = cells.make_centres(codes)
    assert len(centres) == 6000 // cells.A_CELL
    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-4)
    cell = cells.nearest(codes, centres)
    found = [cell[i] in cells.near(vectors[i], centres, 3) for i in range(0, 6000, 60)]
    assert np.mean(found) == 1


# ---- the index


def test_a_paraphrase_is_found_and_another_number_is_not_the_same(index):
    best, *_ = index.search("نان از فردا بیست درصد گران می‌شود")
    assert (best.id, best.verdict, best.rating, best.publisher) == ("bread", Verdict.FALSE, "نادرست", "سنجه")
    assert best.similarity > 0.8
    assert index.search("قیمت نان از فردا ۳۰ درصد گران می‌شود")[0].similarity < 0.5
    assert index.search("علی دایی سرمربی تیم ملی شد")[0].similarity < 0.5
    assert index.search("بازار فرش در کاشان رونق گرفت")[0].similarity < 0.1


def test_hits_are_ranked_and_no_more_than_asked(index):
    hits = index.search("آب اهواز", top_k=3)
    assert len(hits) == 3
    assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)
    assert hits[0].id == "water"
    assert json.loads(json.dumps(hits[0].to_dict()))["verdict"] == "true"


@given(TEXTS)
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_asked_for(index, text):
    for hit in index.search(text, top_k=2):
        assert 0 <= hit.similarity <= 1


def test_what_cannot_be_asked(index):
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        index.search(b"x")
    with pytest.raises(ValueError, match="top_k must be 1 or more"):
        index.search("x", top_k=0)
    assert index.search(" !؟ ") == []


def test_the_same_id_replaces_and_the_same_record_changes_nothing(tmp_path):
    with FactChecks.open(tmp_path / "checks.db") as opened:
        assert opened.search("آب") == []
        assert opened.add(CLAIMS).changed == 4
        again = opened.add([*CLAIMS[:3], {"id": "lake", "claim": "پنگوئن در یزد زندگی می‌کند"}, {"id": "bad"}])
        assert (again.read, again.changed, len(again.bad), len(opened)) == (4, 1, 1, 4)
        assert opened.search("پنگوئن در یزد")[0].id == "lake"
        assert "ارومیه" not in " ".join(hit.claim for hit in opened.search("دریاچهٔ ارومیه", top_k=4))


def test_a_wrong_file_empties_no_index(tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"no": "claim"}\n')
    with FactChecks.open(tmp_path / "checks.db") as opened:
        opened.add(CLAIMS)
        with pytest.raises(
            DataError, match=r"no fact-check that can be used; the first bad one: .*bad\.jsonl:1"
        ):
            opened.add(tmp_path / "bad.jsonl", fresh=True)
        assert len(opened) == 4
        assert opened.search("آب شرب اهواز آلوده است")[0].id == "water"


def test_files_that_are_no_index(tmp_path):
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    with pytest.raises(IndexFileError, match="is no index of fact-checks"):
        FactChecks.open(tmp_path / "text.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(IndexFileError, match="a database of something else"):
        FactChecks.open(tmp_path / "other.db")
    with pytest.raises(IndexFileError, match="is a folder"):
        FactChecks.open(tmp_path)
    with pytest.raises(FileNotFoundError, match="make it first"):
        FactChecks.open(tmp_path / "none" / "checks.db")
    Store(tmp_path / "small.db", 8).close()
    with pytest.raises(IndexFileError, match=r"vectors of 8 bytes.*remove it and build it again"):
        FactChecks.open(tmp_path / "small.db")
    FactChecks.open(tmp_path / "old.db").close()
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("UPDATE meta SET value = 1 WHERE key = 'version'")  # vectors of the encoder before
    with pytest.raises(IndexFileError, match="has version 1"):
        FactChecks.open(tmp_path / "old.db")


def _rows(start, many, size=64):
    chance = np.random.default_rng(start)
    vectors = chance.standard_normal((many, size)).astype(np.float32)
    codes = encode_bytes(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for i, code in enumerate(codes, start):
        yield Row((f"r{i}", f"claim {i}", "other", None, None, None, None), (term_key(f"w{i}"),), code)


def test_all_records_are_found_while_the_cells_grow(tmp_path):
    store = Store(tmp_path / "checks.db", 64)
    done = 0
    for many in (5, 700, 900, 3, 4000):
        store.write(_rows(done, many))
        done += many
    assert store._meta("sorted") > 1024
    for i in range(0, done, 97):
        (row,) = store._db.execute("SELECT code FROM records WHERE id = ?", (f"r{i}",))
        vector = np.frombuffer(row[0], np.int8) / np.float32(400)
        by_vector = {c.fields[0] for c in store.candidates([], vector, 1)}
        by_term = [c.fields[0] for c in store.candidates([(term_key(f"w{i}"), 1.0)], -vector, 1)]
        assert f"r{i}" in by_vector
        assert f"r{i}" in by_term
    held = store._db.execute("SELECT sum(many) FROM cells").fetchone()[0]
    assert held == done


WRITER = """
import sys; sys.path[:0] = {paths!r}
from test_factchecks import _rows
from claimcheck.flags.store import Store
store = Store({path!r}, 64)
print("open", flush=True)
{work}
"""


def _process(path, work):
    program = WRITER.format(paths=[os.path.dirname(__file__)], path=str(path), work=work)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def test_two_writers_and_a_reader_lose_nothing(tmp_path):
    path = tmp_path / "checks.db"
    store = Store(path, 64)
    work = "for i in range({0}, {0} + 1500, 50): store.write(_rows(i, 50))"
    writers = [_process(path, work.format(start)) for start in (0, 10_000)]
    seen = []
    while any(writer.poll() is None for writer in writers):
        seen.append(len(store))
        assert all(
            c.fields[1] for c in store.candidates([(term_key("w0"), 1.0)], np.ones(64, np.float32) / 8, 5)
        )
        time.sleep(0.01)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert all(a <= b for a, b in pairwise(seen))
    assert all(many % 50 == 0 for many in seen)  # all of a write or nothing of it
    assert len(store) == 3000
    assert store._db.execute("SELECT sum(many) FROM cells").fetchone()[0] == 3000
    assert store._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    for writer in writers:
        writer.stdout.close()


def test_a_killed_build_leaves_the_old_index(tmp_path):
    path = tmp_path / "checks.db"
    store = Store(path, 64)
    store.write(_rows(0, 600))
    slow = "import itertools, time\ndef rows():\n    for i in itertools.count(50_000, 500):\n        yield from _rows(i, 500)\n"
    slow += "        if i == 70_000: print('busy', flush=True)\nstore.write(rows(), fresh=True)"
    with _process(path, slow) as writer:
        assert [writer.stdout.readline() for _ in range(2)] == ["open\n", "busy\n"]
        assert len(store) == 600  # while it is written
        writer.send_signal(signal.SIGKILL)
    assert len(store) == 600
    store.close()
    opened = Store(path, 64)
    assert opened._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert [c.fields[0] for c in opened.candidates([(term_key("w7"), 1.0)], np.zeros(64, np.float32), 1)][-1:]
    assert opened.write(_rows(0, 700)) == 100
    assert opened.write(_rows(5_000, 10), fresh=True) == 10
    assert len(opened) == 10


# ---- the command


def test_an_index_without_records_says_so(tmp_path, capsys):
    path = str(tmp_path / "empty.db")
    FactChecks.open(path).close()
    assert main(["factchecks", "search", path, "قیمت نان"]) == 0
    assert "holds no fact-checks" in capsys.readouterr().err


def test_build_add_search(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(claim, ensure_ascii=False) for claim in CLAIMS]
    (tmp_path / "one.jsonl").write_text("\n".join([*lines[:3], '{"id": "bad"}']), encoding="utf-8")
    (tmp_path / "two.jsonl").write_text(lines[3], encoding="utf-8")
    assert main(["factchecks", "build", "checks.db", "one.jsonl"]) == 3
    said = capsys.readouterr()
    assert said.out == "checks.db: built, 3 fact-checks; 1 bad records left out\n"
    assert said.err.startswith("one.jsonl:4: error: there is no field 'claim'")
    assert main(["factchecks", "add", "checks.db", "two.jsonl"]) == 0
    assert capsys.readouterr().out == "checks.db: 1 new or changed, 4 fact-checks\n"
    assert main(["factchecks", "search", "checks.db", CLAIMS[0]["claim"], "--top", "1"]) == 0
    assert (
        capsys.readouterr().out[4:].startswith("  false  قیمت نان از فردا ۲۰ درصد گران می‌شود  (نادرست, سنجه)")
    )
    assert main(["factchecks", "search", "checks.db", "بازار فرش", "--json", "--least", "0.9"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["factchecks", "build", "checks.db", "two.jsonl"]) == 0
    assert "1 fact-checks" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["search", "none.db", "x"], 1, "there is no index none.db"),
        (["add", "none.db", "none.jsonl"], 2, "there is no index none.db"),
        (["build", "checks.db", "none.jsonl"], 1, "none.jsonl does not exist"),
        (["search", "none.db", "x", "--top", "0"], 2, "--top must be 1 or more"),
        (["search", "none.db", "x", "--least", "2"], 2, "--least must be between 0 and 1"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, monkeypatch, capsys, args, code, said):
    monkeypatch.chdir(tmp_path)
    assert main(["factchecks", *args]) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ---- minimal pairs


def test_minimal_pairs_are_ours_and_whole():
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 60
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(len({row["claim"], row["same"], row["other"]}) == 3 for row in rows)


def test_minimal_pairs_are_told_apart(tmp_path):  # of the half that no weight was fitted on
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()][1::2]
    right = {"same": 0, "other": 0}
    with FactChecks.open(tmp_path / "checks.db") as opened:
        opened.add([{"id": row["id"], "claim": row["claim"]} for row in rows])
        for row in rows:
            for key in right:
                found = {hit.id: hit.similarity for hit in opened.search(row[key], top_k=20)}
                right[key] += (found.get(row["id"], 0) > 0.5) == (key == "same")
    assert right["same"] >= 0.95 * len(rows)
    assert right["other"] >= 0.8 * len(rows)
