"""One artifact held against one class: what is raised, and what comes first."""

import numpy as np
import pytest

from explorer.core.alarm.artifacts import Artifact, artifacts_of
from explorer.core.alarm.question import Answer, ask
from trainer.measures.bootstrap import Measure

LABELS = (np.arange(400) // 200).astype(np.int64)


def scores_along(values: np.ndarray) -> np.ndarray:
    """Logits of two classes whose margin is the values."""
    return np.stack([-values, values], axis=1) / 2


def found(artifact: Artifact) -> Answer:
    return ask(artifact, 1, LABELS, scores_along(artifact.values))


def answer(auc: float, rho: float) -> Answer:
    artifact = Artifact("hair", np.array([0.0, 1.0]), np.array([False, True]))
    measures = (Measure(value, value, value, 2) for value in (auc, rho))
    association, dependence = measures
    return Answer(artifact, 1, 2, association, None, dependence, 0.001)


def test_an_odds_ratio_the_other_way_raises_nothing() -> None:
    """Of the class, fewer pictures have hair, though the others have more of what may be a little of it."""
    random = np.random.default_rng(0)
    values = np.where(LABELS == 1, random.uniform(0.3, 0.49, 400), random.uniform(0.1, 0.3, 400))
    values[:80] = random.uniform(0.5, 1, 80)
    values[200:230] = random.uniform(0.5, 1, 30)
    (hair,) = artifacts_of({"hair": values}, [str(number) for number in range(400)])
    one = found(hair)
    assert one.association.value > 0.6
    assert one.odds is not None
    assert one.odds.high < 0.6
    assert one.dependence.value > 0.3
    assert not one.stands_out


def test_what_no_picture_has_has_no_odds() -> None:
    """The classes are of different size: half a picture added to each count would make an odds ratio of that alone."""
    random = np.random.default_rng(0)
    labels = (np.arange(400) < 40).astype(np.int64)
    values = random.uniform(0.2, 0.4, 400)
    (hair,) = artifacts_of({"hair": values}, [str(number) for number in range(400)])
    one = ask(hair, 1, labels, scores_along(values))
    assert one.odds is None
    assert abs(one.association.value - 0.5) < 0.1
    assert not one.stands_out


@pytest.mark.parametrize("sign", [1, -1])
def test_both_in_one_direction_stand_out(sign: int) -> None:
    random = np.random.default_rng(0)
    there = random.random(400) < np.where((sign > 0) == LABELS, 0.6, 0.2)
    values = np.where(there, random.uniform(0.5, 1, 400), 0.0)
    one = ask(Artifact("hair", values, there), 1, LABELS, scores_along(sign * values))
    assert one.sign == sign
    assert one.stands_out


def test_what_cannot_be_told_apart_comes_last() -> None:
    unknown, weak, strong = answer(1.0, float("nan")), answer(0.7, 0.2), answer(0.9, 0.5)
    assert sorted([unknown, weak, strong], key=lambda one: one.order) == [strong, weak, unknown]
