"""`feature-trainer train`: from a cohort to a network and its report."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.commands.common import add_device_argument, add_recipe_arguments, recipe_of
from trainer.console.numbers import whole_number
from trainer.console.progress import Progress, begin, on_terminal
from trainer.devices.names import find_device
from trainer.files.printing import printable, say
from trainer.measures.spoken import within

if TYPE_CHECKING:
    from trainer.cohort.cohort import Cohort
    from trainer.training.recipe import Recipe
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
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the run")
    parser.add_argument("--dry-run", action="store_true", help="train nothing: show which layers learn at which rate")
    parser.add_argument("--folds", choices=("all",), help="train once for each fold of the cohort, and compare them")
    parser.add_argument(
        "--seeds", type=whole_number, default=1, metavar="N", help="train with N seeds, and compare them (1)"
    )
    parser.add_argument("--licence", default="", metavar="TEXT", help="terms of the weights, written into the network")
    add_device_argument(parser)
    add_recipe_arguments(parser)
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> None:
    """Train, or go on with what was interrupted."""
    recipe = recipe_of(arguments)

    from trainer.cohort.pixel_check import open_checked
    from trainer.training.distributed import joined
    from trainer.training.train import Watch, train

    if arguments.out is None and not arguments.dry_run:
        arguments.wrong_usage("give --out DIR, or --dry-run")
    cohort = open_checked(arguments.data)
    if arguments.dry_run:
        _show_rates(arguments, cohort, recipe)
        return
    if arguments.folds or arguments.seeds != 1:
        _train_all(arguments, cohort, recipe)
        return
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
        reached = f"test AUC {outcome.auc:.3f} {within(low, high)} (95 %)"
        say(f"{outcome.network}: epoch {outcome.chosen_epoch}, {reached}")


def _train_all(arguments: argparse.Namespace, cohort: "Cohort", recipe: "Recipe") -> None:
    """Train once for each fold and seed, and say how far the runs differ."""
    from trainer.report.comparison import over_runs
    from trainer.training.distributed import joined
    from trainer.training.repeated import planned, train_all
    from trainer.training.train import Watch

    runs = planned(recipe, cohort, all_folds=bool(arguments.folds), seeds=arguments.seeds)
    with joined(find_device(arguments.device)) as (world, device):
        bar = Bar(recipe.learning.epochs) if world.first else None
        watch = bar.watch() if bar else Watch()
        try:
            done = train_all(cohort, runs, arguments.out, device, licence=arguments.licence, watch=watch, world=world)
        finally:
            if bar:
                bar.close()
    if done:
        mean, deviation = over_runs([run.auc["value"] for run in done])
        say(
            f"{arguments.out / 'runs.html'}: {len(done)} runs, test AUC {mean:.3f} "
            f"(standard deviation {deviation:.3f} over the runs)"
        )


def _show_rates(arguments: argparse.Namespace, cohort: "Cohort", recipe: "Recipe") -> None:
    """Print what the network starts from, and which of its layers learn at which rate; complain as training would."""
    from trainer.training.checks import remarks
    from trainer.training.depth_groups import depth_groups
    from trainer.training.initial_weights import started
    from trainer.training.repeated import planned
    from trainer.training.run_folder import RunFolder
    from trainer.training.train import checked

    find_device(arguments.device)
    runs = planned(recipe, cohort, all_folds=bool(arguments.folds), seeds=arguments.seeds)
    cohort, *_ = [checked(cohort, run.recipe) for run in runs]
    if arguments.out is not None and len(runs) == 1:
        RunFolder(arguments.out, recipe, cohort.digest, write=False)  # complains of another run
    module, origin, head = started(recipe, cohort.classes, fetch=False)
    learning = recipe.learning
    for remark in remarks(cohort, recipe):
        say(remark)
    say(f"{origin}; {learning.epochs} epochs, highest learning rate {learning.learning_rate:g}")
    say(f"{'depth':>6}  {'share':>9}  {'rate':>9}  {'weights':>12}  modules")
    for group in depth_groups(module, learning.depth_decay, head):
        first, last = group.modules[0], group.modules[-1]
        names = first if first == last else f"{first} ... {last}"
        weights = sum(weight.numel() for weight in group.weights)
        rate = learning.learning_rate * group.share
        say(f"{group.depth:6.2f}  {group.share:9.3g}  {rate:9.2g}  {weights:12,}  {printable(names)}")
    frozen = sum(weight.numel() for weight in module.parameters() if not weight.requires_grad)
    if frozen:
        say(f"{frozen:,} weights are kept as they are (--freeze-up-to {printable(recipe.network.freeze_up_to)})")
    if learning.head_epochs:
        say(f"in the first {learning.head_epochs} epochs the last of these groups learns alone, at its full rate")


class Bar:
    """The progress of a run: a bar with the time left; where there is no terminal, lines of epochs and in between."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._bar: Progress | None = None
        self._stage = ""
        self._auc = "-"

    def watch(self) -> "Watch":
        """What the training calls."""
        from trainer.training.train import Watch

        return Watch(self._say, self._read, self._step, self._epoch)

    def close(self) -> None:
        """Leave the terminal in order."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _say(self, text: str) -> None:
        if text.startswith("run ") and self._bar is not None:  # a bar for each of several runs
            self.close()
        self._at("").say(text)

    def _read(self, done: int, total: int) -> None:
        self._at("reading")(done, total)
        if done == total:
            self._at("learning")

    def _step(self, epoch: int, done: int, pictures: int, loss: float) -> None:
        bar = self._at("learning")
        bar.beside(f"epoch {epoch}/{self._epochs}, loss {loss:.3f}, AUC {self._auc}")
        bar((epoch - 1) * pictures + done, self._epochs * pictures)

    def _at(self, stage: str) -> "Progress":
        """The progress of the run, at a stage; "" at whichever it is."""
        if self._bar is None:
            # Not the pictures that there are: whole batches of them, epoch after epoch.
            unit = f"pictures over {self._epochs} epochs" if self._epochs > 1 else "pictures"
            self._bar, self._stage = begin("training", unit), ""
        if stage and stage != self._stage:
            self._stage = stage
            self._bar.stage(stage)
        return self._bar

    def _epoch(self, record: dict[str, Any]) -> None:
        self._auc = "-" if record["auc"] is None else f"{record['auc']:.3f}"
        if not on_terminal():
            self._say(
                f"epoch {record['epoch']}  loss {record['loss']:.3f}  validation AUC {self._auc}  "
                f"{record['pictures_per_second']:.0f} pictures/s"
            )
