import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trainer.measures.bootstrap import BootstrapResamples, Measure, interval, measure
from trainer.measures.metrics import Ranking, area_under_roc
from trainer.measures.roc_curves import curve_of


def test_pictures_of_a_lesion_are_drawn_together() -> None:
    draws = BootstrapResamples.of(["a", "b", "a", "c", "b"], 300, 1)
    weights = np.concatenate(list(draws.weights()))
    assert weights.shape == (300, 5)
    assert draws.lesions == 3
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all(), "as many lesions as there are"
    assert (weights[:, 0] != weights[:, 1]).any()


def test_equal_seeds_give_equal_draws() -> None:
    one, same, other = (
        np.concatenate(list(BootstrapResamples.of(list("abcd"), 20, seed).weights())) for seed in (3, 3, 4)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_the_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = BootstrapResamples.of([str(place % 7) for place in range(30)], 50, 5)
    whole = np.concatenate(list(draws.weights()))
    monkeypatch.setattr("trainer.measures.bootstrap.CELLS", 100)
    assert (np.concatenate(list(draws.weights())) == whole).all()


def test_the_interval_is_that_of_a_plain_loop() -> None:
    random = np.random.default_rng(0)
    positive = random.random(120) < 0.3
    scores = positive * 0.5 + random.random(120)
    lesions = np.array([place // 2 for place in range(120)])
    ranking = Ranking.of(scores, positive)
    draws = BootstrapResamples.of([f"{lesion:03}" for lesion in lesions], 2000, 0)
    fast = draws.measure(lambda weights: area_under_roc(*ranking.counts(weights)))
    found = []
    for _ in range(1000):
        chosen = np.concatenate([np.flatnonzero(lesions == lesion) for lesion in random.integers(0, 60, 60)])
        ill, well = scores[chosen][positive[chosen]], scores[chosen][~positive[chosen]]
        found.append((ill[:, None] > well).mean())
    assert fast.value == pytest.approx(roc_auc_score(positive, scores))
    assert fast.n == 120
    assert [fast.low, fast.high] == pytest.approx(np.quantile(found, [0.025, 0.975]), abs=0.015)


def test_pictures_of_one_lesion_tell_less_than_as_many_lesions() -> None:
    random = np.random.default_rng(1)
    positive = np.repeat(random.random(60) < 0.4, 5)
    scores = positive * 0.6 + np.repeat(random.random(60), 5)
    ranking = Ranking.of(scores, positive)

    def width(lesions: list[str]) -> float:
        found = BootstrapResamples.of(lesions, 1000, 0).measure(
            lambda weights: area_under_roc(*ranking.counts(weights))
        )
        return found.high - found.low

    assert width([str(place // 5) for place in range(300)]) > 1.5 * width([str(place) for place in range(300)])


def test_draws_without_a_class_are_left_out() -> None:
    drawn = np.array([[0.5, np.nan, 1.0], [0.7, np.nan, np.nan], [0.6, 0.1, 1.0]])
    low, high = interval(drawn)
    assert low[0] == pytest.approx(0.505)
    assert np.isnan(low[1])
    assert (low[2], high[2]) == (1, 1)


def test_a_share_without_exception_is_not_certain() -> None:
    from scipy.stats import binomtest

    whole = measure(1.0, np.ones(50), 30, lesions=30)
    assert (whole.low, whole.high) == pytest.approx(tuple(binomtest(30, 30).proportion_ci(0.95, "exact")))
    none = measure(0.0, np.zeros(50), 30, lesions=12)
    assert (none.low, none.high) == pytest.approx(tuple(binomtest(0, 12).proportion_ci(0.95, "exact")))
    assert none.n == 30


def test_a_measure_is_plain_json() -> None:
    assert Measure(0.5, 0.25, float("nan"), 7).as_dict() == {"value": 0.5, "low": 0.25, "high": None, "n": 7}
    nothing = measure(float("nan"), np.array([0.1, 0.2]), 4)
    assert nothing.as_dict() == {"value": None, "low": None, "high": None, "n": 4}


def test_two_thousand_draws_of_two_thousand_pictures_take_seconds() -> None:
    random = np.random.default_rng(0)
    positive = random.random(2000) < 0.3
    draws = BootstrapResamples.of([str(place) for place in range(2000)])
    started = time.thread_time()
    curve_of("malignant", positive * 0.5 + random.random(2000), positive, draws)
    assert time.thread_time() - started < 15, "AUC, precision, operating points and both bands; 1 s on a free machine"
