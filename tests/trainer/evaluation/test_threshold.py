"""A threshold chosen on one part and kept on another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import recall_score, roc_curve

from trainer.evaluation.threshold import at_threshold, check_criterion, choose
from trainer.files.errors import UserError
from trainer.measures.bootstrap import BootstrapResamples

pictures = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=4, max_size=60).filter(
    lambda drawn: len({positive for _, positive in drawn}) == 2
)


@given(pictures, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_the_threshold_is_the_best_that_scikit_learn_s_curve_offers(
    drawn: list[tuple[int, bool]], share: float
) -> None:
    scores, positive = np.array([score / 13 + 0.02 for score, _ in drawn]), np.array([of for _, of in drawn])
    false, true, _ = roc_curve(positive, scores, drop_intermediate=False)

    def reached(criterion: str) -> tuple[float, float]:
        called = scores >= choose(scores, positive, criterion)
        return recall_score(positive, called), recall_score(~positive, ~called)

    sensitivity, specificity = reached("youden")
    assert sensitivity + specificity == pytest.approx((true + 1 - false).max())
    sensitivity, specificity = reached(f"sensitivity:{share}")
    assert sensitivity >= share - 1e-9
    assert specificity == pytest.approx((1 - false)[true >= share - 1e-9].max())
    sensitivity, specificity = reached(f"specificity:{share}")
    assert specificity >= share - 1e-9
    assert sensitivity == pytest.approx(true[1 - false >= share - 1e-9].max())


def test_a_kept_threshold_is_counted() -> None:
    scores, positive = np.array([0.9, 0.8, 0.4, 0.3, 0.6]), np.array([True, True, True, False, False])
    found = at_threshold("test", scores, positive, 0.5, BootstrapResamples.of(list("abcde"), 200))
    assert (found.true_positives, found.false_positives, found.true_negatives, found.false_negatives) == (2, 1, 1, 1)
    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.specificity.value == 0.5
    assert found.balanced_accuracy.value == pytest.approx(7 / 12)
    assert found.sensitivity.low < found.sensitivity.value < found.sensitivity.high
    assert (found.sensitivity.n, found.specificity.n) == (3, 2)


@pytest.mark.parametrize(
    "text", ["", "best", "sensitivity", "sensitivity:0", "specificity:1.5", "youden:1", "sensitivity:x"]
)
def test_what_is_no_criterion_is_said(text: str) -> None:
    with pytest.raises(UserError, match="is not youden, sensitivity"):
        check_criterion(text)
