"""``claimcheck evaluate``: how well a model does on labelled data, by label and genre."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from claimcheck.cli.data import add_reading_arguments, read_labelled
from claimcheck.cli.output import json_text, note

if TYPE_CHECKING:
    from claimcheck.evaluation import Evaluation
    from claimcheck.examples import Example
    from claimcheck.model import Model

_COLUMNS = {
    "sentence_macro_f1": "sentence",
    "word_macro_f1": "word",
    "span_f1": "span@.5",
    "exact_span_f1": "exact",
    "calibration_error": "ECE",
}
_LEGEND = """\
sentence  macro-F1 of the content label that covers most of each sentence, none among them
word      macro-F1 of the four labels over words; as above, of those that occur
span@.5   micro-F1 of spans whose overlap (intersection over union) with a gold span is half or more
exact     micro-F1 of spans with exact boundaries
ECE       expected calibration error of span confidence, ten bins"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="labelled data, any format of «claimcheck data»"
    )
    parser.add_argument("--model", metavar="FOLDER", help="a model folder (default: the embedded model)")
    parser.add_argument("--runtime", choices=("onnx", "torch"), default="onnx", help="default: %(default)s")
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="TRAIN",
        help="beside a TF-IDF + logistic-regression baseline fitted on TRAIN",
    )
    parser.add_argument(
        "--join", type=int, default=1, metavar="N", help="read N texts of a source as one long document"
    )
    parser.add_argument(
        "--robustness", action="store_true", help="on DATA typed otherwise: share of labels that flip"
    )
    parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out, saying which")
    parser.add_argument("--json", action="store_true", help="all numbers as one JSON object")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Score the model, and the baseline where asked, on ``args.data``."""
    from claimcheck.api import embedded_folder
    from claimcheck.evaluation import evaluate
    from claimcheck.model import Model

    if args.join < 1:
        raise ValueError(f"--join must be 1 or more, got {args.join}")
    examples = read_labelled(args.data, args)
    if args.join > 1:
        examples = join(examples, args.join)
    folder = args.model or embedded_folder()
    model = Model.load(folder, runtime=args.runtime)
    if args.robustness:
        return _robustness(examples, model, args.json)
    systems = {Path(folder).name: evaluate(examples, model.segments_many)}
    if args.baseline:
        from claimcheck.training.baseline import fit_baseline

        systems["tf-idf baseline"] = evaluate(examples, fit_baseline(read_labelled(args.baseline, args)))
    if args.json:
        print(json_text({name: _numbers(e) for name, e in systems.items()}, indent=1))
    else:
        print(_report(systems))
    return 0


def _robustness(examples: Sequence[Example], model: Model, as_json: bool) -> int:
    from claimcheck.robustness import REWRITES, robustness

    if not as_json:
        print(f"{'rewrite':26}{'texts':>8}{'sentences':>11}{'flips':>8}{'word F1':>10}{'became':>9}")
    chosen = {}
    for name, rewrite in REWRITES.items():
        try:
            next(iter(rewrite("", Random(0))), None)  # a library that it needs is missed here
            chosen[name] = rewrite
        except ImportError as error:
            note(f"{name} is left out: {error}")
    rows = []
    for row in robustness(examples, model.segments_many, chosen):
        rows.append(asdict(row))
        if not as_json:
            before, after = row.word_f1
            print(f"{row.name:26}{row.texts:8}{row.sentences:11}{row.flips:8.1%}{before:10.4f}{after:9.4f}")
    if as_json:
        print(json_text(rows, indent=1))
    return 0


def join(examples: Sequence[Example], many: int) -> list[Example]:
    """Long documents: up to ``many`` texts of one source each, a line a text, their spans moved along."""
    from claimcheck.examples import Example, LabelledSpan
    from claimcheck.sentences import split_sentences

    out = []
    ordered = sorted(examples, key=lambda example: example.source or "")
    for source, group in groupby(ordered, key=lambda example: example.source or ""):
        members = list(group)
        for first in range(0, len(members), many):
            text, spans, sentences = "", [], []
            for example in members[first : first + many]:
                at = len(text)
                spans += [
                    LabelledSpan(s.start + at, s.end + at, s.label, s.check_worthy) for s in example.spans
                ]
                ranges = example.sentences or split_sentences(example.text)
                sentences += [(start + at, end + at) for start, end in ranges]
                text += example.text + "\n"
            out.append(Example(f"{source}#{first}", text, tuple(spans), tuple(sentences), source=source))
    return out


def _numbers(evaluation: Evaluation) -> dict[str, Any]:
    genres = evaluation.by(lambda example: example.genre)
    return {**evaluation.summary(), "by_genre": {genre: part.summary() for genre, part in genres.items()}}


def _report(systems: Mapping[str, Evaluation]) -> str:
    lines = [_row("", _COLUMNS.values())]
    for name, evaluation in systems.items():
        summary = evaluation.summary()
        lines.append(_row(name, (summary[key] for key in _COLUMNS)))
    name, evaluation = next(iter(systems.items()))
    lines += ["", _row(f"{name}, by label (F1)", ("sentence", "word", "span@.5", "exact"))]
    by_label = evaluation.summary()["by_label"]
    for label in ("claim", "opinion", "call_to_action", "attribution", "none"):
        lines.append(_row(label, (by_label[level].get(label, "") for level in by_label)))
    lines += ["", _row(f"{name}, by genre", [*_COLUMNS.values(), "texts"])]
    for genre, part in evaluation.by(lambda example: example.genre).items():
        summary = part.summary()
        lines.append(_row(genre or "(none)", [*(summary[key] for key in _COLUMNS), summary["documents"]]))
    return "\n".join([*lines, "", _LEGEND])


def _row(name: str, cells: Iterable[object]) -> str:
    shown = (f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in cells)
    return f"{name:34}" + "".join(f"{cell:>10}" for cell in shown)
