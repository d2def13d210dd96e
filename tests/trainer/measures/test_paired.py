"""Intervals of a difference hold the truth as often as they say, and paired ones are narrow."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.paired import Quantity, auc_pair, compared, mean_pair, share_pair


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores before and after of pictures of a class or not: what is lost after is noise on the same scores."""
    random = np.random.default_rng(seed)
    positive = random.random(count) < 0.3
    before = positive * 1.2 + random.normal(size=count)
    return positive, before, before * 0.8 + random.normal(size=count) * 0.6


def test_a_pair_is_what_scikit_learn_says() -> None:
    positive, before, after = drawn(0, 300)
    found = compared(
        {"auc": Quantity(auc_pair(before, after, positive))}, BootstrapResamples.of(list(map(str, range(300))))
    )
    expected = [roc_auc_score(positive, side) for side in (before, after)]
    assert [found["auc"].before.value, found["auc"].after.value] == pytest.approx(expected)
    assert found["auc"].change.value == pytest.approx(expected[1] - expected[0])
    wide = found["auc"].before.high - found["auc"].before.low
    assert found["auc"].change.high - found["auc"].change.low < 0.9 * wide
    assert found["auc"].as_dict()["change"]["n"] == 300


def covered(sizes: int, lesions: bool) -> float:
    """The share of 500 drawn folders whose interval holds the true change of the AUC."""
    positive, before, after = drawn(99, 200_000)
    truth = roc_auc_score(positive, after) - roc_auc_score(positive, before)
    hits = []
    for seed in range(500):
        positive, before, after = drawn(seed, sizes)
        names = [str(place) for place in range(sizes)]
        if lesions:  # every picture twice: nothing new, and an interval over pictures would be too narrow
            positive, before, after = (np.tile(values, 2) for values in (positive, before, after))
            names *= 2
        draws = BootstrapResamples.of(names, 300, seed)
        found = compared({"auc": Quantity(auc_pair(before, after, positive))}, draws)["auc"].change
        hits.append(found.low <= truth <= found.high)
    return float(np.mean(hits))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    assert 0.92 <= covered(150, lesions=False) <= 0.98


@pytest.mark.soak
def test_intervals_over_lesions_hold_it_too() -> None:
    assert 0.92 <= covered(150, lesions=True) <= 0.98


def test_a_share_that_nothing_changed_is_not_certain() -> None:
    called = np.array([True] * 7 + [False] * 3)
    draws = BootstrapResamples.of(list("abcdefghij"))
    same = compared({"share": Quantity(share_pair(called, called, np.ones(10, bool)), 10, is_share=True)}, draws)[
        "share"
    ]
    assert same.change.value == 0
    assert (same.change.low, same.change.high) == pytest.approx((-0.3085, 0.3085), abs=1e-4)
    means = mean_pair(np.arange(10.0), np.arange(10.0) + 2, np.ones(10))
    moved = compared({"mean": Quantity(means)}, draws)["mean"]
    assert (moved.before.value, moved.change.value, moved.change.low) == pytest.approx((4.5, 2.0, 2.0))


def test_an_auc_of_one_is_not_certain_before_or_after() -> None:
    positive = np.arange(30) < 9
    scores = np.where(positive, 1.0, 0.0) + np.linspace(0, 0.1, 30)
    draws = BootstrapResamples.of(list(map(str, range(30))))
    found = compared({"auc": Quantity(auc_pair(scores, scores, positive), 9)}, draws)["auc"]
    assert found.before.value == 1
    assert found.before.low == pytest.approx(1 - (1 - 0.025 ** (1 / 9)))
    assert found.change.low < 0 < found.change.high
    turned = np.where(np.arange(30) == 0, -1.0, scores)
    lower = compared({"auc": Quantity(auc_pair(turned, turned, positive), 9)}, draws)["auc"]
    assert lower.change.low == lower.change.high == 0, "the same scores: nothing changed, and that is known"
