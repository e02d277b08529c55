"""What a training run bought: ``report.html`` to look at and ``report.json`` with every number of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from claimcheck.evaluation import Evaluation, Result
from claimcheck.metrics import CONTENT, NONE, expected_calibration_error, reliability
from claimcheck.span import Label, Span
from claimcheck.training import charts
from claimcheck.training.bootstrap import LEVELS, Interval, differences, intervals, resamples
from claimcheck.view import View, css

_NAMES = {
    "sentence": "sentence (macro-F1)",
    "word": "word (macro-F1)",
    "span": "span, overlap ½ (micro-F1)",
    "exact": "span, exact (micro-F1)",
}
_ERRORS = 50
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
    (out / "report.json").write_text(
        json.dumps(numbers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (out / "report.html").write_text(_page(numbers, before, after), encoding="utf-8")


def _numbers(
    before: Evaluation | None,
    after: Evaluation,
    history: Sequence[Mapping[str, float]],
    about: Mapping[str, object],
) -> dict[str, Any]:
    weights = resamples(len(after.results))
    found = {"after": _plain(intervals(after, weights))}
    if before:
        found["before"] = _plain(intervals(before, weights))
        found["difference"] = _plain(differences(before, after, weights))
    genres = {}
    for genre, part in after.by(lambda example: example.genre).items():
        few = len(part.results) < _FEW
        all_of = {k: v["all"] for k, v in intervals(part, resamples(len(part.results))).items()}
        genres[genre or "(none)"] = {
            "documents": len(part.results),
            **{k: {"value": round(v.value, 4)} if few else v.to_dict() for k, v in all_of.items()},
        }
    return {
        "about": {key: value for key, value in about.items() if key != "origin"},
        "scores": found,
        "genres": genres,
        "calibration_error": {
            name: round(expected_calibration_error(*part.confidence()), 4)
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
        ("By label", "".join(_by_label(numbers, level) for level in LEVELS)),
        ("By genre", _by_genre(numbers)),
        ("Learning curve", _curves(numbers["history"])),
        ("Confidence", _confidence(numbers, before, after)),
        ("Sentences mistaken for each other", charts.confusion(after.scores.confusion, (*CONTENT, NONE))),
        (f"The {len(numbers['worst_errors'])} worst errors", _errors(after)),
    ]
    facts = "".join(
        f"<dt>{escape(str(key))}</dt><dd><bdi>{escape(str(value))}</bdi></dd>"
        for key, value in numbers["about"].items()
    )
    body = "".join(f"<section><h2>{escape(title)}</h2>{content}</section>" for title, content in sections)
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>claimcheck: training report</title>\n<style>\n{style}{css()}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>Training report</h1>\n<dl>{facts}</dl>\n{body}\n</main>\n</body>\n</html>\n"
    )


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
    columns = ["", "before", "after", "difference"] if "before" in scores else ["", "after"]
    note = (
        "" if "before" in scores else "<p>The encoder was no tagger, so there is nothing to compare with.</p>"
    )
    return (
        f"{_table(columns, rows)}{note}<p>In brackets 95 % intervals: 1,000 resamples of the documents.</p>"
    )


def _by_label(numbers: Mapping[str, Any], level: str) -> str:
    scores = numbers["scores"]
    names = [name for name in ("before", "after", "difference") if name in scores]
    rows = [
        [label, *(_cell(scores[name][level][label], signed=name == "difference") for name in names)]
        for label in scores["after"][level]
        if label != "all"
    ]
    return f"<h3>{escape(_NAMES[level].split(' (')[0])}, F1</h3>{_table(['', *names], rows)}"


def _by_genre(numbers: Mapping[str, Any]) -> str:
    rows = [
        [genre, str(row["documents"]), *(_cell(row[level]) for level in LEVELS)]
        for genre, row in numbers["genres"].items()
    ]
    return _table(["", "texts", *(_NAMES[level].split(" (")[0] for level in LEVELS)], rows)


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


def _confidence(numbers: Mapping[str, Any], before: Evaluation | None, after: Evaluation) -> str:
    bins = {name: reliability(*part.confidence()) for name, part in _systems(before, after).items()}
    text = "; ".join(f"{name} {error:.3f}" for name, error in numbers["calibration_error"].items())
    return (
        f"{charts.reliability(bins)}<p>Expected calibration error: {text}. On the line, a span's confidence is "
        "the share of such spans that are right; below it, the model is too sure.</p>"
    )


def _errors(after: Evaluation) -> str:
    items = []
    for result in _worst(after):
        text = result.example.text
        gold = [
            Span(s.start, s.end, text[s.start : s.end], s.label, 1.0, _worth(s)) for s in result.example.spans
        ]
        name = escape(str(getattr(result.example, "id", "")))
        items.append(
            f"<article><h3><bdi>{name}</bdi></h3><h4>gold</h4>{_drawn(text, gold)}"
            f"<h4>predicted</h4>{_drawn(text, list(result.predicted))}</article>"
        )
    rule = (
        "<p>Ordered by the confidence of every false span plus one for every gold span that was missed.</p>"
    )
    return rule + "".join(items)


def _worth(span: Any) -> float | None:
    return float(span.check_worthy) if span.label is Label.CLAIM else None


def _drawn(text: str, spans: Sequence[Span]) -> str:
    return f'<div class="claimcheck" lang="fa" dir="rtl">{View(text, spans).marked_text()}</div>'


def _cell(interval: Mapping[str, float], signed: bool = False) -> str:
    shape = "+.3f" if signed else ".3f"
    value = format(interval["value"], shape)
    if "low" not in interval:
        return value
    return f"{value} <small>[{interval['low']:{shape}}, {interval['high']:{shape}}]</small>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already; the first of a row is text and heads it."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
