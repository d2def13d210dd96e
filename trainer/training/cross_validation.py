"""Answers to a cohort's training pictures by networks that did not see them: what a threshold can be chosen on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trainer.cohort import splits
from trainer.cohort.cohort import Cohort
from trainer.evaluation.fitting import HeldOut
from trainer.evaluation.inference import logits_of
from trainer.files.errors import UserError
from trainer.measures.prediction import Prediction
from trainer.networks.opening import open_model
from trainer.training.recipe import Recipe
from trainer.training.run_folder import NETWORK_FILE, RunFolder, is_finished, run_folders

TrainOne = Callable[[Cohort, Recipe, Path, str], None]
"""Trains one network on a cohort by a recipe into a folder, and says what it is."""


def check_folds(cohort: Cohort, recipe: Recipe) -> None:
    """UserError where no threshold can be chosen by cross-validation, or none has to be."""
    count = recipe.learning.threshold_folds
    if not count:
        return
    if (cohort.splits == "validation").any():
        raise UserError(
            f"{cohort.path.name} has a validation part, on which the threshold is chosen; leave --threshold-folds out."
        )
    if len(cohort.classes) != 2:
        raise UserError("--threshold-folds chooses a threshold of two classes; leave it out.")
    train = cohort.positions("train")
    fewest = splits.fewest_groups(cohort.labels[train], [cohort.groups[position] for position in train.tolist()])
    if not 3 <= count <= fewest:
        raise UserError(
            f"--threshold-folds {count} is not within 3 to {fewest}, the patients, lesions or groups of the rarer "
            "class in the train part."
        )


def held_out(
    cohort: Cohort, recipe: Recipe, out: Path, device: torch.device, train_one: TrainOne, *, first: bool = True
) -> HeldOut | None:
    """Every training picture's answer by a network that was trained on the other folds, by the same recipe.

    The train part alone is split, stratified by class and with groups on one side. Each fold's network gets a folder
    `threshold-0` ... in `out`; one that is finished is not trained again. None but in the `first` process. UserError
    where a folder holds another run.
    """
    plain = recipe.with_settings({"threshold_folds": 0, "fold": -1}, "the cross-validation")
    inner = list(_folds(cohort, recipe))
    folders = run_folders(out, [f"threshold-{number}" for number in range(len(inner))])
    # Decided before any process begins to write, so that all of them decide alike.
    left = [not is_finished(folder, plain, fold.digest) for folder, fold in zip(folders, inner, strict=True)]
    for folder, fold, open_ in zip(folders, inner, left, strict=True):
        if open_:
            RunFolder(folder, plain, fold.digest, write=False)  # complains of another run
    for number, (folder, fold, open_) in enumerate(zip(folders, inner, left, strict=True), 1):
        if open_:
            train_one(fold, plain, folder, f"run {number} of {len(inner)} for the threshold: {folder.name}")
    return _answers(inner, folders, device) if first else None


def _folds(cohort: Cohort, recipe: Recipe) -> list[Cohort]:
    """The cohort for each fold: its pictures as test part, those of the others to train on, all else left out."""
    train = cohort.positions("train")
    groups = [cohort.groups[position] for position in train.tolist()]
    fold_of = splits.folds(cohort.labels[train], groups, recipe.learning.threshold_folds, recipe.learning.seed)
    cohorts = []
    for number in range(recipe.learning.threshold_folds):
        parts = np.full(len(cohort), "", "<U10")
        parts[train] = np.where(fold_of == number, "test", "train")
        cohorts.append(replace(cohort, splits=parts))
    return cohorts


def _answers(inner: list[Cohort], folders: list[Path], device: torch.device) -> HeldOut:
    positions: list[npt.NDArray[np.intp]] = []
    answers: list[npt.NDArray[np.float32]] = []
    for fold, folder in zip(inner, folders, strict=True):
        network = open_model(folder / NETWORK_FILE, device=device)
        positions.append(fold.positions("test"))
        answers.append(logits_of(network.module, (fold, positions[-1]), network.input, device))
    return HeldOut(np.concatenate(positions), Prediction(np.concatenate(answers)))
