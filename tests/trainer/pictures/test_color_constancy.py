"""The light of a picture, and the picture under another one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.pictures.color_constancy import light_of, under_light
from trainer.synthetic import draw

RGB = draw(4, size=64).rgb // 2 + 20  # nothing is clipped when it is scaled


@settings(max_examples=20)
@given(st.tuples(*[st.floats(0.6, 1.1)] * 3))
def test_a_cast_is_seen_and_taken_out_again(gain: tuple[float, float, float]) -> None:
    cast = np.rint(RGB * np.array(gain)).astype(np.uint8)
    expected = light_of(RGB) * gain
    assert light_of(cast) == pytest.approx(expected / np.linalg.norm(expected), abs=0.01)
    back = under_light(cast, light_of(RGB))
    strength = back.mean() / RGB.mean()
    assert np.abs(back / strength - RGB).max() < 4


def test_its_own_light_changes_nothing_and_grey_light_is_grey() -> None:
    assert (under_light(RGB, light_of(RGB)) == RGB).all()
    assert light_of(under_light(RGB, np.full(3, 3**-0.5))) == pytest.approx(np.full(3, 3**-0.5), abs=0.01)


def test_grey_world_is_the_first_norm() -> None:
    mean = RGB.mean(axis=(0, 1))
    assert light_of(RGB, 1) == pytest.approx(mean / np.linalg.norm(mean))


def test_black_pictures_stay_black() -> None:
    black = np.zeros((8, 8, 3), np.uint8)
    assert (under_light(black, np.array([0.8, 0.5, 0.3])) == 0).all()
