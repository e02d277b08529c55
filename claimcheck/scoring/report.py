"""A page of what a run found: label shares, confidence, check-worthiness, what to check first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from claimcheck.scoring.score import Summary
from claimcheck.scoring.stats import BINS, Stats
from claimcheck.untrusted import safe

_LABELS = ("claim", "opinion", "call_to_action", "attribution")


def write_report(path: Path, summary: Summary) -> None:
    """Write the page: no script, nothing loaded, all text of the data escaped and isolated."""
    stats = summary.stats
    spans = sum(stats.labels.values())
    facts = {
        "rows": f"{stats.rows:,}",
        "bad rows": f"{stats.bad:,}",
        "spans": f"{spans:,}",
        "spans a row": f"{spans / max(1, stats.rows):.2f}",
    }
    sections = {
        "Labels": _bars({label: stats.labels[label] for label in _LABELS if stats.labels[label]}),
        "Confidence": "".join(
            f"<h3>{label.replace('_', ' ')}</h3>{_histogram(bins)}"
            for label, bins in sorted(stats.confidence.items())
        ),
        "How worth checking the claims are": _histogram(stats.worth),
        "What to check first": _top(stats),
        "By group": _groups(stats),
    }
    warnings = "".join(f'<p class="warning">{escape(warning)}</p>' for warning in summary.warnings)
    head = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    body = "".join(
        f"<section><h2>{name}</h2>{content}</section>" for name, content in sections.items() if content
    )
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    path.write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>claimcheck: scored</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>What was found</h1>{warnings}<dl>{head}</dl>\n{body}\n</main>\n</body>\n</html>\n",
        encoding="utf-8",
    )


def _bars(counts: Mapping[str, int]) -> str:
    total = max(1, sum(counts.values()))
    rows = "".join(
        f'<tr><th scope="row">{escape(name.replace("_", " "))}</th><td class="bar cc-{name}">'
        f'<i style="width: {n / total:.1%}"></i></td><td>{n:,}</td><td>{n / total:.1%}</td></tr>'
        for name, n in counts.items()
    )
    return f"<table>{rows}</table>" if rows else "<p>No span was found.</p>"


def _histogram(bins: Sequence[int]) -> str:
    most, total = max(1, *bins), max(1, sum(bins))
    columns = "".join(
        f'<div style="height: {n / most:.1%}" title="{i / BINS:.2f} to {(i + 1) / BINS:.2f}: {n:,} '
        f'({n / total:.1%})"></div>'
        for i, n in enumerate(bins)
    )
    scale = '<div class="scale"><span>0</span><span>0.5</span><span>1</span></div>'
    return f'<div class="histogram">{columns}</div>{scale}'


def _top(stats: Stats) -> str:
    rows = "".join(
        f'<tr><td>{worth:.2f}</td><td><bdi dir="rtl">{escape(safe(text))}</bdi></td>'
        f"<td><bdi>{escape(safe(place))}</bdi></td></tr>"
        for worth, _, place, text in sorted(stats.top, reverse=True)
    )
    head = "<thead><tr><th>worth</th><th>claim</th><th>row</th></tr></thead>"
    return (
        f'<div class="wide"><table class="claims">{head}<tbody>{rows}</tbody></table></div>' if rows else ""
    )


def _groups(stats: Stats) -> str:
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in ("rows", *_LABELS))
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escape(safe(group))}</bdi></th><td>{counts["rows"]:,}</td>'
        + "".join(f"<td>{counts[label]:,}</td>" for label in _LABELS)
        + "</tr>"
        for group, counts in sorted(stats.groups.items(), key=lambda item: -item[1]["rows"])
    )
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>{rows}</table></div>'
        if rows
        else ""
    )
