"""Make an encoder, or adapt one to your own raw text, before it is fine-tuned.

    python scripts/pretrain.py mlm        TEXTS… --out FOLDER [--init FOLDER|ID] [--steps N] [--resume]
    python scripts/pretrain.py vocabulary TEXTS… --out FOLDER [--init FOLDER|ID] [--size N]
    python scripts/pretrain.py shrink     FOLDER --out FOLDER --layers 0 2 4 6 8 11
    python scripts/pretrain.py distil     TRAIN --encoder FOLDER --distil TEACHER… --texts FILE… --out FOLDER

TEXTS are UTF-8 files, a paragraph a line, also .xz and .gz; a file named twice counts twice. ``mlm`` begins with
the embedded model where no --init is given. ``vocabulary`` with --init cuts a large Unigram vocabulary to what
TEXTS use; without, it learns a new one and makes a new encoder with random weights for it. ``distil`` is
``claimcheck train --distil``. What is made is a Hugging Face folder: claimcheck train DATA --encoder FOLDER.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from claimcheck.cli import main as claimcheck
from claimcheck.cli.output import note


def main(argv: list[str]) -> int:
    if argv[:1] == ["distil"]:
        return claimcheck(["train", *argv[1:]])
    args = parser().parse_args(argv)
    try:
        quiet(args.threads)
        args.run(args)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        note(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="pretrain.py"
    )
    verbs = whole.add_subparsers(required=True, metavar="mlm|vocabulary|shrink|distil")
    sub = verbs.add_parser("mlm", help="masked language modelling", description="Go on reading.")
    sub.add_argument("texts", type=Path, nargs="+", metavar="TEXTS")
    sub.add_argument("--init", metavar="FOLDER|ID", help="an encoder (default: the embedded model)")
    sub.add_argument("--steps", type=int, default=1000, help="default: %(default)s")
    sub.add_argument("--batch", type=int, default=32, help="blocks a step (default: %(default)s; a GPU: 512)")
    sub.add_argument("--block", type=int, default=128, help="pieces a block (default: %(default)s)")
    sub.add_argument("--learning-rate", type=float, default=2e-4, help="at most (default: %(default)s)")
    sub.add_argument("--share", type=float, default=0.2, help="of the words, masked (default: %(default)s)")
    sub.add_argument("--most", type=int, metavar="N", help="lines of TEXTS to read")
    sub.add_argument("--every", type=int, default=10, help="steps from one line to the next")
    sub.add_argument("--keep-every", type=int, default=100, help="steps from one state to the next")
    sub.add_argument("--resume", action="store_true", help="go on with the run in --out")
    sub.set_defaults(run=mlm)
    sub = verbs.add_parser("vocabulary", help="cut a vocabulary to texts, or learn a new one")
    sub.add_argument("texts", type=Path, nargs="+", metavar="TEXTS")
    sub.add_argument(
        "--init", metavar="FOLDER|ID", help="whose Unigram vocabulary to cut (default: a new one)"
    )
    sub.add_argument(
        "--size", type=int, default=20_000, help="pieces at most, of a new one about (default: %(default)s)"
    )
    sub.add_argument("--least", type=int, default=12, help="a piece that stays is seen so often")
    sub.add_argument("--least-word", type=int, default=60, help="a word that is added is seen so often")
    sub.add_argument("--layers", type=int, default=6, help="of a new encoder (default: %(default)s)")
    sub.add_argument("--width", type=int, default=384, help="of a new encoder (default: %(default)s)")
    sub.add_argument("--heads", type=int, default=12, help="of a new encoder (default: %(default)s)")
    sub.set_defaults(run=vocabulary)
    sub = verbs.add_parser("shrink", help="fewer layers of a deeper encoder")
    sub.add_argument("init", metavar="FOLDER|ID")
    sub.add_argument("--layers", type=int, nargs="+", required=True, help="to keep, from 0")
    sub.set_defaults(run=shrinking)
    verbs.add_parser("distil", help="what claimcheck train --distil does: see claimcheck train --help")
    for sub in verbs.choices.values():
        sub.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to make")
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--threads", type=int, help="of the processor (default: all)")
    return whole


def mlm(args: argparse.Namespace) -> None:
    from claimcheck.encoding import Encoder
    from claimcheck.training.corpus import check_files, encode_blocks, read_lines
    from claimcheck.training.masked_lm import open_masked_lm
    from claimcheck.training.pretrain import MlmRecipe, pretrain
    from claimcheck.training.state import check_out

    recipe = MlmRecipe(
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        share=args.share,
        seed=args.seed,
    )
    check_out(args.out, args.resume)
    check_files(args.texts)
    backbone = open_masked_lm(args.init, args.seed)
    blocks = encode_blocks(read_lines(args.texts, args.most), Encoder(backbone.tokenizer), args.block)
    passes = args.steps * args.batch / len(blocks)
    note(f"{len(blocks)} blocks of {args.block} pieces; {args.steps} steps read them {passes:.2g} times")
    made = pretrain(
        backbone, blocks, recipe, args.out, every=args.every, keep_every=args.keep_every, say=note
    )
    if made.before is not None:
        note(f"loss on blocks it did not learn from: {made.before:.4f} before, {made.after:.4f} after")
    print(f"{args.out}: fine-tune it with claimcheck train DATA --encoder {args.out} --out FOLDER")


def vocabulary(args: argparse.Namespace) -> None:
    from claimcheck.training.corpus import check_files, read_lines
    from claimcheck.training.masked_lm import new_masked_lm, open_masked_lm
    from claimcheck.training.state import check_out
    from claimcheck.training.vocabulary import Cut, cut_vocabulary, new_vocabulary

    check_out(args.out, resume=False)
    check_files(args.texts)
    if args.init:
        backbone = open_masked_lm(args.init, args.seed)
        before = backbone.tokenizer.get_vocab_size()
        how = Cut(args.least, args.least_word, args.size)
        backbone = cut_vocabulary(backbone, read_lines(args.texts), how)
        note(f"{before} pieces before, {backbone.tokenizer.get_vocab_size()} now")
    else:
        tokenizer = new_vocabulary(read_lines(args.texts), args.size)
        backbone = new_masked_lm(tokenizer, args.layers, args.width, args.heads, args.seed)
        note(f"{tokenizer.get_vocab_size()} new pieces, and random weights")
    backbone.save(args.out)
    print(f"{args.out}: pre-train it with scripts/pretrain.py mlm TEXTS --init {args.out} --out FOLDER")


def shrinking(args: argparse.Namespace) -> None:
    from claimcheck.training.masked_lm import open_masked_lm
    from claimcheck.training.shrink import shrink
    from claimcheck.training.state import check_out

    check_out(args.out, resume=False)
    shrink(open_masked_lm(args.init, args.seed), args.layers).save(args.out)
    print(f"{args.out}: pre-train it with scripts/pretrain.py mlm TEXTS --init {args.out} --out FOLDER")


def quiet(threads: int | None) -> None:
    import torch
    from transformers import logging

    transformers: Any = logging
    transformers.set_verbosity_error()
    transformers.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
