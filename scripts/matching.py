"""How well fact-checks are found: the matching table, minimal pairs, and the fit of the similarity's weights.

    python scripts/matching.py ARCHIVE.jsonl QUERIES.jsonl [--fit]

ARCHIVE: ``id`` and ``claim`` a line. QUERIES: ``query`` and ``match`` (an id, or null where nothing in the
archive is related; ``not`` may name the record it was drawn for). R@1 and R@5 are over queries with a match,
AUC tells those from the others by the best similarity.

The rows above the line fit nothing to the queries. Below it weights are fitted on four fifths of the
queries (whole records held out together) and half of tests/matching_pairs.jsonl, and every query is scored
by weights that have not seen its record: five folds, the mean of three ways to draw them. ``--fit`` writes
the weights of all queries to claimcheck/flags/similarity.json.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import GroupKFold

from claimcheck.flags.rarity import Rarity
from claimcheck.flags.reading import open_lexicon, read
from claimcheck.flags.sentence_vectors import SentenceVectors, cosines, encode_bytes
from claimcheck.flags.similarity import FEATURES, FILE, Similarity, features
from claimcheck.metrics import expected_calibration_error

Floats = NDArray[np.float32]
PAIRS = Path(__file__).parents[1] / "tests" / "matching_pairs.jsonl"
CANDIDATES = 20  # of a query, by the sum of both cosines, that the model orders
PAIR_WEIGHT = 3  # of one minimal pair, where one query weighs one
RIDGE = 0.003
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--fit", action="store_true", help="write the weights")
    args = parser.parse_args()
    archive, queries = _rows(args.archive), _rows(args.queries)
    vectors, rarity = SentenceVectors(), Rarity.open()
    bench = Bench(vectors, rarity, archive, queries)
    print(
        f"{len(archive)} records, {len(queries)} queries, {(bench.wanted >= 0).sum()} of them with a match\n"
    )
    print(f"{'':34} R@1    R@5    AUC")
    for name, scores in bench.baselines().items():
        print(f"{name:32} {bench.scores(scores)}")
    print()
    pairs = Pairs(vectors, rarity)
    for name, chosen in (
        ("sense, letters, fitted", ["sense", "letters"]),
        ("all features, fitted", [*FEATURES]),
    ):
        print(f"{name:32} {bench.cross_fitted(pairs, chosen)}")
    print(
        f"{'the weights that ship':32} {bench.scores(bench.shipped(Similarity.open()))}  (they saw all queries)"
    )
    for half, told in pairs.accuracy(Similarity.open()).items():
        print(f"minimal pairs, {half}: {told}")
    if args.fit:
        write(bench.fit_all(pairs))


class Bench:
    """Archive and queries, read once."""

    def __init__(
        self,
        vectors: SentenceVectors,
        rarity: Rarity,
        archive: list[dict[str, Any]],
        queries: list[dict[str, Any]],
    ) -> None:
        place = {row["id"]: i for i, row in enumerate(archive)}
        self.wanted = np.array([place[q["match"]] if q["match"] else -1 for q in queries])
        self.groups = np.array([q["match"] or q.get("not") or f"query {i}" for i, q in enumerate(queries)])
        self.raw = [row["claim"] for row in archive], [row["query"] for row in queries]
        lexicon = open_lexicon(vectors.normalise)
        self.records, self.texts = (
            [read(vectors.normalise(text), lexicon) for text in some] for some in self.raw
        )
        self.vectors = vectors
        codes = encode_bytes(vectors([record.essence for record in self.records]))
        self.sense = np.stack([cosines(v, codes) for v in vectors([text.essence for text in self.texts])])
        plain = [record.text for record in self.records]
        self.letters = np.stack([rarity.gram_cosines(text.text, plain) for text in self.texts])
        self.top = np.argsort(-(self.sense + self.letters), axis=1)[:, :CANDIDATES]
        self.features = np.stack(
            [
                features(text, [self.records[j] for j in top], self.sense[i, top], rarity)
                for i, (text, top) in enumerate(zip(self.texts, self.top, strict=True))
            ]
        )

    def baselines(self) -> dict[str, Floats]:
        """What needs no fitting: names to scores ``(queries, records)``."""
        normalised = [[self.vectors.normalise(text) for text in some] for some in self.raw]
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        records = vectorizer.fit_transform(normalised[0])
        tfidf = (vectorizer.transform(normalised[1]) @ records.T).toarray()
        plain = (self.vectors(some) for some in self.raw)
        archive, queries = plain
        return {
            "character TF-IDF": tfidf,
            "BM25 over words": bm25(normalised[0], normalised[1]),
            "sentence vectors": queries @ archive.T,
            "sentence vectors of the essence": self.sense,
            "their sum": tfidf + self.sense,
        }

    def scores(self, scores: Floats) -> str:
        """The three numbers of ``scores`` ``(queries, records)``."""
        return "  ".join(f"{value:.3f}" for value in self.measure(scores))

    def measure(self, scores: Floats) -> tuple[float, float, float]:
        """R@1, R@5, AUC."""
        related = self.wanted >= 0
        best = np.argsort(-scores, axis=1, kind="stable")[:, :5]
        hit = best[related] == self.wanted[related, None]
        top = scores.max(1)
        return float(hit[:, 0].mean()), float(hit.any(1).mean()), auc(top[related], top[~related])

    def shipped(self, similarity: Similarity) -> Floats:
        """The probabilities of the candidates; 0 elsewhere."""
        return self._spread(
            np.stack([similarity.probabilities(rows) for rows in self.features]), np.zeros(1, np.float32)
        )

    def cross_fitted(self, pairs: "Pairs", chosen: Sequence[str]) -> str:
        """The three numbers, the calibration of the best hit, and minimal pairs, with nothing seen twice."""
        columns = [list(FEATURES).index(name) for name in chosen]
        found, errors, held = [], [], []
        for seed in SEEDS:
            out = np.zeros(self.top.shape, np.float32)
            for train, test in GroupKFold(5, shuffle=True, random_state=seed).split(
                self.top, groups=self.groups
            ):
                similarity = self._fit(train, pairs, columns)
                out[test] = [similarity.probabilities(rows) for rows in self.features[test]]
                held.append(pairs.share(similarity, 1))
            found.append(self.measure(self._spread(out, np.zeros(1, np.float32))))
            right = np.take_along_axis(self.top, out.argmax(1)[:, None], 1)[:, 0] == self.wanted
            errors.append(expected_calibration_error(out.max(1).astype(np.float64), right))
        numbers = "  ".join(f"{value:.3f}" for value in np.mean(found, axis=0))
        return (
            f"{numbers}  calibration error {np.mean(errors):.3f}; pairs of the other half {np.mean(held):.2f}"
        )

    def fit_all(self, pairs: "Pairs") -> Similarity:
        """Fitted on every query and half of the pairs."""
        return self._fit(np.arange(len(self.top)), pairs, list(range(len(FEATURES))))

    def _fit(self, rows: NDArray[np.intp], pairs: "Pairs", columns: list[int]) -> Similarity:
        right = self.top[rows] == self.wanted[rows, None]
        x = self.features[rows][..., columns]
        tuned = pairs.half == 0
        weights, offset = fit(x, right, pairs.features[tuned][:, columns], pairs.same[tuned])
        out = np.zeros(len(FEATURES), np.float32)
        out[columns] = weights
        return Similarity(out, offset)

    def _spread(self, of_top: Floats, elsewhere: Floats) -> Floats:
        out = np.full(self.sense.shape, elsewhere, np.float32)
        np.put_along_axis(out, self.top, of_top.astype(np.float32), 1)
        return out


class Pairs:
    """The hand-written minimal pairs: even rows (half 0) are tuned on, odd ones (half 1) measured on."""

    def __init__(self, vectors: SentenceVectors, rarity: Rarity) -> None:
        rows = _rows(PAIRS)
        lexicon = open_lexicon(vectors.normalise)
        found: list[Floats] = []
        for row in rows:
            claim, *others = (
                read(vectors.normalise(row[key]), lexicon) for key in ("claim", "same", "other")
            )
            codes = encode_bytes(vectors([claim.essence]))
            for other, vector in zip(others, vectors([other.essence for other in others]), strict=True):
                found.append(features(other, [claim], cosines(vector, codes), rarity)[0])
        self.features = np.stack(found)
        self.same = np.tile([True, False], len(rows))
        self.half = np.repeat(np.arange(len(rows)) % 2, 2)
        self.kinds = np.repeat([row["kind"] for row in rows], 2)

    def share(self, similarity: Similarity, half: int) -> float:
        """The share of pairs on the right side of one half."""
        right = (similarity.probabilities(self.features) > 0.5) == self.same
        return float(right[self.half == half].mean())

    def accuracy(self, similarity: Similarity) -> dict[str, str]:
        """Of both halves in words, by kind."""
        right = (similarity.probabilities(self.features) > 0.5) == self.same
        out = {}
        for half, name in enumerate(("half that was tuned on", "other half")):
            mine = self.half == half
            kinds = [
                f"{kind} {right[mine & (self.kinds == kind) & ~self.same].mean():.2f}"
                for kind in dict.fromkeys(self.kinds)
            ]
            same = right[mine & self.same].mean()
            out[name] = (
                f"{right[mine].mean():.3f} of {mine.sum()} (same {same:.2f}; not the same: {', '.join(kinds)})"
            )
        return out


def fit(x: Floats, right: NDArray[np.bool_], pairs: Floats, same: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights and offset of the logistic model by penalised likelihood.

    Of a query: which of its candidates it is, or none, as in a conditional logit (McFadden, 1974), whose
    odds against none are the logistic model's; of a pair: the logistic model itself.
    """
    import torch

    scale = np.maximum(x.reshape(-1, x.shape[-1]).std(0), pairs.std(0)) + 1e-3
    inputs, hits = torch.from_numpy(x / scale), torch.from_numpy(right.astype(np.float32))
    others, equal = torch.from_numpy(pairs / scale), torch.from_numpy(same.astype(np.float32))
    weights = torch.zeros(x.shape[-1], requires_grad=True)
    offset = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, offset], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        odds = inputs @ weights + offset
        with_none = torch.cat([odds, torch.zeros(len(odds), 1)], 1)
        total = (torch.logsumexp(with_none, 1) - (odds * hits).sum(1)).sum()
        cross = torch.nn.functional.binary_cross_entropy_with_logits
        total = total + PAIR_WEIGHT * cross(others @ weights + offset, equal, reduction="sum")
        mean = total / len(odds) + RIDGE * (weights**2).sum()
        mean.backward()  # type: ignore[no-untyped-call]
        return mean

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return (weights.detach().numpy() / scale).astype(np.float32), float(offset.detach())


