"""What the README names is there; its code is run by ``test_docs.py``."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


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
