"""Which unlabelled texts to label next: those the model is unsure of, no two of them alike.

Unsure is the mean entropy of the labels of a text's words (token entropy of Settles and Craven, "An Analysis of
Active Learning Strategies for Sequence Labeling Tasks", EMNLP 2008). Alone it picks one hard thing over and over, so
out of the least sure texts each pick is the one that is unsure and far from all picked before it (the greedy k-center
of Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018, weighted
by uncertainty).
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from claimcheck import tags
from claimcheck.characters import PERSIAN
from claimcheck.examples import Example, LabelledSpan, fold_text
from claimcheck.examples.near import near_pairs
from claimcheck.model import Model
from claimcheck.sentences import split_sentences

_PERSIAN = re.compile(f"[{PERSIAN}]")
WORDS = (4, 150)  # fewer are fragments that nobody can label, more are no passage
_POOL = 10  # texts that compete for one place
_BATCH = 256
_BROKEN = 1.6  # times the usual pieces a word: another language in the same letters, or noise
_BUCKETS, _GRAM = 1024, 4
_SURE_WORDS = (
    8  # added to every text: two words are unsure by chance, and teach little when they are labelled
)


def suggest(
    model: Model,
    texts: Iterable[Example],
    many: int,
    *,
    labelled: Iterable[str] = (),
    words: tuple[int, int] = WORDS,
) -> list[Example]:
    """At most ``many`` of ``texts``, the most useful first, with the spans ``model`` would give them.

    The same for the same input. Ten times ``many`` texts are in memory at a time, however many come.

    Args:
        model: what is to learn from the labels.
        texts: unlabelled texts; spans they have are replaced. Read once. Those whose words break into far
            more pieces than is usual among them are taken for another language.
        many: how many to pick.
        labelled: texts that have labels already; nothing nearly equal to one is picked.
        words: texts of fewer or more words are passed over.

    Returns:
        Examples whose ``extra["score"]`` is their uncertainty (0-1, as ``uncertainties`` has it). No two
        are nearly equal; fewer than ``many`` where there are no more.

    Raises:
        ValueError: ``many`` is below 1.
    """
    if many < 1:
        raise ValueError(f"at least 1 text must be asked for, got {many}")
    pool = _in_language(model, _least_sure(model, texts, _POOL * many, words))
    scores = np.array([score for score, _ in pool])
    picked = _spread([example.text for _, example in pool], scores, many, labelled)
    chosen = [pool[i] for i in picked]
    found = model.segments_many(example.text for _, example in chosen)
    return [
        replace(
            example,
            spans=tuple(map(LabelledSpan.of, spans)),
            sentences=None,
            extra={**example.extra, "score": round(score, 4)},
        )
        for (score, example), spans in zip(chosen, found, strict=True)
    ]


def uncertainties(model: Model, texts: Sequence[str], words: tuple[int, int] = WORDS) -> list[float]:
    """The mean entropy of the labels of each text's words, as a share of the most there can be (0-1).

    Eight words the model is sure of are added to each text, so that fragments do not lead. A claim is one
    label here, worth checking or not: how much it is worth is a matter of degree, and that doubt would hide
    the others. 0 for a text with fewer or more words than ``words``.
    """
    sentences = [split_sentences(text) for text in texts]
    said = model.tag_log_probabilities(texts, sentences)
    out = []
    for text, ranges, (encoding, log_probabilities) in zip(texts, sentences, said, strict=True):
        bounds = np.searchsorted(encoding.sentence, np.arange(len(ranges) + 1)).tolist()
        total = count = 0.0
        for (start, end), (a, b) in zip(ranges, pairwise(bounds), strict=True):
            places = tags.words(text, start, end)
            if a < b and places and _PERSIAN.search(text, start, end):
                evidence = tags.word_log_probabilities(log_probabilities[a:b], encoding.starts[a:b], places)
                total += float(_entropy(evidence).sum())
                count += len(places)
        out.append(total / (count + _SURE_WORDS) if words[0] <= count <= words[1] else 0.0)
    return out


def _entropy(log_probabilities: tags.FloatArray) -> tags.FloatArray:
    """``(words,)`` from ``(words, len(TAGS))``: 0-1."""
    shares = np.exp(log_probabilities)
    labels = np.hstack([shares[:, : tags.CLAIM], shares[:, tags.CLAIM :].sum(1, keepdims=True)])
    labels /= labels.sum(1, keepdims=True)
    nats = -(labels * np.log(labels + 1e-12)).sum(1)
    shares_of_most: tags.FloatArray = np.clip(nats / np.log(labels.shape[1]), 0, 1)
    return shares_of_most


def _least_sure(
    model: Model, texts: Iterable[Example], size: int, words: tuple[int, int]
) -> list[tuple[float, Example]]:
    """(uncertainty, text) of the ``size`` least sure texts that a reader would tell apart, those first."""
    best: dict[str, tuple[float, int, Example]] = {}
    stream, number = iter(texts), 0
    while batch := list(islice(stream, _BATCH)):
        for example, score in zip(batch, uncertainties(model, [e.text for e in batch], words), strict=True):
            number += 1
            if score > 0:
                best.setdefault(fold_text(example.text), (-score, number, example))
        if len(best) > 2 * size:
            best = dict(heapq.nsmallest(size, best.items(), key=lambda item: item[1][:2]))
    return [(-key, example) for key, _, example in sorted(best.values(), key=lambda row: row[:2])[:size]]


def _in_language(model: Model, pool: list[tuple[float, Example]]) -> list[tuple[float, Example]]:
    """Those of ``pool`` whose words the tokenizer knows about as well as those of the others.

    Azeri or Kurdish in Persian letters leaves a model of Persian unsure as nothing else does.
    """
    texts = [example.text for _, example in pool]
    encodings = model.encoder.encode(texts, [[(0, len(text))] for text in texts])
    words = [len(tags.words(text, 0, len(text))) for text in texts]
    rates = np.array([len(e.ids) / count for e, count in zip(encodings, words, strict=True)])
    usual = float(np.median(rates)) if pool else 0.0
    return [row for row, rate in zip(pool, rates, strict=True) if rate <= _BROKEN * usual]


def _spread(
    texts: Sequence[str], scores: NDArray[np.float64], many: int, labelled: Iterable[str]
) -> list[int]:
    """Indices of ``texts``: each the largest ``score × (1 - cosine to the nearest picked)``, no near-duplicate."""
    folded = [fold_text(text) for text in texts]
    place = {text: i for i, text in enumerate(folded)}
    known = sorted({fold_text(text) for text in labelled})
    new = [text for text in known if text not in place]
    alike: dict[int, set[int]] = {}
    for i, j, _ in near_pairs([*folded, *new]):
        alike.setdefault(i, set()).add(j)
        alike.setdefault(j, set()).add(i)
    barred = np.zeros(len(texts) + len(new), bool)
    for i in [*(place[text] for text in known if text in place), *range(len(texts), len(barred))]:
        barred[[i, *alike.get(i, ())]] = True
    vectors = _vectors(texts)
    far = np.ones(len(texts))
    picked: list[int] = []
    while len(picked) < many and not barred.all():
        i = int(np.where(barred[: len(texts)], -1.0, scores * far).argmax())
        picked.append(i)
        barred[[i, *alike.get(i, ())]] = True
        far = np.minimum(far, np.clip(1 - vectors @ vectors[i], 0, 1))
    return picked


def _vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """``(texts, _BUCKETS)`` of unit length: character grams hashed, the rarer the heavier."""
    out = np.zeros((len(texts), _BUCKETS), np.float32)
    for row, text in zip(out, texts, strict=True):
        letters = np.array([ord(c) for c in f" {' '.join(text.split())} "], np.uint64)
        grams = np.zeros(max(0, len(letters) - _GRAM + 1), np.uint64)
        for k in range(_GRAM):
            grams = (grams ^ letters[k : k + len(grams)]) * np.uint64(0x9E3779B97F4A7C15)
        np.add.at(row, (grams >> np.uint64(54)).astype(np.int64), 1)
    held = (out > 0).sum(0)
    np.sqrt(out, out=out)
    out *= np.log((1 + len(texts)) / (1 + held)).astype(np.float32)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return out
