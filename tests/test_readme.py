"""The README does what it says: its code is run and its output compared; what it names is there."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


def test_every_python_block_shows_its_output():
    assert len(BLOCKS) == README.count("```python") >= 3


@pytest.mark.parametrize(("code", "output"), BLOCKS, ids=[code.splitlines()[-1][:40] for code, _ in BLOCKS])
def test_code_prints_what_stands_below_it(code, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == output


def test_files_it_names_are_there():
    for name in re.findall(r"\]\((?!http)([^)#]+)\)|(?:scripts|examples)/\w+\.\w+", README):
        assert not name or (ROOT / name).exists(), name
    for name in re.findall(r"\b(?:scripts|examples)/\w+\.\w+", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`(\w+(?:\.py|/))`", README[README.index("## The code") :]):
        assert (ROOT / "claimcheck" / name).exists(), name


def test_verbs_it_shows_are_verbs():
    from claimcheck.cli.command import VERBS

    assert set(re.findall(r"^(?:.*\| )?claimcheck (\w+)", README, re.MULTILINE)) <= {*VERBS}
