"""Examples into train, dev and test: grouped, stratified, the same for the same seed.

Near-duplicates, and what shares a document (or source), always stay together. Each such group goes where it
brings the counts of labels, genres and examples nearest to their shares, measured by chi-square; the largest
groups choose first (after Sechidis et al., "On the Stratification of Multi-Label Data", ECML 2011).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from claimcheck.examples.labels import NONE, name_of
from claimcheck.examples.near import SIMILARITY, fold_text, groups, near_pairs
from claimcheck.examples.records import DataError, Example

GROUPINGS = ("document", "source", "id")


def split(
    examples: Sequence[Example],
    shares: Mapping[str, float],
    *,
    group: str | None = None,
    seed: int = 0,
    similarity: float = SIMILARITY,
    allow_few: bool = False,
) -> dict[str, list[Example]]:
    """Every example in exactly one part, in the order given.

    Args:
        examples: what to split.
        shares: the share of each part by name, such as ``{"train": .8, "dev": .2}``; they sum to 1.
        group: what stays together besides near-duplicates: examples with equal ``"document"``, ``"source"``
            or ``"id"``. ``None`` is by document where there are documents.
        seed: decides between equally good splits.
        similarity: least similarity (0-1) of near-duplicates.
        allow_few: go on where a label stands in fewer groups than there are parts.

    Raises:
        DataError: a label stands in too few groups to be in every part, a part would be empty, no example
            has the field to group by.
    """
    if not np.isclose(sum(shares.values()), 1) or min(shares.values()) <= 0:
        raise DataError(f"the shares must be above 0 and sum to 1, these are {dict(shares)}")
    heads = group_heads(examples, group, similarity)
    _check_groups(examples, heads, len(shares), allow_few)
    counts, members = _counts(examples, heads)
    side = _assign(counts, np.array(list(shares.values())), seed)
    part_of = {i: part for group_, part in zip(members, side, strict=True) for i in group_}
    parts = {
        name: [example for i, example in enumerate(examples) if part_of[i] == number]
        for number, name in enumerate(shares)
    }
    for name, part in parts.items():
        if not part:
            held = "texts" if len(members) == len(examples) else "groups of texts that must stay together"
            instead = f"set --{name}" if name in ("dev", "test") else "make fewer parts"
            raise DataError(
                f"{len(members)} {held} are too few to keep {shares[name]:.0%} of them for {name}; "
                f"{instead}, or label more"
            )
    return parts


def group_heads(
    examples: Sequence[Example], group: str | None = None, similarity: float = SIMILARITY
) -> list[int]:
    """For each example the index of the first of its group: what must not be parted."""
    key = group or "document"
    if key not in GROUPINGS:
        raise DataError(f"there is no grouping {key!r}; one of {', '.join(GROUPINGS)}")
    if group and all(getattr(example, key) is None for example in examples):
        raise DataError(f"--group {group}: no example has a {group}")
    first_text: dict[str, int] = {}
    first_key: dict[str, int] = {}
    links = []
    for i, example in enumerate(examples):
        links.append((i, first_text.setdefault(fold_text(example.text), i)))
        if (value := getattr(example, key)) is not None:
            links.append((i, first_key.setdefault(value, i)))
    kinds = list(first_text.values())
    links += [(kinds[i], kinds[j]) for i, j, _ in near_pairs(list(first_text), similarity)]
    return groups(len(examples), links)


def strata(example: Example) -> Counter[str]:
    """What is to be spread evenly: the example itself, its genre, and its spans by label name."""
    names = [name_of(span.label, span.check_worthy) for span in example.spans] or [NONE]
    return Counter(["examples", f"genre {example.genre}", *names])


def _check_groups(examples: Sequence[Example], heads: Sequence[int], parts: int, allow_few: bool) -> None:
    held: dict[str, set[int]] = {}
    for example, head in zip(examples, heads, strict=True):
        for span in example.spans:
            held.setdefault(name_of(span.label, span.check_worthy), set()).add(head)
    few = [f"{name} ({len(groups_)})" for name, groups_ in sorted(held.items()) if len(groups_) < parts]
    if few and not allow_few:
        raise DataError(
            f"labels in fewer groups than the {parts} parts: {', '.join(few)}. "
            "A group is what must stay together. Label more, make fewer parts (--test 0), "
            "or go on with --allow-few"
        )


def _counts(examples: Sequence[Example], heads: Sequence[int]) -> tuple[NDArray[np.float64], list[list[int]]]:
    """``(groups, strata)`` counts, and the members of each group."""
    members: dict[int, list[int]] = {}
    for i, head in enumerate(heads):
        members.setdefault(head, []).append(i)
    totals = [sum((strata(examples[i]) for i in group), Counter[str]()) for group in members.values()]
    names = sorted({name for total in totals for name in total})
    rows = [[total[name] for name in names] for total in totals]
    return np.array(rows, np.float64).reshape(len(totals), len(names)), list(members.values())


def _assign(counts: NDArray[np.float64], shares: NDArray[np.float64], seed: int) -> list[int]:
    """The part of each group: where chi-square against the wanted counts grows least."""
    wanted = shares[:, None] * counts.sum(0)
    held = np.zeros_like(wanted)
    order = list(range(len(counts)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda i: -counts[i].sum())
    side = [0] * len(counts)
    for i in order:
        growth = ((2 * (held - wanted) + counts[i]) * counts[i] / wanted).sum(1)
        side[i] = int(growth.argmin())
        held[side[i]] += counts[i]
    return side
