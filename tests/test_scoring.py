"""Files in, files out: every format and encoding, bad rows, and runs that are killed."""

import csv
import gzip
import json
import lzma
import random
import signal
import subprocess
import sys
import time

import pytest
from strings import NASTY

from claimcheck.cli import main
from claimcheck.scoring.parts import Parts
from claimcheck.scoring.rows import InputError
from claimcheck.scoring.sources import count_rows, find_sources
from claimcheck.scoring.stats import Stats

TEXTS = ["وزیر گفت: تورم ۱۲ درصد بالا رفت.", "باید صرفه‌جویی کنیم!", "سلام", "دلار گران شد؛ این بد است."]


@pytest.fixture
def score(tiny_folder, tmp_path, capsys, monkeypatch):
    """Run ``claimcheck score`` in this process in a folder of its own: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*args, code=0):
        got = main(["score", "--model", str(tiny_folder), "--workers", "1", *map(str, args)])
        printed = capsys.readouterr()
        assert got == code, printed.err
        return printed

    return run


@pytest.fixture
def wanted(tiny_model):
    return [[span.to_dict() for span in tiny_model.analyze(text)] for text in TEXTS]


def rows(path):
    with open(path, encoding="utf-8", newline="\n") as stream:
        return [json.loads(line) for line in stream]


def write_csv(path, separator=",", encoding="utf-8"):
    with open(path, "w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerow(["id", "text", "source"])
        writer.writerows([f"r{i}", text, "x"] for i, text in enumerate(TEXTS))


def json_lines():
    return "".join(
        json.dumps({"id": i, "text": text}, ensure_ascii=False) + "\n" for i, text in enumerate(TEXTS)
    )


# ---- in


def test_text_files(score, tmp_path, wanted):
    (tmp_path / "in.txt").write_bytes("\r\n".join(TEXTS).encode("utf-8-sig"))
    score("in.txt", "-o", "out.jsonl")
    assert [row["text"] for row in rows("out.jsonl")] == TEXTS
    assert [row["spans"] for row in rows("out.jsonl")] == wanted


def test_a_whole_file_is_one_text(score, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    score("in.txt", "--whole", "-o", "out.jsonl")
    (row,) = rows("out.jsonl")
    assert row["file"] == "in.txt"
    for span in row["spans"]:
        assert row["text"][span["start"] : span["end"]] == span["text"]


def test_json_lines_carry_everything_through(score, tmp_path, wanted):
    (tmp_path / "in.jsonl").write_text(json_lines(), encoding="utf-8")
    score("in.jsonl", "-o", "out.jsonl")
    assert [(row["id"], row["spans"]) for row in rows("out.jsonl")] == list(enumerate(wanted))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables(score, tmp_path, wanted, separator, encoding):
    write_csv(tmp_path / "in.csv", separator, encoding)
    score("in.csv", "-o", "out.jsonl")
    assert [(row["id"], row["spans"]) for row in rows("out.jsonl")] == [
        (f"r{i}", spans) for i, spans in enumerate(wanted)
    ]


@pytest.mark.parametrize("ending", ["gz", "xz", "zst"])
def test_compressed(score, tmp_path, wanted, ending):
    content = json_lines().encode()
    if ending == "zst":
        zstandard = pytest.importorskip("zstandard")
        pack, unpack = (
            zstandard.compress,
            lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
        )
    else:
        module = {"gz": gzip, "xz": lzma}[ending]
        pack, unpack = module.compress, module.decompress
    (tmp_path / f"in.jsonl.{ending}").write_bytes(pack(content))
    score(f"in.jsonl.{ending}", "-o", f"out.jsonl.{ending}")
    lines = unpack((tmp_path / f"out.jsonl.{ending}").read_bytes()).decode().splitlines()
    assert [json.loads(line)["spans"] for line in lines] == wanted


def test_folders_and_globs(score, tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "a.txt").write_text(TEXTS[0], encoding="utf-8")
    (tmp_path / "data" / "deep" / "b.jsonl").write_text(json_lines(), encoding="utf-8")
    (tmp_path / "data" / "notes.md").write_text("none of it", encoding="utf-8")
    score("data", "-o", "all.jsonl")
    assert len(rows("all.jsonl")) == 5
    score("data/**/*.jsonl", "-o", "some.jsonl")
    assert len(rows("some.jsonl")) == 4


def test_parquet_in_and_out(score, tmp_path, wanted):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    table = arrow.table(
        {"id": arrow.array(range(4), arrow.int32()), "text": TEXTS, "tags": [["a"], [], None, ["b"]]}
    )
    parquet.write_table(table, tmp_path / "in.parquet")
    score("in.parquet", "-o", "out.parquet")
    out = parquet.read_table(tmp_path / "out.parquet")
    assert out.drop(["spans"]).equals(table)
    assert out.column("spans").to_pylist() == wanted
    score("in.parquet", "--flat", "--id-column", "id", "-o", "flat.parquet")
    flat = parquet.read_table(tmp_path / "flat.parquet").to_pylist()
    assert [row["span_text"] for row in flat] == [span["text"] for spans in wanted for span in spans]
    assert {row["id"] for row in flat} <= {0, 1, 2, 3}


def test_parquet_with_bytes_that_are_no_text(score, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    data = arrow.array([b"\xd8\xaa\xd9\x88\xd8\xff", TEXTS[3].encode()]).cast(arrow.string(), safe=False)
    parquet.write_table(arrow.table({"text": data}), tmp_path / "in.parquet")
    score("in.parquet", "-o", "out.jsonl", code=3)
    assert len(rows("out.jsonl")) == 1
    assert "not UTF-8" in rows("out.jsonl.errors.jsonl")[0]["problem"]


def test_a_data_set_on_disk(score, tmp_path, wanted):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"text": TEXTS})
    data.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": data}).save_to_disk(tmp_path / "many")
    score("one", "-o", "one.jsonl")
    assert [row["spans"] for row in rows("one.jsonl")] == wanted
    assert "--split" in score("many", "-o", "many.jsonl", code=1).err
    score("many", "--split", "train", "-o", "many.jsonl")


def test_mixed_columns_in_parquet_become_json(score, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    lines = [
        {"text": TEXTS[0], "n": 1},
        {"text": TEXTS[1], "n": "two"},
        {"text": TEXTS[2], "n": {"a": 1}, "m": 2},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    score("in.jsonl", "-o", "out.parquet", "--checkpoint", "1")
    out = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["n"] for row in out] == ["1", "two", '{"a": 1}']
    assert [row["m"] for row in out] == [None, None, 2]


# ---- out


def test_flat_csv(score, tmp_path, wanted):
    write_csv(tmp_path / "in.csv")
    score("in.csv", "--flat", "--id-column", "id", "-o", "out.csv")
    with open("out.csv", encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["span_text"] for row in found] == [span["text"] for spans in wanted for span in spans]
    assert set(found[0]) >= {"id", "source", "span_label", "span_confidence", "frame_text"}
    assert "text" not in found[0]


def test_output_formats_that_cannot_be(score, tmp_path):
    (tmp_path / "in.txt").write_text(TEXTS[0], encoding="utf-8")
    assert "add --flat" in score("in.txt", "-o", "out.csv", code=1).err
    assert "ends in" in score("in.txt", "-o", "out.doc", code=1).err
    assert "no folder" in score("in.txt", "-o", "none/out.jsonl", code=1).err


def test_stdin_to_stdout(tiny_folder, wanted):
    command = [sys.executable, "-m", "claimcheck", "score", "-", "--from", "txt", "-o", "-", "--quiet"]
    done = subprocess.run(
        [*command, "--model", tiny_folder], input="\n".join(TEXTS).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert [json.loads(line)["spans"] for line in done.stdout.splitlines()] == wanted


def test_a_report(score, tmp_path):
    write_csv(tmp_path / "in.csv")
    score("in.csv", "-o", "out.jsonl", "--report", "report.html", "--group-column", "source")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What to check first" in page and "By group" in page
    assert "<script" not in page


# ---- bad rows


def test_bad_rows_cost_themselves_alone(score, tmp_path):
    good = json.dumps({"id": "good", "text": TEXTS[0]})
    bad = {
        "{": "not JSON",
        "[1]": "a JSON object was wanted",
        '{"id": 1}': "no 'text' in it",
        '{"id": 2, "text": 5}': "int, not text",
        '{"id": 3, "text": null}': "NoneType, not text",
        json.dumps({"text": "x" * 200}): "200 characters, over --max-chars 100",
    }
    (tmp_path / "in.jsonl").write_text("".join(f"{good}\n{line}\n" for line in bad), encoding="utf-8")
    said = score("in.jsonl", "-o", "out.jsonl", "--max-chars", "100", "--id-column", "id", code=3).err
    assert "6 rows could not be labelled; see out.jsonl.errors.jsonl" in said
    assert len(rows("out.jsonl")) == 6
    errors = rows("out.jsonl.errors.jsonl")
    assert [error["row"] for error in errors] == [2, 4, 6, 8, 10, 12]
    assert all(problem in error["problem"] for problem, error in zip(bad.values(), errors, strict=True))
    assert [error.get("id") for error in errors] == [None, None, 1, 2, 3, None]


def test_bytes_that_are_not_the_encoding(score, tmp_path):
    (tmp_path / "in.txt").write_bytes(TEXTS[0].encode() + b"\n\xff\xfe\xd8\n" + TEXTS[1].encode() + b"\n")
    score("in.txt", "-o", "out.jsonl", code=3)
    assert [row["text"] for row in rows("out.jsonl")] == TEXTS[:2]
    assert "--encoding" in rows("out.jsonl.errors.jsonl")[0]["problem"]


def test_windows_1256(score, tmp_path):
    (tmp_path / "in.txt").write_bytes("دلار گران شد".encode("windows-1256"))
    score("in.txt", "--encoding", "windows-1256", "-o", "out.jsonl")
    assert rows("out.jsonl")[0]["text"] == "دلار گران شد"


def test_utf_16_needs_to_be_named(score, tmp_path, wanted):
    write_csv(tmp_path / "in.csv", encoding="utf-16")
    assert "--encoding utf-16" in score("in.csv", "-o", "out.jsonl", code=1).err
    assert not (tmp_path / "out.jsonl").exists()
    score("in.csv", "-o", "out.jsonl", "--encoding", "utf-16")
    assert [row["spans"] for row in rows("out.jsonl")] == wanted


@pytest.mark.parametrize(
    ("written", "read", "said"),
    [("utf-8", "windows-1256", "looks like UTF-8"), ("windows-1256", "latin-1", "hardly a Persian letter")],
)
def test_a_wrong_encoding_is_told(score, tmp_path, written, read, said):
    text = "دلار گران شد و مردم ناراضي شدند. " * 20
    (tmp_path / "in.txt").write_bytes(text.encode(written))
    assert said in score("in.txt", "--encoding", read, "-o", "out.jsonl", code=3).err


def test_cells_with_line_breaks_nul_and_a_long_article(score, tmp_path):
    cells = ['خط اول است.\nخط دوم.\rخط ""سوم"".', "تورم\x00 بالا رفت.", "تورم بالا رفت. " * 20_000]
    content = "id,text\r\n" + "".join(f'{i},"{cell}"\r\n' for i, cell in enumerate(cells))
    (tmp_path / "in.csv").write_bytes(content.encode())
    score("in.csv", "-o", "out.jsonl")
    assert [row["text"] for row in rows("out.jsonl")] == [cell.replace('""', '"') for cell in cells]


def test_rows_of_another_width_and_a_missing_column(score, tmp_path):
    (tmp_path / "in.csv").write_text("id,text\n1,a,b\n2\n3,باران آمد.\n", encoding="utf-8")
    score("in.csv", "-o", "out.jsonl", code=3)
    assert [row["id"] for row in rows("out.jsonl")] == ["3"]
    assert "3 columns, the header has 2" in rows("out.jsonl.errors.jsonl")[0]["problem"]
    said = score("in.csv", "-o", "other.jsonl", "--text-column", "body", code=1).err
    assert "id, text" in said and "--text-column" in said


def test_empty_and_blank_texts_keep_their_place(score, tmp_path):
    texts = [TEXTS[0], "", "\r\n\r\n", TEXTS[3]]
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps({"text": t}) + "\n" for t in texts), encoding="utf-8"
    )
    score("in.jsonl", "-o", "out.jsonl")
    found = rows("out.jsonl")
    assert [row["text"] for row in found] == texts
    assert [bool(row["spans"]) for row in found] == [True, False, False, True]


def test_nasty_characters_come_through(score, tmp_path):
    texts = [f"باران {character} آمد." for character in NASTY.values()]
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps({"text": t}) + "\n" for t in texts), encoding="utf-8"
    )
    score("in.jsonl", "-o", "out.jsonl")
    for text, row in zip(texts, rows("out.jsonl"), strict=True):
        assert row["text"] == text
        assert all(text[s["start"] : s["end"]] == s["text"] for s in row["spans"])
    score("in.jsonl", "-o", "out.csv", "--flat", code=3)  # a lone surrogate is no UTF-8
    assert len(rows("out.csv.errors.jsonl")) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["none.txt"], "none.txt does not exist"),
        (["empty"], "holds no file"),
        (["notes.md"], "--from"),
        (["-"], "add --from"),
        (["clash.jsonl"], "--spans-column"),
        (["broken.jsonl.gz"], "cannot be read"),
        (["in.txt", "--encoding", "klingon"], "no such encoding"),
    ],
)
def test_inputs_that_cannot_be_read(score, tmp_path, args, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    (tmp_path / "in.txt").write_text("x", encoding="utf-8")
    (tmp_path / "clash.jsonl").write_text('{"text": "x", "spans": []}\n', encoding="utf-8")
    (tmp_path / "broken.jsonl.gz").write_bytes(gzip.compress(json_lines().encode())[:40])
    printed = score(*args, "-o", "out.jsonl", code=1)
    assert said in printed.err
    assert not (tmp_path / "out.jsonl").exists()


# ---- runs that are stopped


def test_nothing_is_overwritten_unasked(score, tmp_path):
    (tmp_path / "in.txt").write_text(TEXTS[0], encoding="utf-8")
    (tmp_path / "out.jsonl").write_text("mine", encoding="utf-8")
    assert "--overwrite" in score("in.txt", "-o", "out.jsonl", code=1).err
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "mine"
    score("in.txt", "-o", "out.jsonl", "--overwrite")


def test_parts_of_another_run_are_not_gone_on_with(tmp_path):
    parts = Parts(tmp_path / "out", {"model": 1}, resume=False, overwrite=False)
    parts.add(b"x", b"", {"rows": 1})
    with pytest.raises(InputError, match="another run is writing"):
        Parts(tmp_path / "out", {"model": 1}, resume=True, overwrite=False)
    parts.close()
    with pytest.raises(InputError, match="add --resume"):
        Parts(tmp_path / "out", {"model": 1}, resume=False, overwrite=False)
    with pytest.raises(InputError, match="other model"):
        Parts(tmp_path / "out", {"model": 2}, resume=True, overwrite=False)
    assert Parts(tmp_path / "out", {"model": 1}, resume=True, overwrite=False).rows == 1


def test_a_part_without_its_marker_does_not_count(tmp_path):
    parts = Parts(tmp_path / "out", {}, resume=False, overwrite=False)
    parts.add(b"one", b"", {"rows": 1})
    parts.add(b"two", b"", {"rows": 1})
    (tmp_path / "out.parts" / "00000001.json").unlink()
    parts.close()
    assert Parts(tmp_path / "out", {}, resume=True, overwrite=False).rows == 1


def test_stats_add():
    one, two = Stats(rows=1, bad=1), Stats(rows=2)
    one.labels["claim"] = 3
    one.top = [(0.9, -1, "x:1", "متن")]
    two.merge(Stats.from_dict(json.loads(json.dumps(one.to_dict()))))
    assert (two.rows, two.bad, two.labels["claim"], two.top) == (3, 1, 3, one.top)


@pytest.mark.process
@pytest.mark.parametrize("ending", ["jsonl", pytest.param("parquet", marks=pytest.mark.slow)])
def test_killed_at_random_moments_nothing_is_lost_or_doubled(tiny_folder, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    lines = [json.dumps({"id": i, "text": TEXTS[i % 4]} if i % 97 else {"id": i}) for i in range(12_000)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "claimcheck",
        "score",
        str(tmp_path / "in.jsonl"),
        "--model",
        str(tiny_folder),
    ]
    command += ["--workers", "1", "--quiet", "--checkpoint", "100"]
    whole = subprocess.run(
        [*command, "-o", str(tmp_path / f"whole.{ending}")], check=False, capture_output=True
    )
    assert whole.returncode == 3, whole.stderr
    rng, kills = random.Random(0), 0
    parts = tmp_path / f"out.{ending}.parts"
    while True:
        process = subprocess.Popen(
            [*command, "-o", str(tmp_path / f"out.{ending}"), "--resume"], stderr=subprocess.DEVNULL
        )
        if kills < 20:  # somewhere in the next few checkpoints
            wanted = len(list(parts.glob("*.json"))) + rng.randint(0, 4)
            while process.poll() is None and len(list(parts.glob("*.json"))) < wanted:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        if process.wait() == 3:
            break
        kills += 1
        assert not (tmp_path / f"out.{ending}").exists()
        assert kills < 40
    assert kills >= 20
    for name in ("", ".errors.jsonl"):
        one, other = (tmp_path / f"{run}.{ending}{name}" for run in ("whole", "out"))
        assert one.read_bytes() == other.read_bytes()
    assert not (tmp_path / f"out.{ending}.parts").exists()


def test_two_workers_give_what_one_gives(tiny_folder, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS * 200), encoding="utf-8")
    for workers in ("1", "2"):
        arguments = ["score", str(tmp_path / "in.txt"), "--model", str(tiny_folder), "--workers", workers]
        assert main([*arguments, "--quiet", "-o", str(tmp_path / f"{workers}.jsonl")]) == 0
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_rows_are_counted_where_that_is_cheap(tmp_path):
    (tmp_path / "a.txt").write_text("یک\nدو\nسه\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"text": "یک"}\n' * 5, encoding="utf-8")
    assert count_rows(find_sources([str(tmp_path)], None)) == 8
    assert count_rows(find_sources([str(tmp_path)], None), whole=True) == 6
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"text": ""}\n'))
    assert count_rows(find_sources([str(tmp_path)], None)) is None
    assert count_rows(find_sources(["-"], "txt")) is None
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow as arrow

    parquet.write_table(arrow.table({"text": ["یک"] * 7}), tmp_path / "d.parquet")
    assert count_rows(find_sources([str(tmp_path / "d.parquet")], None)) == 7
