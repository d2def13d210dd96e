"""Networks as ONNX files that say everything about themselves."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from explorer.core.activations import record
from explorer.core.network import open_network
from tests.networks import save_small
from trainer.cli import main
from trainer.files.errors import UserError
from trainer.networks import onnx_export
from trainer.networks.architectures import build
from trainer.networks.checkpoint import load, save
from trainer.networks.input_spec import InputSpec
from trainer.networks.onnx_export import export_onnx

SPEC = InputSpec((32, 32), "shortest", 40, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
CLASSES = ("nävus, other", "melanoma")


@pytest.mark.parametrize("without", [False, True])
def test_the_explorer_opens_it_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], without: bool
) -> None:
    model, out = save_small(tmp_path / "small.safetensors"), tmp_path / "out.onnx"
    (tmp_path / "out.part.onnx").write_text("somebody's own")
    if without:
        real = importlib.import_module

        def no_runtime(name: str, *rest: Any) -> Any:
            if name == "onnxruntime":
                raise ImportError(name)
            return real(name, *rest)

        monkeypatch.setattr(onnx_export.importlib, "import_module", no_runtime)
    assert main(["export", "--model", str(model), "--format", "onnx", "--out", str(out)]) == 0
    assert ("this program" if without else "onnxruntime") in capsys.readouterr().out
    ours, theirs = (open_network(path, device="cpu") for path in (model, out))
    assert (theirs.classes, theirs.input) == (ours.classes, ours.input)
    assert [(layer.filters, layer.height) for layer in theirs.layers] == [(of.filters, of.height) for of in ours.layers]
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    one, other = (record(network, rgb) for network in (ours, theirs))
    assert np.allclose(one.logits, other.logits, atol=1e-5)
    assert all(np.allclose(one.maps[layer], other.maps[layer], atol=1e-5) for layer in one.maps)
    assert {path.name for path in tmp_path.iterdir()} == {model.name, out.name, "out.part.onnx"}
    assert (tmp_path / "out.part.onnx").read_text() == "somebody's own"


def test_a_network_that_is_not_there_is_said_where_the_file_to_write_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.onnx"
    out.write_bytes(b"an older one")
    assert main(["export", "--model", str(tmp_path / "small.safetensors"), "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "small.safetensors" in said
    assert "details are in" not in said
    assert out.read_bytes() == b"an older one"


def test_classes_and_input_stand_in_the_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    apart, _ = export_onnx(build("lenet", 2, {"size": 32}), CLASSES, SPEC, tmp_path / "net.onnx")
    assert apart < 1e-5
    network = open_network(tmp_path / "net.onnx", device="cpu")
    assert (network.classes, network.input) == (CLASSES, SPEC)


def test_the_terms_of_the_weights_and_the_threshold_stand_in_the_file(tmp_path: Path) -> None:
    import onnx

    kept = {"value": 0.4, "criterion": "youden", "chosen_on": "validation", "positive": "malignant"}
    model = save_small(tmp_path / "own.safetensors")
    save(model, replace(load(model), training={"threshold": kept}, licence="CC BY-NC 4.0"))
    assert main(["export", "--model", str(model), "--out", str(tmp_path / "own.onnx")]) == 0
    notes = {entry.key: entry.value for entry in onnx.load(tmp_path / "own.onnx").metadata_props}
    assert (notes["licence"], json.loads(notes["threshold"])) == ("CC BY-NC 4.0", kept)


def test_a_file_that_answers_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(nn.Module):
        """Answers otherwise each time, as a file cannot."""

        calls = 0

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return pictures.mean((2, 3))[:, :2] * self.calls

    with pytest.raises(UserError, match="onnxruntime computes other scores from the ONNX file"):
        export_onnx(Counting(), CLASSES, SPEC, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_network_itself_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save_small(tmp_path / "small.safetensors")
    assert main(["export", "--model", str(model), "--out", str(model)]) == 1
    assert "is the network itself" in capsys.readouterr().err
    assert main(["export", "--model", str(model), "--out", str(tmp_path / "x.bin")]) == 1
    assert "must end in .onnx" in capsys.readouterr().err
