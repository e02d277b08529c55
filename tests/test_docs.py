"""The documentation does what it says: its code is run, its output compared, its commands tried.

``docs/fine-tuning.md`` has a test of its own (``test_tutorial.py``).
"""

import contextlib
import gzip
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from claimcheck.cli import main
from claimcheck.cli.command import VERBS, subparser

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    str(path.relative_to(DOCS))
    for path in DOCS.rglob("*.md")
    if path.name != "fine-tuning.md" and path.parent.name != "reference"
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
SCORE = re.compile(r"(?<![\w.])\d\.\d+(?![\w.])")
TEXTS = ["وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است.", "به نظر من این تصمیم عجولانه است."]
CLAIM = {"id": "1", "claim": "قیمت نان از فردا ۲۰ درصد گران می‌شود", "verdict": "نادرست", "publisher": "سنجه"}
NOT_RUN = ("claimcheck serve", "--engine ray", " | ")  # these are taken apart, not run


def blocks(page):
    """(kind, content, the output shown right below it) of every block."""
    return FENCE.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with every file that the commands read."""
    lines = "".join(
        json.dumps({"id": str(i), "text": t, "genre": "news"}) + "\n" for i, t in enumerate(TEXTS)
    )
    (tmp_path / "posts.jsonl").write_text(lines)
    (tmp_path / "post.txt").write_text(TEXTS[0], encoding="utf-8")
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "1.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (tmp_path / "archive.csv").write_text(f"id,body\n1,{'قيمت نان گران شد.'}\n", encoding="windows-1256")
    for name in ("reviews.jsonl", "feed.json", "more.csv", "page.html"):
        (tmp_path / name).write_text(FACTCHECKS[name], encoding="utf-8")
    span = {"start": 15, "end": 20, "text": TEXTS[0][15:20], "labels": ["claim"]}
    region = {"from_name": "label", "to_name": "text", "type": "labels", "value": span}
    task = {"id": 1, "data": {"text": TEXTS[0]}, "annotations": [{"result": [region]}]}
    (tmp_path / "export.json").write_text(json.dumps([task]))
    (tmp_path / "export.jsonl").write_text(json.dumps({"text": TEXTS[0], "label": [[15, 20, "claim"]]}))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


REVIEW = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "claimReviewed": "آب دریا شیرین شد",
    "url": "https://example.org/2",
    "reviewRating": {"@type": "Rating", "alternateName": "نادرست"},
}
FACTCHECKS = {
    "reviews.jsonl": json.dumps(CLAIM) + "\n",
    "feed.json": json.dumps([REVIEW]),
    "page.html": f'<html><script type="application/ld+json">{json.dumps(REVIEW)}</script></html>',
    "more.csv": "id,claim,verdict\n9,برج میلاد فروخته شد,نادرست\n",
}


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_python_runs_and_prints_what_stands_below_it(page, folder):
    if page == "guides/integrations.md":
        pytest.importorskip("spacy"), pytest.importorskip("pandas"), pytest.importorskip("datasets")
    if page == "guides/serve.md":
        pytest.importorskip("fastapi")
    space = {"__name__": page}
    for kind, code, shown in blocks(page):
        if kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, page, "exec"), space)
            assert_shown(printed.getvalue(), shown, code)


def assert_shown(printed, shown, code):
    """The same words and whole numbers; scores may differ by .02, as processors round int8 differently."""
    assert SCORE.sub("#", printed) == SCORE.sub("#", shown), code
    assert [*map(float, SCORE.findall(printed))] == pytest.approx(
        [*map(float, SCORE.findall(shown))], abs=0.02
    )


@pytest.mark.parametrize("other", ["claim 0.96 7", "claim 0.93 8", "opinion 0.93 7", "claim 0.93 7\n"])
def test_what_is_shown_must_agree(other):
    assert_shown("claim 0.95 7", "claim 0.93 7", "")
    with pytest.raises(AssertionError):
        assert_shown(other, "claim 0.93 7", "")


@pytest.mark.parametrize("page", PAGES)
def test_commands_run(page, folder, capsys):
    for kind, block, shown in blocks(page):
        capsys.readouterr()
        assert kind in ("python", "text", "console", "bash"), f"nothing runs a block of {kind or 'no kind'}"
        if kind in ("console", "bash"):
            for line in block.replace("\\\n", " ").splitlines():
                _try(line, capsys)
            if shown:
                assert_shown(capsys.readouterr().out, shown, block)


def _try(line, capsys):
    words = shlex.split(line, comments=True)
    if words[:2] == ["pip", "install"]:
        _check_extras(words[2:])
    elif words[0] == "python":
        script = (ROOT / words[1]).read_text(encoding="utf-8")
        for flag in words[2:]:
            assert not flag.startswith("--") or f'"{flag}"' in script, flag
    elif any(mark in line for mark in NOT_RUN):
        own = words[words.index("claimcheck") :]
        own = own[: own.index("|")] if "|" in own else own
        subparser(own[1]).parse_args(own[2:])
    elif words[0] == "claimcheck":
        expanded = [name for word in words[1:] for name in _expanded(word)]
        assert main(expanded) == 0, line + capsys.readouterr().err
    else:
        assert words[0] in ("export", "curl"), line  # curl: test_serve.py sends what it would


def _expanded(word):
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def _check_extras(wanted):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for one in wanted:
        name, _, extra = one.rstrip("]").partition("[")
        assert name in (".", "claimcheck")
        assert not extra or extra in extras


def test_links_lead_somewhere():
    for path in DOCS.rglob("*.md"):
        for link in re.findall(r"\]\((?!http)([^)#\s]+)(?:#[\w-]+)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_every_page_is_in_the_contents_and_every_command_in_the_reference():
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in DOCS.rglob("*.md"):
        assert f": {path.relative_to(DOCS)}\n" in contents, path
    from docs_hooks import help_of_all

    shown = help_of_all()
    for verb in VERBS:
        assert f"## claimcheck {verb}\n" in shown


def test_the_confidence_to_ask_for_is_that_of_the_model_card():
    def rows(path):
        found = re.findall(
            r"^\| (\w+(?: \w+)*) \| 0?(\.\d\d) \| (\w+) ?%? \| 0?(\.\d\d) \| (\d+)", path, re.MULTILINE
        )
        return [(label.replace("_", " "), *rest) for label, *rest in found]

    card = (ROOT / "models/claimcheck-fa-small/README.md").read_text("utf-8").replace("100%", "all")
    shown = rows((DOCS / "confidence.md").read_text("utf-8"))
    assert len(shown) == 4 and shown == rows(card)


@pytest.mark.process
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="needs claimcheck[docs]")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    loads = re.compile(
        r'<(?:script|img|iframe|source)[^>]+src="(https?:)?//'
        r'|<link[^>]+(?:stylesheet|icon|preload|preconnect)[^>]+href="(https?:)?//'
    )
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        found = loads.search(page.read_text(encoding="utf-8"))
        assert not found, f"{page.name}: {found[0]}"
    for sheet in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""", sheet.read_text("utf-8")), (
            sheet.name
        )
