"""Values of a whole picture: what changes them, and what does not."""

import functools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from explorer.core.concepts.picture_values import VALUES, jpeg_quality, picture_values
from trainer.synthetic import draw

SEEDS = st.integers(0, 5)
FEW = settings(max_examples=12)


@functools.cache
def drawn(seed: int, *concepts: str) -> np.ndarray:
    return draw(seed, size=96, concepts=frozenset(concepts)).rgb


def scaled(rgb: np.ndarray, *by: float) -> np.ndarray:
    return np.rint(np.clip(rgb * np.array(by), 0, 255)).astype(np.uint8)


def test_a_grey_picture_says_what_the_formulas_say() -> None:
    values = picture_values(np.full((60, 80, 3), 128, np.uint8))
    assert set(values) == set(VALUES)
    assert values["red share"] == pytest.approx(1 / 3)
    assert values["blue share"] == pytest.approx(1 / 3)
    assert values["brightness"] == pytest.approx(128 / 255)
    assert values["vignette"] == pytest.approx(0, abs=1e-9)
    assert values["field of view"] == 1
    assert (values["width"], values["height"]) == (80, 60)


@FEW
@given(SEEDS, st.floats(0.6, 0.95))
def test_less_light_is_less_bright_and_nothing_else(seed: int, by: float) -> None:
    before, after = picture_values(drawn(seed)), picture_values(scaled(drawn(seed), by, by, by))
    assert after["brightness"] == pytest.approx(before["brightness"] * by, rel=0.02)
    for name in ("red share", "blue share"):
        assert after[name] == pytest.approx(before[name], abs=0.004)
    assert after["vignette"] == pytest.approx(before["vignette"], abs=0.03)
    assert after["sharpness"] == pytest.approx(before["sharpness"], abs=0.15)


@FEW
@given(SEEDS, st.sampled_from(["red share", "blue share"]), st.floats(0.75, 0.95))
def test_a_cast_moves_its_share_in_its_direction(seed: int, name: str, by: float) -> None:
    rgb, place = drawn(seed), 0 if name == "red share" else 2
    less = np.ones(3)
    less[place] = by
    assert picture_values(scaled(rgb, *less))[name] < picture_values(rgb)[name] - 0.01
    others = np.full(3, by)
    others[place] = 1
    assert picture_values(scaled(rgb, *others))[name] > picture_values(rgb)[name] + 0.01


@FEW
@given(SEEDS, st.sampled_from([(), ("corner",), ("hair", "ruler")]))
def test_turned_and_mirrored_pictures_have_the_same_values(seed: int, concepts: tuple[str, ...]) -> None:
    rgb = drawn(seed, *concepts)
    values = picture_values(rgb)
    for other in (rgb[::-1], rgb[:, ::-1], np.rot90(rgb)):
        assert picture_values(np.ascontiguousarray(other)) == pytest.approx(values, abs=1e-6)


@FEW
@given(SEEDS, st.floats(0.8, 2.0))
def test_blur_takes_the_sharpness(seed: int, radius: float) -> None:
    rgb = drawn(seed, "hair")
    blurred = np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(radius)))
    assert picture_values(blurred)["sharpness"] < picture_values(rgb)["sharpness"] - 0.3


@FEW
@given(SEEDS, st.floats(0.1, 0.5))
def test_what_falls_off_to_the_corners_is_the_vignette(seed: int, lost: float) -> None:
    rgb = np.full((90, 90, 3), 200, np.uint8) if seed % 2 else drawn(seed)
    side = np.linspace(-1, 1, len(rgb))
    fall = 1 - lost * (side[:, None] ** 2 + side[None, :] ** 2) / 2
    darker = np.rint(rgb * fall[..., None]).astype(np.uint8)
    assert picture_values(darker)["vignette"] > picture_values(rgb)["vignette"] + 0.8 * lost


def test_black_corners_end_the_field_of_view_and_are_no_cast() -> None:
    rgb = np.full((100, 100, 3), (200, 150, 120), np.uint8)
    y, x = np.mgrid[-1:1:100j, -1:1:100j]
    outside = np.hypot(y, x) > 1.05
    framed = np.where(outside[..., None], np.uint8(6), rgb)
    before, after = picture_values(rgb), picture_values(framed)
    assert after["field of view"] == pytest.approx(1 - outside.mean(), abs=1e-9)
    for name in ("red share", "blue share", "brightness"):
        assert after[name] == pytest.approx(before[name], abs=1e-6)


def test_the_lesion_is_no_part_of_the_surround() -> None:
    rgb = np.full((80, 80, 3), (200, 150, 120), np.uint8)
    mask = np.zeros((80, 80), bool)
    mask[:, :50] = True
    dark = np.where(mask[..., None], np.array((60, 30, 90), np.uint8), rgb)
    whole, beside = picture_values(dark), picture_values(dark, lesion=mask.astype(np.float32))
    assert beside["red share"] == pytest.approx(200 / 470)
    assert abs(whole["red share"] - 200 / 470) > 0.01


def test_nothing_is_claimed_of_a_black_picture() -> None:
    values = picture_values(np.zeros((50, 50, 3), np.uint8))
    assert values["field of view"] == 0
    assert all(math.isnan(values[name]) for name in ("red share", "brightness", "sharpness", "vignette"))


def test_large_pictures_are_measured_as_small_ones_are() -> None:
    rgb = drawn(3, "corner")
    large = np.asarray(Image.fromarray(rgb).resize((1536, 1536), Image.Resampling.BICUBIC))
    small, found = picture_values(rgb), picture_values(large)
    for name in ("red share", "blue share", "brightness", "field of view", "vignette"):
        assert found[name] == pytest.approx(small[name], abs=0.1 if name == "vignette" else 0.02), name
    assert found["width"] == 1536


@pytest.mark.parametrize("quality", [10, 35, 50, 75, 90, 95, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality: int, tmp_path: Path) -> None:
    Image.fromarray(drawn(1)).save(tmp_path / "a.jpg", quality=quality)
    assert jpeg_quality(tmp_path / "a.jpg") == pytest.approx(quality, abs=1)


def test_what_is_no_jpeg_has_no_quality(tmp_path: Path) -> None:
    Image.fromarray(drawn(1)).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    for name in ("a.png", "b.jpg", "not there.jpg"):
        assert math.isnan(jpeg_quality(tmp_path / name))
