import csv
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.conftest import ROOT
from tests.networks import SMALL, save_small
from trainer.files.errors import UserError
from trainer.networks.architectures import build
from trainer.networks.checkpoint import load

DEMO = ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors"


def test_a_network_comes_back_as_it_was(tmp_path: Path) -> None:
    found = load(save_small(tmp_path / "n.safetensors"))
    module = build(found.architecture, len(found.classes), found.architecture_arguments)
    module.load_state_dict(found.weights)
    torch.manual_seed(0)
    expected = build("scratch_cnn", 2, SMALL)
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), expected.parameters(), strict=True))


def test_the_header_is_one_key_of_json(tmp_path: Path) -> None:
    path = save_small(tmp_path / "n.safetensors")
    with safe_open(str(path), framework="pt") as file:
        metadata = file.metadata()
    assert list(metadata) == ["network"]
    described = json.loads(metadata["network"])
    assert set(described) == {
        "format", "version", "architecture", "architecture_arguments", "classes", "input", "training", "licence",
    }  # fmt: skip


@pytest.mark.parametrize("keep", [0, 5, 100, 2000])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = save_small(tmp_path / "n.safetensors")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"n\.safetensors"):
        load(path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "other", "version": 1}', '{"format": "feature-map-explorer network", "version": 9}'],
)
def test_a_foreign_description_is_refused(tmp_path: Path, text: str) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "n.safetensors", metadata={"network": text} if text else None)
    with pytest.raises(UserError, match=r"n\.safetensors"):
        load(tmp_path / "n.safetensors")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load(tmp_path / "none.safetensors")


def test_the_demo_network_says_where_it_comes_from() -> None:
    assert DEMO.stat().st_size <= 8_000_000
    found = load(DEMO)
    assert "HAM10000" in found.training["cohort"]["source"]
    assert "CC BY-NC" in found.licence
    low, high = found.training["auc_test_interval"]
    assert 0.5 < low < found.training["auc_test"] < high < 1
    assert found.architecture_arguments["bottleneck"] > 0


def test_the_demo_network_calls_its_classes_what_they_are() -> None:
    found = load(DEMO)
    assert found.classes == ("other", "melanoma")
    assert "carcinomas (bcc, akiec) are among the others" in found.training["meaning"]
    assert found.training["cohort"]["classes"] == {"other": 2438, "melanoma": 393}
    table = found.training["cohort"]["settings"]["table"]
    assert [diagnosis for diagnosis, name in table.items() if name == "melanoma"] == ["mel"]
    with (DEMO.parent / "pictures" / "labels.csv").open(encoding="utf-8") as file:
        assert {row["label"] for row in csv.DictReader(file)} == set(found.classes)
