"""Random sets of other filters against those that a plain loop over all orders takes."""

import itertools

import numpy as np
import pytest

from explorer.core.muting.random_sets import random_sets
from explorer.core.tags import FilterKey

KIND = np.dtype([("layer", "i4"), ("filter", "i4"), ("relevance", "f8"), ("silent", "?")])


def table(*layers: list[float], silent: tuple[tuple[int, int], ...] = ()) -> np.ndarray:
    rows = [
        (layer, number, relevance, (layer, number) in silent)
        for layer, of_layer in enumerate(layers)
        for number, relevance in enumerate(of_layer)
    ]
    return np.array(rows, KIND)


def taken_by_some_order(relevance: list[float], muted: list[int]) -> set[frozenset[int]]:
    """The sets that a plain loop over every order of the others takes."""
    aim = sum(relevance[number] for number in muted)
    others = [number for number in range(len(relevance)) if number not in muted]
    found = set()
    for order in itertools.permutations(others):
        sums = np.cumsum([relevance[number] for number in order])
        found.add(frozenset(order[: int(np.abs(sums - aim).argmin()) + 1]))
    return found


def numbers_of(sets: tuple[tuple[FilterKey, ...], ...]) -> list[frozenset[int]]:
    return [frozenset(key.filter for key in one) for one in sets]


@pytest.mark.parametrize("seed", range(12))
def test_where_few_sets_are_possible_they_are_all_of_them_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    relevance = [*random.integers(0, 6, 8).astype(float)] if seed % 2 else [*random.random(8)]
    muted = [0, 1][: 1 + seed % 2]
    relevance[0] = max(relevance[0], 0.1)
    expected = taken_by_some_order(relevance, muted)
    if sum(relevance[len(muted) :]) < 0.9 * sum(relevance[: len(muted)]):
        pytest.skip("too little for others")
    found = random_sets([FilterKey(0, number) for number in muted], table(relevance), 5000, seed)
    assert found.complete
    assert found.lent == 0
    assert len(found.sets) == len(set(numbers_of(found.sets))) == len(expected)
    assert set(numbers_of(found.sets)) == expected


def test_no_set_comes_twice_and_none_is_the_muted_one() -> None:
    random = np.random.default_rng(0)
    filters = table(random.random(40).tolist(), random.random(30).tolist())
    keys = [FilterKey(0, 3), FilterKey(0, 9), FilterKey(1, 2)]
    found = random_sets(keys, filters, 200, 3)
    assert len(set(found.sets)) == len(found.sets) == 200
    assert not found.complete
    assert {frozenset(key.layer for key in one) for one in found.sets} == {frozenset({0, 1})}
    assert not {key for one in found.sets for key in one} & set(keys)
    whole = filters["relevance"].sum()
    of = {FilterKey(int(row["layer"]), int(row["filter"])): row["relevance"] for row in filters}
    assert found.shares[7] == pytest.approx(sum(of[key] for key in found.sets[7]) / whole)
    assert np.mean(found.shares) == pytest.approx(sum(of[key] for key in keys) / whole, abs=0.003)
    assert found == random_sets(keys, filters, 200, 3)
    assert found.sets != random_sets(keys, filters, 200, 4).sets


def test_sets_over_layers_are_every_pair_of_theirs() -> None:
    filters = table([1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0])
    found = random_sets([FilterKey(0, 0), FilterKey(1, 0)], filters, 200)
    assert found.complete
    assert len(found.sets) == 3 * 2


def test_a_layer_without_enough_lends_its_own_and_that_is_counted() -> None:
    filters = table([6.0, 5.0, 4.0, 3.0, 2.0])
    found = random_sets([FilterKey(0, 0), FilterKey(0, 1)], filters, 200)
    assert found.complete
    assert not any(one <= {0, 1} or one >= {0, 1} for one in numbers_of(found.sets))
    assert found.lent > 0
    every = random_sets([FilterKey(0, number) for number in range(5)], filters, 200)
    assert every.sets == ()
    assert every.complete


def test_without_relevance_as_many_filters_are_taken_and_silent_ones_are_none() -> None:
    filters = table([float("nan")] * 6, silent=((0, 5),))
    found = random_sets([FilterKey(0, 0), FilterKey(0, 1)], filters, 200)
    assert set(numbers_of(found.sets)) == {frozenset(pair) for pair in itertools.combinations([2, 3, 4], 2)}
    assert np.isnan(found.shares).all()


def test_many_filters_take_no_long_counting() -> None:
    filters = table([1.0] * 2000)
    found = random_sets([FilterKey(0, 0)], filters, 200)
    assert len(found.sets) == 200
    assert not found.complete
