"""How the pictures of a cohort become a recipe's input, in training and when they are tested."""

from dataclasses import replace
from typing import Any

from trainer.cohort.cohort import Cohort
from trainer.networks.input_spec import NOTHING, InputSpec
from trainer.training.recipe import Recipe


def input_spec_of(recipe: Recipe, cohort: Cohort) -> InputSpec:
    """How a picture becomes the input when it is tested; `test_crop` says what of it.

    The cohort's field of view is part of that, though its own pictures are cut already.
    """
    return replace(tested_input(recipe, cohort.side), field_of_view=cohort.field_of_view)


def tested_input(recipe: Recipe, stored: int) -> InputSpec:
    """The same for pictures that are stored at this side."""
    data = recipe.data
    resize_to = data.size if data.test_crop == "whole" else data.resize_to or stored
    return InputSpec((data.size, data.size), "squash", resize_to, data.mean, data.std, **_preprocessing(recipe))


def stored_input(recipe: Recipe, stored: int) -> InputSpec:
    """What training takes of a picture stored at this side before it is augmented: all of it, preprocessed."""
    side = recipe.data.resize_to or stored
    return InputSpec((side, side), "squash", side, **_preprocessing(recipe))


def _preprocessing(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe.data, name) for name in NOTHING}
