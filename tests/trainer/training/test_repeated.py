"""One recipe over folds and seeds."""

import csv
import json
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.runs import CPU, Stop, cohort_in, small
from trainer.cli import main
from trainer.cohort.cohort import Cohort
from trainer.files.errors import UserError
from trainer.training.repeated import planned, train_all
from trainer.training.run_folder import run_folders


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    """A cohort in three folds, each with both classes."""
    found = cohort_in(tmp_path, 36)
    return replace(found, folds=(np.arange(36) // 2 % 3).astype(np.int64))


def test_every_fold_and_seed_is_a_run_of_its_own(cohort: Cohort) -> None:
    runs = planned(small(seed=4), cohort, all_folds=True, seeds=2)
    assert [run.name for run in runs] == [f"fold-{fold}-seed-{seed}" for fold in range(3) for seed in (4, 5)]
    assert [run.recipe.data.fold for run in runs] == [0, 0, 1, 1, 2, 2]
    assert [run.name for run in planned(small(), cohort, all_folds=False, seeds=2)] == ["seed-0", "seed-1"]
    with pytest.raises(UserError, match="was not split into folds"):
        planned(small(), replace(cohort, folds=np.full(36, -1)), all_folds=True, seeds=1)


def test_a_link_with_the_name_of_a_run_is_refused(cohort: Cohort, tmp_path: Path) -> None:
    theirs, out = tmp_path / "theirs", tmp_path / "runs"
    for folder in (theirs, out):
        folder.mkdir()
    (out / "seed-1").symlink_to(theirs, target_is_directory=True)
    with pytest.raises(UserError, match=r"seed-1 could not be saved.* it is a link"):
        train_all(cohort, planned(small(), cohort, all_folds=False, seeds=2), out, CPU)
    (out / "threshold-0").symlink_to(theirs, target_is_directory=True)
    with pytest.raises(UserError, match="threshold-0 could not be saved"):
        run_folders(out, ["threshold-0"])
    assert list(theirs.iterdir()) == []
    assert sorted(path.name for path in out.iterdir()) == ["seed-1", "threshold-0"]


def test_interrupted_between_and_in_runs_it_goes_on_and_compares_all(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = planned(small(), cohort, all_folds=True, seeds=1), tmp_path / "runs"
    with pytest.raises(KeyboardInterrupt):
        train_all(cohort, runs[1:], out, CPU, watch=Stop(1, KeyboardInterrupt()))
    assert not (out / "runs.csv").exists()
    said: list[str] = []
    done = train_all(cohort, runs, out, CPU)
    assert [run.name for run in done] == ["fold-0", "fold-1", "fold-2"]
    before = (out / "fold-0" / "network.safetensors").stat().st_mtime_ns
    watch = Stop(99, KeyboardInterrupt())
    object.__setattr__(watch, "say", said.append)
    assert train_all(cohort, runs, out, CPU, watch=watch) == done
    assert said == []
    assert (out / "fold-0" / "network.safetensors").stat().st_mtime_ns == before
    with (out / "runs.csv").open(encoding="utf-8") as file:
        rows = {row["run"]: row for row in csv.DictReader(file)}
    areas = [json.loads((out / run.name / "report.json").read_text())["evaluation"]["auc"]["value"] for run in runs]
    assert [float(rows[run.name]["auc"]) for run in runs] == pytest.approx(areas, abs=1e-4)
    assert float(rows["mean"]["auc"]) == pytest.approx(statistics.mean(areas), abs=1e-4)
    assert float(rows["standard deviation"]["auc"]) == pytest.approx(statistics.stdev(areas), abs=1e-4)
    page = (out / "runs.html").read_text("utf-8")
    assert "3 of 3 are finished" in page
    assert all(run.name in page for run in runs)
    with pytest.raises(UserError, match=r"fold-0 holds a run with .*epochs 2 \(now 3\)"):
        train_all(cohort, planned(small(epochs=3), cohort, all_folds=True, seeds=1), out, CPU)


def test_several_seeds_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = cohort_in(tmp_path).path, tmp_path / "seeds"
    words = ["train", "--data", str(data), "--recipe", "lenet", "--size", "32", "--resize-to", "0", "--batch", "8"]
    words += ["--epochs", "1", "--seeds", "2", "--out", str(out), "--device", "cpu"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "run 2 of 2: seed-1" in said
    assert "runs.html: 2 runs, test AUC" in said
    assert "standard deviation" in said
    assert main([*words[:-4], "--out", str(out / "seed-0"), "--device", "cpu"]) == 1
    assert "holds a single run" in capsys.readouterr().err
    assert main([*words, "--folds", "all"]) == 1
    assert "was not split into folds" in capsys.readouterr().err
