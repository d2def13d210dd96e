"""The filters of a layer side by side: orders and marks."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.index import open_index
from explorer.core.index.layer_summary import (
    mostly_at_edge,
    ordered,
    separation,
    side_by_side,
    summary_of,
    twins_of,
)
from tests.core.index.synthetic_index import write_index
from trainer.measures.delong import delong


def a_layer() -> npt.NDArray[np.float64]:
    """Six filters on forty pictures: 0 and 3 are twins, 1 and 5 are opposed twins, 4 is silent."""
    random = np.random.default_rng(3)
    answers = random.random((6, 40))
    answers[3] = 2 * answers[0]
    answers[5] = 1 - answers[1]
    answers[4] = 0
    return answers


def test_a_layer_in_an_index(tmp_path: Path) -> None:
    answers = a_layer()
    ring = np.ones((8, 40))
    ring[3] = 5
    whole = np.concatenate([np.ones((2, 40)), answers])
    path = write_index(tmp_path / "i.h5", whole, filters=(2, 6), inside=whole, ring=ring)
    with open_index(path) as index:
        found = summary_of(index, 1, (28, 28))
    assert found.silent == {4}
    assert found.edge == {1}
    assert found.twins == {0: (3,), 3: (0,), 1: (5,), 5: (1,)}
    assert found.strength == pytest.approx(answers.mean(axis=1), rel=1e-5)
    assert found.relevance.sum() == pytest.approx(1, rel=1e-5)
    places = {filter: place for place, filter in enumerate(found.alike)}
    assert sorted(found.alike) == list(range(6))
    assert abs(places[0] - places[3]) == 1
    assert abs(places[1] - places[5]) == 1


def test_separation_is_that_of_the_class_that_is_surely_told_apart_without_pictures_that_do_not_count() -> None:
    random = np.random.default_rng(0)
    given = random.choice(["mel", "nv", "bkl", ""], 120).astype(object)
    answers = random.random((6, 120)) + 0.3 * (given == "mel")
    left_out = random.random(120) < 0.2
    found = separation(answers, given, left_out)
    counted = (given != "") & ~left_out
    for row in range(6):
        aucs = [delong(answers[row][counted], given[counted] == name) for name in ("mel", "nv", "bkl")]
        assert found[row] == pytest.approx(max(max(auc.low - 0.5, 0.5 - auc.high) for auc in aucs))
    assert np.isnan(separation(answers, np.full(120, "", object), left_out)).all()


def test_a_class_of_a_few_pictures_puts_no_filter_before_one_that_tells_a_large_class(tmp_path: Path) -> None:
    given = np.array(["mel"] * 50 + ["nv"] * 46 + ["vasc"] * 4, dtype=object)
    random = np.random.default_rng(1)
    answers = random.random((3, 100))
    answers[1] += given == "vasc"  # without exception, of four
    answers[2] += 0.3 * (given == "mel")
    path = write_index(tmp_path / "i.h5", answers, given=tuple(given))
    with open_index(path) as index:
        assert ordered(summary_of(index, 0, (28, 28)).separation)[0] == 2
        two = summary_of(index, 0, (28, 28), given=["melanoma" if word == "mel" else "other" for word in given])
        few = summary_of(index, 0, (28, 28), given=[word if word == "vasc" else "other" for word in given])
    assert ordered(two.separation)[0] == 2
    assert np.isnan(few.separation).all()


@given(st.integers(0, 12), st.integers(0, 1000))
def test_every_filter_has_one_place_whatever_is_known_of_it(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    r = random.uniform(-1, 1, (count, count))
    r = (r + r.T) / 2
    r[random.random((count, count)) < 0.2] = np.nan
    assert sorted(side_by_side(r)) == list(range(count))
    values = random.choice([np.nan, 0.0, 1.0, 2.0], count)
    order = ordered(values)
    assert sorted(order) == list(range(count))
    known = [values[row] for row in order if np.isfinite(values[row])]
    assert known == sorted(known, reverse=True)
    assert all(np.isnan(values[row]) for row in order[len(known) :])
    assert all(
        row in twins_of(r)[other]
        for row, others in twins_of(r).items()
        for other in others
        if r[row, other] == r[other, row]
    )


@pytest.mark.parametrize(
    ("ratio", "size", "edge"),
    [(1.0, (28, 28), False), (3.0, (28, 28), False), (4.0, (28, 28), True), (1.2, (7, 7), False), (1.8, (7, 7), True)],
)
def test_an_answer_in_the_ring_counts_where_it_is_more_than_half_and_more_than_chance(
    ratio: float, size: tuple[int, int], edge: bool
) -> None:
    assert mostly_at_edge(ratio, size) == edge
