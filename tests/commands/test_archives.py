"""Files that earlier versions wrote still open, and folders that they began go on (tests/archives)."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.cli import main
from explorer.core.index import open_index
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from tests.conftest import ROOT
from trainer.cohort.cohort import open_cohort

ARCHIVES = ROOT / "tests" / "archives"
IDENTITIES = {
    ARCHIVES / "network_v4.safetensors": "30bc3b990ec5ecd5ceae2082",
    ROOT / "resources" / "demo" / "demo-scratch-cnn.safetensors": "824157e9ab26",
}
"""What figures, indexes and results say that they were made with: another one, and no folder goes on."""


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ARCHIVES, tmp_path / "archives"))


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.mark.parametrize("file", IDENTITIES, ids=lambda file: file.stem)
def test_a_network_is_called_what_it_always_was(file: Path) -> None:
    assert open_network(file, device="cpu").identity.startswith(IDENTITIES[file])


def test_an_index_of_version_1_opens() -> None:
    index = open_index(ARCHIVES / "index_v1.h5")
    assert index.pictures == tuple(f"lesion_{number}.png" for number in range(4))
    assert index.given == ("benign", "malignant", "benign", "malignant")
    assert len(index.filters()) == 20
    assert np.isfinite(index.peaks(FilterKey(3, 0))).all()


def test_a_cohort_of_version_1_opens() -> None:
    cohort = open_cohort(ARCHIVES / "cohort_v1.h5")
    assert len(cohort.labels) == 24


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".png", ".npz")}


@pytest.mark.parametrize("kind", ["figures", "occlusion", "lens"])
def test_a_folder_of_results_goes_on(kind: str, archives: Path) -> None:
    network = "--model", archives / "network_v4.safetensors", "--device", "cpu"
    before = made(archives / kind)
    assert before
    words = {
        "figures": ("export", "--filters", "3:0", "--index", archives / "index_v1.h5", "--out"),
        "occlusion": ("occlude", "--target", "class:malignant", "--out"),
        "lens": ("lens", "grad-cam", "--target", "class:malignant", "--out"),
    }[kind]
    assert run(*words, archives / kind, "--images", archives / "pictures", *network) == 0
    after = made(archives / kind)
    assert len(after) == 4
    assert {name: after[name] for name in before} == before
