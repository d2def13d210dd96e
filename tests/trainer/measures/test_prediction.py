"""From logits to probabilities; torch is the oracle."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.measures.prediction import Prediction, tensor_probabilities

LOGITS = st.lists(st.floats(-40, 40, width=32), min_size=1, max_size=5)


@given(LOGITS, st.booleans())
def test_one_picture_several_and_tensors_have_the_same_probabilities(logits: list[float], independent: bool) -> None:
    values = np.array(logits, np.float32)
    one, several = (Prediction(found, independent).probabilities for found in (values, values[None]))
    assert one == pytest.approx(several[0])
    assert one == pytest.approx(tensor_probabilities(torch.from_numpy(values)[None], independent)[0].numpy(), abs=1e-6)
    assert np.all((one >= 0) & (one <= 1))
    assert independent or len(logits) == 1 or one.sum() == pytest.approx(1)
    assert one[Prediction(values, independent).best] == one.max()


def test_softmax_is_torchs_and_bears_huge_logits() -> None:
    logits = np.array([[1.0, 2.0, -3.0], [900.0, -900.0, 0.0]], np.float32)
    known = (torch.from_numpy(logits).double() / 0.5).softmax(1).numpy()
    assert Prediction(logits).tempered(0.5) == pytest.approx(known)


def test_one_logit_alone_is_that_of_a_logistic_unit() -> None:
    assert Prediction(np.array([-3.4], np.float32)).probabilities == pytest.approx([0.0323], abs=1e-4)
    with np.errstate(over="raise", invalid="raise"):
        assert Prediction(np.array([[-900.0], [900.0]], np.float32)).probabilities.tolist() == [[0.0], [1.0]]


def test_without_class_scores_there_is_no_best_one() -> None:
    nothing = Prediction(np.empty(0, np.float32))
    assert nothing.best is None
    assert nothing.probabilities.shape == (0,)
    assert tensor_probabilities(torch.empty(2, 0)).shape == (2, 0)
