"""`feature-trainer train`: from a cohort to a network and its report."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.common import add_device_argument, add_recipe_arguments, progress, recipe_of
from trainer.devices.names import find_device
from trainer.files.printing import printable, say

if TYPE_CHECKING:
    from tqdm import tqdm

    from trainer.training.train import Watch

DESCRIPTION = """
Train a network on a cohort that `feature-trainer prepare` made. The folder of --out gets network.safetensors (the
chosen epoch), report.html and report.json, log.jsonl, settings.toml, and while it runs resume.pt: an interrupted run
goes on when the same command is given again.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("train", help="train a network on a cohort", description=DESCRIPTION)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="the cohort (.h5)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--licence", default="", metavar="TEXT", help="terms of the weights, written into the network")
    add_device_argument(parser)
    add_recipe_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Train, or go on with what was interrupted."""
    recipe = recipe_of(arguments)

    from trainer.cohort.cohort import open_cohort
    from trainer.training.distributed import joined
    from trainer.training.train import Watch, train

    cohort = open_cohort(arguments.data)
    with joined(find_device(arguments.device)) as (world, device):
        bar = Bar(recipe.learning.epochs) if world.first else None
        try:
            outcome = train(
                cohort,
                recipe,
                arguments.out,
                device,
                licence=arguments.licence,
                watch=bar.watch() if bar else Watch(),
                world=world,
            )
        finally:
            if bar:
                bar.close()
    if outcome:
        low, high = outcome.interval
        reached = f"test AUC {outcome.auc:.3f} (95 % {low:.3f} to {high:.3f})"
        say(f"{outcome.network}: epoch {outcome.chosen_epoch}, {reached}")


class Bar:
    """The progress of a run: a bar with pictures/s and the time left, or a line an epoch where there is no terminal."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._reading: tqdm[Any] | None = None
        self._bar: tqdm[Any] | None = None
        self._auc = "-"
        self._before = 0

    def watch(self) -> "Watch":
        """What the training calls."""
        from trainer.training.train import Watch

        return Watch(self._say, self._read, self._step, self._epoch)

    def close(self) -> None:
        """Leave the terminal in order."""
        for bar in (self._reading, self._bar):
            if bar is not None:
                bar.close()

    def _say(self, text: str) -> None:
        if self._bar is not None and not self._bar.disable:
            self._bar.write(printable(text))
        else:
            say(text)
            sys.stdout.flush()

    def _read(self, done: int, total: int) -> None:
        if self._reading is None:
            self._reading = progress("reading", total, "pictures")
        self._reading.update(done - self._reading.n)
        if done == total:
            self._reading.close()

    def _step(self, epoch: int, done: int, pictures: int, loss: float) -> None:
        if self._bar is None:
            before = (epoch - 1) * pictures
            self._bar = progress("training", self._epochs * pictures, "pictures", before)
        self._bar.set_description(f"epoch {epoch}/{self._epochs}", refresh=False)
        self._bar.set_postfix_str(f"loss {loss:.3f}, AUC {self._auc}", refresh=False)
        self._bar.update((epoch - 1) * pictures + done - self._bar.n)

    def _epoch(self, record: dict[str, Any]) -> None:
        self._auc = f"{record['auc']:.3f}"
        if not sys.stderr.isatty():
            say(
                f"epoch {record['epoch']}  loss {record['loss']:.3f}  validation AUC {self._auc}  "
                f"{record['pictures_per_second']:.0f} pictures/s"
            )
            sys.stdout.flush()
