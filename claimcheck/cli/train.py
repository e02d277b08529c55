"""``claimcheck train``: fine-tune on labelled data, and see what it bought."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.cli.data import add_reading_arguments, read_labelled
from claimcheck.cli.output import note

if TYPE_CHECKING:
    from claimcheck.training.train import Trained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` reads."""
    parser.add_argument(
        "train", type=Path, metavar="TRAIN", help="labelled data, any format of «claimcheck data»"
    )
    parser.add_argument(
        "--dev", type=Path, help="labelled data to choose and calibrate by (default: a tenth)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the model folder to make")
    parser.add_argument(
        "--encoder",
        metavar="FOLDER|ID",
        help="start from a folder or an id of the Hugging Face hub (default: the embedded model)",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        help="at most (default: 8; 20 where an encoder without labels has under 1,000 texts)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, help="of the head (default: by the encoder)")
    parser.add_argument("--layer-decay", type=float, default=0.9, help="of the rate (default: %(default)s)")
    parser.add_argument("--batch", type=int, metavar="PIECES", help="pieces a batch (default: by the data)")
    parser.add_argument("--accumulate", type=int, default=1, metavar="N", help="batches a step (default: 1)")
    parser.add_argument("--patience", type=int, default=3, help="epochs without gain (default: %(default)s)")
    parser.add_argument("--window", type=int, default=128, help="pieces read at once (default: %(default)s)")
    parser.add_argument(
        "--balance", type=float, default=0.25, help="weight of rare labels (default: %(default)s)"
    )
    parser.add_argument("--smoothing", type=float, default=0.0, help="of labels (default: %(default)s)")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate first, for small data")
    parser.add_argument(
        "--distil", nargs="+", default=[], metavar="TEACHER", help="model folders that label --texts"
    )
    parser.add_argument(
        "--texts", type=Path, nargs="+", default=[], metavar="FILE", help="one text a line, also .gz and .xz"
    )
    parser.add_argument("--most-texts", type=int, metavar="N", help="of --texts")
    parser.add_argument("--allow-few", action="store_true", help="go on where a label has hardly an example")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--threads", type=int, help="of the processor (default: all)")
    parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out, saying which")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, export, describe; say where everything is."""
    _check(args)
    examples = read_labelled(args.train, args)
    dev = read_labelled(args.dev, args) if args.dev else []
    if args.dev and not dev:
        raise ValueError(
            f"{args.dev} holds no example; leave --dev out to keep a tenth of {args.train} for it"
        )
    try:
        import torch
        from huggingface_hub import utils as hub
        from transformers import logging
    except ImportError as error:
        raise ImportError(f"{error}; training needs the extra: pip install 'claimcheck[train]'") from error
    from claimcheck.training.batches import Variation
    from claimcheck.training.recipe import Recipe
    from claimcheck.training.train import Plan, train

    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    hub_quiet: Any = hub
    hub_quiet.disable_progress_bars()
    if args.threads:
        torch.set_num_threads(args.threads)
    recipe = Recipe(
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        layer_decay=args.layer_decay,
        pieces=args.batch,
        accumulate=args.accumulate,
        balance=args.balance,
        smoothing=args.smoothing,
        patience=args.patience,
        window=args.window,
        seed=args.seed,
        variation=Variation(),
    )
    plan = Plan(
        args.out,
        args.encoder,
        recipe,
        args.folds,
        tuple(args.distil),
        tuple(args.texts),
        args.most_texts,
        args.allow_few,
        args.resume,
    )
    try:
        trained = train(plan, examples, dev, say=note, progress=_bar)
    except KeyboardInterrupt:
        if (args.out / "checkpoint").is_dir():
            note("stopped; the same command with --resume goes on behind the last epoch that was finished")
        raise
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"out of memory on the GPU; try a smaller --batch with --accumulate ({error})"
        ) from error
    _print_scores(trained)
    print(f"\n{args.out / 'report.html'} shows what it bought, beside the model it started from.")
    print(f"Use it: claimcheck analyze --model {args.out} TEXT, or claimcheck.load({str(args.out)!r})")
    return 0


def _print_scores(trained: Trained) -> None:
    after = trained.exported.summary()["int8"]
    before = trained.before.scores.summary() if trained.before else {}
    print(f"{'on the development texts':26}" + f"{'before':>8}" * bool(before) + f"{'now':>8}")
    for name, value in after.items():
        print(f"{name:26}" + (f"{before[name]:8.4f}" if before else "") + f"{value:8.4f}")
    if before and sum(after.values()) <= sum(before[name] for name in after):
        note(
            "it is no better than what it started from on these texts; the report says how sure that is. "
            "(Epoch 0 in the log is the start in full precision, «before» as it was exported.)"
        )


def _check(args: argparse.Namespace) -> None:
    if args.threads is not None and args.threads < 1:
        raise ValueError(f"--threads must be 1 or more, got {args.threads}")
    if args.encoder == "":
        raise ValueError("--encoder is empty; leave it out to start from the embedded model")


def _bar(steps: Iterator[Any], total: int, name: str) -> Iterator[Any]:
    from tqdm import tqdm

    return iter(tqdm(steps, name, total, leave=False, disable=not sys.stderr.isatty()))
