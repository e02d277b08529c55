"""What a training run bought: ``report.html`` to look at and ``report.json`` with every number of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from claimcheck.evaluation import Evaluation, Result
from claimcheck.metrics import CONTENT, NONE, expected_calibration_error, reliability
from claimcheck.span import Label, Span
from claimcheck.training import charts
from claimcheck.training.bootstrap import LEVELS, Interval, differences, intervals, resamples
from claimcheck.untrusted import safe
from claimcheck.view import View, css

_NAMES = {
    "sentence": "sentence (macro-F1)",
    "word": "word (macro-F1)",
    "span": "span, overlap ½ (micro-F1)",
    "exact": "span, exact (micro-F1)",
}
_COLUMNS = ("before", "after", "difference")
_ERRORS = 50
# What JSON leaves as it is without ASCII, but UTF-8 does not take or an editor acts on.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_KEY = (
    '<ul class="claimcheck key">'
    + "".join(f'<li><mark class="cc-{label}"><bdi>{label}</bdi></mark></li>' for label in Label)
    + "<li>the stronger the colour of a claim, the more worth checking</li></ul>"
)
_FEW = 10  # documents below which a genre gets no interval


def write_report(
    out: Path,
    before: Evaluation | None,
    after: Evaluation,
    history: Sequence[Mapping[str, float]],
    about: Mapping[str, object],
) -> None:
    """Write ``report.html`` and ``report.json`` into ``out``.

    Args:
        out: a folder.
        before: the model that training started from, on the same examples, where there was one.
        after: the trained model.
        history: rows of the learning curve, each with ``step``, ``loss`` and ``dev_…`` scores.
        about: facts to state.
    """
    numbers = _numbers(before, after, history, about)
    text = _UNSAFE.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(numbers, ensure_ascii=False, indent=1)
    )
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.html").write_text(_page(numbers, before, after), encoding="utf-8")


def _numbers(
    before: Evaluation | None,
    after: Evaluation,
    history: Sequence[Mapping[str, float]],
    about: Mapping[str, object],
) -> dict[str, Any]:
    genres = {}
    parts = {name: part.by(lambda example: example.genre) for name, part in _systems(before, after).items()}
    for genre, part in parts["after"].items():
        few = len(part.results) < _FEW
        found = _scores(parts["before"][genre] if before else None, part)
        genres[genre or "(none)"] = {
            "documents": len(part.results),
            **{name: {k: _all(v["all"], few) for k, v in rows.items()} for name, rows in found.items()},
        }
    return {
        "about": {key: value for key, value in about.items() if key != "origin"},
        "scores": _scores(before, after),
        "genres": genres,
        "calibration_error": {
            name: round(expected_calibration_error(*part.confidence()), 4)
            for name, part in _systems(before, after).items()
        },
        "reliability": {
            name: [[round(p, 4), round(right, 4), n] for p, right, n in reliability(*part.confidence())]
            for name, part in _systems(before, after).items()
        },
        "confusion": [[*pair, n] for pair, n in sorted(after.scores.confusion.items())],
        "history": [dict(row) for row in history],
        "worst_errors": [
            {
                "id": getattr(result.example, "id", ""),
                "badness": round(badness(result), 3),
                "text": result.example.text,
                "gold": [[s.start, s.end, str(s.label)] for s in result.example.spans],
                "predicted": [[s.start, s.end, str(s.label), s.confidence] for s in result.predicted],
            }
            for result in _worst(after)
        ],
    }


def _scores(before: Evaluation | None, after: Evaluation) -> dict[str, Any]:
    """Of both systems and their difference, by level and label, each with its interval."""
    weights = resamples(len(after.results))
    found = {name: _plain(intervals(part, weights)) for name, part in _systems(before, after).items()}
    return {**found, "difference": _plain(differences(before, after, weights))} if before else found


def _all(interval: Mapping[str, float], few: bool) -> dict[str, float]:
    return {"value": interval["value"]} if few else dict(interval)


def badness(result: Result) -> float:
    """How wrong a document was: the confidence of every false span, and one for every gold span missed."""
    false = [s.confidence for s, found in zip(result.predicted, result.found, strict=True) if found is None]
    missed = len(result.example.spans) - sum(found is not None for found in result.found)
    return sum(false) + missed


def _worst(evaluation: Evaluation) -> list[Result]:
    wrong = [result for result in evaluation.results if badness(result) > 0]
    return sorted(wrong, key=badness, reverse=True)[:_ERRORS]


def _systems(before: Evaluation | None, after: Evaluation) -> dict[str, Evaluation]:
    return {"before": before, "after": after} if before else {"after": after}


def _plain(found: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, dict[str, float]]]:
    return {level: {k: v.to_dict() for k, v in rows.items()} for level, rows in found.items()}


def _page(numbers: Mapping[str, Any], before: Evaluation | None, after: Evaluation) -> str:
    sections = [
        ("What it bought", _headline(numbers)),
        ("By label", "".join(_by_label(numbers["scores"], level) for level in LEVELS)),
        ("By genre", _by_genre(numbers["genres"])),
        ("Learning curve", _curves(numbers["history"])),
        ("Confidence", _confidence(numbers)),
        ("Sentences mistaken for each other", charts.confusion(after.scores.confusion, (*CONTENT, NONE))),
        (f"The {len(numbers['worst_errors'])} worst errors", _errors(after)),
    ]
    facts = "".join(
        f"<dt>{_shown(key)}</dt><dd>{_shown(value)}</dd>" for key, value in numbers["about"].items()
    )
    links = "".join(f'<li><a href="#s{i}">{escape(title)}</a></li>' for i, (title, _) in enumerate(sections))
    body = "".join(
        f'<section id="s{i}"><h2>{escape(title)}</h2>{content}</section>\n'
        for i, (title, content) in enumerate(sections)
    )
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>claimcheck: training report</title>\n<style>\n{css()}{style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>Training report</h1>\n<dl>{facts}</dl>\n"
        f"<nav><ul>{links}</ul></nav>\n{body}</main>\n</body>\n</html>\n"
    )


def _shown(value: object) -> str:
    """Text from outside as HTML: escaped, nothing in it acts on what stands around it."""
    return f"<bdi>{escape(safe(str(value)))}</bdi>"


def _headline(numbers: Mapping[str, Any]) -> str:
    scores = numbers["scores"]
    rows = []
    for level in LEVELS:
        cells = [_NAMES[level]]
        if "before" in scores:
            cells += [_cell(scores["before"][level]["all"])]
        cells += [_cell(scores["after"][level]["all"])]
        if "before" in scores:
            cells += [_cell(scores["difference"][level]["all"], signed=True)]
        rows.append(cells)
    errors = numbers["calibration_error"]
    last = ["calibration error", *(f"{errors[name]:.3f}" for name in ("before", "after") if name in errors)]
    rows.append(last + [""] * (len(rows[0]) - len(last)))
    columns = ["", *(name for name in _COLUMNS if name in scores)]
    note = (
        "" if "before" in scores else "<p>The encoder was no tagger, so there is nothing to compare with.</p>"
    )
    return (
        f"{_table(columns, rows)}{note}<p>In brackets 95 % intervals: 1,000 resamples of the documents."
        f"{' Bold: a difference whose interval leaves 0 out.' if 'before' in scores else ''}</p>"
    )


def _by_label(scores: Mapping[str, Any], level: str) -> str:
    names = [name for name in _COLUMNS if name in scores]
    rows = [
        [label, *(_cell(scores[name][level][label], signed=name == "difference") for name in names)]
        for label in scores["after"][level]
        if label != "all"
    ]
    return f"<h3>{_short(level)}, F1</h3>{_table(['', *names], rows)}"


def _by_genre(genres: Mapping[str, Any]) -> str:
    out = []
    for level in LEVELS:
        names = [name for name in _COLUMNS if all(name in row for row in genres.values())]
        rows = [
            [
                genre,
                str(row["documents"]),
                *(_cell(row[name][level], signed=name == "difference") for name in names),
            ]
            for genre, row in genres.items()
        ]
        out.append(f"<h3>{_NAMES[level]}</h3>{_table(['', 'texts', *names], rows)}")
    return "".join(out) + (
        f"<p>Below {_FEW} texts there is no interval. A label that neither a genre nor the answers on it "
        "have is left out of a macro-F1.</p>"
    )


def _short(level: str) -> str:
    return _NAMES[level].split(" (")[0]


def _curves(history: Sequence[Mapping[str, float]]) -> str:
    scores = {
        name: [(row["step"], row[f"dev_{key}"]) for row in history if f"dev_{key}" in row]
        for name, key in (
            ("sentence", "sentence_macro_f1"),
            ("word", "word_macro_f1"),
            ("span", "span_f1"),
            ("exact", "exact_span_f1"),
        )
    }
    loss = {"training loss": [(row["step"], row["loss"]) for row in history if "loss" in row]}
    shown = charts.lines({k: v for k, v in scores.items() if v}, "step", "score on dev")
    return f'<div class="charts"><div>{shown}</div><div>{charts.lines(loss, "step", "loss")}</div></div>'


def _confidence(numbers: Mapping[str, Any]) -> str:
    text = "; ".join(f"{name} {error:.3f}" for name, error in numbers["calibration_error"].items())
    return (
        f"{charts.reliability(numbers['reliability'])}<p>Expected calibration error: {text}. On the line, a "
        "span's confidence is the share of such spans that are right; below it, the model is too sure.</p>"
    )


def _errors(after: Evaluation) -> str:
    items = []
    for result in _worst(after):
        text = result.example.text
        gold = [
            Span(s.start, s.end, text[s.start : s.end], s.label, 1.0, _worth(s)) for s in result.example.spans
        ]
        genre = getattr(result.example, "genre", None)
        about = f" <small>{_shown(genre)}</small>" if genre else ""
        items.append(
            f"<article><h3>{_shown(getattr(result.example, 'id', ''))}{about}</h3>"
            f"<h4>gold</h4>{_drawn(text, gold)}"
            f"<h4>predicted</h4>{_drawn(text, list(result.predicted))}</article>"
        )
    if not items:
        return "<p>There is none: every span was found, and none beside.</p>"
    return (
        f"<p>Ordered by the confidence of every false span plus one for every gold span missed.</p>{_KEY}"
        + ("".join(items))
    )


def _worth(span: Any) -> float | None:
    return float(span.check_worthy) if span.label is Label.CLAIM else None


def _drawn(text: str, spans: Sequence[Span]) -> str:
    return f'<div class="claimcheck" lang="fa" dir="rtl">{View(text, spans).marked_text()}</div>'


def _cell(interval: Mapping[str, float], signed: bool = False) -> str:
    shape = "+.3f" if signed else ".3f"
    value = _number(interval["value"], shape)
    if "low" not in interval:
        return value
    if signed and (interval["low"] > 0 or interval["high"] < 0):
        value = f"<b>{value}</b>"
    return f"{value} <small>[{_number(interval['low'], shape)}, {_number(interval['high'], shape)}]</small>"


def _number(value: float, shape: str) -> str:
    return format(value + 0.0, shape).replace("-", "\u2212")  # no negative zero, a true minus


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already; the first of a row is text and heads it."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{_shown(row[0])}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
