"""`feature-trainer`: draws pictures, trains a network, writes a checkpoint."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from trainer.errors import UserError

if TYPE_CHECKING:
    import torch

    from trainer.train import Epoch


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 done, 1 could not, 2 wrong usage, 130 interrupted."""
    arguments = parser().parse_args(words)
    try:
        arguments.run(arguments)
    except UserError as error:
        print(f"feature-trainer: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"feature-trainer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("feature-trainer: interrupted", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="feature-trainer", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train the scratch CNN on labelled pictures")
    train.add_argument("--images", type=Path, required=True, help="folder of pictures, read recursively")
    train.add_argument("--labels", type=Path, help="CSV with image,label or HAM10000's columns; else class folders")
    train.add_argument("--malignant", default="", help="classes that count as malignant, all others as benign: mel,bcc")
    train.add_argument("--out", type=Path, required=True, help="checkpoint to write (.safetensors)")
    train.add_argument("--epochs", type=int, default=30)
    train.add_argument("--batch", type=int, default=32)
    train.add_argument("--learning-rate", type=float, default=5e-4)
    train.add_argument(
        "--bottleneck", type=int, default=0, help="units of a low-rank layer before the first hidden one"
    )
    train.add_argument("--dropout", type=float, default=0.0)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--source", default="", help="where the pictures come from, written into the checkpoint")
    train.add_argument("--licence", default="", help="terms of the weights, written into the checkpoint")
    train.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    train.set_defaults(run=run_train)

    draw = commands.add_parser("synthesize", help="draw a labelled set of pictures with exact masks")
    draw.add_argument("--count", type=int, default=600)
    draw.add_argument("--out", type=Path, required=True)
    draw.add_argument("--seed", type=int, default=0)
    draw.add_argument("--planted", help="a shortcut: concept:share, such as ruler:0.8 of the malignant pictures")
    draw.set_defaults(run=run_synthesize)
    return top


def run_train(arguments: argparse.Namespace) -> None:
    """Read, split, train, write."""
    import numpy as np

    from trainer.checkpoint import InputSpec, save
    from trainer.cohort import decode, read_cases, split_cases
    from trainer.train import Recipe, train

    malignant = [word for word in arguments.malignant.split(",") if word]
    if not arguments.out.parent.is_dir():
        raise UserError(f"The folder {arguments.out.parent} for --out does not exist.")
    cases = read_cases(arguments.images, arguments.labels, malignant=malignant)
    classes = tuple(sorted({case.label for case in cases}))
    split = split_cases(cases, arguments.seed)
    spec = InputSpec()
    with tqdm(total=len(cases), desc="decoding", file=sys.stderr, disable=None) as bar:
        store = decode(cases, spec, lambda done, total: (bar.update(done - bar.n), None)[1])
    labels = np.array([classes.index(case.label) for case in cases], np.int64)
    recipe = Recipe(
        epochs=arguments.epochs,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
        architecture_arguments={"bottleneck": arguments.bottleneck, "dropout": arguments.dropout},
    )
    counts = ", ".join(f"{(labels == place).sum()} {name}" for place, name in enumerate(classes))
    print(f"{len(cases)} pictures: {counts}; {len(split.train)} to train, {len(split.test)} to test")
    checkpoint = train(store, labels, split, classes, spec, recipe, device_of(arguments.device), print_epoch)
    source = arguments.source or arguments.images.name
    training = {
        "cohort": {"source": source, "malignant": malignant, "pictures": counts},
        **checkpoint.training,
    }
    save(arguments.out, replace(checkpoint, training=training, licence=arguments.licence))
    low, high = training["auc_test_interval"]
    print(f"{arguments.out}: test AUC {training['auc_test']:.3f} (95 % {low:.3f} to {high:.3f})")


def print_epoch(epoch: "Epoch") -> None:
    """One line an epoch."""
    print(
        f"epoch {epoch.number}  loss {epoch.loss:.3f}  validation AUC {epoch.auc:.3f}  "
        f"{epoch.pictures_per_second:.0f} pictures/s",
        flush=True,
    )


def device_of(name: str) -> "torch.device":
    """The named device; "auto" takes a GPU where there is one; UserError where the named one is missing."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there[name]:
        raise UserError(f"This machine has no {name} device; leave --device out to use what there is.")
    return torch.device(name)


def run_synthesize(arguments: argparse.Namespace) -> None:
    """Draw the pictures and their masks."""
    from trainer.synthetic import write_folder

    planted = None
    if arguments.planted:
        concept, _, share = arguments.planted.partition(":")
        try:
            planted = (concept, float(share))
        except ValueError as error:
            raise UserError(f"--planted {arguments.planted} is not of the form ruler:0.8.") from error
    with tqdm(total=arguments.count, desc="drawing", file=sys.stderr, disable=None) as bar:
        write_folder(
            arguments.out,
            arguments.count,
            arguments.seed,
            planted=planted,
            on_step=lambda done, total: (bar.update(done - bar.n), None)[1],
        )
    print(f"{arguments.count} pictures in {arguments.out}")
