"""Any format in, any format out: which one a path holds, its drafts, its examples."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from claimcheck.examples.files import byte_lines, decode, is_empty, read_mostly_text
from claimcheck.examples.formats import (
    brat,
    conll,
    dataset,
    doccano,
    jsonl,
    label_studio,
    table,
    web_annotation,
    webanno,
)
from claimcheck.examples.formats.fields import Fields
from claimcheck.examples.labels import Labels, what_to_map
from claimcheck.examples.records import BadRow, DataError, Draft, Example, Finding, settle


@dataclass(frozen=True, slots=True)
class Format:
    """One way to keep labelled data: how it is read, written, and known by its file's ending.

    ``folder`` says whether it is read from a folder: ``False`` from a file, ``True`` from a folder, or either.
    """

    read: Callable[[Path, Fields], Iterator[Draft | Finding]]
    write: Callable[[Iterable[Example], Path], None]
    endings: tuple[str, ...] = ()
    folder: tuple[bool, ...] = (False,)


FORMATS = {
    "jsonl": Format(jsonl.read, jsonl.write, (".jsonl", ".ndjson")),
    "doccano": Format(doccano.read, doccano.write),
    "label-studio": Format(label_studio.read, label_studio.write, (".json",)),
    "conll": Format(conll.read, conll.write, (".conll", ".conllu", ".bio", ".iob", ".iob2")),
    "csv": Format(table.read, table.write, (".csv", ".tsv")),
    "brat": Format(brat.read, brat.write, folder=(True,)),
    "web-annotation": Format(web_annotation.read, web_annotation.write, (".jsonld",)),
    "webanno": Format(webanno.read, webanno.write, folder=(False, True)),
    "hf": Format(dataset.read, dataset.write, folder=(True,)),
}


def detect(path: Path) -> str:
    """The format of what is at ``path``, by ending and a look inside; ``DataError`` where neither tells."""
    _check_content(path)
    if path.is_dir():
        if any((path / name).exists() for name in ("state.json", "dataset_info.json", "dataset_dict.json")):
            return "hf"
        if next(path.rglob("*.ann"), None):
            return "brat"
        if next(path.rglob("*.tsv"), None):
            return "webanno"
        raise DataError(
            f"{path} is a folder with neither brat's .ann files, WebAnno's .tsv files nor a saved Hugging Face data set"
        )
    ending = path.suffix.lower()
    if ending in (".json", *FORMATS["jsonl"].endings):
        return _detect_json(path)
    if ending == ".tsv":
        with open(path, encoding="utf-8", errors="replace") as file:
            if file.readline().startswith(webanno.SIGNATURE):
                return "webanno"
    by_ending = by_file_ending(path)
    if by_ending is None:
        raise DataError(f"{path}: the ending {ending!r} tells no format; say --from {'|'.join(FORMATS)}")
    return by_ending


def _check_content(path: Path) -> None:
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if is_empty(path):
        raise DataError(f"{path} is empty")


def by_file_ending(path: Path) -> str | None:
    """The format that files of this ending are written in, ``None`` where it could be any."""
    return next((name for name, f in FORMATS.items() if path.suffix.lower() in f.endings), None)


def _detect_json(path: Path) -> str:
    problem = ""
    for place, line in itertools.islice(byte_lines(path), 100):
        if line.lstrip().startswith(b"["):
            return "label-studio"
        try:
            row = jsonl.parse(decode(line)) if line.strip() else None
        except BadRow as bad:
            problem = problem or f"{place}: {bad}\n"
            continue
        if isinstance(row, dict):
            if "spans" in row:
                return "jsonl"
            if any(isinstance(row.get(key), list) for key in ("label", "labels", "entities")):
                return "doccano"
    raise DataError(
        f"{problem}{path}: no record has 'spans' (ours) or a list of 'label' or 'entities' (doccano); "
        f"if it is labelled data, say --from {'|'.join(FORMATS)}"
    )


def describe(path: Path, format: str, fields: Fields) -> str:
    """The format in words, with what was sniffed: for people to see that nothing was guessed wrong."""
    _check_content(path)
    if format == "csv":
        separator, _ = table.sniff(path, read_mostly_text(path), fields)
        return f"csv, separated by {table.SEPARATORS[separator]}"
    return format


def read_drafts(
    path: str | Path, *, format: str | None = None, fields: Fields | None = None
) -> Iterator[Draft | Finding]:
    """What stands at ``path``, row by row: a draft, or a finding for a row that cannot be taken apart.

    Raises:
        DataError: the file as a whole cannot be read (missing, empty, encoding, columns, unknown format).
    """
    path = Path(path)
    _check_content(path)
    if format is not None and format not in FORMATS:
        raise DataError(f"there is no format {format!r}; one of {', '.join(FORMATS)}")
    chosen = format or detect(path)
    if path.is_dir() not in FORMATS[chosen].folder:
        raise DataError(f"{path} is {'a folder' if path.is_dir() else 'a file'}; {chosen} is kept otherwise")
    return FORMATS[chosen].read(path, fields or Fields())


def read_examples(
    path: str | Path,
    *,
    format: str | None = None,
    labels: Labels | None = None,
    fields: Fields | None = None,
    on_bad: Callable[[Finding], None] | None = None,
) -> Iterator[Example]:
    """The examples at ``path``, one after the other; files of lines are streamed.

    Args:
        path: a file or folder.
        format: one of ``FORMATS``; found by ending and content when ``None``.
        labels: how label names are mapped; ours only when ``None``.
        fields: names of foreign fields, and how offsets are counted.
        on_bad: called with every error of a bad row, which is then passed over; when ``None`` it raises.

    Raises:
        DataError: no such file, wrong encoding, no records, unknown labels (all are listed, with the
            ``--map`` to type), or a bad row where ``on_bad`` is ``None``.
    """
    labels = labels or Labels()
    rows = read_drafts(path, format=format, fields=fields)
    given = 0
    for row in rows:
        if isinstance(row, Draft):
            if unknown := labels.unknown(span.name for span in row.spans):
                later = (s.name for r in rows if isinstance(r, Draft) for s in r.spans)
                names = labels.unknown(itertools.chain(unknown, later))
                raise DataError(f"{row.place}: {what_to_map(names)}")
            example, errors = settle(row, labels)
            if example is not None:
                given += 1
                yield example
        else:
            errors = [row]
        for error in errors:
            if on_bad is None:
                raise DataError(
                    f"{error.place}: {error.message} (rows like it are passed over with --skip-bad)"
                )
            on_bad(error)
    if not given:
        raise DataError(f"{path}: no example in it that could be used")


def write_examples(examples: Iterable[Example], path: str | Path, *, format: str | None = None) -> None:
    """Write ``examples`` whole or not at all.

    Args:
        examples: what to write.
        path: a file (replaced), or for brat and hf a new folder.
        format: one of ``FORMATS``; by the file's ending when ``None``.
    """
    path = Path(path)
    chosen = format or by_file_ending(path)
    if chosen not in FORMATS:
        raise DataError(f"{path}: say the format to write with --to {'|'.join(FORMATS)}")
    if not path.parent.is_dir():
        raise DataError(f"there is no folder {path.parent}; make it first")
    FORMATS[chosen].write(examples, path)
