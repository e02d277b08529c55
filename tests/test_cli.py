"""The command as people type it: what goes in, what comes out, and what is said when it cannot be."""

import io
import json
import os
import pty
import subprocess
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
    assert len(rows(analyze("--segments", TEXT)[1])) == len(tiny_model.segments(TEXT))


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


def test_html_is_written_whole(analyze, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = analyze(TEXT, "--html", page)
    assert code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert rows(out)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert analyze(TEXT, "--html", tmp_path / "none" / "page.html")[0] == 1


def test_json_lines_hold_no_character_that_acts(analyze):
    text = f"تورم بالا رفت \x1b[2J\x07\x9b\u2028\u202e و {TEXT} \ud83d"
    _, out, _ = analyze(text)
    assert not set("\x1b\x07\x9b\u2028\u202e") & set(out)
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows(out))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["analyze", "متن", "--file", "x"], 2, "both given"),
        (["analyze", "--file", "/nonexistent/x"], 1, "/nonexistent/x: No such file"),
        (["analyze", "متن", "--model", "/nonexistent"], 1, "no model folder"),
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
    assert "Traceback" not in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(capsys, verb):
    assert main([verb, "--help"]) == 0
    assert verb in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("claimcheck ")


def command(*args, **options):
    return subprocess.run(
        [sys.executable, "-m", "claimcheck", *args], capture_output=True, check=False, **options
    )


def test_as_a_process(tiny_folder):
    done = command("analyze", "--model", tiny_folder, TEXT)
    assert done.returncode == 0
    assert rows(done.stdout.decode())


def test_a_reader_that_has_had_enough(tiny_folder):
    program = f"{sys.executable} -m claimcheck analyze --model {tiny_folder} '{TEXT * 50}' | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", program], capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize(("extra", "coloured"), [([], True), (["--no-color"], False)])
def test_a_terminal_gets_the_view(tiny_folder, extra, coloured):
    main_end, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    arguments = [sys.executable, "-m", "claimcheck", "analyze", "--model", tiny_folder, *extra, TEXT]
    process = subprocess.Popen(arguments, stdout=terminal, env=environment)
    os.close(terminal)
    out = b""
    try:
        while piece := os.read(main_end, 4096):
            out += piece
    except OSError:  # the terminal is closed
        pass
    assert process.wait() == 0
    assert "مصرف" in out.decode()
    assert (b"\x1b[" in out) == coloured


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
