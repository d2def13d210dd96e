"""Preprocessing belongs to the input: training, test and explorer do the same, and nothing else changes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from explorer.core.activations import record
from explorer.core.network import open_network
from tests.networks import save_small
from tests.trainer.runs import CPU, cohort_in, small, trained
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import InputSpec
from trainer.pictures.color_constancy import light_of, under_light
from trainer.synthetic import draw
from trainer.training.data_loading import Pictures
from trainer.training.finish import input_spec_of, stored_input

PLAIN = InputSpec((48, 48), "squash", 64)
GREY_LIGHT = np.full(3, 3**-0.5)
RGB = draw(4, size=128).rgb


def test_the_light_is_taken_out_as_shades_of_grey_does() -> None:
    cast = np.rint(RGB // 2 * np.array([1.3, 0.9, 0.7])).astype(np.uint8)
    found = replace(PLAIN, color_constancy=6.0).crop(cast)
    small_copy = np.asarray(Image.fromarray(cast).resize((64, 64), Image.Resampling.BOX))
    known = PLAIN.crop(cast) * (GREY_LIGHT / light_of(small_copy))
    assert np.abs(found - known).max() <= 0.51
    assert np.abs(found.astype(int) - PLAIN.crop(under_light(cast, GREY_LIGHT))).max() <= 3
    other = replace(PLAIN, color_constancy=6.0).crop(RGB // 2)
    assert np.abs(found * (other.mean() / found.mean()) - other).mean() < 1.5  # whatever the cast was


def test_gamma_is_a_power_and_comes_last() -> None:
    found = replace(PLAIN, gamma=2.2).crop(RGB)
    assert np.abs(found - 255 * (PLAIN.crop(RGB) / 255) ** 2.2).max() <= 0.51
    both = replace(PLAIN, gamma=0.5, color_constancy=6.0).crop(RGB)
    known = 255 * (replace(PLAIN, color_constancy=6.0).crop(RGB) / 255.0) ** 0.5
    bright = known > 60  # the square root spreads what was rounded before
    assert np.abs(both - known)[bright].max() <= 3
    grey = InputSpec((32, 32), "squash", 32, (0.0,), (1.0,), gamma=2.0)
    assert np.abs(grey.crop(RGB) - 255 * (replace(grey, gamma=1.0).crop(RGB) / 255) ** 2).max() <= 0.51


@pytest.mark.parametrize("wrong", [{"color_constancy": 0.5}, {"color_constancy": float("nan")}, {"gamma": 0.0}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="input specification is not usable"):
        replace(PLAIN, **wrong)
    with pytest.raises(UserError, match="needs RGB"):
        InputSpec((8, 8), "squash", 8, (0.0,), (1.0,), color_constancy=6.0)


def test_an_input_without_preprocessing_is_written_as_ever(tmp_path: Path) -> None:
    """To the byte, and so the identity under which indexes and tags know a network."""
    path = save_small(tmp_path / "small.safetensors")
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()["network"])
    assert told["version"] == 1
    assert list(told["input"]) == ["size", "resize", "resize_to", "mean", "std"]
    assert open_network(path, device="cpu").identity == "30bc3b990ec5ecd5ceae2082"
    again = tmp_path / "again.safetensors"
    save(again, load(path))
    assert again.read_bytes() == path.read_bytes()


def test_the_demo_keeps_its_identity() -> None:
    from tests.conftest import ROOT

    demo = open_network(ROOT / "resources/demo/demo-scratch-cnn.safetensors", device="cpu")
    assert demo.identity == "824157e9ab2673e81e99a24a"


def test_preprocessing_belongs_to_the_network(tmp_path: Path) -> None:
    path = save_small(tmp_path / "small.safetensors")
    plain = load(path)
    constant = replace(plain, input=replace(plain.input, color_constancy=6.0, gamma=1.5))
    save(tmp_path / "constant.safetensors", constant)
    with safe_open(tmp_path / "constant.safetensors", "pt") as file:
        assert json.loads(file.metadata()["network"])["version"] == 2  # which earlier programs refuse
    one, other = (open_network(tmp_path / f"{name}.safetensors", device="cpu") for name in ("small", "constant"))
    assert other.input == constant.input
    assert (one.digest == other.digest, one.identity == other.identity) == (True, False)
    changed = replace(other.input, color_constancy=0.0, gamma=1.0)
    assert not np.allclose(record(one, RGB).logits, record(other, RGB).logits)
    assert changed == one.input


def test_training_test_and_explorer_see_the_same_colors(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path, 20)
    recipe = small(epochs=1, color_constancy=6.0, gamma=1.2, size=24)
    places = np.arange(5)
    found = Pictures(cohort, places, stored_input(recipe, cohort.side), CPU).part(0, 5).permute(0, 2, 3, 1).numpy()
    spec = input_spec_of(recipe, cohort)
    for picture, given in zip(cohort.pictures(places), found, strict=True):
        assert (spec.crop(picture) == given[4:28, 4:28]).all()  # the centre cut of 24 of what training is given
    outcome = trained(cohort, tmp_path / "run", recipe)
    network = open_network(outcome.network, device="cpu")
    assert network.input == spec
    assert (network.input.color_constancy, network.input.gamma) == (6.0, 1.2)
