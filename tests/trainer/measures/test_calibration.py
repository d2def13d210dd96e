import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.calibration import BINS, bin_of, fit_temperature, reliability
from trainer.measures.prediction import Prediction
from trainer.measures.taxonomy import Match, match


def whole(classes: int) -> Match:
    """Every class evaluated as it is."""
    names = tuple(map(str, range(classes)))
    return match(names, names, None, None)


def logits_that_are(sure: float, count: int = 2000, classes: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that would be right about their certainty if they were divided by `sure`."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (count, classes))
    labels = np.array([random.choice(classes, p=row) for row in Prediction(logits).probabilities])
    return (logits * sure).astype(np.float32), labels


def draws(count: int) -> BootstrapResamples:
    return BootstrapResamples.of([str(place) for place in range(count)], 300, 0)


@pytest.mark.parametrize("sure", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_false_certainty(sure: float) -> None:
    logits, labels = logits_that_are(sure)
    found = fit_temperature(Prediction(logits), labels, whole(2), draws(len(labels)))
    assert found.value == pytest.approx(sure, rel=0.15)
    assert found.low < found.value < found.high
    before, after = (
        reliability(Prediction(logits).tempered(by), labels, 1, draws(len(labels))) for by in (1, found.value)
    )
    assert after.log_loss.value <= before.log_loss.value
    assert after.ece.value < 0.04
    if sure == 3:
        assert before.ece.low > after.ece.high


def test_no_other_temperature_has_a_smaller_loss() -> None:
    logits, labels = logits_that_are(2.0, 300, 3)
    found = fit_temperature(Prediction(logits), labels, whole(3), draws(300)).value
    least = log_loss(labels, Prediction(logits).tempered(found))
    assert all(
        log_loss(labels, Prediction(logits).tempered(other)) >= least - 1e-9 for other in np.geomspace(0.1, 10, 60)
    )


def test_the_loss_and_the_points_are_scikit_learns() -> None:
    logits, labels = logits_that_are(2.0, 500)
    probabilities = Prediction(logits).probabilities
    found = reliability(probabilities, labels, 1, draws(500))
    assert found.log_loss.value == pytest.approx(log_loss(labels, probabilities))
    observed, predicted = calibration_curve(labels, probabilities[:, 1], n_bins=BINS)
    seen = np.array([point.value for point in found.observed])
    assert seen[found.counts > 0] == pytest.approx(observed)
    assert found.predicted[found.counts > 0] == pytest.approx(predicted)
    by_hand = (found.counts * abs(seen - found.predicted))[found.counts > 0].sum() / 500
    assert found.ece.value == pytest.approx(by_hand)
    assert found.ece.n == found.counts.sum() == 500
    assert [point.n for point in found.observed] == found.counts.tolist()
    assert all(point.low <= point.value <= point.high for point in found.observed if point.n > 20)


def test_of_more_classes_the_predicted_one_is_looked_at() -> None:
    logits, labels = logits_that_are(1.0, 400, 5)
    probabilities = Prediction(logits).probabilities
    found = reliability(probabilities, labels, None, draws(400))
    right = probabilities.argmax(axis=1) == labels
    assert sum(point.n * point.value for point in found.observed if point.n) == pytest.approx(right.sum())
    assert found.counts[0] == found.counts[1] == 0, "the predicted one of five has at least 0.2"
    assert np.isnan(found.observed[0].value)


def test_added_up_classes_are_fitted_as_such() -> None:
    logits, leaves = logits_that_are(3.0, 1500, 4)
    matched = Match(("ab", "cd"), np.array([[1, 0], [1, 0], [0, 1], [0, 1.0]]), np.arange(2))
    found = fit_temperature(Prediction(logits), leaves // 2, matched, draws(1500))
    assert found.value == pytest.approx(3, rel=0.2)


def test_classes_that_are_decided_each_for_itself_have_a_loss_that_certainty_does_not_win() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(-1, 1.5, (3000, 3))
    chance = 1 / (1 + np.exp(-logits))
    # One class of each picture is the true one; where it is the third, the other two are not.
    labels = np.array([random.choice(3, p=row / row.sum()) for row in chance])
    table = np.eye(3)[labels]
    for by in (0.5, 1.0, 2.0):
        found = reliability(
            Prediction(logits, independent=True).tempered(by), labels, None, draws(3000), independent=True
        )
        wanted = np.mean([log_loss(table[:, k], 1 / (1 + np.exp(-logits[:, k] / by))) for k in range(3)])
        assert found.log_loss.value == pytest.approx(wanted)
    best = fit_temperature(Prediction(logits * 3, independent=True), labels, whole(3), draws(3000)).value
    plain = fit_temperature(Prediction(logits, independent=True), labels, whole(3), draws(3000)).value
    assert best == pytest.approx(3 * plain, rel=0.02)
    assert 0.3 < plain < 3


@given(st.floats(0, 1))
def test_every_probability_has_its_bin(probability: float) -> None:
    place = int(bin_of(np.array([probability]))[0])
    assert 0 <= place < BINS
    assert place / BINS - 1e-12 <= probability <= (place + 1) / BINS + 1e-12
