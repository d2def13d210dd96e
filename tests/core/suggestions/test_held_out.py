"""Pictures of one lesion count as one, and a suggestion has to hold on pictures that had no part in it."""

import numpy as np
import pytest

from explorer.core.suggestions.reasons import held_out_of
from explorer.core.suggestions.suggest_tags import by_lesion
from explorer.core.suggestions.suggestion import FEWEST_HELD_OUT, HeldOut


def test_pictures_of_one_lesion_are_one_row() -> None:
    values = np.array([[1.0, np.nan], [5.0, 2.0], [3.0, np.nan], [7.0, 4.0]], np.float32)

    found = by_lesion({"on": values}, ["a", "b", "a", ""])["on"]

    np.testing.assert_array_equal(found, [[2, np.nan], [5, 2], [7, 4]])
    assert by_lesion({"on": values}, ["", "", "", ""])["on"] is values


@pytest.mark.parametrize(
    ("n", "p", "fails"),
    [
        (FEWEST_HELD_OUT, 0.2, True),
        (FEWEST_HELD_OUT, 0.01, False),
        (FEWEST_HELD_OUT - 1, 0.9, False),
        (50, np.nan, True),
    ],
)
def test_what_does_not_hold_on_others_fails_and_too_few_say_nothing(n: int, p: float, fails: bool) -> None:
    assert HeldOut(0.1, 0.0, 0.2, p, n).fails(0.05) is fails


def test_a_reason_says_the_effect_and_what_other_pictures_say_of_it_in_one_unit() -> None:
    assert held_out_of(HeldOut(0.241, 0.104, 0.349, 0.01, 167), 0.262) == (
        "effect 0.26, on 167 other pictures 0.24 [0.10, 0.35]"
    )
    assert held_out_of(HeldOut(n=3), 0.262) == "effect 0.26, too few other pictures to try it on"
