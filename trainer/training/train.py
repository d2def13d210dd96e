"""A training run, read from top to bottom."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainer.cohort.cohort import Cohort
from trainer.devices.arithmetic import computes_bfloat16, computing
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.training.checks import check, remarks
from trainer.training.cross_validation import check_folds, held_out
from trainer.training.data_loading import Pictures, Preparation, blank, epoch, steps_of
from trainer.training.distributed import ProcessGroup
from trainer.training.finish import Outcome, finish, keep_epoch, show_progress
from trainer.training.initial_weights import set_training, started
from trainer.training.learning_rate_schedules import factor
from trainer.training.loss import weights_of
from trainer.training.network_input import input_spec_of, stored_input
from trainer.training.optimiser import optimiser_of, take_up
from trainer.training.recipe import Recipe
from trainer.training.run_folder import HOW_TO_GO_ON, RunFolder, State
from trainer.training.training_step import Average, Step, outputs_in_training
from trainer.training.validation import validated

_LOOK = 20
"""Steps on a GPU between two looks at the loss, each of which makes it wait for the CPU."""
_POINTS = 12
"""Steps of an epoch that the curves show."""
_REPORT_SHARE = 0.05
"""How much of a run's time may go into drawing its curves again."""


@dataclass(frozen=True)
class Watch:
    """Who is told what: a sentence; pictures read, of how many; epoch, its pictures so far, of how many, and the loss;
    a finished epoch.
    """

    say: Callable[[str], None] = lambda text: None
    on_read: OnStep = no_step
    on_step: Callable[[int, int, int, float], None] = lambda epoch, done, pictures, loss: None
    on_epoch: Callable[[dict[str, Any]], None] = lambda record: None


def train(
    cohort: Cohort,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    *,
    licence: str = "",
    watch: Watch | None = None,
    world: ProcessGroup | None = None,
) -> Outcome | None:
    """Train on the cohort, or go on with the run that was interrupted in `out`; leave network and report there.

    Everything that is drawn in an epoch follows from the seed and the epoch's number, so that a run that was killed
    and taken up again ends with the same weights, bit for bit on a CPU. None in all processes but the first.
    UserError for a cohort, settings or a folder that cannot be used, and where the loss is no longer a number.
    """
    world = world or ProcessGroup()
    cohort, machine = checked(cohort, recipe), recipe.machine
    watch, held = watch or Watch(), None
    if recipe.learning.threshold_folds:

        def train_one(inner: Cohort, plain: Recipe, folder: Path, says: str) -> None:
            watch.say(says)
            train(inner, plain, folder, device, licence=licence, watch=watch, world=world)

        held = held_out(cohort, recipe, out, device, train_one, first=world.first)
    with computing(device, tf32=machine.precision == "tf32", deterministic=machine.deterministic):
        training = Training(cohort, recipe, out, device, licence, watch, world)
        training.run()
        if not world.first:
            return None
        return finish(training.folder, training.state, training.module, cohort, recipe, device, licence, held)


def checked(cohort: Cohort, recipe: Recipe) -> Cohort:
    """The cohort with the recipe's fold as test part; UserError where nothing can be trained on it by this recipe."""
    if recipe.data.fold >= 0:
        cohort = cohort.fold(recipe.data.fold)
    check_folds(cohort, recipe)
    check(cohort, recipe)
    return cohort


