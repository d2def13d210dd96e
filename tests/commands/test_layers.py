"""`feature-explorer layers`, as a script or a person calls it."""

import argparse
import json
import re
from pathlib import Path

import pytest
import torch

from explorer.commands import layers
from explorer.core.errors import UserError
from explorer.core.muting.muted_file import write_muted
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from tests.networks import save_small
from trainer.networks.architectures import ScratchCNN
from trainer.networks.arguments import input_of
from trainer.networks.checkpoint import Checkpoint, InputSpec, save


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    arguments = {"filters": [3, 4], "hidden": [5], "size": 16}
    module = ScratchCNN(2, filters=(3, 4), hidden=(5,), size=16)
    path = tmp_path / "small.safetensors"
    save(
        path,
        Checkpoint("scratch_cnn", ("a", "b"), InputSpec((16, 16), "squash", 16), module.state_dict(), arguments),
    )
    return path


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    layers.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["layers", "--device", "cpu", *words])
    return int(arguments.run(arguments))


def test_a_muted_network_is_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = open_network(save_small(tmp_path / "small.safetensors"), device="cpu")
    keys = [FilterKey(3, 1), FilterKey(2, 0)]
    write_muted(tmp_path / "muted.safetensors", network, tmp_path / "small.safetensors", keys, "zero")
    assert call("--model", str(tmp_path / "muted.safetensors")) == 0
    said = "Not the trained network small: 2 filters are muted in this file (3:1, 2:0)."
    assert said in capsys.readouterr().out
    assert call("--model", str(tmp_path / "muted.safetensors"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["muted"] == ["3:1", "2:0"]


def test_json_holds_what_the_contract_names(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--model", str(model), "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert set(values) == {"digest", "classes", "input", "layers", "assumed"}
    assert values["digest"] == open_network(model, device="cpu").digest
    assert values["classes"] == ["a", "b"]
    assert InputSpec.from_dict(values["input"]) == InputSpec((16, 16), "squash", 16)
    assert values["layers"][3] == {"index": 3, "name": "features.7", "filters": 4, "height": 8, "width": 8}
    assert [layer["filters"] for layer in values["layers"]] == [3, 3, 4, 4]
    assert values["assumed"] == []


def test_table_for_a_person(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--model", str(model)) == 0
    out = capsys.readouterr().out
    assert "4 layers, 14 filters" in out
    assert "    3  features.7        4  8 x 8" in out.splitlines()


def test_what_the_person_says_wins_and_what_was_assumed_is_said(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.pt"
    torch.save(ScratchCNN(2, filters=(3, 4), hidden=(5,), size=16).state_dict(), bare)
    assert call("--model", str(bare), "--input", "16x16", "--json") == 0
    streams = capsys.readouterr()
    values = json.loads(streams.out)
    assert values["assumed"]
    assert all(f"feature-explorer: {sentence}" in streams.err for sentence in values["assumed"])
    assert call("--model", str(model), "--classes", "benign, malignant", "--json") == 0
    assert json.loads(capsys.readouterr().out)["classes"] == ["benign", "malignant"]


def test_a_missing_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        call("--model", str(tmp_path / "nowhere.pt"))


def test_inputs_as_they_are_written() -> None:
    assert input_of("224x192") == InputSpec((224, 192), "squash", 192)
    assert input_of("grey:28x28") == InputSpec((28, 28), "squash", 28, (0.0,), (1.0,))
    spec = '{"size": [8, 8], "resize": "shortest", "resize_to": 9, "mean": [0.5, 0, 0], "std": [1, 1, 1]}'
    assert input_of(spec) == InputSpec((8, 8), "shortest", 9, (0.5, 0, 0), (1, 1, 1))
    for text in ("224", "axb", "[1]"):
        with pytest.raises(UserError, match=f'--input "{re.escape(text)}" is no input; write height x width'):
            input_of(text)
    for text, says in (("0x3", r"size \(0, 3\)"), ("{}", "size")):
        with pytest.raises(UserError, match=f"input specification is not usable: .*{says}"):
            input_of(text)
