"""DeLong's interval by ranks is that of its definition by pairs, and holds the true area as often as it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_auc_score

from trainer.measures.delong import delong, midranks

SCORES = arrays.arrays(np.float64, st.integers(4, 60), elements=st.integers(0, 12).map(float))


def by_pairs(of: np.ndarray, rest: np.ndarray) -> float:
    """The standard deviation after DeLong (1988), equation 4: every pair is compared."""
    kernel = (of[:, None] > rest) + 0.5 * (of[:, None] == rest)
    return float(np.sqrt(kernel.mean(axis=1).var(ddof=1) / len(of) + kernel.mean(axis=0).var(ddof=1) / len(rest)))


@settings(max_examples=60, deadline=None)
@given(SCORES, st.integers(0, 2**32 - 1))
def test_value_and_interval_are_those_of_scikit_learn_and_of_the_definition(scores: np.ndarray, seed: int) -> None:
    positive = np.random.default_rng(seed).permutation(np.arange(len(scores)) % 2 == 0)
    found = delong(scores, positive)
    assert found.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    deviation = by_pairs(scores[positive], scores[~positive])
    if deviation < 1e-9:
        assert np.isnan(found.low)
        assert np.isnan(found.high)
        return
    half = norm.ppf(0.975) * deviation
    assert found.low == pytest.approx(max(0, found.value - half), abs=1e-9)
    assert found.high == pytest.approx(min(1, found.value + half), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(SCORES)
def test_midranks_are_those_of_scipy(scores: np.ndarray) -> None:
    assert midranks(scores).tolist() == rankdata(scores).tolist()


def test_the_interval_holds_the_true_area_in_95_of_100_studies() -> None:
    random, truth, held = np.random.default_rng(5), norm.cdf(1 / np.sqrt(2)), 0
    positive = np.arange(120) < 50
    for _ in range(1000):
        found = delong(random.normal(size=120) + positive, positive)
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 1000 <= 0.965


def test_what_cannot_be_known_is_not_a_number() -> None:
    assert np.isnan(delong(np.arange(4.0), np.zeros(4, bool)).value)
    parted = delong(np.arange(4.0), np.arange(4) > 1)
    assert parted.value == 1
    assert np.isnan(parted.low)
    alone = delong(np.arange(4.0), np.arange(4) == 2)
    assert alone.value == pytest.approx(2 / 3)
    assert np.isnan(alone.high)
