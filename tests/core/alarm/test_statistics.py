"""The alarm's numbers against those of scipy, scikit-learn and a plain loop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.association import class_auc
from explorer.core.alarm.change import intervention_effect
from explorer.core.alarm.class_score import class_scores, towards
from explorer.core.alarm.followers import followers_of
from explorer.core.alarm.within_class import as_measure, chance, rank_correlations, within_class
from explorer.core.index import open_index
from tests.core.index.synthetic_index import write_index
from trainer.measures.multiple_testing import corrected

FEW = settings(max_examples=20)


@FEW
@given(st.integers(0, 1000))
def test_rank_correlations_are_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, answers = random.integers(0, 9, 40).astype(float), random.normal(size=(3, 40))
    answers[2] = values
    found = rank_correlations(values, answers)
    assert found == pytest.approx([stats.spearmanr(values, row).statistic for row in answers])


def test_what_only_the_class_explains_is_nothing_within_class() -> None:
    random = np.random.default_rng(1)
    labels = np.arange(400) % 2
    values, answers = random.normal(size=400) + 3 * labels, random.normal(size=(1, 400)) + 3 * labels
    assert stats.spearmanr(values, answers[0]).statistic > 0.5
    rho, error, counted = within_class(values, answers, labels)
    measure = as_measure(rho[0], error[0], int(counted[0]))
    assert counted[0] == 400
    assert measure.low < 0 < measure.high


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    inside = 0
    truth = 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman's rho of a normal distribution with correlation 0.6
    for seed in range(500):
        random = np.random.default_rng(seed)
        labels = np.arange(80) % 2
        first = random.normal(size=80)
        second = 0.6 * first + 0.8 * random.normal(size=80)
        rho, error, counted = within_class(first + 2 * labels, (second - labels)[None], labels)
        measure = as_measure(rho[0], error[0], int(counted[0]))
        inside += measure.low <= truth <= measure.high
    assert 0.92 <= inside / 500 <= 0.98


def test_what_does_not_vary_has_no_correlation_and_is_no_finding() -> None:
    labels = np.arange(40) % 2
    rho, error, counted = within_class(np.ones(40), np.arange(40.0)[None], labels)
    assert np.isnan(rho[0])
    assert counted.tolist() == [0]
    assert chance(rho, error).tolist() == [1.0]


def test_pictures_without_a_value_do_not_count() -> None:
    random = np.random.default_rng(2)
    labels, values, answers = np.arange(60) % 2, random.normal(size=60), random.normal(size=(2, 60))
    kept = random.random(60) < 0.7
    found = within_class(np.where(kept, values, np.nan), answers, labels)
    expected = within_class(values[kept], answers[:, kept], labels[kept])
    assert found[0] == pytest.approx(expected[0])
    assert found[2].tolist() == [kept.sum()] * 2


def test_a_filter_that_does_not_vary_takes_no_picture_from_another() -> None:
    labels, values = np.arange(40) % 2, np.arange(40.0)
    rho, _, counted = within_class(values, np.stack([values, np.ones(40)]), labels)
    assert counted.tolist() == [40, 0]
    assert np.isnan(rho).tolist() == [False, True]


def test_chance_alone_finds_nothing_among_many() -> None:
    raised = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        labels = np.arange(100) % 2
        rho, error, _ = within_class(random.normal(size=100), random.normal(size=(200, 100)), labels)
        raised += bool((corrected(chance(rho, error)) <= 0.05).any())
    assert raised <= 1


@FEW
@given(st.integers(0, 1000))
def test_the_auc_is_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, positive = random.integers(0, 6, 50).astype(float), np.arange(50) % 3 == 0
    found, p = class_auc(values, positive)
    assert found.value == pytest.approx(roc_auc_score(positive, values))
    assert 0 <= p <= 1


def test_an_auc_without_exception_still_has_an_interval() -> None:
    values = np.arange(40.0)
    found, p = class_auc(values, values >= 30)
    assert found.value == 1
    assert 0.6 < found.low < 1
    assert p < 1e-4


def test_what_is_the_same_everywhere_tells_no_class_and_is_not_sure_of_it() -> None:
    found, p = class_auc(np.ones(40), np.arange(40) < 20)
    assert found.value == 0.5
    assert not found.low > 0.5
    assert not found.high < 0.5
    assert p == 1


def test_relevance_speaks_for_the_class_that_is_asked() -> None:
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0], [1.0, 2.0, 0.0]])
    assert class_scores(logits, 0).tolist() == [1, -2, -1]
    assert np.nan_to_num(towards(logits, 0), nan=9).tolist() == [1, 9, -1]
    one = np.array([[1.5], [-2.0]])
    assert class_scores(one, 1).tolist() == [1.5, -2]
    assert towards(one, 1).tolist() == [1, -1]
    assert towards(one, 0).tolist() == [-1, 1]
    named = towards(logits, 1, "class:b", ("a", "b", "c"))
    assert named.tolist() == [1, 1, 1]
    assert np.isnan(towards(logits, 0, "class:b", ("a", "b", "c"))).all()


def test_a_change_that_only_pictures_with_the_artifact_see() -> None:
    random = np.random.default_rng(3)
    labels = (np.arange(200) % 2).astype(np.int64)
    has = random.random(200) < 0.4
    before = random.normal(size=200) + labels + 2 * has
    after = before - 2 * has
    names = [str(number) for number in range(200)]
    found = intervention_effect(before, after, has.astype(float), (has, ~has), labels, 1, names, draws=200)
    assert found.with_it.value == pytest.approx(-2)
    assert found.without_it.value == pytest.approx(0)
    assert found.difference.high < -1.9
    assert found.auc_before.value == pytest.approx(roc_auc_score(labels, before))
    assert found.auc_after.value == pytest.approx(roc_auc_score(labels, after))
    assert found.auc_change.low <= found.auc_change.value <= found.auc_change.high
    assert abs(found.dependence_after.value) < 0.2 < found.dependence_before.value


def test_a_silent_filter_follows_nothing_whatever_it_does_below_zero(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values, labels = random.random(200), np.arange(200) % 2
    peaks = np.vstack([values + 0.1, -1 - values, random.random(200)])
    asked = _Asked(Artifact("ruler", values, values > 0.5), 1, 1)
    with open_index(write_index(tmp_path / "i.h5", peaks, relevance=np.abs(peaks) * labels)) as index:
        (found,) = followers_of(index, np.arange(200), labels, [asked])
    assert found.count == 1
    assert {one.key.filter for one in found.top} <= {0}


@dataclass(frozen=True)
class _Asked:
    artifact: Artifact
    class_index: int
    sign: int
