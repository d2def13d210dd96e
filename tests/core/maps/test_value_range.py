from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.drawing.styles import Scale
from explorer.core.maps import value_range as scale
from explorer.core.maps.value_range import TOGETHER, SeenValues, scale_of


def maps(seed: int, filters: int = 3, side: int = 20) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(filters, side, side)).astype(np.float32)


def test_own_range_and_layer_range() -> None:
    found = maps(0)
    assert scale_of(found, 2, 1, "map") == Scale(0.0, float(found[1].max()))
    assert scale_of(found, 2, 1, "layer") == Scale(0.0, float(found.max()))
    assert scale_of(found, 2, 1, "fixed", fixed=Scale(1, 2)) == Scale(1, 2)
    assert scale_of(-np.abs(found), 2, 1, "map") == Scale(0.0, 0.0)


def test_an_infinite_value_is_no_top() -> None:
    found = maps(0)
    found[1, 0, :2] = np.inf, np.nan
    finite = found[1][np.isfinite(found[1])]
    assert scale_of(found, 2, 1, "map") == Scale(0.0, float(finite.max()))


def test_over_the_pictures_seen_is_median_to_quantile() -> None:
    seen = SeenValues(pool=100_000)
    every = [np.abs(maps(seed)) for seed in range(4)]
    for number, found in enumerate(every):
        seen.add(5, f"picture{number}", found)
        seen.add(5, f"picture{number}", found)  # looked at again: counted once
    pooled = np.concatenate([found[1].ravel() for found in every])
    over = seen.scale(5, 1)
    np.testing.assert_allclose([over.foot, over.peak], np.quantile(pooled, [0.5, 0.995]), rtol=1e-5)
    assert seen.pictures(5) == 4
    assert seen.pictures(4) == 0


def test_a_grid_of_a_large_layer_finds_the_scales_of_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding those of all 2,048 filters would hold up the window, and only some dozens of them are in sight."""
    found, looked_at = np.abs(maps(3, filters=3 * TOGETHER + 5)), []

    def counting(values: np.ndarray, limits: Any = scale._limits) -> np.ndarray:
        looked_at.append(values.shape[0] if values.ndim > 1 else 1)
        return limits(values)

    monkeypatch.setattr(scale, "_limits", counting)
    seen = SeenValues(pool=100_000)
    seen.add(0, "picture", found)
    for filter in range(TOGETHER + 2, 2 * TOGETHER):
        seen.scale(0, filter)
    assert sum(looked_at) <= TOGETHER + 1
    for filter in range(len(found)):
        answer = seen.scale(0, filter)
        np.testing.assert_allclose([answer.foot, answer.peak], np.quantile(found[filter], [0.5, 0.995]), rtol=1e-5)


def test_a_full_pool_keeps_the_weight_of_every_picture() -> None:
    seen = SeenValues(pool=2000)
    for number in range(200):
        seen.add(0, str(number), np.full((1, 30, 30), number, np.float32))
    over = seen.scale(0, 0)
    assert 80 < over.foot < 120
    assert over.peak > 190


@settings(max_examples=20)
@given(st.integers(1, 3000), st.integers(1, 12))
def test_memory_is_bounded(filters: int, pictures: int) -> None:
    seen = SeenValues(pool=256, limit=1 << 16)
    for number in range(pictures):
        seen.add(0, str(number), np.zeros((filters, 7, 7), np.float32))
    assert seen._held[0].nbytes <= max(4 << 16, 4 * filters * 64)


def test_nothing_seen_is_an_empty_scale() -> None:
    assert SeenValues().scale(0, 0) == Scale(0.0, 0.0)


def test_a_filter_that_answers_rarely_is_still_drawn() -> None:
    seen = SeenValues()
    found = np.zeros((2, 30, 30), np.float32)
    found[1, 3, 4] = 0.5  # a ruler's tick: the 0.995 quantile is 0
    seen.add(0, "picture", found)
    assert seen.scale(0, 1) == Scale(0.0, 0.5)
    assert seen.scale(0, 0) == Scale(0.0, 0.0)
