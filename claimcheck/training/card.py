"""The model card of a folder: what it is, where it comes from, and every number as it was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from claimcheck.evaluation import Evaluation
from claimcheck.metrics import Counts, expected_calibration_error, roc_auc
from claimcheck.span import Label
from claimcheck.training.export import HEADLINE, Exported

PRECISIONS = (0.95, 0.99)
_PARTS = ("name", "origin", "proof", "command")  # facts with a place of their own on the card
_FEW = 30  # spans below which a threshold or a calibration error says nothing


def write_card(folder: Path, about: Mapping[str, object], exported: Exported) -> None:
    """Write ``README.md`` into a model folder.

    Args:
        folder: the exported folder.
        about: facts to state. ``name`` heads the card, ``origin`` (Markdown) says where the weights come
            from, ``proof`` (Markdown) what else was measured and how, ``command`` is how to make the folder
            again; everything else is listed as it is.
        exported: what ``export`` measured on the development examples.
    """
    facts = {key: value for key, value in about.items() if key not in _PARTS}
    name = str(about.get("name", folder.name))
    parts = [
        _FRONT,
        f"# {name}\n\n{_WHAT.format(folder=folder.name)}",
        f"## Where it comes from\n\n{about['origin']}" if "origin" in about else "",
        _table(("fact", "value"), ((key, str(value)) for key, value in facts.items())) if facts else "",
        f"## Scores\n\n{_SCORES.format(documents=len(exported.int8.results))}\n\n{_scores(exported)}",
        _AGAIN.format(folder=folder.name),
        f"By label (int8):\n\n{_labels(exported.int8)}",
        f"By genre (int8):\n\n{_genres(exported.int8)}",
        f"## Confidence\n\n{_confidence(exported)}",
        f"## Which confidence to ask for\n\n{_BAND}\n\n{_bands(exported.int8)}",
        str(about.get("proof", "")),
        f"## Limits\n\n{_LIMITS}",
        f"## Made by\n\n```bash\n{about['command']}\n```" if "command" in about else "",
    ]
    text = "\n\n".join(part.strip() for part in parts if part)
    (folder / "README.md").write_text(text + "\n", encoding="utf-8")


_FRONT = """---
language: fa
license: apache-2.0
library_name: claimcheck
pipeline_tag: token-classification
tags: [claim-detection, fact-checking, check-worthiness, persian]
---"""

_WHAT = """Marks claims, opinions, calls to action and attribution frames in raw Persian text, as labelled
character spans with calibrated confidence, and says how worth checking a claim is.

```python
import claimcheck

model = claimcheck.load("{folder}")  # claimcheck.load() opens the model that ships with the package
model.analyze("وزیر نیرو گفت: مصرف برق ۱۲ درصد رشد کرده است.")
```

`AutoModelForTokenClassification.from_pretrained` opens the same weights. Token labels: `none`,
`attribution`, `opinion`, `call_to_action`, `claim`, `claim_check_worthy`; P(claim) is the sum of the last
two, check-worthiness their ratio. Spans come from a path search over words (`claimcheck/tags.py`), not from
single tokens."""

_SCORES = """\
On {documents} development passages that the weights were not trained on, but on which settings were
chosen and confidence calibrated: expect a little less elsewhere. *float* is the safetensors file,
*int8* the ONNX file that analysis runs. Sentence: macro-F1 of the label that covers most of a sentence
(none counts). Word: macro-F1 of four labels. Span: micro-F1 at an overlap (intersection over union) of
half, and with exact boundaries."""

_AGAIN = """\
`claimcheck evaluate DEV.jsonl --model {folder}` prints the int8 column, the F1 scores of labels and
genres and the calibration errors of genres, with `--runtime torch` the float column. Precision, recall, the
calibration errors of labels, the area under the curve and the thresholds are measured when this page is
written."""

_BAND = """\
A span is right where it overlaps a span of its label in the data by half or more. Of the spans with at
least the confidence in the table, 95 or 99 in 100 are right; beside it stands how many of all predicted
spans that keeps. A dash: no confidence reaches it."""

_LIMITS = """\
Labels say what a sentence does, never whether it is true. Texts of other times, places and dialects
than the development passages are read less well; poetry and Dari or Tajik text were not measured. Do
not act on a span without reading it."""


def _scores(exported: Exported) -> str:
    summary = exported.summary()
    rows = [
        (name.replace("_", " "), summary["float"][name], summary["int8"][name], summary["loss"][name])
        for name in HEADLINE
    ]
    size = (
        f"The ONNX file has {exported.megabytes:.1f} MB; "
        f"quantising changes {exported.changed_tags:.2%} of token tags."
    )
    return f"{_table(('', 'float', 'int8', 'loss'), rows)}\n\n{size}"


def _labels(evaluation: Evaluation) -> str:
    scores = evaluation.scores
    rows = []
    for label in Label:
        span, confidence = scores.span.get(label, Counts()), evaluation.confidence(label)
        error = expected_calibration_error(*confidence) if len(confidence[0]) >= _FEW else "–"
        rows.append(
            (
                label,
                span.tp + span.fn,
                span.precision,
                span.recall,
                span.f1,
                scores.exact.get(label, Counts()).f1,
                error,
            )
        )
    columns = ("label", "spans", "precision", "recall", "F1", "exact F1", "calibration error")
    return _table(columns, rows)


def _genres(evaluation: Evaluation) -> str:
    rows = []
    for genre, part in evaluation.by(lambda example: getattr(example, "genre", None)).items():
        summary, confidence = part.summary(), part.confidence()
        error = expected_calibration_error(*confidence) if len(confidence[0]) >= _FEW else "–"
        rows.append((genre or "–", len(part.results), *(summary[name] for name in HEADLINE), error))
    columns = ("genre", "passages", *(name.replace("_", " ") for name in HEADLINE), "calibration error")
    return _table(columns, rows)


def _confidence(exported: Exported) -> str:
    worth = exported.int8.worth()
    lines = [
        f"Expected calibration error of span confidence (ten bins): {exported.calibration_error:.4f}; by "
        f"cross-fitting (a passage calibrated on the other four fifths) {exported.cross_fitted_error:.4f}.",
        f"Check-worthiness ranks claims with an area under the ROC curve of {roc_auc(*worth):.3f} against "
        f"the data's labels ({len(worth[0])} claims found, {int(worth[1].sum())} of them worth checking).",
    ]
    return "\n\n".join(lines)


def _bands(evaluation: Evaluation) -> str:
    rows = []
    for label in Label:
        row: list[object] = [label]
        for precision in PRECISIONS:
            found = evaluation.threshold(precision, label)
            row += ["–", "–"] if found is None else [f"{found[0]:.2f}", f"{found[1]:.0%}"]
        rows.append(row)
    columns = ["label"]
    for precision in PRECISIONS:
        columns += [f"confidence for {precision:.0%}", "kept"]
    return _table(columns, rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(columns)]
    lines.append(["---"] * len(lines[0]))
    lines += [[_cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    shown: Callable[[Any], str] = "{:.4f}".format if isinstance(value, float) else str
    return shown(value).replace("|", "\\|").replace("\n", " ")