def write(similarity: Similarity) -> None:
    content = {
        "about": "log-odds = offset + sum of weight x feature; written by scripts/matching.py --fit",
        "offset": round(similarity.offset, 4),
        "weights": {name: round(float(w), 4) for name, w in zip(FEATURES, similarity.weights, strict=True)},
        "meaning": FEATURES,
    }
    FILE.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"written: {FILE}")


def bm25(records: Sequence[str], queries: Sequence[str], k: float = 1.2, b: float = 0.75) -> Floats:
    """Okapi BM25 (Robertson et al., TREC-3, 1994) over words: ``(queries, records)``."""
    counter = CountVectorizer(token_pattern=r"[^\W_]+")
    counts = counter.fit_transform(records).toarray().astype(np.float32)
    lengths = counts.sum(1, keepdims=True)
    held = (counts > 0).sum(0)
    idf = np.log(1 + (len(records) - held + 0.5) / (held + 0.5))
    weights = idf * counts * (k + 1) / (counts + k * (1 - b + b * lengths / lengths.mean()))
    scores: Floats = ((counter.transform(queries).toarray() > 0).astype(np.float32) @ weights.T).astype(
        np.float32
    )
    return scores


def auc(above: Floats, below: Floats) -> float:
    """The area under the ROC curve: how often one of ``above`` is over one of ``below``."""
    difference = above[:, None] - below[None]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


if __name__ == "__main__":
    main()
