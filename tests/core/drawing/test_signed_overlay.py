"""The occlusion map's colors: zero shows the picture, the sign is a color, the size is how much of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from explorer.core.drawing.overlay import compose
from explorer.core.drawing.signed_overlay import attribution_bar, attribution_overlay, limit_of

maps = arrays.arrays(np.float32, (4, 5), elements=st.floats(-8, 8, width=32))


@given(maps, st.floats(0.125, 10))
def test_signs_are_colors_and_zero_is_the_picture(map: np.ndarray, limit: float) -> None:
    drawn = attribution_overlay(map, (4, 5), limit=limit).astype(int)
    assert drawn.shape == (4, 5, 4)
    assert not drawn[map == 0].any()
    strong = np.abs(map) > 0.02 * limit
    warm = drawn[..., 0] > drawn[..., 2]
    assert (warm == (map > 0))[strong].all()
    assert (drawn[..., 3] > 0)[strong].all()


@given(maps)
def test_the_two_signs_mirror_each_other(map: np.ndarray) -> None:
    one, other = attribution_overlay(map, (4, 5)), attribution_overlay(-map, (4, 5))
    np.testing.assert_array_equal(one[..., 3], other[..., 3])


def test_more_is_darker_and_more_opaque_on_either_side() -> None:
    bar = attribution_bar(255)[:, 0].astype(int)
    for side in (bar[:128][::-1], bar[127:]):
        assert (np.diff(side[:, 3]) >= 0).all()
        light = side[1:, :3] @ [2126, 7152, 722]
        assert (np.diff(light) <= 0).all()
    assert not bar[127].any()


@pytest.mark.parametrize("skin", [(236, 200, 180), (180, 130, 110), (90, 60, 50)])
def test_both_ends_are_seen_on_skin_by_everyone(skin: tuple[int, int, int]) -> None:
    picture = np.full((2, 1, 3), skin, np.uint8)
    drawn = compose(picture, attribution_overlay(np.array([[1.0], [-1.0]]), (2, 1), limit=1.0)).astype(float)
    # What a person without red or without green cones is left with: roughly blue against the mean of red and green.
    left = [np.array([(red + green) / 2, blue]) for red, green, blue in (*drawn[:, 0], skin)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(left[first] - left[second]).max() > 25


def test_what_is_not_finite_does_no_harm() -> None:
    map = np.array([[np.nan, np.inf], [-np.inf, 0.5]], np.float32)
    assert limit_of(map) == 0.5
    drawn = attribution_overlay(map, (2, 2))
    assert not drawn[0, 0].any()
    assert drawn[0, 1, 0] > drawn[0, 1, 2]
    assert drawn[1, 0, 0] < drawn[1, 0, 2]
    assert not attribution_overlay(np.zeros((3, 3)), (5, 4)).any()
