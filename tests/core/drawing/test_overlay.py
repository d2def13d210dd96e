import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageFilter

from explorer.core.drawing.overlay import color_bar, compose, in_picture, outline, overlay, reduced, resize
from explorer.core.drawing.styles import COLOR_MAPS
from trainer.networks.input_spec import Box

maps = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(-8, 8, width=32),
)
names = st.sampled_from(sorted(name for name, colors in COLOR_MAPS.items() if not colors.brighter))
bright = st.sampled_from(sorted(name for name, colors in COLOR_MAPS.items() if colors.brighter))


def luminance(rgb: np.ndarray) -> np.ndarray:
    return rgb.astype(float) @ [0.2126, 0.7152, 0.0722]


@settings(max_examples=80)
@given(maps, st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_shape_type_and_transparency(map: np.ndarray, size: tuple[int, int]) -> None:
    drawn = overlay(map, size)
    assert drawn.shape == (*size, 4)
    assert drawn.dtype == np.uint8
    if map.max() <= 0:
        assert not drawn[..., 3].any()


@settings(max_examples=60)
@given(maps, names)
def test_a_higher_answer_is_darker_over_anything(map: np.ndarray, name: str) -> None:
    """On white and on skin the picture never gets lighter where the answer rises."""
    drawn = overlay(map, map.shape, color_map=name)
    order = np.argsort(np.maximum(map, 0), axis=None)
    for below in ((255, 255, 255), (230, 190, 175)):
        shown = compose(np.broadcast_to(np.array(below, np.uint8), (*map.shape, 3)), drawn)
        values = luminance(shown).ravel()[order]
        assert (np.diff(values) <= 1.5).all()
    assert (np.diff(drawn[..., 3].ravel()[order].astype(int)) >= 0).all()


@settings(max_examples=60)
@given(maps, bright)
def test_a_higher_answer_of_a_bright_map_is_brighter_over_a_dark_lesion(map: np.ndarray, name: str) -> None:
    drawn = overlay(map, map.shape, color_map=name)
    order = np.argsort(np.maximum(map, 0), axis=None)
    for below in ((0, 0, 0), (44, 28, 24), (70, 45, 40)):
        shown = compose(np.broadcast_to(np.array(below, np.uint8), (*map.shape, 3)), drawn)
        assert (np.diff(luminance(shown).ravel()[order]) >= -1.5).all()
    assert (np.diff(drawn[..., 3].ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize("name", COLOR_MAPS)
def test_the_bar_rises_or_falls_as_the_map_says(name: str) -> None:
    bar = luminance(color_bar(256, name))[::-1, 0]
    assert (np.diff(bar) * (1 if COLOR_MAPS[name].brighter else -1) >= -1.5).all()


@settings(max_examples=60)
@given(maps, st.floats(0.01, 5))
def test_negative_answers_are_nothing(map: np.ndarray, peak: float) -> None:
    np.testing.assert_array_equal(overlay(map, (12, 12), peak=peak), overlay(np.maximum(map, 0), (12, 12), peak=peak))


@settings(max_examples=40)
@given(maps, st.floats(0.1, 5), st.floats(0.2, 3))
def test_a_peak_scales_the_map(map: np.ndarray, peak: float, factor: float) -> None:
    scaled = (map * np.float32(factor)).astype(np.float32)
    a, b = overlay(map, (8, 8), peak=peak), overlay(scaled, (8, 8), peak=peak * factor)
    assert np.abs(a.astype(int) - b.astype(int)).max() <= 3


def test_the_foot_is_drawn_as_nothing() -> None:
    map = np.array([[0.5, 1.0, 2.0]], np.float32)
    alpha = overlay(map, (1, 3), foot=1.0, peak=2.0)[0, :, 3]
    assert alpha[0] == alpha[1] == 0
    assert alpha[2] > 200


@settings(max_examples=40)
@given(maps, st.integers(1, 5))
def test_resizing_is_bilinear(map: np.ndarray, factor: int) -> None:
    size = (map.shape[0] * factor, map.shape[1] * factor)
    oracle = F.interpolate(torch.from_numpy(map)[None, None], size=size, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(resize(map, size), oracle[0, 0].numpy(), atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_draw_nothing(value: float) -> None:
    map = np.array([[value, 1.0]], np.float32)
    assert overlay(map, (1, 2))[0, 0, 3] == 0
    assert overlay(map, (1, 2))[0, 1, 3] > 0


def test_an_overlay_lies_only_in_the_frame() -> None:
    drawn = overlay(np.ones((4, 4), np.float32), (10, 10))
    laid = in_picture(drawn, Box(5, 10, 20, 30), (40, 50))
    inside = np.zeros((40, 50), bool)
    inside[5:25, 10:40] = True
    np.testing.assert_array_equal(laid[..., 3] > 0, inside)


def test_a_frame_beyond_the_picture_is_cut() -> None:
    drawn = overlay(np.ones((4, 4), np.float32), (40, 40))
    laid = in_picture(drawn, Box(-10, -10, 40, 40), (20, 20))
    np.testing.assert_array_equal(laid, drawn[10:30, 10:30])


def test_a_wide_outline_is_the_thin_one_again_and_again() -> None:
    map = np.random.default_rng(0).normal(size=(7, 9)).astype(np.float32)
    line = outline(map, (700, 900), 0.4)
    above = np.asarray(Image.fromarray(map).resize((900, 700), Image.Resampling.BICUBIC)) >= 0.4
    inner = outer = Image.fromarray(above.astype(np.uint8))
    for _ in range(round(900 / 256)):
        inner, outer = inner.filter(ImageFilter.MinFilter(3)), outer.filter(ImageFilter.MaxFilter(3))
    np.testing.assert_array_equal(line[..., :3].all(axis=-1), above & (np.asarray(inner) == 0))
    np.testing.assert_array_equal(line[..., 3] == 200, ~above & (np.asarray(outer) == 1))


def test_the_outline_runs_around_what_is_above_the_level() -> None:
    map = np.zeros((10, 10), np.float32)
    map[3:7, 3:7] = 1
    line = outline(map, (10, 10), 0.5)
    white = (line == 255).all(-1)
    ring = np.zeros((10, 10), bool)
    ring[3:7, 3:7] = True
    ring[4:6, 4:6] = False
    np.testing.assert_array_equal(white, ring)
    # Large, it is thicker, and a disc of few cells has no corners: its line lies near the circle.
    rows, columns = np.mgrid[:16, :16]
    disc = np.clip(6 - np.hypot(rows - 7.5, columns - 7.5), 0, 1).astype(np.float32)
    found = outline(disc, (512, 512), 0.5)
    white = (found == 255).all(-1)
    far = np.hypot(*(np.argwhere(white).T - 255.5)) / 32
    assert far.min() > 4.9
    assert far.max() < 5.8
    across = white[256, 256:]
    assert across.sum() == 2
    assert (found[256, 256:, 3] == 200).sum() == 2
    assert not outline(np.zeros((4, 4), np.float32), (4, 4), 0.0).any()


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 70), st.integers(1, 70), st.integers(1, 30))
def test_reduced_maps_are_small_and_keep_the_mean(count: int, height: int, width: int, longest: int) -> None:
    maps = np.random.default_rng(0).random((count, height, width), np.float32)
    small = reduced(maps, longest)
    assert max(small.shape[1:]) <= longest or max(small.shape[1:]) <= max(height, width) // 1
    block = -(-max(height, width) // longest)
    if height % block == 0 and width % block == 0:
        np.testing.assert_allclose(small.mean((1, 2)), maps.mean((1, 2)), rtol=1e-4)
    assert small.base is not maps


def test_the_color_bar_is_the_scale() -> None:
    bar = color_bar(50)
    assert bar.shape == (50, 1, 3)
    assert tuple(bar[-1, 0]) == (255, 255, 255)
    assert bar[0, 0].max() < 128
