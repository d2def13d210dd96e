"""Odds ratios against the formula and a textbook's method."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import odds_ratio as scipys

from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.odds import common_odds_ratio, counts, odds_pair, odds_ratio
from trainer.measures.paired import Quantity, compared

FEW = settings(max_examples=20)


@FEW
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_odds_ratio_is_haldanes_whatever_the_counts(pairs: list[tuple[bool, bool]]) -> None:
    present, positive = (np.array(side) for side in zip(*pairs, strict=True))
    (a, b), (c, d) = counts(present, positive)
    found = odds_ratio(present, positive)
    assert found.value == pytest.approx((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
    assert 0 < found.low < found.value < found.high
    turned = odds_ratio(~present, positive)
    assert turned.value == pytest.approx(1 / found.value)


def test_of_many_pictures_it_is_scipys() -> None:
    random = np.random.default_rng(4)
    present, positive = random.random(20_000) < 0.4, random.random(20_000) < 0.3
    present |= positive & (random.random(20_000) < 0.2)
    found = odds_ratio(present, positive)
    other = scipys(counts(present, positive).astype(int), kind="sample")
    assert found.value == pytest.approx(other.statistic, rel=1e-2)
    assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval()), rel=1e-2)


def test_strata_keep_out_what_only_the_stratum_explains() -> None:
    random = np.random.default_rng(5)
    stratum = np.arange(2000) % 2 == 1
    present, positive = (random.random(2000) < np.where(stratum, 0.8, 0.2) for _ in range(2))
    whole = odds_ratio(present, positive)
    common = common_odds_ratio([(present[of], positive[of], np.arange(of.sum())) for of in (stratum, ~stratum)])
    assert whole.low > 3
    assert common.low < 1 < common.high
    assert common.n == 2000


def test_the_common_ratio_of_one_stratum_is_its_own_and_one_side_alone_says_nothing() -> None:
    present, positive = np.array([True, False, True, True]), np.array([True, True, False, False])
    nothing = (np.array([True, False]), np.array([True, True]), np.arange(2))
    assert common_odds_ratio([(present, positive, np.arange(4)), nothing]) == odds_ratio(present, positive)
    assert np.isnan(common_odds_ratio([nothing]).value)


def test_the_change_of_a_common_ratio_is_drawn_in_pairs() -> None:
    random = np.random.default_rng(0)
    positive, stratum, lesion = random.random(300) < 0.4, random.random(300) < 0.5, np.arange(300) // 2
    before = random.random(300) < np.where(positive, 0.6, 0.3)
    after = before & (random.random(300) < 0.9)
    strata = [(of, positive) for of in (stratum, ~stratum)]
    single = [common_odds_ratio([(side[of], positive[of], lesion[of]) for of, _ in strata]) for side in (before, after)]
    pair, as_ratio = odds_pair(before, after, strata, lesion)
    log = compared({"odds": Quantity(pair)}, BootstrapResamples(lesion, 400))["odds"]
    assert as_ratio(log.before).value == pytest.approx(single[0].value)
    assert as_ratio(log.after).value == pytest.approx(single[1].value)
    changed = as_ratio(log.change)
    assert changed.value == pytest.approx(single[1].value / single[0].value)
    assert changed.low < changed.value < changed.high
    apart = np.log(single[0].high / single[0].low) + np.log(single[1].high / single[1].low)
    assert np.log(changed.high / changed.low) < apart / 2, "the same pictures before and after"
    same, _ = odds_pair(before, before, strata, lesion)
    assert compared({"odds": Quantity(same)}, BootstrapResamples(lesion, 100))["odds"].change.value == 0


def test_pictures_of_one_lesion_say_less_than_as_many_lesions() -> None:
    """Every picture four times is as sure as once, where they are known to be of one lesion."""
    random = np.random.default_rng(0)
    present, positive = random.random(80) < 0.5, random.random(80) < 0.4
    once = common_odds_ratio([(present, positive, np.arange(80))])
    four = [np.tile(side, 4) for side in (present, positive, np.arange(80))]
    clustered = common_odds_ratio([(four[0], four[1], four[2])])
    taken_for_single = common_odds_ratio([(four[0], four[1], np.arange(320))])
    width, single, wrong = (np.log(one.high / one.low) for one in (clustered, once, taken_for_single))
    assert width == pytest.approx(single, rel=0.05)
    assert wrong < 0.55 * single