class Training:
    """A run between its first and its last epoch."""

    def __init__(
        self,
        cohort: Cohort,
        recipe: Recipe,
        out: Path,
        device: torch.device,
        licence: str,
        watch: Watch,
        world: ProcessGroup,
    ) -> None:
        self.cohort, self.recipe, self.device, self.licence = cohort, recipe, device, licence
        self.watch, self.world = watch, world
        spec, counts = input_spec_of(recipe, cohort), check(cohort, recipe)
        self.folder = RunFolder(out, recipe, cohort.digest, write=world.first)
        self.state = self.folder.load() or State()

        torch.manual_seed(recipe.learning.seed)
        self.module, origin, head = started(recipe, cohort.classes)
        order = torch.channels_last if recipe.machine.channels_last else torch.contiguous_format
        self.module.to(device, memory_format=order)  # type: ignore[call-overload]
        self.average = Average(self.module, recipe.learning.average)
        self.optimiser = optimiser_of(self.module, recipe, device, head)
        if self.state.epoch:
            self.module.load_state_dict(self.state.weights)
            if recipe.learning.average:
                self.average.module.load_state_dict(self.state.average)
            take_up(self.optimiser, self.state.optimiser)
            origin = f"going on after epoch {self.state.epoch} of {recipe.learning.epochs}"
        watch.say(origin)
        if recipe.machine.precision == "bfloat16" and not computes_bfloat16(device):
            watch.say("this device has no bfloat16: computed in float32")
        for remark in remarks(cohort, recipe):
            watch.say(remark)
        event = "resumed" if self.state.epoch else "started"
        self.folder.log(event, epoch=self.state.epoch, device=str(device), processes=world.size)

        self.held: list[Pictures] = []
        self.preparation = Preparation(recipe, device)
        self.step = Step(
            world.wrapped(self.module, device),
            self.optimiser,
            recipe,
            device,
            self.preparation,
            len(cohort.classes),
            weights_of(recipe, counts),
            self._say,
            alone=world.size == 1,
            evict=self._evict,
            over_processes=world.mean,
        )
        side, keep = recipe.data.resize_to or cohort.side, recipe.machine.pictures_on_device
        train, validation = cohort.positions("train"), np.flatnonzero(cohort.splits == "validation")
        self.batch = min(recipe.learning.batch, len(train))
        self.share = world.share(self.batch)
        set_training(self.module)
        # What a step takes comes first; the pictures get a share of what it leaves.
        needed = self.step.rehearse(blank(self.share.stop - self.share.start, side, device))
        stored = stored_input(recipe, cohort.side)
        self.pictures = Pictures(cohort, train, stored, device, keep=keep, reserve=needed, on_step=watch.on_read)
        self.shown = Pictures(cohort, validation, spec.of_surround, device, keep=keep, reserve=needed)
        self.held += [self.pictures, self.shown]
        self.steps = steps_of(len(self.pictures), recipe)
        self.saved_epoch, self.saved, self.drawn, self.cost = self.state.epoch, 0.0, 0.0, 0.0

    def run(self) -> None:
        """Go through the epochs that are left."""
        learning, state = self.recipe.learning, self.state
        keep_epoch(self.folder, state, self.average.module, self.cohort, self.recipe, self.device, self.licence)
        try:
            for number in range(state.epoch + 1, learning.epochs + 1):
                if learning.patience and state.best_epoch and number > state.best_epoch + learning.patience:
                    self._say(f"stopped after epoch {state.epoch}: no better AUC in {learning.patience} epochs")
                    break
                self._epoch(number)
        except KeyboardInterrupt as error:
            self.folder.log("interrupted", epoch=self.saved_epoch)
            learnt = f"what was learnt up to epoch {self.saved_epoch}" if self.saved_epoch else "nothing yet"
            raise KeyboardInterrupt(f"interrupted; {learnt} is kept in {self.folder.path}; {HOW_TO_GO_ON}") from error

    def _epoch(self, number: int) -> None:
        start = time.perf_counter()
        course, accuracy = self._learn(number)
        rates, losses = course
        loss = self._finite(losses.mean(), number)
        trained = time.perf_counter() - start
        auc_, validation_loss, validation_accuracy = self._validate(number)
        record = {
            "epoch": number,
            "loss": loss,
            "accuracy": accuracy,
            "auc": auc_ if math.isfinite(auc_) else None,
            "validation_loss": validation_loss if math.isfinite(validation_loss) else None,
            "validation_accuracy": validation_accuracy if math.isfinite(validation_accuracy) else None,
            "learning_rate": rates[-1],
            "pictures_per_second": self.steps * self.batch / trained,
            "seconds": time.perf_counter() - start,
            "course": sampled(number, rates, losses),
        }
        self._keep(number, auc_, record)
        self.folder.log("epoch", **record)
        self.watch.on_epoch(record)

    def _learn(self, number: int) -> tuple[tuple[list[float], torch.Tensor], float]:
        """One pass over the training pictures: each step's learning rate and loss, and the share predicted rightly."""
        learning = self.recipe.learning
        torch.manual_seed((learning.seed * 100_003 + number) * 1_009 + self.world.rank)  # dropout's
        set_training(self.module)
        losses: list[torch.Tensor] = []
        rates: list[float] = []
        self.step.right.zero_()
        for batch in epoch(self.pictures, self.recipe, self.preparation, self.device, number, self.share):
            done = (number - 1) * self.steps + len(losses)
            rates.append(learning.learning_rate * factor(learning, done, self.steps))
            losses.append(self.step(batch, rates[-1], head_only=number <= learning.head_epochs))
            self.average.follow(done + 1)
            if self.device.type == "cpu" or len(losses) % _LOOK == 0:
                done, pictures = len(losses) * self.batch, self.steps * self.batch
                self.watch.on_step(number, done, pictures, self._finite(losses[-1], number))
        right = self.world.mean(self.step.right).item() * self.world.size
        return (rates, self.world.mean(torch.stack(losses))), right / (self.steps * self.batch)

    def _validate(self, number: int) -> tuple[float, float, float]:
        """AUC, loss and accuracy of the averaged weights on the validation part; NaN without one.

        The accuracy is known to the first process alone.
        """
        if not len(self.shown):
            return math.nan, math.nan, math.nan
        if not self.world.first:
            return self.world.broadcast(0.0, self.device), self.world.broadcast(0.0, self.device), math.nan
        labels = self.shown.labels.numpy()
        outputs = outputs_in_training(
            self.average.module, self.shown, self.preparation, self.recipe, self.device, self.step.piece(self.batch)
        )
        if not np.isfinite(outputs).all():
            raise self._not_a_number(number)
        measured, loss, accuracy = validated(outputs, labels, self.recipe, self.cohort.classes)
        return self.world.broadcast(measured, self.device), self.world.broadcast(loss, self.device), accuracy

    def _keep(self, number: int, measured: float, record: dict[str, Any]) -> None:
        """Remember the epoch; write what an interrupted run needs, and what a person wants to see meanwhile."""
        state, learning = self.state, self.recipe.learning
        state.epoch, state.seconds = number, state.seconds + record["seconds"]
        state.history.append(record)
        if learning.chosen == "last" or measured > state.best_auc:
            state.best_epoch, state.best_auc = number, measured
            state.best_weights = copied(self.average.module)
        if not self.world.first:
            return
        self.folder.write_history(state.history)
        keep_epoch(self.folder, state, self.average.module, self.cohort, self.recipe, self.device, self.licence)
        now = time.perf_counter()
        if number == learning.epochs or now - self.saved >= self.recipe.machine.save_every:
            state.weights = copied(self.module)
            state.average = copied(self.average.module) if learning.average else {}
            state.optimiser = self.optimiser.state_dict()
            self.folder.save(state)
            self.saved, self.saved_epoch = now, number
        if self.cost <= _REPORT_SHARE * (now - self.drawn):
            self.drawn = time.perf_counter()
            show_progress(self.folder, state, self.cohort, self.recipe, self.device, self.licence)
            self.cost = time.perf_counter() - self.drawn

    def _finite(self, loss: torch.Tensor, number: int) -> float:
        value = loss.item()
        if not math.isfinite(value):
            raise self._not_a_number(number)
        return value

    def _not_a_number(self, number: int) -> UserError:
        self.folder.log("loss is not a number", epoch=number)
        return UserError(
            f"The loss is no longer a number in epoch {number}; train with a lower --learning-rate into another --out"
            f"{f' (epoch {self.saved_epoch} stays in {self.folder.path})' if self.saved_epoch else ''}."
        )

    def _evict(self) -> bool:
        """Take the pictures out of the device's memory; whether any were there."""
        return any([pictures.evict() for pictures in self.held])

    def _say(self, text: str) -> None:
        self.watch.say(text)
        self.folder.log("note", text=text)


def sampled(number: int, rates: Sequence[float], losses: torch.Tensor) -> dict[str, list[float]]:
    """The course within epoch 1, 2, ...: up to `_POINTS` steps, with the place of each in epochs, its rate and loss."""
    chosen = np.unique(np.linspace(0, len(rates) - 1, min(_POINTS, len(rates))).round().astype(int)).tolist()
    loss_values = losses.tolist()
    return {
        "epoch": [round(number - 1 + (step + 1) / len(rates), 4) for step in chosen],
        "learning_rate": [float(f"{rates[step]:.5g}") for step in chosen],
        "loss": [float(f"{loss_values[step]:.5g}") for step in chosen],
    }


def copied(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The module's weights as they are now, where they are: what is written is brought to the CPU then."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
