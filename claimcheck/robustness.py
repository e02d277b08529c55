"""Does a label survive when the text is typed otherwise? Flip rates and losses over rewrites of labelled texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from claimcheck import rewrites
from claimcheck.evaluation import evaluate
from claimcheck.examples import Example, LabelledSpan
from claimcheck.metrics import sentence_label
from claimcheck.rewrites import Rewrite
from claimcheck.sentences import split_sentences
from claimcheck.span import Span

REWRITES: Mapping[str, Rewrite] = {
    "Arabic ye and kaf": rewrites.arabic_letters,
    "half-spaces left out": rewrites.half_spaces_left_out,
    "half-spaces as blanks": rewrites.half_spaces_as_blanks,
    "diacritics": rewrites.diacritics,
    "digits of another script": rewrites.digits,
    "hazm-normalised": rewrites.hazm_normalised,
    "informal forms": rewrites.informal,
    "formal forms": rewrites.formal,
    "doubled letters": rewrites.doubled_letters,
    "no punctuation": rewrites.no_punctuation,
    "elongation": rewrites.elongation,
    "English words, hashtags": rewrites.english_and_hashtags,
}


@dataclass(frozen=True, slots=True)
class Robustness:
    """One rewrite: how many texts it changed, what it did to their ``sentences``.

    ``flips`` is the share of sentences whose predicted label is another one; ``word_f1`` what word macro-F1
    on those texts was and became.
    """

    name: str
    texts: int
    sentences: int
    flips: float
    word_f1: tuple[float, float]


def robustness(
    examples: Sequence[Example],
    segment: Callable[[Iterable[str]], Iterable[Sequence[Span]]],
    chosen: Mapping[str, Rewrite] = REWRITES,
    seed: int = 0,
) -> Iterator[Robustness]:
    """Hold a system against its own answers on texts that were rewritten.

    Args:
        examples: labelled texts.
        segment: texts in, the spans of all four labels of each out, such as ``Model.segments_many``.
        chosen: rewrites by name.
        seed: of what they draw.

    Raises:
        ImportError: a rewrite needs a library that is not installed; it names it.
    """
    answers = list(segment([example.text for example in examples]))
    for name, rewrite in chosen.items():
        rng = random.Random(seed)
        rewritten = [rewritten_example(example, rewrite, rng) for example in examples]
        touched = [
            i for i, (new, old) in enumerate(zip(rewritten, examples, strict=True)) if new.text != old.text
        ]
        known = [answers[i] for i in touched]
        before = evaluate([examples[i] for i in touched], lambda _, known=known: known)  # type: ignore[misc]
        after = evaluate([rewritten[i] for i in touched], segment)
        pairs = [
            (sentence_label(answers[i], *old), sentence_label(result.predicted, *new))
            for i, result in zip(touched, after.results, strict=True)
            for old, new in zip(_sentences(examples[i]), _sentences(rewritten[i]), strict=True)
        ]
        flips = sum(old != new for old, new in pairs) / max(1, len(pairs))
        scores = before.scores.word_macro_f1, after.scores.word_macro_f1
        yield Robustness(name, len(touched), len(pairs), flips, scores)


def rewritten_example(example: Example, rewrite: Rewrite, rng: random.Random) -> Example:
    """The example typed otherwise, its spans and sentences where they stand now."""
    text, place = rewrites.apply(example.text, rewrite(example.text, rng))
    spans = [(place(span.start, span.end), span) for span in example.spans]
    return replace(
        example,
        text=text,
        spans=tuple(
            LabelledSpan(start, end, span.label, span.check_worthy)
            for (start, end), span in spans
            if text[start:end].strip()
        ),
        sentences=tuple(place(start, end) for start, end in _sentences(example)),
    )


def _sentences(example: Example) -> Sequence[tuple[int, int]]:
    return example.sentences or split_sentences(example.text)
