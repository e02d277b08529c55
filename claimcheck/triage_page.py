"""A triage list as a page: each claim in its text, its arithmetic, its flags with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from claimcheck.span import Flag
from claimcheck.triage import Item
from claimcheck.untrusted import safe
from claimcheck.view import View, css


def page(items: Sequence[tuple[Item, str]]) -> str:
    """A whole page of items with the place of each: no script, nothing loaded, text of the data escaped."""
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    body = "".join(_entry(rank, item, place) for rank, (item, place) in enumerate(items, 1))
    return (
        '<!DOCTYPE html>\n<html lang="fa" dir="rtl">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>claimcheck: triage</title>\n<style>\n{css()}{style}</style>\n</head>\n<body>\n"
        f'<main class="claimcheck">\n<h1>نخست چه چیزی را باید راستی‌آزمایی کرد؟</h1>\n<ol>\n{body}</ol>\n</main>\n'
        "</body>\n</html>\n"
    )


def _entry(rank: int, item: Item, place: str) -> str:
    around = View(item.text, [item.span]).marked_text()
    sum_ = item.arithmetic.split("  [")[0]
    flags = "".join(f"<li>{_flag(flag)}</li>" for flag in item.span.flags)
    return (
        f'<li class="item"><header><b>{rank}</b><bdi dir="ltr">{escape(sum_)}</bdi>'
        f'<bdi dir="ltr">{escape(safe(place))}</bdi></header>\n{around}'
        f'<ul class="flags">{flags}</ul></li>\n'
    )


def _flag(flag: Flag) -> str:
    verdict = f" ({escape(str(flag.factcheck['verdict']))})" if flag.factcheck else ""
    quiet = "" if flag.score else ' class="quiet"'
    shown = f"<b{quiet}>{escape(flag.type.replace('_', ' '))}{verdict} {flag.score:.2f}</b> "
    if flag.factcheck is None:
        quoted = f' <q dir="rtl">{escape(safe(flag.evidence.text))}</q>' if flag.evidence else ""
        return f"{shown}<bdi>{escape(safe(flag.reason))}</bdi>{quoted}"
    found = {key: f"<bdi>{escape(safe(str(value)))}</bdi>" for key, value in flag.factcheck.items() if value}
    by = f" by {found['publisher']}" if "publisher" in found else ""
    shown += f"{flag.factcheck['similarity']:.0%} likely the claim checked{by}, "
    shown += f'rated {found.get("rating", "not at all")}: <q dir="rtl">{found["claim"]}</q>'
    link = str(flag.factcheck.get("url") or "")
    if link.startswith(("https://", "http://")):
        shown += f' <a href="{escape(link)}" rel="noreferrer">{escape(safe(link))}</a>'
    return shown
