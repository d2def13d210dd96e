"""What weights of ImageNet expect of a picture."""

import argparse
from types import SimpleNamespace

import pytest

from tests.trainer.runs import small
from trainer.commands.common import add_recipe_arguments, recipe_of
from trainer.networks import timm_catalog
from trainer.networks.imagenet_weights import normalisation
from trainer.training.checks import other_normalisation
from trainer.training.recipe import Data

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [("resnet18", IMAGENET), ("googlenet", HALF), ("inception_v3", HALF), ("no_such_network", None)],
)
def test_mean_and_std_are_those_of_the_weights(
    architecture: str, expected: tuple[tuple[float, ...], tuple[float, ...]] | None
) -> None:
    assert normalisation(architecture) == expected


def test_timm_says_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(has_weights=True, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2))
    library = SimpleNamespace(get_pretrained_cfg=lambda name: told)
    monkeypatch.setattr(timm_catalog, "load", lambda name: library)
    assert normalisation("timm/a") == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.2))


def recipe(*words: str) -> Data:
    parser = argparse.ArgumentParser()
    add_recipe_arguments(parser)
    return recipe_of(parser.parse_args(words)).data


def test_a_recipe_whose_architecture_is_changed_takes_what_the_weights_expect() -> None:
    changed = recipe("--recipe", "resnet18-transfer", "--architecture", "googlenet")
    assert (changed.mean, changed.std) == HALF
    from_scratch = recipe("--recipe", "paper", "--architecture", "resnet18", "--weights", "imagenet")
    assert (from_scratch.mean, from_scratch.std) == IMAGENET
    asked = recipe("--recipe", "resnet18-transfer", "--architecture", "googlenet", "--mean", "0", "0", "0")
    assert (asked.mean, asked.std) == ((0.0, 0.0, 0.0), IMAGENET[1])


def test_others_are_said_before_training() -> None:
    said = other_normalisation(small(architecture="googlenet", weights="imagenet"))
    assert said == (
        "the weights of ImageNet of googlenet expect --mean 0.5 0.5 0.5 --std 0.5 0.5 0.5; this run takes others"
    )
    assert not other_normalisation(small(architecture="googlenet", weights="imagenet", mean=[0.5] * 3, std=[0.5] * 3))
    assert not other_normalisation(small())
