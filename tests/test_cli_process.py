"""The command as its own process: what it loads, what a pipe gets, what a terminal gets."""

import json
import os
import re
import struct
import subprocess
import sys

import pytest

from claimcheck import View
from claimcheck.cli.command import VERBS

fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))  # none on Windows

TEXT = "وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است و مردم باید صرفه‌جویی کنند."


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def run_python(*args, **environment):
    arguments = [sys.executable, *args]
    return subprocess.run(arguments, capture_output=True, check=False, env={**os.environ, **environment})


def test_help_names_the_verbs_and_loads_none_of_them():
    program = (
        "import sys; from claimcheck.cli import main; main(sys.argv[1:]);"
        "print(*(m for m in sys.modules if 'claimcheck.cli.' in m), *{'numpy', 'torch'} & sys.modules.keys())"
    )
    for args in (["--help"], ["--version"]):
        *printed, modules = run_python("-c", program, *args).stdout.decode().splitlines()
        assert sorted(modules.split()) == ["claimcheck.cli.command", "claimcheck.cli.output"]
        assert args == ["--version"] or all(any(verb in line for line in printed) for verb in VERBS)


def test_analyze_loads_nothing_heavier_than_the_runtime(tiny_folder):
    program = (
        "import sys; from claimcheck.cli import main; code = main(sys.argv[1:]);"
        "assert 'onnxruntime' in sys.modules;"
        "sys.exit(f'{code} ' + ' '.join({'torch', 'transformers', 'datasets', 'hazm', 'sklearn',"
        " 'claimcheck.examples', 'claimcheck.cli.data'} & sys.modules.keys()))"
    )
    assert run_python("-c", program, "analyze", "--model", tiny_folder, TEXT).stderr == b"0 \n"


def test_as_a_process(tiny_folder):
    done = run_python("-m", "claimcheck", "analyze", "--model", tiny_folder, TEXT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rows(done.stdout.decode())


@pytest.mark.parametrize("encoding", ["ascii", "windows-1256", "utf-16"])
def test_any_encoding_of_stdout_takes_the_answer(tiny_folder, tiny_model, encoding):
    text = " ".join(word[0] + "😀" + word[1:] for word in TEXT.split())
    done = run_python(
        "-m", "claimcheck", "analyze", "--segments", "--model", tiny_folder, text, PYTHONIOENCODING=encoding
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "😀" in "".join(row["text"] for row in rows(done.stdout.decode(encoding)))
    assert rows(done.stdout.decode(encoding)) == [span.to_dict() for span in tiny_model.segments(text)]


def test_a_reader_that_has_had_enough(tiny_folder, tmp_path):
    file = tmp_path / "long.txt"
    file.write_text(f"{TEXT}\n" * 500, encoding="utf-8")
    program = f"{sys.executable} -m claimcheck analyze --model {tiny_folder} --file {file}"
    whole = subprocess.run(["bash", "-c", program], capture_output=True, check=True).stdout
    assert len(whole) > 100_000  # more than a pipe holds
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{program} | head -1"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == whole[: whole.index(b"\n") + 1]


def test_a_closed_stdin_is_nothing_to_read():
    program = f"{sys.executable} -m claimcheck analyze <&-"
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"claimcheck: nothing to read")


def on_a_terminal(*args, verb="analyze", stream="stdout", columns=100, **environment):
    main_end, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    environment = {**inherited, "TERM": "xterm-256color", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "claimcheck", verb, *args], **{stream: terminal}, env=environment
    )
    os.close(terminal)
    out = b""
    try:
        while piece := os.read(main_end, 4096):
            out += piece
    except OSError:  # the terminal is closed
        pass
    os.close(main_end)
    assert process.wait() == 0
    return out.decode().replace("\r\n", "\n")


def test_a_terminal_gets_the_view(tiny_folder, tiny_model):
    for columns in (60, 200):
        wanted = View(TEXT, tiny_model.analyze(TEXT)).to_ansi(width=columns)
        assert on_a_terminal("--model", tiny_folder, TEXT, columns=columns) == wanted


@pytest.mark.parametrize(
    ("extra", "environment"),
    [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})],
)
def test_colours_can_be_refused(tiny_folder, tiny_model, extra, environment):
    wanted = View(TEXT, tiny_model.analyze(TEXT)).to_ansi(colour=False, width=100)
    assert on_a_terminal("--model", tiny_folder, *extra, TEXT, **environment) == wanted


def test_a_terminal_gets_json_where_asked(tiny_folder, tiny_model):
    out = on_a_terminal("--model", tiny_folder, "--json", TEXT)
    assert rows(out) == [span.to_dict() for span in tiny_model.analyze(TEXT)]


def test_a_terminal_without_the_letters_gets_escapes(tiny_folder):
    out = on_a_terminal("--model", tiny_folder, TEXT, PYTHONIOENCODING="ascii")
    assert TEXT[:4].encode("ascii", "backslashreplace").decode() in out


def test_scoring_tells_how_far_it_is(tiny_folder, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text(f"{TEXT}\n" * 300, encoding="utf-8")
    run = ["--model", tiny_folder, "--workers", "1", "--checkpoint", "100", "--overwrite"]
    shown = on_a_terminal(texts, "-o", tmp_path / "out.jsonl", *run, verb="score", stream="stderr")
    lines = shown.split("\r\x1b[K")[1:-1]
    assert [line.split()[0] for line in lines] == ["100", "200", "300"]
    assert re.search(r"200 rows  [\d,]+/s  \d+:\d\d left  ", lines[1])
    assert lines[2].split("left")[0].endswith(" 0:00 ")
    quiet = on_a_terminal(texts, "-o", tmp_path / "out.jsonl", *run, "--quiet", verb="score", stream="stderr")
    assert quiet == ""


COLOURS = (195, 153, 117, 75, 33, 222, 218, 252)
HOSTILE = "\x1b[2J\x1b]0;عنوان\x07 \x1b]52;c;cm0=\x1b\\ \x9b31m \x90q\x9c \b\b\r\x7f \u202e"


def test_no_text_acts_on_the_terminal(tiny_folder, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text(f"{HOSTILE}{TEXT}{HOSTILE} دلار{HOSTILE} گران شد.", encoding="utf-8", newline="")
    out = on_a_terminal("--model", tiny_folder, "--file", file)
    assert "␛[2J␛]0;عنوان␇" in out
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", re.sub("\x1b\\[[0-9;]*m", "", out))
    assert set(re.findall("\x1b\\[([0-9;]*)m", out)) <= {"0", *(f"38;5;16;48;5;{c}" for c in COLOURS)}
