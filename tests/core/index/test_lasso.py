import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

from explorer.core.index.lasso import inside


@given(st.integers(3, 12), st.integers(0, 10_000))
def test_a_star_holds_what_matplotlib_says(corners: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    turn = np.sort(random.uniform(0, 2 * np.pi, corners))
    star = np.column_stack([np.cos(turn), np.sin(turn)]) * random.uniform(0.2, 1, (corners, 1))
    points = random.uniform(-1, 1, (200, 2))
    np.testing.assert_array_equal(inside(points, star), Path([*star, star[0]], closed=True).contains_points(points))


def test_what_has_no_place_lies_nowhere() -> None:
    square = np.array([(0, 0), (2, 0), (2, 2), (0, 2)], float)
    assert inside(np.array([[1, 1], [np.nan, 1], [3, 1]]), square).tolist() == [True, False, False]
