"""``analyze``, ``analyze_many`` and ``load``: one screen over ``Model``, and the embedded model, cached."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.span import Label, Span

if TYPE_CHECKING:
    from claimcheck.flags.matching import FactChecks
    from claimcheck.model import Model

_NAME = "claimcheck-fa-small"


def analyze(
    text: str,
    *,
    model: Model | str | os.PathLike[str] | None = None,
    min_confidence: float = 0.0,
    cues: bool = False,
    factchecks: FactChecks | None = None,
    explain: bool = False,
) -> list[Span]:
    """Claims, opinions and calls to action in a Persian text, as spans of the text itself.

    Args:
        text: raw text of any length; empty or without Persian letters gives ``[]``.
        model: a loaded ``Model``, a model folder, or ``None`` for the embedded one.
        min_confidence: leave out spans below it; the model card says which one keeps 95 or 99 right in 100.
        cues: flag claims with the rumour cues that speak for them.
        factchecks: flag claims that one of these is about.
        explain: name the words that each label hangs on; takes some times longer.

    Returns:
        Spans sorted by ``start``, disjoint, each inside one sentence.

    Raises:
        TypeError: ``text`` is not a ``str``.
        FileNotFoundError: ``model`` names a folder that is not there.
        ModelError: the folder is not a usable model.

    >>> for span in analyze("وزیر نیرو گفت: مصرف برق امسال ۱۲ درصد رشد کرده است."):
    ...     print(span.label, span.text, "|", span.attribution.text)
    claim مصرف برق امسال ۱۲ درصد رشد کرده است | وزیر نیرو گفت:
    """
    found = analyze_many(
        [text], model=model, min_confidence=min_confidence, cues=cues, factchecks=factchecks, explain=explain
    )
    return next(found)


def analyze_many(
    texts: Iterable[str],
    *,
    model: Model | str | os.PathLike[str] | None = None,
    batch_size: int = 256,
    min_confidence: float = 0.0,
    cues: bool = False,
    factchecks: FactChecks | None = None,
    explain: bool = False,
) -> Iterator[list[Span]]:
    """``analyze`` over a stream of texts: one list a text, in order, never the whole input in memory.

    Args:
        texts: any iterable of ``str``.
        model: as for ``analyze``.
        batch_size: how many texts are read ahead; the result does not depend on it.
        min_confidence, cues, factchecks, explain: as for ``analyze``; what is not asked for costs nothing.
    """
    if not isinstance(min_confidence, int | float):
        raise TypeError(f"min_confidence must be a number, got {type(min_confidence).__name__}")
    if not 0 <= min_confidence <= 1:
        raise ValueError(f"min_confidence must be between 0 and 1, got {min_confidence}")
    if factchecks is not None:
        _check_index(factchecks)
    opened = _resolve(model)
    if cues or explain or factchecks is not None:
        found = _enriched(opened, texts, batch_size, cues, factchecks, explain)
    else:
        found = opened.analyze_many(texts, batch_size=batch_size)
    if not min_confidence:
        return found
    return ([span for span in spans if span.confidence >= min_confidence] for spans in found)


def _check_index(factchecks: object) -> None:
    from claimcheck.flags.matching import FactChecks

    if not isinstance(factchecks, FactChecks):
        got = f"{type(factchecks).__name__}: {factchecks!r:.60}"
        raise TypeError(f"factchecks must be an index, FactChecks.open(path), got {got}")


def _enriched(
    model: Model,
    texts: Iterable[str],
    batch_size: int,
    cues: bool,
    factchecks: FactChecks | None,
    explain: bool,
) -> Iterator[list[Span]]:
    from claimcheck.flags.enrich import enrich
    from claimcheck.model import stream_of

    kept, read = tee(stream_of(texts))
    for text, segments in zip(kept, model.segments_many(read, batch_size=batch_size), strict=True):
        spans = enrich(model, text, segments, cues=cues, factchecks=factchecks, words=explain)
        yield [span for span in spans if span.label is not Label.ATTRIBUTION]


def load(folder: str | os.PathLike[str] | None = None) -> Model:
    """Open a model folder, or the embedded model where ``folder`` is ``None``.

    Raises:
        FileNotFoundError: ``folder`` is not there or a file is missing in it.
        ModelError: it is not a usable model.
    """
    if folder is None:
        return _open(embedded_folder(), 0)
    from claimcheck.model import Model

    return Model.load(folder)


def embedded_folder() -> Path:
    """The folder of the model that ships with the package."""
    package = Path(__file__).parent
    shipped = package / "models" / _NAME
    return shipped if shipped.is_dir() else package.parent / "models" / _NAME


def _resolve(model: Model | str | os.PathLike[str] | None) -> Model:
    if model is None:
        return load()
    if isinstance(model, str | os.PathLike):
        settings = Path(model) / "claimcheck.json"
        written = settings.stat().st_mtime_ns if settings.is_file() else 0
        return _open(Path(model), written)
    return model


@lru_cache(maxsize=4)
def _open(folder: Path, written: int) -> Model:
    """Opened once; ``written`` (the time of its settings) opens a retrained folder anew."""
    from claimcheck.model import Model

    return Model.load(folder)
