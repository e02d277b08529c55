"""Make a model folder ready for analysis: int8 ONNX, calibration, settings and the model card.

    python scripts/export.py FOLDER --out models/NAME --dev DEV.jsonl --texts TRAIN.jsonl \\
        [--origin ORIGIN.md] [--proof PROOF.md]

FOLDER holds the fine-tuned weights and the tokenizer; it is left as it is. Prints what exporting cost.
"""

import argparse
import json
import shutil
from pathlib import Path

from claimcheck.examples import read_examples
from claimcheck.training.card import write_card
from claimcheck.training.export import export

WEIGHTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", type=Path, help="config.json, tokenizer.json, tokenizer_config.json, model.safetensors"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--dev", type=Path, required=True, help="labelled data to calibrate and measure on")
    parser.add_argument("--texts", type=Path, required=True, help="labelled data to fix the int8 ranges on")
    parser.add_argument("--origin", type=Path, help="Markdown for the card: where the weights come from")
    parser.add_argument("--proof", type=Path, help="Markdown for the card: what else was measured, and how")
    parser.add_argument("--keep-float", action="store_true", help="keep the single-precision model.onnx too")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    for name in WEIGHTS:
        shutil.copyfile(args.folder / name, args.out / name)
    texts = [example.text for example in read_examples(args.texts)]
    spread = texts[:: max(1, len(texts) // 300)]  # all over the file: its sources stand one after another
    exported = export(args.out, list(read_examples(args.dev)), spread, keep_float=args.keep_float)
    inputs = f"{args.folder.name} --dev {args.dev.name} --texts {args.texts.name}"
    about = {"name": args.out.name}
    for part, path in (("origin", args.origin), ("proof", args.proof)):
        if path:
            about[part] = path.read_text(encoding="utf-8")
            inputs += f" --{part} {path}"
    about["command"] = f"python scripts/export.py {inputs} --out {args.out}"
    write_card(args.out, about, exported)
    print(json.dumps(exported.summary(), indent=1))


if __name__ == "__main__":
    main()
