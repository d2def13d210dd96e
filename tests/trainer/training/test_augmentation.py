from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as oracle

from trainer.training.augmentation import COLUMNS, augment, draw, mix_up, turn_hue
from trainer.training.presets import PRESETS
from trainer.training.recipe import Augmentation

SIDE = 40
STILL = Augmentation()


def pictures(count: int = 1, side: int = SIDE, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def changed(augmentation: Augmentation, size: int = SIDE, count: int = 1, **given: float) -> torch.Tensor:
    """Pictures changed with random numbers of which some are given."""
    draws = torch.from_numpy(draw(augmentation, count, np.random.default_rng(1)))
    for name, value in given.items():
        draws[:, COLUMNS.index(name)] = value
    return augment(pictures(count), draws, augmentation, size)


def test_without_reach_a_picture_stays() -> None:
    assert torch.allclose(changed(STILL), pictures(), atol=1e-4)


@pytest.mark.parametrize("turns", [0.0, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("size", [SIDE, 24])
def test_rotation(turns: float, size: int) -> None:
    found = changed(replace(STILL, rotation=(turns, turns), fill="black"), size)
    turned = oracle.rotate(pictures(), turns * 360, InterpolationMode.BILINEAR)
    assert torch.allclose(found, oracle.center_crop(turned, [size, size]), atol=1e-4)


def test_flips() -> None:
    across = changed(replace(STILL, flip_horizontal=True), flip_horizontal=0.2)
    down = changed(replace(STILL, flip_vertical=True), flip_vertical=0.2)
    assert torch.allclose(across, oracle.horizontal_flip(pictures()), atol=1e-4)
    assert torch.allclose(down, oracle.vertical_flip(pictures()), atol=1e-4)
    both = replace(STILL, flip_horizontal=True, flip_vertical=True)
    assert torch.allclose(changed(both, flip_horizontal=0.7, flip_vertical=0.7), pictures(), atol=1e-4)


@pytest.mark.parametrize(("x", "left"), [(0.0, 0), (0.5, 5), (0.999999, 10)])
def test_crop(x: float, left: int) -> None:
    found = changed(replace(STILL, crop="random"), 30, crop_x=x, crop_y=0.25)
    assert torch.allclose(found, oracle.crop(pictures(), 2, left, 30, 30), atol=1e-4)


def test_every_place_of_a_crop_comes_equally_often() -> None:
    places = torch.floor(torch.from_numpy(draw(STILL, 20_000, np.random.default_rng(0)))[:, 0] * 11)
    assert torch.bincount(places.long(), minlength=11).min() > 20_000 / 11 * 0.9


@pytest.mark.parametrize("size", [24, 25, 39])
def test_the_centre_is_that_of_the_test(size: int) -> None:
    from trainer.networks.input_spec import InputSpec

    rgb = (pictures()[0].permute(1, 2, 0) * 255).byte().numpy()
    wanted = InputSpec((size, size), "squash", SIDE).prepare(rgb)
    draws = torch.rand(1, len(COLUMNS))
    found = augment(torch.from_numpy(rgb).permute(2, 0, 1)[None], draws, STILL, size)
    assert torch.allclose(found[0], wanted, atol=1e-4)


def test_zoom_and_shift() -> None:
    found = changed(replace(STILL, zoom=(2.0, 2.0)))
    grown = oracle.resize(pictures(), [2 * SIDE, 2 * SIDE], InterpolationMode.BILINEAR, antialias=False)
    assert torch.allclose(found, oracle.center_crop(grown, [SIDE, SIDE]), atol=1e-4)
    moved = changed(replace(STILL, shift=0.25, fill="black"), shift_x=1.0, shift_y=0.5)
    assert torch.allclose(moved[..., :-10], pictures()[..., 10:], atol=1e-4)
    assert (moved[..., -10:] < 1e-4).all()


@pytest.mark.parametrize(("fill", "mode"), [("reflect", "symmetric"), ("edge", "edge"), ("black", "constant")])
def test_fill(fill: str, mode: str) -> None:
    found = changed(replace(STILL, shift=0.25, fill=fill), shift_x=0.0, shift_y=0.0)  # type: ignore[arg-type]
    wanted = np.pad(pictures()[0].numpy(), ((0, 0), (10, 0), (10, 0)), mode)[:, :SIDE, :SIDE]  # type: ignore[call-overload]
    assert np.allclose(found[0], wanted, atol=1e-4)


@pytest.mark.parametrize("delta", [-0.5, -0.1, 0.3])
def test_brightness_is_added(delta: float) -> None:
    found = changed(replace(STILL, brightness=(delta, delta)))
    assert torch.allclose(found, (pictures() + delta).clamp(0, 1), atol=1e-4)
    one = torch.full((1, 3, 4, 4), 0.5)
    added = augment(one, torch.rand(1, len(COLUMNS)), replace(STILL, brightness=(delta, delta)), 4)
    assert torch.allclose(added, oracle.adjust_brightness(one, (0.5 + delta) / 0.5), atol=1e-4)


@pytest.mark.parametrize("contrast", [-0.7, 0.0, 0.7])
def test_contrast(contrast: float) -> None:
    found = changed(replace(STILL, contrast=(contrast, contrast)))
    assert torch.allclose(found, oracle.adjust_contrast(pictures(), 1 + contrast), atol=2e-4)


@pytest.mark.parametrize("saturation", [0.0, 0.7, 1.0, 1.5])
def test_saturation(saturation: float) -> None:
    found = changed(replace(STILL, saturation=(saturation, saturation)))
    assert torch.allclose(found, oracle.adjust_saturation(pictures(), saturation), atol=2e-4)


@pytest.mark.parametrize("hue", [-1 / 12, -0.02, 0.01, 0.05, 1 / 12])
def test_hue_is_that_of_hsv(hue: float) -> None:
    assert torch.allclose(changed(replace(STILL, hue=(hue, hue))), oracle.adjust_hue(pictures(), hue), atol=1e-4)


def test_greys_and_pure_colors_turn_exactly() -> None:
    corners = torch.tensor([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]])
    some = corners.T.reshape(1, 3, 1, 7)
    for hue in (-0.08, 0.03):
        assert torch.allclose(turn_hue(some, torch.tensor([hue])), oracle.adjust_hue(some, hue), atol=1e-6)


def test_hue_turned_there_and_back_is_the_same() -> None:
    turns = torch.tensor([0.05, -0.08])
    assert torch.allclose(turn_hue(turn_hue(pictures(2), turns), -turns), pictures(2), atol=1e-5)


@pytest.mark.parametrize(("drawn", "wide", "tall"), [(0.0, 20, 80), (1.0, 80, 20)])
def test_stretch_keeps_the_area(drawn: float, wide: int, tall: int) -> None:
    found = changed(replace(STILL, stretch=4.0), stretch=drawn)
    grown = oracle.resize(pictures(), [tall, wide], InterpolationMode.BILINEAR, antialias=False)
    inside = oracle.center_crop(grown, [min(tall, SIDE), min(wide, SIDE)])
    assert torch.allclose(oracle.center_crop(found, list(inside.shape[-2:])), inside, atol=1e-4)


def test_tint_has_one_factor_a_channel() -> None:
    found = changed(replace(STILL, tint=0.5), tint_red=0.0, tint_green=0.5, tint_blue=1.0)
    wanted = pictures() * torch.tensor([0.5, 1.0, 1.5]).view(3, 1, 1)
    assert torch.allclose(found, wanted.clamp(0, 1), atol=1e-4)


def test_corners_get_dark_and_the_middle_stays() -> None:
    dark = changed(replace(STILL, corners=0.5), corners=0.4, corners_radius=0.5, corners_edge=0.0)
    still = changed(replace(STILL, corners=0.5), corners=0.6)
    middle, corner = (..., slice(10, 30), slice(10, 30)), (..., slice(0, 3), slice(0, 3))
    assert torch.allclose(still, pictures(), atol=1e-4)
    assert torch.allclose(dark[middle], pictures()[middle], atol=1e-3)
    assert dark[corner].max() < 1e-3


def test_every_picture_has_its_own_draw() -> None:
    one = pictures().repeat(6, 1, 1, 1)
    paper = PRESETS["paper"].augmentation
    draws = torch.from_numpy(draw(paper, 6, np.random.default_rng(0)))
    after = augment(one, draws, paper, 30)
    assert len({tuple(picture.flatten()[:50].tolist()) for picture in after}) == 6
    alone = torch.cat([augment(one[:1], draws[place : place + 1], paper, 30) for place in range(6)])
    assert torch.allclose(after, alone, atol=1e-5)


def test_augmented_pictures_stay_pictures() -> None:
    wild = replace(
        PRESETS["paper"].augmentation, brightness=(-0.9, 0.9), contrast=(-0.9, 3.0), saturation=(0.0, 4.0), cutout=0.3
    )
    found = changed(wild, 30, 8)
    assert found.shape == (8, 3, 30, 30)
    assert found.min() >= 0
    assert found.max() <= 1


def test_bytes_and_floats_are_one_picture() -> None:
    rgb = (pictures(2) * 255).byte()
    draws = torch.rand(2, len(COLUMNS))
    paper = PRESETS["paper"].augmentation
    assert torch.equal(augment(rgb, draws, paper, 30), augment(rgb.float() / 255, draws, paper, 30))


def test_cutout_erases_one_square() -> None:
    found = changed(replace(STILL, cutout=0.25), cutout_x=0.5, cutout_y=0.5)
    erased = (found - pictures()).abs().amax(1)[0] > 1e-3
    rows, columns = torch.nonzero(erased, as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (15, 24, 15, 24)
    assert torch.allclose(found[0, :, 20, 20], pictures().mean((2, 3))[0], atol=1e-4)


def test_mixup_mixes_pictures_and_classes_alike() -> None:
    some, targets = pictures(3), torch.eye(3)
    share = torch.tensor([1.0, 0.75, 0.5])
    mixed, classes = mix_up(some, targets, share)
    assert torch.equal(mixed[0], some[0])
    assert torch.allclose(mixed[1], 0.75 * some[1] + 0.25 * some[0])
    assert torch.allclose(classes, torch.tensor([[1, 0, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]]))
    shares = draw(replace(STILL, mixup=0.2), 500, np.random.default_rng(0))[:, COLUMNS.index("mixup")]
    assert 0.5 <= shares.min() < shares.max() <= 1


@pytest.mark.parametrize("delta", [-0.5, 0.3])
def test_brightness_is_multiplied_where_asked(delta: float) -> None:
    found = changed(replace(STILL, brightness=(delta, delta), brightness_as="multiplied", contrast=(0.2, 0.2)))
    wanted = (1 + delta) * (1.2 * pictures() - 0.2 * oracle.rgb_to_grayscale(pictures()).mean())  # cut off once, last
    assert torch.allclose(found, wanted.clamp(0, 1), atol=1e-3)
    alone = changed(replace(STILL, brightness=(delta, delta), brightness_as="multiplied"))
    assert torch.allclose(alone, oracle.adjust_brightness(pictures(), 1 + delta), atol=1e-4)
