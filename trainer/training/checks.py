"""What is wrong with a cohort and a recipe before any work begins."""

import numpy as np
import numpy.typing as npt

from trainer.cohort.cohort import Cohort
from trainer.files.errors import UserError
from trainer.networks.imagenet_weights import normalisation
from trainer.training.network_input import input_spec_of
from trainer.training.recipe import Recipe

LEAST_SEEN = 0.7
"""Share of a picture's side below which less than half of it is seen."""


def check(cohort: Cohort, recipe: Recipe) -> npt.NDArray[np.int64]:
    """How often each class occurs among the training pictures; UserError where nothing can be learnt or measured."""
    check_start(recipe)
    input_spec_of(recipe, cohort)  # complains of what no picture can be preprocessed by
    side = recipe.data.resize_to or cohort.side
    if side < recipe.data.size:
        raise UserError(
            f"The pictures of {cohort.path.name} are {side} x {side}, smaller than the network's input of "
            f"{recipe.data.size}; lower --size, raise --resize-to, or prepare the cohort with larger pictures."
        )
    if len(cohort.classes) < 2:
        raise UserError(f"All pictures of {cohort.path.name} are {cohort.classes[0]}; training needs two classes.")
    unvalidated = not (cohort.splits == "validation").any()
    if unvalidated and (recipe.learning.chosen != "last" or recipe.learning.patience):
        raise UserError(
            f"{cohort.path.name} has no validation part to choose an epoch by; give --chosen last and --patience 0 "
            "and fix --epochs, or prepare it with a validation part."
        )
    for part in ("train", "test") if unvalidated else ("train", "validation", "test"):
        counts = np.bincount(cohort.labels[cohort.positions(part)], minlength=len(cohort.classes))
        empty = [name for name, count in zip(cohort.classes, counts, strict=True) if not count]
        if empty and (part == "train" or len(empty) > len(counts) - 2):
            raise UserError(
                f"{cohort.path.name} has no {part} picture of the class {' or '.join(empty)}; "
                "prepare it with more pictures of it, or with other parts."
            )
    return np.bincount(cohort.labels[cohort.positions("train")], minlength=len(cohort.classes))


def seen_part(cohort: Cohort, recipe: Recipe) -> str:
    """A sentence where the network is tested on less than half of each picture, which a lower --size alone makes of a
    recipe; else "".
    """
    side, size = recipe.data.resize_to or cohort.side, recipe.data.size
    if recipe.data.test_crop == "whole" or size > LEAST_SEEN * side:
        return ""
    advice = f"--resize-to {size} or --test-crop whole shows all of it"
    return f"of each picture, {side} x {side}, the network sees the {size} x {size} in the middle; {advice}"


def remarks(cohort: Cohort, recipe: Recipe) -> list[str]:
    """What a person should know before the run begins, a sentence each."""
    return [sentence for sentence in (seen_part(cohort, recipe), other_normalisation(recipe)) if sentence]


def other_normalisation(recipe: Recipe) -> str:
    """A sentence where the weights of ImageNet expect another mean and std than the recipe's; else ""."""
    network, data = recipe.network, recipe.data
    expected = normalisation(network.architecture) if network.weights == "imagenet" else None
    if expected is None or expected == (data.mean, data.std):
        return ""
    mean, std = (" ".join(f"{value:g}" for value in values) for values in expected)
    return f"the weights of ImageNet of {network.architecture} expect --mean {mean} --std {std}; this run takes others"


def check_start(recipe: Recipe) -> None:
    """UserError where layers that were only drawn at random would hardly learn, or not at all."""
    asked = {
        "--freeze-up-to": bool(recipe.network.freeze_up_to),
        "--depth-decay": recipe.learning.depth_decay != 1,
        "--head-epochs": bool(recipe.learning.head_epochs),
    }
    named = [name for name, is_set in asked.items() if is_set]
    if named and not recipe.network.weights:
        raise UserError(
            f"{' and '.join(named)} would keep layers as they were drawn at random, because no weights are loaded; "
            "give --weights imagenet or a file of weights, or leave that out."
        )
