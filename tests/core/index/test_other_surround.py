"""Pictures of another skin tone or light: clearly another, said in which way, most alike otherwise."""

from pathlib import Path

import numpy as np
import pytest

from explorer.core.concepts.picture_values import VALUES
from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.core.index.gallery import gallery
from explorer.core.index.other_surround import CLEARLY, WORDS, Surrounds
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

N = 60
RANDOM = np.random.default_rng(7)
LIGHT = {name: RANDOM.normal(size=N) for name in WORDS}
KEY = FilterKey(0, 0)


def spreads(values: np.ndarray) -> np.ndarray:
    low, high = np.quantile(values, [0.16, 0.84])
    return values / ((high - low) / 2)


def test_every_value_is_measured_on_pictures() -> None:
    assert set(WORDS) <= set(VALUES)


def test_others_are_clearly_apart_in_one_value_at_least() -> None:
    surrounds = Surrounds(LIGHT)
    standard = np.stack([spreads(values) for values in LIGHT.values()])
    for row in range(N):
        expected = (np.abs(standard - standard[:, [row]]) >= CLEARLY).any(axis=0)
        assert (surrounds.others(row) == expected).all()
        assert not surrounds.others(row)[row]
        for other in range(N):
            assert bool(surrounds.words(other, than=row)) == expected[other]


def test_what_is_not_known_or_does_not_vary_makes_no_difference() -> None:
    light = LIGHT | {"blue share": np.full(N, 0.3), "brightness": np.where(np.arange(N) == 4, np.nan, 0.5)}
    surrounds = Surrounds(light)
    assert not surrounds.others(4)[4]
    assert all(set(surrounds.words(row, than=0)) <= set("redder, less red surround") for row in range(N))
    nothing = Surrounds({name: np.full(N, np.nan) for name in WORDS})
    assert not nothing.others(0).any()


def test_words_say_in_which_way_the_largest_difference_first() -> None:
    rows = np.linspace(-1, 1, N)
    surrounds = Surrounds({"brightness": rows, "red share": -2 * rows**3, "blue share": rows * 0})
    assert surrounds.words(N - 1, than=0) == "less red, brighter surround"
    assert surrounds.words(0, than=N - 1) == "redder, darker surround"


def test_each_strong_picture_stands_beside_the_most_alike_of_another_surround(tmp_path: Path) -> None:
    places = RANDOM.normal(size=(N, 4))
    surrounds = Surrounds(LIGHT)
    with open_index(write_index(tmp_path / "i.h5", np.linspace(9, 1, N)[None], embedding=places)) as index:
        found = gallery(index, KEY, "surround", 12, surrounds=surrounds).pictures
        strong = [index.rows[one.picture] for one in found[::2]]
        taken: set[int] = set()
        assert len(found) == 12
        for one, other in zip(found[::2], found[1::2], strict=True):
            row, beside = index.rows[other.picture], index.rows[one.picture]
            free = [at for at in np.flatnonzero(surrounds.others(beside)) if at not in taken | set(strong)]
            assert row == min(free, key=lambda at: float(np.linalg.norm(places[at] - places[beside])))
            assert (other.beside, other.reason) == (one.picture, surrounds.words(row, than=beside))
            assert (one.beside, one.reason) == ("", "")
            assert other.reason
            taken.add(row)
        with pytest.raises(UserError, match="surrounds are measured"):
            gallery(index, KEY, "surround")
