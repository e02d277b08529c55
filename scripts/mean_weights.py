"""The mean of the weights of model folders of one shape, as a folder to export.

    python scripts/mean_weights.py FOLDER FOLDER [...] --out FOLDER

Two models that went on from the same weights often meet in a better one between them (Wortsman et al., "Robust
fine-tuning of zero-shot models", CVPR 2022). Settings and tokenizer are those of the first.
"""

import argparse
import shutil
from pathlib import Path

import torch
from export import WEIGHTS as FILES
from safetensors.torch import load_file, save_file

WEIGHTS = "model.safetensors"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    parts = [load_file(folder / WEIGHTS) for folder in args.folder]
    first = {name: value.shape for name, value in parts[0].items()}
    for folder, part in zip(args.folder, parts, strict=True):
        if {name: value.shape for name, value in part.items()} != first:
            parser.error(f"the weights of {folder} have another shape than those of {args.folder[0]}")
    mean = {
        name: torch.stack([part[name].float() for part in parts]).mean(0).to(value.dtype)
        for name, value in parts[0].items()
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if name != WEIGHTS:
            shutil.copyfile(args.folder[0] / name, args.out / name)
    save_file(mean, args.out / WEIGHTS, metadata={"format": "pt"})


if __name__ == "__main__":
    main()
