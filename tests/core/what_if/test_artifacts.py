"""What lies on the skin is painted over where it is found, and laid where a person points."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from explorer.core.concepts import concept_maps
from explorer.core.errors import UserError
from explorer.core.what_if import Change, Laid
from explorer.core.what_if.artifacts import LAID, LARGEST, laid_in, without
from trainer.synthetic.artifacts import LIGHT_SKIN, hair
from trainer.synthetic.picture import draw

PLAIN = np.full((96, 128, 3), (200, 160, 140), np.uint8)


def hairy() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A drawn picture of 224 x 224 without hairs, the same with them, and where they are."""
    clean = draw(3, size=224, concepts=frozenset()).rgb
    with_hairs, coverage = hair(np.random.default_rng(2), (clean / np.float32(255)).astype(np.float32), LIGHT_SKIN)
    return clean, np.rint(255 * np.clip(with_hairs, 0, 1)).astype(np.uint8), coverage > 0.5


def test_hairs_are_painted_over_and_the_rest_stays() -> None:
    clean, with_hairs, where = hairy()
    found, done = without(with_hairs, ("hair",))
    assert done == ("hair",)
    before = np.abs(with_hairs[where].astype(float) - clean[where]).mean()
    after = np.abs(found[where].astype(float) - clean[where]).mean()
    assert after < 0.5 * before
    assert concept_maps(found)["hair"].sum() < 0.5 * concept_maps(with_hairs)["hair"].sum()
    untouched = (found == with_hairs).all(2)
    assert untouched.mean() > 0.5


def test_what_is_not_there_is_not_painted_over() -> None:
    clean = draw(3, size=224, concepts=frozenset()).rgb
    found, done = without(clean, ("ruler", "bubble"))
    assert done == ()
    assert found is clean


@settings(max_examples=20)
@given(st.sampled_from(LAID), st.floats(0, 1), st.floats(0, 1), st.integers(0, 5))
def test_whatever_is_laid_lies_in_the_picture(concept: str, row: float, column: float, number: int) -> None:
    laid = Laid(concept, row, column, number)
    found = laid_in(PLAIN, laid)
    assert found.shape == PLAIN.shape
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, laid_in(PLAIN, laid))


@pytest.mark.parametrize("concept", LAID)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_it_lies_where_a_person_points(concept: str, number: int) -> None:
    reach = 0.25 if concept == "ink" else 0.35
    for row, column in ((0.5, 0.5), (0.3, 0.7)):
        change = np.abs(laid_in(PLAIN, Laid(concept, row, column, number)).astype(float) - PLAIN).sum(2)
        assert change.sum() > 0
        down, across = np.indices(change.shape)
        away = np.hypot(down - row * 95, across - column * 127) / 128
        assert (away * change).sum() / change.sum() < reach, (concept, number)
    left, right = (
        np.abs(laid_in(PLAIN, Laid("hair", 0.5, column, number)).astype(float) - PLAIN).sum((0, 2)) for column in (0, 1)
    )
    assert left[64:].sum() < 0.1 * left.sum()
    assert right[:64].sum() < 0.1 * right.sum()


def test_large_pictures_get_the_same_drawing() -> None:
    large = np.full((2 * LARGEST, LARGEST, 3), 180, np.uint8)
    laid = Laid("ruler", 0.4, 0.5)
    small = laid_in(large[::4, ::4].copy(), laid).astype(float)
    found = laid_in(large, laid).astype(float)
    means = found.reshape(small.shape[0], 4, small.shape[1], 4, 3).mean((1, 3))
    assert np.corrcoef(means.ravel(), small.ravel())[0, 1] > 0.8


def test_what_lies_on_the_skin_comes_before_how_it_was_taken() -> None:
    laid = Laid("ink", 0.5, 0.5)
    change = Change(gamma=2.0, crop=0.5, laid=(laid,))
    np.testing.assert_array_equal(change.applied(PLAIN), Change(gamma=2.0, crop=0.5).applied(laid_in(PLAIN, laid)))
    assert (
        change.sentence == "with ink 50 % from the left and 50 % from the top, the middle 50 % of either side, gamma 2"
    )
    assert Change(without=("hair", "ruler")).sentence == "without hair and ruler"


def test_what_cannot_be_done_is_refused() -> None:
    with pytest.raises(UserError, match='"lesion" cannot be painted over; take hair, ruler, bubble'):
        Change(without=("lesion",))
    with pytest.raises(UserError, match='"patch" cannot be laid into a picture; take hair, ruler, ink'):
        Laid("patch", 0.5, 0.5)
    with pytest.raises(UserError, match="not in the picture"):
        Laid("hair", 1.5, float("nan"))
