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
from explorer.core.what_if import Change
from tests.networks import save_small
from tests.trainer.runs import CPU, cohort_in, small, trained
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import InputSpec
from trainer.pictures.color_constancy import light_of, under_light
from trainer.synthetic import draw
from trainer.training.data_loading import Pictures
from trainer.training.network_input import input_spec_of, stored_input

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


def test_the_light_is_that_of_the_what_if_change_whatever_part_is_taken() -> None:
    down, across = np.meshgrid(np.linspace(-1, 1, 128), np.linspace(-1, 1, 128), indexing="ij")
    lit = np.rint(np.clip(RGB * np.exp(0.3 * across - 0.2 * down**2)[..., None], 0, 255)).astype(np.uint8)
    whole = InputSpec((128, 128), "squash", 128, illumination=1.0)
    assert np.abs(whole.crop(lit).astype(int) - Change(illumination=1.0).applied(lit)).max() <= 1
    half = replace(whole, illumination=0.5).crop(lit)
    assert np.abs(half.astype(int) - Change(illumination=0.5).applied(lit)).max() <= 1
    middle = InputSpec((40, 60), "squash", 86, illumination=1.0)  # resized to 86 x 129, of which the middle is cut
    resized = np.asarray(Image.fromarray(lit).resize((129, 86), Image.Resampling.BILINEAR))
    even = InputSpec((86, 129), "squash", 86, illumination=1.0).crop(lit)
    assert (middle.crop(lit) == even[23:63, 34:94]).all()
    assert np.abs(even.astype(int) - resized).mean() > 5
    grey = InputSpec((128, 128), "squash", 128, (0.0,), (1.0,), illumination=1.0)
    plain = replace(grey, illumination=0.0).crop(lit)
    known = whole.crop(lit).astype(float).mean(2) / lit.astype(float).mean(2)
    assert np.abs(grey.crop(lit)[..., 0] / np.maximum(plain[..., 0], 1.0) - known)[plain[..., 0] > 60].max() < 0.05


@pytest.mark.parametrize("seed", [1, 2, 3, 5, 8])
def test_dark_corners_are_filled_and_nothing_else_is_touched(seed: int) -> None:
    drawn = draw(seed, size=200, concepts=frozenset({"corner"}))
    spec = InputSpec((200, 200), "squash", 200, fill_corners=True)
    found = spec.crop(drawn.rgb).astype(int)
    assert found[drawn.masks["corner"]].mean(axis=1).min() > 60  # no black is left there
    skin = np.median(drawn.rgb[drawn.masks["skin"]], axis=0)
    assert np.abs(found[drawn.masks["corner"]].mean(axis=0) - skin).max() < 50
    reach = np.hypot(*np.meshgrid(np.linspace(-1, 1, 200), np.linspace(-1, 1, 200)))
    untouched = reach < 0.7
    assert (found[untouched] == drawn.rgb[untouched]).all()
    bare = draw(seed, size=200, concepts=frozenset({"hair"})).rgb
    assert (spec.crop(bare) == bare).all()


def test_what_is_dark_elsewhere_is_no_corner() -> None:
    for dark in (np.s_[:60, :60], np.s_[60:140, 60:140], np.s_[:, :]):  # one corner, the middle, all of it
        rgb = np.full((200, 200, 3), 180, np.uint8)
        rgb[dark] = 10
        assert (InputSpec((200, 200), "squash", 200, fill_corners=True).crop(rgb) == rgb).all()


@pytest.mark.parametrize(
    "wrong",
    [{"color_constancy": 0.5}, {"color_constancy": float("nan")}, {"gamma": 0.0}, {"illumination": 1.1}],
)
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
    recipe = small(epochs=1, color_constancy=6.0, gamma=1.2, illumination=0.8, fill_corners=True, size=24)
    places = np.arange(5)
    found = Pictures(cohort, places, stored_input(recipe, cohort.side), CPU).part(0, 5).permute(0, 2, 3, 1).numpy()
    spec = input_spec_of(recipe, cohort)
    for picture, given in zip(cohort.pictures(places), found, strict=True):
        assert (spec.crop(picture) == given[4:28, 4:28]).all()  # the centre cut of 24 of what training is given
    outcome = trained(cohort, tmp_path / "run", recipe)
    network = open_network(outcome.network, device="cpu")
    assert network.input == spec
    assert (network.input.color_constancy, network.input.gamma) == (6.0, 1.2)
    assert (network.input.illumination, network.input.fill_corners) == (0.8, True)
    with safe_open(outcome.network, "pt") as file:
        assert json.loads(file.metadata()["network"])["version"] == 3
    assert InputSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
