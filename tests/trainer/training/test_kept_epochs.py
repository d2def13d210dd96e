"""Networks kept while training: the untrained one, then one every few epochs."""

from pathlib import Path

import pytest
import torch

from tests.trainer.runs import CPU, Stop, cohort_in, same, small, trained, weights_in
from trainer.files.errors import UserError
from trainer.networks.checkpoint import load
from trainer.training.initial_weights import started
from trainer.training.train import train

KEEPS = small(epochs=5, keep_every=2, batch=4, average=0.9)


@pytest.fixture(autouse=True)
def quick_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})


def kept(out: Path) -> list[str]:
    return sorted(path.name for path in out.glob("epoch*.safetensors"))


def test_the_untrained_network_and_every_second_are_kept(tmp_path: Path) -> None:
    cohort, out = cohort_in(tmp_path, 20), tmp_path / "run"
    trained(cohort, out, KEEPS)
    assert kept(out) == ["epoch000.safetensors", "epoch002.safetensors", "epoch004.safetensors"]
    torch.manual_seed(KEEPS.learning.seed)
    untrained = started(KEEPS, cohort.classes).module
    first = load(out / "epoch000.safetensors")
    assert same(first.weights, untrained.state_dict())
    assert first.training["chosen_epoch"] == 0
    assert first.training["epochs"] == []
    assert "auc_validation" not in first.training
    second = load(out / "epoch002.safetensors")
    assert [row["epoch"] for row in second.training["epochs"]] == [1, 2]
    assert second.training["auc_validation"] == round(second.training["epochs"][-1]["auc"], 4)
    assert not same(first.weights, second.weights)


def test_what_is_kept_is_what_was_validated(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path, 20)
    trained(cohort, tmp_path / "run", KEEPS)
    trained(cohort, tmp_path / "four", small(epochs=4, batch=4, average=0.9, chosen="last"))
    assert same(load(tmp_path / "run" / "epoch004.safetensors").weights, weights_in(tmp_path / "four"))


def test_an_interrupted_run_keeps_the_same_networks(tmp_path: Path) -> None:
    cohort = cohort_in(tmp_path, 20)
    trained(cohort, tmp_path / "whole", KEEPS)
    for epoch in (1, 4):
        with pytest.raises(KeyboardInterrupt):
            train(cohort, KEEPS, tmp_path / "torn", CPU, watch=Stop(epoch, KeyboardInterrupt(), 8))
    trained(cohort, tmp_path / "torn", KEEPS)
    assert kept(tmp_path / "torn") == kept(tmp_path / "whole")
    for name in (*kept(tmp_path / "whole"), "network.safetensors"):
        assert same(load(tmp_path / "torn" / name).weights, load(tmp_path / "whole" / name).weights), name


def test_nothing_more_is_kept_unless_asked_for(tmp_path: Path) -> None:
    trained(cohort_in(tmp_path, 20), tmp_path / "run", small(epochs=1))
    assert kept(tmp_path / "run") == []
    with pytest.raises(UserError, match="keep_every is -1, but must be 0 or more"):
        small(keep_every=-1)


def test_before_and_after_is_one_command(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from explorer.cli import main

    out = tmp_path / "run"
    trained(cohort_in(tmp_path, 20), out, small(epochs=1, keep_every=1))
    words = ["compare", "--model", str(out / "epoch000.safetensors"), "--with", str(out / "network.safetensors")]
    assert main([*words, "--images", str(pictures), "--device", "cpu", "--out", str(tmp_path / "report.csv")]) == 0
    assert "of 12 predictions differ" in capsys.readouterr().out
