import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc as area_under
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from trainer.measures.bootstrap import BootstrapResamples
from trainer.measures.metrics import (
    Ranking,
    area_under_roc,
    auc,
    average_precision,
    class_accuracy,
    confusion,
    precision_at,
    roc_at,
    sensitivity_at,
    specificity_at,
)
from trainer.measures.roc_curves import GRID, curve_of
from trainer.measures.scored_class import scored_class


@st.composite
def weighted_scores(
    draw: st.DrawFn,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Scores with many ties, classes, and weights of which some are zero; both classes count for something."""
    count = draw(st.integers(2, 25))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = random.integers(0, draw(st.integers(1, 12)), count) / 7
    positive = random.random(count) < 0.4
    positive[:2] = True, False
    weights = random.integers(0, 4, count).astype(float)
    weights[:2] += 1
    return scores, positive, weights


@settings(max_examples=150)
@given(weighted_scores())
def test_every_weighting_gives_what_scikit_learn_gives(
    case: tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]],
) -> None:
    scores, positive, weights = case
    both = np.stack([weights, np.ones(len(weights))])
    true, false = Ranking.of(scores, positive).counts(both)
    for row, weighting in enumerate(both):
        known = roc_auc_score(positive, scores, sample_weight=weighting)
        assert area_under_roc(true, false)[row] == pytest.approx(known)
        known = average_precision_score(positive, scores, sample_weight=weighting)
        assert average_precision(true, false)[row] == pytest.approx(known)
        across, rising, _ = roc_curve(positive, scores, sample_weight=weighting, drop_intermediate=False)
        for level in (0.8, 0.9, 0.95):
            assert sensitivity_at(true, false, level)[row] == pytest.approx(rising[across <= 1 - level + 1e-9].max())
            assert specificity_at(true, false, level)[row] == pytest.approx(1 - across[rising >= level - 1e-9].min())
        drawn = roc_at(true, false, GRID)[row]
        assert (np.diff(drawn) >= -1e-12).all()
        assert drawn[-1] == 1
        precision, recall, _ = precision_recall_curve(positive, scores, sample_weight=weighting)
        for place, level in [(1, GRID[1]), (50, GRID[50]), (100, 1.0)]:
            known = precision[recall >= level - 1e-9][-1]  # recall falls along sklearn's arrays
            assert precision_at(true, false, GRID)[row, place] == pytest.approx(known)


def test_without_a_class_there_is_no_figure() -> None:
    ranking = Ranking.of(np.array([0.1, 0.5, 0.9]), np.array([False, True, True]))
    true, false = ranking.counts(np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
    assert np.isnan(area_under_roc(true, false)).all()
    assert np.isnan(sensitivity_at(true, false, 0.9)).all()
    assert np.isnan(specificity_at(true, false, 0.9)).all()
    assert np.isnan(auc(np.array([1, 1]), np.array([[0.5, 0.5], [0.2, 0.8]]), ("a", "b")))


def test_the_score_of_two_classes_is_the_malignant_one() -> None:
    for classes in (
        ("malignant", "benign"),
        ("MALIGNANT", "Benign"),
        ("melanoma", "nevus"),
        ("Mel", "nv"),
        ("melanoma", "not_melanoma"),
        ("bcc", "other"),
        ("Basal-cell carcinoma", "nevi"),
    ):
        assert scored_class(classes) == 0
        assert scored_class(classes[::-1]) == 1
    assert scored_class(("first", "second")) == 1
    assert scored_class(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")) == 4
    assert scored_class(("bcc", "scc", "nv")) == 2, "two are malignant: the last"
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    as_first = auc(labels, probabilities, ("malignant", "benign"))
    assert as_first == pytest.approx(roc_auc_score(labels == 0, probabilities[:, 0]))


def test_more_classes_are_averaged_as_scikit_learn_does() -> None:
    random = np.random.default_rng(0)
    labels, probabilities = random.integers(0, 4, 200), random.dirichlet(np.ones(4), 200)
    known = roc_auc_score(labels, probabilities, multi_class="ovr", labels=np.arange(4))
    assert auc(labels, probabilities, tuple("abcd")) == pytest.approx(known)
    five = np.hstack([probabilities * 0.9, np.full((200, 1), 0.1)])
    assert auc(labels, five, tuple("abcde")) == pytest.approx(known), "a class that does not occur counts for nothing"


def test_confusion_and_accuracies() -> None:
    random = np.random.default_rng(1)
    labels, predicted = random.integers(0, 3, 100), random.integers(0, 3, 100)
    weights = random.integers(0, 3, (2, 100)).astype(float)
    assert (confusion(labels, predicted, 3) == confusion_matrix(labels, predicted)).all()
    for row, shares in zip(weights, class_accuracy(weights, labels, predicted, 3), strict=True):
        assert shares.mean() == pytest.approx(balanced_accuracy_score(labels, predicted, sample_weight=row))
    assert np.isnan(class_accuracy(np.ones((1, 2)), np.array([0, 1]), np.array([0, 0]), 3)[0, 2])


def test_a_curve_keeps_its_corners_and_its_band_holds_it() -> None:
    random = np.random.default_rng(2)
    positive = random.random(300) < 0.3
    scores = np.round(positive * 0.4 + random.random(300), 2)
    draws = BootstrapResamples.of([str(place) for place in range(300)], 200, 0)
    curve, areas = curve_of("malignant", scores, positive, draws, [0.83])
    across, rising, _ = roc_curve(positive, scores, drop_intermediate=False)
    corners = list(zip(curve.false_positive_rate, curve.sensitivity, strict=True))
    assert set(corners) < set(zip(across, rising, strict=True))
    assert area_under(curve.false_positive_rate, curve.sensitivity) == pytest.approx(roc_auc_score(positive, scores))
    inside = np.interp(GRID, curve.false_positive_rate, curve.sensitivity)
    low, high = curve.roc_band
    assert ((low <= inside + 0.02) & (inside - 0.02 <= high)).all()
    assert len(areas) == 200
    assert curve.asked[0].n == positive.sum()
    assert curve.asked[0].value == pytest.approx(rising[across <= 0.17].max())
    assert curve.auc.low < curve.auc.value < curve.auc.high
