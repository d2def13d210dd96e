"""Where the colors of an attribution end, and how a change is told."""

import numpy as np
import pytest

from explorer.core.attribution import LENSES, AttributionMap
from explorer.core.attribution.color_range import OWN, color_limit, in_points, points_text, range_text
from explorer.core.drawing.signed_overlay import limit_of

OCCLUSION = LENSES["occlusion"]
MAP = np.array([[0.03, -0.12], [0.0, 0.01]], np.float32)


@pytest.mark.parametrize("name", [name for name in LENSES if name != "occlusion"])
def test_a_lens_whose_values_are_no_changes_keeps_its_own_range(name: str) -> None:
    assert not in_points(LENSES[name], "probability:mel")
    assert color_limit(LENSES[name], "probability:mel", MAP, 10.0) == limit_of(MAP, LENSES[name].quantile)


def test_points_count_for_probabilities_alone() -> None:
    assert color_limit(OCCLUSION, "probability:mel", MAP, 10.0) == pytest.approx(0.1)
    for target, points in (("probability:mel", OWN), ("class:mel", 10.0), ("filter:7:8:peak", 10.0)):
        assert color_limit(OCCLUSION, target, MAP, points) == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("change", "told"),
    [(0.0081, "0.81 points"), (-0.1, "10 points"), (0.01, "1 point"), (0, "0 points"), (1, "100 points")],
)
def test_a_change_is_told_in_points(change: float, told: str) -> None:
    assert points_text(change) == told


def test_the_end_of_the_bar_says_when_a_map_goes_beyond() -> None:
    found = AttributionMap("probability:mel", MAP, True, 0.7, {}, "")
    assert range_text(found, OCCLUSION, 0.1) == "10+ points"
    assert range_text(found, OCCLUSION, 0.25) == "25 points"
    assert range_text(AttributionMap("class:mel", MAP, True, 0.7, {}, ""), OCCLUSION, 0.12) == "0.12"
    assert range_text(found, OCCLUSION, 0.0) == ""
