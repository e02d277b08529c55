"""A model folder or labelled data as a repository of the Hugging Face hub: what goes up, its card, the push."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from claimcheck.examples import Example, write_examples
from claimcheck.examples.labels import NAMES
from claimcheck.examples.lint import Balance
from claimcheck.examples.records import DataError
from claimcheck.folder import read_folder
from claimcheck.runtime import ModelError

_MODEL_FILES = (
    "README.md",
    "claimcheck.json",
    "config.json",
    "model.int8.onnx",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def model_files(folder: Path) -> list[Path]:
    """The files of a model folder that go up, in order; reports and checkpoints beside them stay.

    Raises:
        ModelError: it is not a model, or its card lacks what the hub sorts by (language, license).
    """
    read_folder(folder)
    card = folder / "README.md"
    if not card.is_file():
        raise ModelError(
            f"{folder} has no card (README.md); claimcheck train and scripts/export.py write one"
        )
    front = re.match(r"---\n(.*?)\n---\n", card.read_text(encoding="utf-8"), re.DOTALL)
    missing = [key for key in ("language", "license") if not front or f"{key}:" not in front[1]]
    if missing:
        raise ModelError(
            f"{card} does not say its {' and '.join(missing)} between its first two lines of ---"
        )
    return [folder / name for name in _MODEL_FILES if (folder / name).is_file()]


def data_card(splits: Mapping[str, Sequence[Example]], name: str, license: str, about: str = "") -> str:
    """The card of a data set: what the hub sorts by, and what every split holds.

    Args:
        splits: examples by name (``train``, ``validation``, ``test``).
        name: ``OWNER/NAME``, or the name alone; the title is its last part.
        license: an identifier of SPDX, or ``other``.
        about: Markdown on where the texts are from and how they were labelled.
    """
    many = sum(map(len, splits.values()))
    size = next((size for least, size in _SIZES if many < least), "1M<n<10M")
    files = "".join(f"  - split: {split}\n    path: {split}.jsonl\n" for split in splits)
    balances = {split: Balance.of(examples) for split, examples in splits.items()}
    labels = [label for label in NAMES if any(b.spans[label] for b in balances.values())]
    head = "| split | passages | sentences | " + " | ".join(f"`{label}`" for label in labels) + " |\n"
    rows = "".join(
        f"| {split} | {b.examples:,} | {b.sentences:,} | {' | '.join(f'{b.spans[label]:,}' for label in labels)} |\n"
        for split, b in balances.items()
    )
    genres = sorted({genre for b in balances.values() for genre in b.genres})
    counted = "".join(
        f"| {genre} | {' | '.join(f'{b.genres[genre]:,}' for b in balances.values())} |\n" for genre in genres
    )
    by_genre = (
        f"\n| genre | {' | '.join(balances)} |\n|---|{'---|' * len(balances)}\n{counted}" if genres else ""
    )
    return (
        f"---\nlanguage: fa\nlicense: {license}\ntask_categories: [token-classification]\n"
        f"tags: [claim-detection, fact-checking, check-worthiness, persian]\nsize_categories: [{size}]\n"
        f"configs:\n- config_name: default\n  data_files:\n{files}---\n\n# {name.rpartition('/')[2]}\n\n"
        "Persian passages with labelled character spans, as JSON lines: `text[start:end]` of a span in `spans` is what "
        "`label` says (`claim`, `opinion`, `call_to_action`, `attribution`; claims with `check_worthy`). Offsets count "
        f"code points.\n\n{about.strip()}\n\n## What it holds\n\n"
        f"{head}|---|---|---|{'---|' * len(labels)}\n{rows}{by_genre}"
        f'\n```python\nfrom datasets import load_dataset\n\ndata = load_dataset("{name}")\n```\n'
    )


def write_data(splits: Mapping[str, Sequence[Example]], folder: Path, card: str) -> list[Path]:
    """The files of a data set, in a new folder.

    Raises:
        DataError: a split is empty.
    """
    empty = [split for split, examples in splits.items() if not examples]
    if empty:
        raise DataError(f"nothing is in {', '.join(empty)}")
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(card, encoding="utf-8")
    for split, examples in splits.items():
        write_examples(examples, folder / f"{split}.jsonl", format="jsonl")
    return sorted(folder.iterdir())


def push(api: Any, name: str, kind: str, files: Sequence[Path], *, private: bool = True) -> str:
    """Put files into a repository, made where there is none, by one commit; its address.

    Args:
        api: ``huggingface_hub.HfApi()``.
        name: ``OWNER/NAME``.
        kind: ``"model"`` or ``"dataset"``.
        private: where it is made: to be looked at before others see it.
    """
    from huggingface_hub import CommitOperationAdd

    made = api.create_repo(name, repo_type=kind, private=private, exist_ok=True)
    operations = [CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=str(file)) for file in files]
    api.create_commit(name, operations, commit_message=f"{len(files)} files by claimcheck", repo_type=kind)
    return str(made)
