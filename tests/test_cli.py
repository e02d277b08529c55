"""The command as people type it: what goes in, what comes out, and what is said when it cannot be."""

import io
import json
import os
import sys

import pytest

from claimcheck.cli import main
from claimcheck.cli.command import VERBS

TEXT = "وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است و مردم باید صرفه‌جویی کنند."


class Stdin:
    def __init__(self, content):
        self.buffer = io.BytesIO(content)

    def isatty(self):
        return False


@pytest.fixture
def analyze(tiny_folder, capsys, monkeypatch):
    """Run ``claimcheck analyze`` in this process: (exit code, stdout, stderr)."""

    def run(*args, stdin=b""):
        monkeypatch.setattr(sys, "stdin", Stdin(stdin))
        code = main(["analyze", "--model", str(tiny_folder), *map(str, args)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_an_argument_a_file_and_stdin_are_one(analyze, tmp_path, tiny_model):
    wanted = [span.to_dict() for span in tiny_model.analyze(TEXT)]
    file = tmp_path / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    for args, stdin in (
        ([TEXT], b""),
        (["--file", file], b""),
        ([], TEXT.encode()),
        (["-"], TEXT.encode()),
        (["--file", "-"], TEXT.encode()),
    ):
        code, out, err = analyze(*args, stdin=stdin)
        assert (code, err) == (0, "")
        assert rows(out) == wanted


def test_segments_lists_the_frames_too(analyze, tiny_model):
    wanted = [span.to_dict() for span in tiny_model.segments(TEXT * 3)]
    assert "attribution" in {row["label"] for row in wanted}
    assert rows(analyze("--segments", TEXT * 3)[1]) == wanted


def test_nothing_to_label_is_nothing_to_print(analyze):
    for text in ("", " \n", "no Persian here", "۱۲ ۳۴"):
        assert analyze(text)[:2] == (0, "")


@pytest.mark.parametrize("content", [b"", b"\n \r\n", b"\xef\xbb\xbf"])
def test_an_empty_text_is_said_to_be(analyze, tmp_path, content):
    file = tmp_path / "text.txt"
    file.write_bytes(content)
    assert analyze("--file", file) == (0, "", f"claimcheck: {file} is empty\n")
    assert analyze(stdin=content) == (0, "", "claimcheck: stdin is empty\n")


def test_offsets_are_those_of_the_file_as_it_is(analyze, tmp_path):
    file = tmp_path / "text.txt"
    content = f"سطر اول است.\r\n{TEXT}\r\n"
    file.write_bytes(content.encode())
    for row in rows(analyze("--file", file)[1]):
        assert content[row["start"] : row["end"]] == row["text"]


@pytest.mark.parametrize(
    ("encoding", "args", "code", "said"),
    [
        ("utf-8", [], 0, ""),
        ("utf-8-sig", [], 0, ""),
        ("windows-1256", ["--encoding", "windows-1256"], 0, ""),
        ("utf-16", ["--encoding", "utf-16"], 0, ""),
        ("utf-16", [], 1, "--encoding utf-16"),
        ("utf-32", [], 1, "--encoding utf-32"),
        ("windows-1256", [], 1, "--encoding windows-1256"),
        ("utf-8", ["--encoding", "klingon"], 2, "klingon"),
        ("utf-8", ["--encoding", "ascii"], 1, "not ascii"),
    ],
)
def test_encodings(analyze, tmp_path, encoding, args, code, said):
    text = "دلار گران شد و مردم ناراضي شدند."
    file = tmp_path / "text.txt"
    file.write_bytes(text.encode(encoding))
    got, out, err = analyze("--file", file, *args)
    assert got == code
    assert said in err
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows(out))
    assert bool(out) == (code == 0)


def test_a_wrong_encoding_that_decodes_is_told(analyze):
    code, out, err = analyze("--encoding", "latin-1", stdin=TEXT.encode())
    assert (code, out) == (0, "")
    assert "no Persian letter" in err


def test_a_file_name_for_a_text_is_told(analyze, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    assert "--file" in analyze(file)[2]


@pytest.mark.parametrize("asked", ["-0.1", "1.5", "nan"])
def test_a_confidence_that_is_none(analyze, asked):
    code, out, err = analyze(TEXT, f"--min-confidence={asked}")
    assert (code, out) == (2, "") and "between 0 and 1" in err


def test_html_is_written_whole(analyze, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = analyze(TEXT, "--html", page)
    assert code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert rows(out)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_html_that_cannot_be_written_leaves_what_was_there(analyze, tmp_path, monkeypatch):
    code, out, err = analyze(TEXT, "--html", tmp_path / "none" / "page.html")
    assert (code, out) == (1, "")
    assert "page.html: No such file or directory" in err
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf-8")

    def full(*_):
        raise OSError(28, "No space left on device", "elsewhere")

    monkeypatch.setattr(os, "replace", full)
    code, _, err = analyze(TEXT, "--html", page)
    assert code == 1
    assert f"{page}: No space left on device" in err
    assert [(p.name, p.read_text("utf-8")) for p in tmp_path.iterdir()] == [("page.html", "before")]


def test_html_goes_through_a_link_and_into_a_device(analyze, tmp_path):
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.write_text("before", encoding="utf-8")
    link.symlink_to(page)
    assert analyze(TEXT, "--html", link)[0] == 0
    assert link.is_symlink()
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert analyze(TEXT, "--html", os.devnull)[0] == 0
    assert not os.path.isfile(os.devnull)


def test_json_lines_hold_no_character_that_acts(analyze):
    acting = "\x1b\x07\x7f\x9b\u202e\u2066\ud83d"
    text = "\u2028".join([" ".join(word[0] + acting + word[1:] for word in TEXT.split())] * 2)
    _, out, _ = analyze("--segments", text)
    assert any(acting in row["text"] for row in rows(out))
    assert not set(acting + "\u2028") & set(out)
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows(out))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["analyze", "متن", "--file", "x"], 2, "both given"),
        (["analyze", "--file", "/nonexistent/x"], 1, "/nonexistent/x: No such file"),
        (["analyze", "--file", "/"], 1, "/: Is a directory"),
        (["analyze", "متن", "--model", "/nonexistent"], 1, "no model folder"),
        (["analyze", "متن", "--model", "."], 1, "has no config.json; it is not a model folder"),
        (["analyze", "--file", "/none/\x1b[2J\u202e"], 1, "/none/\\x1b[2J\\u202e: No such file"),
        (["analyze", "متن", "--nonsense"], 2, "unrecognized arguments"),
        (["nonsense"], 2, "invalid choice"),
        ([], 2, "required: COMMAND"),
        (["evaluate", "/nonexistent"], 1, "does not exist"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(capsys, args, code, said):
    assert main(args) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.splitlines()[-1].startswith("claimcheck")
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_terminal_with_nothing_typed_is_asked_for_a_text(capsys, monkeypatch):
    monkeypatch.setattr(Stdin, "isatty", lambda self: True)
    monkeypatch.setattr(sys, "stdin", Stdin(b""))
    assert main(["analyze"]) == 2
    assert "nothing to read; give a text, --file FILE" in capsys.readouterr().err


def test_an_interrupt_is_130_and_no_traceback(analyze, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("claimcheck.api.load", interrupted)
    assert analyze(TEXT) == (130, "", "")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(capsys, verb):
    assert main([verb, "--help"]) == 0
    assert verb in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("claimcheck ")


def test_nothing_of_labelled_data_acts_on_the_terminal(capsys, tmp_path):
    data = tmp_path / "data.jsonl"
    text = "هوا \x1b]0;x\x07سرد است"
    cut = {"start": 4, "end": text.index("د است"), "label": "claim"}
    data.write_text(json.dumps({"id": "1", "text": text, "spans": [cut]}), encoding="utf-8")
    assert main(["data", "lint", str(data)]) == 0
    printed = capsys.readouterr()
    assert "«\\x1b]0;x\\x07سر»" in printed.out
    assert not set("\x1b\x07") & set(printed.out + printed.err)


def test_evaluate(capsys, tiny_folder, examples, tmp_path):
    from claimcheck.examples import write_examples

    data = tmp_path / "data.jsonl"
    write_examples(examples, data)
    assert main(["evaluate", str(data), "--model", str(tiny_folder)]) == 0
    table = capsys.readouterr().out
    assert "social" in table
    assert "sentence" in table
    assert main(["evaluate", str(data), "--model", str(tiny_folder), "--join", "2", "--json"]) == 0
    (numbers,) = json.loads(capsys.readouterr().out).values()
    assert numbers["documents"] == 1
    assert main(["evaluate", str(data), "--model", str(tiny_folder), "--join", "0"]) == 1


def test_evaluate_beside_the_baseline(capsys, tiny_folder, examples, tmp_path):
    pytest.importorskip("sklearn")
    from claimcheck.examples import write_examples

    data = tmp_path / "data.jsonl"
    write_examples(examples * 6, data)
    assert main(["evaluate", str(data), "--model", str(tiny_folder), "--baseline", str(data), "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["tf-idf baseline"]["sentence_macro_f1"] > numbers["tiny"]["sentence_macro_f1"]
