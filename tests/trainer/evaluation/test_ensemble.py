"""Several networks, or several views of a picture, as one."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from tests.networks import save_small
from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort.cohort import open_cohort
from trainer.evaluation.ensemble import Ensemble, Member
from trainer.evaluation.inference import VIEWS, logits_of
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import InputSpec
from trainer.networks.opening import open_model

CPU = torch.device("cpu")
SPEC = InputSpec((32, 32), "squash", 32)


class Echo(nn.Module):
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.flatten(1)


def test_the_views_are_the_eight_symmetries_of_the_square() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    spec = InputSpec((8, 8), "squash", 8)
    seen = {logits_of(Echo(), pictures, spec, CPU, view=view).tobytes() for view in VIEWS}
    turned = [np.rot90(of, quarter, (1, 2)) for of in (pictures, pictures[:, :, ::-1]) for quarter in range(4)]
    assert seen == {logits_of(Echo(), np.ascontiguousarray(of), spec, CPU).tobytes() for of in turned}
    assert len(seen) == 8
    assert (logits_of(Echo(), pictures, spec, CPU, view=VIEWS[0]) == logits_of(Echo(), pictures, spec, CPU)).all()


def test_an_ensemble_answers_with_the_mean_of_the_probabilities(tmp_path: Path) -> None:
    opened = [open_model(save_small(tmp_path / f"{seed}.safetensors", seed=seed)) for seed in (0, 1)]
    swapped = replace(load(tmp_path / "1.safetensors"), classes=("malignant", "benign"))
    save(tmp_path / "2.safetensors", swapped)
    opened.append(open_model(tmp_path / "2.safetensors"))
    members = [Member(each.module, each.classes, each.input) for each in opened]
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)

    def plain(module: nn.Module, view: int) -> np.ndarray:
        logits = torch.from_numpy(logits_of(module, pictures, SPEC, CPU, view=VIEWS[view]))
        return logits.double().softmax(1).numpy()

    steps: list[tuple[int, int]] = []
    found = Ensemble((members[0], members[1]), 8).logits(pictures, CPU, on_step=lambda *step: steps.append(step))
    wanted = np.mean([plain(member.module, view) for member in members[:2] for view in range(8)], axis=0)
    assert np.allclose(torch.from_numpy(found).double().softmax(1), wanted, atol=1e-6)
    assert steps[-1] == (5, 5)
    assert (Ensemble((members[0],)).logits(pictures, CPU) == logits_of(members[0].module, pictures, SPEC, CPU)).all()
    both = Ensemble((members[1], members[2])).logits(pictures, CPU)  # the same weights, named the other way round
    assert np.allclose(torch.from_numpy(both).double().softmax(1), 0.5, atol=1e-6)
    with pytest.raises(UserError, match=r"Network 2 has the classes a, b, the first benign, malignant"):
        Ensemble((members[0], replace(members[1], classes=("a", "b"))))
    with pytest.raises(UserError, match="Quarter turns need a square input; give --tta 4"):
        Ensemble((replace(members[0], input=InputSpec((24, 32), "squash", 24)),), 8)


@pytest.mark.usefixtures("no_figures")
def test_networks_of_runs_are_told_apart_by_their_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All are called network.safetensors; a run's folder stands for the one in it."""
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 60))
    epochs = [{"epoch": 1, "loss": 0.5, "auc": 0.6}]
    for seed in (0, 1):
        network = tmp_path / f"seed-{seed}" / "network.safetensors"
        network.parent.mkdir()
        save_small(network, seed=seed)
        seen = [cohort.digests[place][:16] for place in cohort.positions("train" if seed else "validation")]
        save(network, replace(load(network), training={"seen": seen, "epochs": epochs, "recipe": {"epochs": 1}}))
    words = ["evaluate", "--data", str(cohort.path), "--draws", "100", "--out"]
    folders = [str(tmp_path / f"seed-{seed}") for seed in (0, 1)]
    assert main([*words, str(tmp_path / "both"), "--model", *folders]) == 0
    page = (tmp_path / "both" / "report.html").read_text("utf-8")
    assert "seed-0/network.safetensors, seed-1/network.safetensors" in page
    assert ">Training<" not in page
    assert main([*words, str(tmp_path / "one"), "--model", folders[0]]) == 0
    assert ">Training<" in (tmp_path / "one" / "report.html").read_text("utf-8")
    capsys.readouterr()
    assert main([*words, str(tmp_path / "train"), "--split", "train", "--model", *folders]) == 1
    assert "seed-1/network.safetensors was trained or chosen on" in capsys.readouterr().err
    other = tmp_path / "other" / "network.safetensors"
    other.parent.mkdir()
    save_small(other, classes=("a", "b"))
    assert main([*words, str(tmp_path / "x"), "--model", folders[0], str(other)]) == 1
    assert "other/network.safetensors has the classes a, b" in capsys.readouterr().err


@pytest.mark.usefixtures("no_figures")
def test_every_prediction_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 60))
    for seed in (0, 1):
        save_small(tmp_path / f"{seed}.safetensors", seed=seed)
    words = ["evaluate", "--model", "0.safetensors", "1.safetensors", "--data", "c.h5", "--out", "report", "--tta", "4"]
    assert main([*words, "--draws", "100", "--threshold", "sensitivity:0.8"]) == 0
    said = capsys.readouterr().out
    assert "(sensitivity:0.8) on validation, where it was chosen" in said
    assert "(sensitivity:0.8) on test, where it was applied" in said
    numbers = json.loads(Path("report/report.json").read_text("utf-8"))["evaluation"]
    with Path("report/predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (cohort.splits != "train").sum()
    test = [row for row in rows if row["split"] == "test"]
    given = [row["given"] == "malignant" for row in test]
    scores = [float(row["probability malignant"]) for row in test]
    assert roc_auc_score(given, scores) == pytest.approx(numbers["auc"]["value"], abs=1e-6)
    called = [score >= numbers["threshold"]["value"] for score in scores]
    assert sum(map(bool.__and__, called, given)) == numbers["threshold"]["applied_to"]["true_positives"]
    assert {row["picture"] for row in test} == {cohort.names[place] for place in cohort.positions("test")}
    assert {row["lesion"] for row in rows} <= set(cohort.lesions)
    assert all(
        row["predicted"] == max(cohort.classes, key=lambda name: float(row[f"probability {name}"])) for row in test
    )
    assert numbers["network"]["views of each picture"] == 4
    assert [each["file"] for each in numbers["network"]["networks"]] == ["0.safetensors", "1.safetensors"]
    assert main([*words, "--threshold", "best"]) == 1
