"""Binary cross-entropy, and that what its outputs mean is read rightly wherever the network goes."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from sklearn.metrics import log_loss, roc_auc_score

from explorer.core.activations import record
from explorer.core.network import open_network
from tests.networks import save_small
from tests.trainer.runs import CPU, cohort_in, small, trained
from trainer.cli import main
from trainer.evaluation.ensemble import Ensemble, Member
from trainer.evaluation.inference import VIEWS, logits_of
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load, save
from trainer.networks.opening import open_model
from trainer.networks.output_spec import OutputSpec
from trainer.training.augmentation import mix_up
from trainer.training.loss import Loss, output_of, weights_of, width_of

pytestmark = pytest.mark.usefixtures("no_figures")

COUNTS = np.array([30, 10, 5])
THREE = ("bcc", "mel", "nv")


def test_weights_are_pytorchs_pos_weight() -> None:
    """BCEWithLogitsLoss with its pos_weight is the oracle: of one output, and of one for each class."""
    random = torch.Generator().manual_seed(0)
    outputs, classes = torch.randn(9, 3, generator=random), torch.arange(9) % 3
    recipe = small(loss="bce", imbalance="weights")
    weights = weights_of(recipe, COUNTS)
    assert weights is not None
    assert weights.tolist() == [0.5, 3.5, 8.0]
    wanted = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([0.5, 3.5, 8.0]))(outputs, F.one_hot(classes).float())
    loss = Loss(recipe, 3, weights, CPU)
    assert loss.summed(outputs, classes).item() / 9 == pytest.approx(wanted.item(), rel=1e-6)
    assert loss.divisor(classes) is None
    pair = weights_of(recipe, COUNTS[:2])
    wanted = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))(outputs[:, :1], (classes == 1).float()[:, None])
    assert Loss(recipe, 2, pair, CPU).summed(outputs[:, :1], classes % 2 * (classes == 1)).item() / 9 == pytest.approx(
        wanted.item(), rel=1e-6
    )


def test_one_output_has_the_loss_of_two_whose_first_is_zero() -> None:
    """Smoothed and mixed targets too: softmax over (0, z) and the logistic function of z are the same."""
    outputs, classes = torch.randn(8, 1, generator=torch.Generator().manual_seed(1)), torch.arange(8) % 2
    two = torch.cat([torch.zeros(8, 1), outputs], 1)
    _, mixed = mix_up(torch.zeros(8, 1, 1, 1), F.one_hot(classes).float(), torch.full((8,), 0.3))
    for targets in (classes, mixed):
        one, other = (
            Loss(small(loss=name, smoothing=0.1), 2, None, CPU).summed(of, targets)
            for name, of in (("bce", outputs), ("cross-entropy", two))
        )
        assert one.item() == pytest.approx(other.item(), rel=1e-6)
    right = Loss(small(loss="bce"), 2, None, CPU).right(outputs, classes)
    assert right == ((outputs[:, 0] > 0) == (classes == 1)).sum()


def test_a_run_with_one_output_is_opened_as_what_it_is(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path, 60)
    outcome = trained(cohort, tmp_path / "run", small(loss="bce", imbalance="weights"))
    kept = load(outcome.network)
    assert kept.outputs == "logit-of-second-class"
    assert kept.weights["classifier.5.weight"].shape[0] == 1
    opened = open_model(outcome.network)
    assert (opened.classes, opened.output, opened.assumed) == (cohort.classes, OutputSpec(pair=True), ())
    network = open_network(outcome.network, device="cpu")
    malignant = int(np.flatnonzero(cohort.labels == 1)[0])
    told = record(network, cohort.pictures([malignant])[0]).prediction.probabilities
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert told.sum() == pytest.approx(1)
    rows = read(tmp_path / "run" / "predictions.csv")
    found = np.array([float(row["probability malignant"]) for row in rows if row["split"] == "test"])
    true = [row["given"] == "malignant" for row in rows if row["split"] == "test"]
    assert report["evaluation"]["auc"]["value"] == pytest.approx(roc_auc_score(true, found), abs=1e-6)
    named = {row["picture"]: float(row["probability malignant"]) for row in rows}
    for place in np.flatnonzero(cohort.splits == "test")[:4]:
        told = record(network, cohort.pictures([place])[0]).prediction.probabilities
        assert told[1] == pytest.approx(named[cohort.names[place]], abs=1e-5)


def test_a_run_with_an_output_for_each_class_is_evaluated_by_their_sigmoids(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = cohort_in(tmp_path, 90, classes=THREE)
    trained(cohort, tmp_path / "run", small(loss="bce", epochs=3))
    model = tmp_path / "run" / "network.safetensors"
    assert load(model).outputs == "independent-logits"
    network = open_network(model, device="cpu")
    assert network.output.independent
    tree = tmp_path / "tree.toml"
    tree.write_text('malignant = ["mel", "bcc"]\nbenign = ["nv"]\n', encoding="utf-8")
    words = ["evaluate", "--model", str(model), "--data", str(cohort.path), "--draws", "100", "--json"]
    assert main([*words, "--out", str(tmp_path / "fine")]) == 0
    fine = json.loads(capsys.readouterr().out)["evaluation"]
    rows = [row for row in read(tmp_path / "fine" / "predictions.csv") if row["split"] == "test"]
    table = np.array([[float(row[f"probability {name}"]) for name in THREE] for row in rows])
    assert not np.allclose(table.sum(axis=1), 1, atol=0.01)  # each for itself
    place = cohort.names.index(rows[0]["picture"])
    assert record(network, cohort.pictures([place])[0]).prediction.probabilities == pytest.approx(table[0], abs=1e-5)
    given = np.array([THREE.index(row["given"]) for row in rows])
    wanted = np.mean([roc_auc_score(given == k, table[:, k]) for k in range(3)])
    assert fine["auc"]["value"] == pytest.approx(wanted, abs=1e-6)
    wanted = np.mean([log_loss(given == k, table[:, k]) for k in range(3)])
    assert fine["calibration"]["before"]["log_loss"]["value"] == pytest.approx(wanted, abs=1e-4)
    assert main([*words, "--out", str(tmp_path / "top"), "--taxonomy", str(tree), "--level", "1"]) == 0
    rows = [row for row in read(tmp_path / "top" / "predictions.csv") if row["split"] == "test"]
    told = np.array([float(row["probability malignant"]) for row in rows])
    assert told == pytest.approx(1 - (1 - table[:, 0]) * (1 - table[:, 1]), abs=1e-5)
    capsys.readouterr()
    assert main(["export", "--model", str(model), "--out", str(tmp_path / "net.onnx")]) == 0
    other = open_network(tmp_path / "net.onnx", device="cpu")
    assert other.output.independent
    rgb = cohort.pictures([place])[0]
    one, two = (record(each, rgb).prediction.probabilities for each in (network, other))
    assert one == pytest.approx(two, abs=1e-5)


def test_an_earlier_program_refuses_what_it_would_read_wrongly(tmp_path: Path) -> None:
    kept = load(save_small(tmp_path / "small.safetensors"))
    for outputs, version in (("logits", 1), ("independent-logits", 3)):
        save(tmp_path / "n.safetensors", replace(kept, outputs=outputs))
        with safe_open(str(tmp_path / "n.safetensors"), framework="pt") as file:
            assert json.loads(file.metadata()["network"])["version"] == version
    save(tmp_path / "n.safetensors", replace(kept, outputs="of my own"))
    with pytest.raises(UserError, match="damaged"):
        load(tmp_path / "n.safetensors")


def test_networks_that_mean_other_things_are_not_averaged(tmp_path: Path) -> None:
    opened = open_model(save_small(tmp_path / "small.safetensors", classes=THREE))
    one, other = (Member(opened.module, THREE, opened.input, independent) for independent in (False, True))
    with pytest.raises(UserError, match="do not mean the same by their outputs"):
        Ensemble((one, other))
    pictures = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    views = [logits_of(opened.module, pictures, opened.input, CPU, view=view) for view in VIEWS[:2]]
    wanted = np.mean([1 / (1 + np.exp(-logits)) for logits in views], axis=0)
    assert 1 / (1 + np.exp(-Ensemble((other,), 2).logits(pictures, CPU))) == pytest.approx(wanted, abs=1e-6)


def test_the_meaning_follows_from_loss_and_classes() -> None:
    assert [width_of(small(loss="bce"), count) for count in (2, 3)] == [1, 3]
    assert [width_of(small(), count) for count in (2, 3)] == [2, 3]
    assert output_of(small(loss="bce"), 7).meaning == "independent-logits"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
