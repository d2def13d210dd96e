"""A threshold chosen on one part and kept on another."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import recall_score, roc_curve

from tests.networks import save_small
from tests.trainer.cohorts import drawn_cohort
from tests.trainer.runs import cohort_in
from trainer.cli import main
from trainer.evaluation.threshold import at_threshold, check_criterion, choose, kept_threshold
from trainer.files.errors import UserError
from trainer.measures.bootstrap import BootstrapResamples
from trainer.networks.checkpoint import load, save

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


KEPT = {"value": 0.4996, "criterion": "youden", "chosen_on": "train, cross-validated", "positive": "malignant"}


def evaluated(folder: Path, threshold: object, *words: str) -> dict[str, Any]:
    """What `evaluate` finds of a threshold, of a network whose training says this one."""
    network = folder / "own.safetensors"
    save_small(network)
    save(network, replace(load(network), training={"threshold": threshold, "seen": []}))
    arguments = ["evaluate", "--data", str(drawn_cohort(folder / "c.h5", 60)), "--out", str(folder / "r"), *words]
    assert main([*arguments, "--model", str(network), "--draws", "100"]) == 0
    found = json.loads((folder / "r" / "report.json").read_text("utf-8"))["evaluation"]["threshold"]
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("no_figures")
def test_the_threshold_of_the_network_is_used_and_whose_it_is_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluated(tmp_path, KEPT)
    assert (found["value"], found["chosen_on"]) == (0.4996, None)
    assert sum(found["applied_to"][name] for name in found["applied_to"] if name.endswith("tives")) == 12
    held = found["on_validation"]
    assert held["part"] == "validation"
    assert sum(held[name] for name in held if name.endswith("tives")) > 0
    origin = "kept in own.safetensors, whose training chose it on train, cross-validated by youden"
    said = capsys.readouterr().out
    assert f"threshold 0.4996, {origin}" in said
    assert "on validation, which may be among the pictures that it was chosen on: sensitivity" in said
    assert "on test, where it was applied: sensitivity" in said
    assert f"from a probability of 0.4996 on, {origin}" in (tmp_path / "r" / "report.html").read_text("utf-8")


@pytest.mark.usefixtures("no_figures")
def test_it_is_chosen_anew_where_that_is_asked_for_or_the_threshold_is_another_network_s(tmp_path: Path) -> None:
    for kept, words in (
        (KEPT, ("--threshold", "youden")),
        (KEPT, ("--tta", "2")),
        (KEPT | {"positive": "benign"}, ()),
        (None, ()),
    ):
        found = evaluated(tmp_path, kept, *words)
        assert found["chosen_on"]["part"] == "validation"
        assert found["kept"] is None


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(
    ("words", "classes", "validated", "said"),
    [
        (("--threshold", "youden"), 2, False, "of which c.h5 has none with two classes"),
        (("--threshold", "youden", "--split", "validation"), 2, True, "is chosen on the validation part; measure"),
        (("--threshold", "sensitivity:0.9"), 3, True, "of two classes, and these are 3"),
    ],
)
def test_a_threshold_that_is_asked_for_is_never_left_out_silently(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    classes: int,
    validated: bool,
    said: str,
) -> None:
    path, cohort = tmp_path / "c.h5", cohort_in(tmp_path, 60)
    names = ("benign", "malignant", "other")[:classes]
    splits = cohort.splits if validated else np.where(cohort.splits == "validation", "train", cohort.splits)
    changed = replace(
        cohort,
        path=path,
        splits=splits,
        classes=names,
        labels=np.arange(60) % classes if classes > 2 else cohort.labels,
    )
    monkeypatch.setattr("trainer.cohort.pixel_check.open_checked", lambda _path: changed)
    save_small(tmp_path / "n.safetensors", classes=names)
    start = ["evaluate", "--data", str(path), "--out", str(tmp_path / "r"), "--draws", "100", "--even-if-seen"]
    assert main([*start, "--model", str(tmp_path / "n.safetensors"), *words]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r" / "report.json").exists()


def test_what_is_no_threshold_is_none() -> None:
    for wrong in ("0.5", {**KEPT, "value": 2.0}, {**KEPT, "value": "0.5"}, {**KEPT, "criterion": 3}, {"value": 0.5}):
        assert kept_threshold({"threshold": wrong}, "x") is None


def test_where_all_are_sure_nothing_is_called_rather_than_too_much() -> None:
    scores, positive = np.array([1.0, 1.0, 0.3, 0.2]), np.array([True, False, False, True])
    called = scores >= choose(scores, positive, "specificity:1")
    assert not called[~positive].any()
