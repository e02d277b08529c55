"""Put a model or labelled data on the Hugging Face hub, each with its card.

    python scripts/push.py model FOLDER OWNER/NAME [--go]
    python scripts/push.py data OWNER/NAME --license LICENSE --train TRAIN [--validation DEV] [--test TEST]
                                [--about ABOUT.md] [--go]

Lists what would go up, and the card; nothing leaves this machine without --go, which needs a token
(``hf auth login``). The repository is made private: look at it, then open it on the hub.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from claimcheck.examples import read_examples
from claimcheck.training.publish import data_card, model_files, push, write_data


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(required=True, dest="kind", metavar="model|data")
    model = kinds.add_parser("model", help="a model folder")
    model.add_argument("folder", type=Path)
    data = kinds.add_parser("data", help="labelled data, in any format of claimcheck data")
    for command in (model, data):
        command.add_argument("name", metavar="OWNER/NAME")
        command.add_argument("--go", action="store_true", help="push; without it, only list")
    data.add_argument(
        "--license", required=True, help="of the texts and labels: an SPDX identifier, or other"
    )
    data.add_argument("--train", type=Path, required=True)
    data.add_argument("--validation", type=Path)
    data.add_argument("--test", type=Path)
    data.add_argument(
        "--about", type=Path, help="Markdown for the card: where it is from, how it was labelled"
    )
    args = parser.parse_args(argv)
    if args.kind == "model":
        _send(args, "model", model_files(args.folder))
        return
    splits = {
        split: list(read_examples(path))
        for split in ("train", "validation", "test")
        if (path := getattr(args, split))
    }
    about = args.about.read_text(encoding="utf-8") if args.about else ""
    card = data_card(splits, args.name, args.license, about)
    with tempfile.TemporaryDirectory() as folder:
        _send(args, "dataset", write_data(splits, Path(folder) / "data", card))


def _send(args: argparse.Namespace, kind: str, files: Sequence[Path]) -> None:
    for file in files:
        print(f"{file.stat().st_size:>12,}  {file.name}")
    if not args.go:
        card = next(file for file in files if file.name == "README.md")
        print(f"\n{card.read_text(encoding='utf-8')}\nNothing was sent; add --go to push to {args.name}.")
        return
    from huggingface_hub import HfApi

    print(push(HfApi(), args.name, kind, files))


if __name__ == "__main__":
    main()
