"""A threshold where no part was set apart to choose it on: by cross-validation inside the train part."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.runs import CPU, cohort_in, same, small, trained, weights_in
from trainer.cohort.cohort import Cohort
from trainer.evaluation.threshold import choose
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load
from trainer.training.train import Watch, train

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    """A train and a test part, in which two pictures each are of one group."""
    found = cohort_in(tmp_path, 48)
    groups = tuple(f"group {place // 4} {place % 2}" for place in range(len(found)))
    return replace(found, groups=groups, splits=np.where(found.splits == "validation", "train", found.splits))


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_threshold_is_chosen_inside_train_and_applied_to_test(cohort: Cohort, tmp_path: Path) -> None:
    recipe = small(chosen="last", threshold_folds=3)
    seen: list[str] = []
    watch = Watch(say=seen.append, on_epoch=lambda record: stop(seen))
    with pytest.raises(KeyboardInterrupt):  # in the second fold, and taken up again
        train(cohort, recipe, tmp_path / "run", CPU, watch=watch)
    kept = (tmp_path / "run" / "threshold-0" / "network.safetensors").stat().st_mtime_ns
    outcome = trained(cohort, tmp_path / "run", recipe)
    assert (tmp_path / "run" / "threshold-0" / "network.safetensors").stat().st_mtime_ns == kept
    # The network is the one that the recipe gives without a threshold.
    trained(cohort, tmp_path / "plain", small(chosen="last"))
    assert same(weights_in(tmp_path / "run"), weights_in(tmp_path / "plain"))

    found = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))["evaluation"]["threshold"]
    assert found["chosen_on"]["part"] == "train, cross-validated"
    assert found["applied_to"]["part"] == "test"
    # Each picture by the network that did not see it, as that network's own report says.
    told: dict[str, float] = {}
    inside: list[set[str]] = []
    for number in range(3):
        folder = tmp_path / "run" / f"threshold-{number}"
        tested = {row["picture"]: float(row["probability malignant"]) for row in rows_of(folder)}
        told |= tested
        inside.append({cohort.groups[cohort.names.index(name)] for name in tested})
    train_part = {cohort.names[place] for place in cohort.positions("train")}
    assert set(told) == train_part
    assert not inside[0] & inside[1] | inside[1] & inside[2] | inside[0] & inside[2]
    names = sorted(told)
    positive = np.array([cohort.labels[cohort.names.index(name)] == 1 for name in names])
    wanted = choose(np.array([told[name] for name in names]), positive, "youden")
    assert found["value"] == pytest.approx(wanted, abs=1e-5)
    counts = found["chosen_on"]
    assert sum(counts[name] for name in counts if name.endswith("tives")) == len(train_part)
    listed = {row["picture"]: row["split"] for row in rows_of(tmp_path / "run")}
    assert {name for name, part in listed.items() if part == "train, cross-validated"} == train_part
    kept_threshold = load(outcome.network).training["threshold"]
    assert kept_threshold["value"] == pytest.approx(found["value"], abs=1e-5)
    assert "chosen on train, cross-validated" in (tmp_path / "run" / "MODEL_CARD.md").read_text(encoding="utf-8")


def stop(seen: list[str]) -> None:
    if any("threshold-1" in text for text in seen):
        raise KeyboardInterrupt


def test_it_is_refused_where_it_makes_no_sense(cohort: Cohort, tmp_path: Path) -> None:
    whole = cohort_in(tmp_path, 48)
    three = cohort_in(tmp_path, 60, classes=("a", "b", "c"))
    three = replace(three, splits=np.where(three.splits == "validation", "train", three.splits))
    for its, folds, said in (
        (whole, 3, "has a validation part"),
        (three, 3, "of two classes"),
        (cohort, 2, "not within 3 to"),
        (cohort, 40, "not within 3 to"),
    ):
        with pytest.raises(UserError, match=said):
            train(its, small(chosen="last", threshold_folds=folds), tmp_path / "r", CPU)
    assert not (tmp_path / "r").exists()
