import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.runs import cohort_in, same, small, trained, weights_in
from trainer.cli import main
from trainer.networks.checkpoint import load


def test_a_run_leaves_everything_that_a_reviewer_asks_for(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path)
    outcome = trained(cohort, tmp_path / "run", small(), licence="CC BY-NC 4.0")
    left = {path.relative_to(tmp_path / "run").as_posix() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert {"settings.toml", "network.safetensors", "log.jsonl", "report.html", "report.json"} <= left
    assert "resume.pt" not in left
    found = load(outcome.network)
    assert found.classes == ("benign", "malignant")
    assert found.licence == "CC BY-NC 4.0"
    training = found.training
    assert training["cohort"]["pictures"] == {"train": 24, "validation": 8, "test": 8}
    assert training["recipe"]["learning_rate"] == 1e-3
    assert training["chosen_epoch"] == outcome.chosen_epoch
    assert training["auc_test"] == pytest.approx(outcome.auc, abs=1e-4)
    assert [row["epoch"] for row in training["epochs"]] == [1, 2]
    used = [cohort.digests[place][:12] for part in ("train", "validation") for place in cohort.positions(part)]
    assert sorted(used) == training["seen"]
    events = [json.loads(line)["event"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert events == ["started", "epoch", "epoch", "finished"]


def test_a_person_trains_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = cohort_in(tmp_path)
    out = tmp_path / "run"
    words = ["--data", str(cohort.path), "--out", str(out), "--device", "cpu", "--recipe", "lenet", "--size", "32"]
    words += ["--resize-to", "0", "--epochs", "1", "--batch", "8"]
    assert main(["train", *words]) == 0
    said = capsys.readouterr().out
    assert "epoch 1  loss" in said
    assert "test AUC" in said
    assert main(["train", *words]) == 1
    assert "holds a finished run" in capsys.readouterr().err
    assert main(["train", *words[:2], "--out", str(tmp_path / "b"), "--settings", str(out / "settings.toml")]) == 0
    assert same(weights_in(out), weights_in(tmp_path / "b"))


def test_ctrl_c_ends_with_its_own_code_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*facts: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("trainer.training.train.outputs_in_training", stopped)
    words = ["--data", str(cohort_in(tmp_path).path), "--out", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["train", *words, "--recipe", "lenet", "--size", "32", "--resize-to", "0"]) == 130
    said = capsys.readouterr().err
    assert "interrupted; nothing yet is kept in" in said
    assert "run the same command again to go on" in said
    assert "Traceback" not in said


def test_a_run_leaves_a_model_card_that_says_what_is_known(tmp_path: Path) -> None:
    cohort = replace(cohort_in(tmp_path, 60), source="an | archive\n# of *pictures*")
    outcome = trained(cohort, tmp_path / "run", small(epochs=1), licence="CC BY-NC")
    card = (tmp_path / "run" / "MODEL_CARD.md").read_text("utf-8")
    assert card.startswith("# lenet: benign, malignant\n")
    assert f"{outcome.auc:.3f} [{outcome.interval[0]:.3f}, {outcome.interval[1]:.3f}]" in card
    for said in ("CC BY-NC", "**not a medical device**", "32 x 32, squash to 32", cohort.digest, "1 of 1", "36 train"):
        assert said in card
    assert "an \\| archive" in card
    assert "\n# of" not in card
    assert all(line.count("|") - line.count("\\|") == 3 for line in card.splitlines() if line.startswith("| "))
