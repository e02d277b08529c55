"""A model folder opened and run over texts: raw text in, spans out; the batch path is the only path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from claimcheck import frames, tags
from claimcheck.calibration import WORTH
from claimcheck.encoding import Encoder, Encoding, Window, windows
from claimcheck.folder import Settings, read_folder
from claimcheck.runtime import ModelError, OnnxRuntime, Runtime, TorchRuntime
from claimcheck.sentences import split_sentences
from claimcheck.span import Label, Span

_PERSIAN = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_PIECES_A_RUN = 1024  # larger runs leave the cache and are slower


class Model:
    """A tagger with its tokenizer and settings.

    Args:
        encoder: the tokenizer, and the window that may be filled.
        runtime: ids in, logits out.
        settings: the decoder's prices and the calibration.
    """

    def __init__(self, encoder: Encoder, runtime: Runtime, settings: Settings) -> None:
        self.encoder = encoder
        self.runtime = runtime
        self.settings = settings

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str], *, runtime: str = "onnx", threads: int | None = None
    ) -> Model:
        """Open a model folder.

        Args:
            folder: its path.
            runtime: ``"onnx"``, or ``"torch"`` to run the safetensors weights (extra ``train``).
            threads: threads inside one run of the ONNX file; all cores where ``None``.

        Raises:
            FileNotFoundError: there is no such folder, or a file is missing in it.
            ModelError: the folder is there but is broken, or is not a claimcheck model.
        """
        if runtime not in ("onnx", "torch"):
            raise ValueError(f"runtime must be 'onnx' or 'torch', got {runtime!r}")
        opened = read_folder(folder)
        engine: Runtime
        if runtime == "torch":
            engine = TorchRuntime.open(folder)
        else:
            engine = OnnxRuntime(opened.onnx_file, threads)
            if engine.tags != len(tags.TAGS):
                raise ModelError(
                    f"{opened.onnx_file} gives {engine.tags} scores a token, wanted {len(tags.TAGS)}"
                )
        return cls(Encoder(opened.tokenizer, opened.settings.window), engine, opened.settings)

    def analyze(self, text: str) -> list[Span]:
        """Claims, opinions and calls to action of ``text``, sorted and disjoint, with their frames.

        Raises:
            TypeError: ``text`` is not a ``str``.
        """
        return next(self.analyze_many([text]))

    def analyze_many(self, texts: Iterable[str], *, batch_size: int = 256) -> Iterator[list[Span]]:
        """``analyze`` over a stream: in order, ``batch_size`` texts in memory at a time."""
        for spans in self.segments_many(texts, batch_size=batch_size):
            yield [span for span in spans if span.label is not Label.ATTRIBUTION]

    def segments(self, text: str) -> list[Span]:
        """All four labels: the spans of ``analyze`` and the attribution frames between them.

        Raises:
            TypeError: ``text`` is not a ``str``.
        """
        return next(self.segments_many([text]))

    def segments_many(self, texts: Iterable[str], *, batch_size: int = 256) -> Iterator[list[Span]]:
        """``segments`` over a stream: in order, ``batch_size`` texts in memory at a time."""
        stream = stream_of(texts)
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
        while batch := list(islice(stream, batch_size)):
            yield from self._segment_batch(batch)

    def _segment_batch(self, texts: Sequence[str]) -> list[list[Span]]:
        sentences = [split_sentences(text) if _PERSIAN.search(text) else [] for text in map(_checked, texts)]
        said = self.tag_log_probabilities(texts, sentences)
        return [self._spans(*row) for row in zip(texts, sentences, said, strict=True)]

    def tag_log_probabilities(
        self, texts: Sequence[str], sentences: Sequence[Sequence[tuple[int, int]]]
    ) -> list[tuple[Encoding, NDArray[np.float32]]]:
        """What the model says of every piece: ``(pieces, len(tags.TAGS))`` beside each text's encoding.

        Only windows of one length are run together: nothing is padded, and what a text gets does not depend
        on its company.
        """
        encodings = self.encoder.encode(texts, sentences)
        out = [np.zeros((len(encoding.ids), len(tags.TAGS)), np.float32) for encoding in encodings]
        read = [(i, w) for i, one in enumerate(encodings) for w in windows(one, self.encoder.size)]
        for some in of_one_length([window.stop - window.start for _, window in read]):
            self._run(encodings, [read[k] for k in some], out)
        return list(zip(encodings, out, strict=True))

    def _run(
        self,
        encodings: Sequence[Encoding],
        members: Sequence[tuple[int, Window]],
        out: list[NDArray[np.float32]],
    ) -> None:
        """Fill in ``out`` for windows of one length."""
        ids = np.array([self.encoder.window_ids(encodings[i], window) for i, window in members], np.int64)
        logits = self.runtime.logits(ids, np.ones_like(ids))
        logits = logits - logits.max(-1, keepdims=True)
        scores = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        for row, (i, window) in zip(scores, members, strict=True):
            shift = len(self.encoder.prefix) - window.start
            out[i][window.own_start : window.own_stop] = row[
                window.own_start + shift : window.own_stop + shift
            ]

    def _spans(
        self,
        text: str,
        sentences: Sequence[tuple[int, int]],
        said: tuple[Encoding, NDArray[np.float32]],
    ) -> list[Span]:
        encoding, log_probabilities = said
        bounds = np.searchsorted(encoding.sentence, np.arange(len(sentences) + 1))
        spans: list[Span] = []
        for (start, end), (a, b) in zip(sentences, pairwise(bounds.tolist()), strict=True):
            ranges = tags.words(text, start, end)
            if a == b or not ranges or not _PERSIAN.search(text, start, end):
                continue
            evidence = tags.word_log_probabilities(log_probabilities[a:b], encoding.starts[a:b], ranges)
            spans += [
                self._span(text, segment)
                for segment in tags.decode(text, ranges, evidence, self.settings.decoder)
            ]
        return frames.link(text, spans, sentences)

    def _span(self, text: str, segment: tags.Segment) -> Span:
        label = tags.LABEL_OF_TAG[segment.tag]
        assert label is not None  # decode leaves out what has no label
        raw, worth = segment.probabilities[segment.tag], None
        if label is Label.CLAIM:
            raw = segment.probabilities[tags.CLAIM] + segment.probabilities[tags.CHECK_WORTHY]
            worth = self.settings.calibration.apply(WORTH, segment.probabilities[tags.CHECK_WORTHY] / raw)
        confidence = self.settings.calibration.apply(label, raw)
        return Span(segment.start, segment.end, text[segment.start : segment.end], label, confidence, worth)


def of_one_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which sequences to run together, by number: some at a time, of one length, so that nothing is padding."""
    buckets: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        buckets.setdefault(length, []).append(i)
    for length, members in sorted(buckets.items()):
        rows = max(1, _PIECES_A_RUN // length)
        yield from (members[k : k + rows] for k in range(0, len(members), rows))


def stream_of(texts: Iterable[str]) -> Iterator[str]:
    """An iterator over texts; one text alone is an iterable of letters, which nobody means."""
    if isinstance(texts, str):
        raise TypeError("texts must be an iterable of str, got one str; for one text call analyze(text)")
    return iter(texts)


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: {text!r:.60}")
    return text
