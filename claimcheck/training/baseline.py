"""What any model must beat: sentences as bags of words and character n-grams, and logistic regression.

It labels whole sentences, as most published claim detectors do, so it finds no frames and no clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from claimcheck.evaluation import Gold
from claimcheck.metrics import NONE, sentence_label
from claimcheck.sentences import split_sentences
from claimcheck.span import Label, Span
from claimcheck.tags import trim


def fit_baseline(train: Sequence[Gold]) -> Callable[[Iterable[str]], Iterator[list[Span]]]:
    """Fit on the sentences of ``train``; texts in, spans out, as ``evaluate`` wants it.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union
    except ImportError as error:
        raise ImportError("the baseline needs scikit-learn: pip install 'claimcheck[dev]'") from error
    texts, labels = [], []
    for example in train:
        for start, end in example.sentences or split_sentences(example.text):
            texts.append(example.text[start:end])
            labels.append(sentence_label(example.spans, start, end))
    classifier = make_pipeline(
        make_union(
            TfidfVectorizer(
                analyzer="word", token_pattern=r"\S+", ngram_range=(1, 2), min_df=2, sublinear_tf=True
            ),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=5, sublinear_tf=True),
        ),
        LogisticRegression(C=4.0, class_weight="balanced", max_iter=300),
    )
    classifier.fit(texts, labels)

    def segment(texts: Iterable[str]) -> Iterator[list[Span]]:
        for text in texts:
            ranges = split_sentences(text)
            rows = classifier.predict_proba([text[a:b] for a, b in ranges]) if ranges else []
            spans = []
            for (start, end), row in zip(ranges, rows, strict=True):
                best = int(row.argmax())
                start, end = trim(text, start, end)
                if (name := classifier.classes_[best]) != NONE and start < end:
                    spans.append(Span(start, end, text[start:end], Label(name), float(row[best])))
            yield spans

    return segment
