import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

from explorer.core.index.map_points import inside, nearest, neighbour


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


DIRECTIONS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "up": (0.0, 1.0), "down": (0.0, -1.0)}


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_every_point_is_reached_by_steps_or_by_the_list_of_the_nearest(count: int, seed: int) -> None:
    places = np.random.default_rng(seed).normal(size=(count, 2)).round(1)  # some lie in one place
    for name, direction in DIRECTIONS.items():
        at, seen = 0, {0}
        while (at := neighbour(places, at, direction)) >= 0:
            assert at not in seen, name  # it ends, and goes round nowhere
            seen.add(at)
    assert sorted(nearest(places, 1, count)) == list(range(count))
    away = np.hypot(*(places - places[1]).T)
    assert (np.diff(away[nearest(places, 1, count)]) >= 0).all()
    assert away[nearest(places, 1, 1)[0]] == 0


def test_a_step_goes_to_the_nearest_that_lies_there() -> None:
    places = np.array([(0, 0), (3, 1), (1, 3), (-1, 0.5), (2, np.nan), (9, 0)])
    assert [neighbour(places, 0, way) for way in DIRECTIONS.values()] == [1, 3, 2, -1]
    assert neighbour(places, 5, DIRECTIONS["right"]) == -1
    assert nearest(places, 0, 10).tolist() == [0, 3, 1, 2, 5]
