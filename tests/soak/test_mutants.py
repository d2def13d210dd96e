"""Whatever is wrong with a file, it opens or is refused in one sentence, in bounded time and memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FORMATS = [
    "own.safetensors",
    "zip.pt",
    "legacy.pt",
    "state.pt",
    "net.onnx",
    "tags.h5",
    "cohort.h5",
    "resealed.h5",
    "index.h5",
    "labels.csv",
    "tags.csv",
    "recipe.toml",
    "diagnoses.toml",
    "taxonomy.toml",
    "words.toml",
    "suggestions.toml",
    "map.npz",
    "report.html",
    "readers.csv",
    "artifacts.csv",
    "manifest.csv",
    "figure.png",
    "figure.tiff",
    "figure.svg",
    "figure.pdf",
    "p.jpg",
    "progressive.jpg",
    "p.png",
    "p.tif",
    "packed.tif",
    "p.bmp",
    "p.webp",
]
SLOW = ("net.onnx", "tags.h5", "resealed.h5", "index.h5")  # each is read in a process of its own


def mutants(folder: Path, counts: dict[str, int], seed: int = 0) -> dict[str, dict[str, object]]:
    """What became of so many mutants of each format."""
    words = [f"{name}={count}" for name, count in counts.items()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.mutants", str(seed), str(folder), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    found: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def check(found: dict[str, dict[str, object]]) -> None:
    for name, result in found.items():
        assert result["problems"] == [], name
        assert result["refused"], name


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of Linux")
def test_changed_files_open_or_are_refused_in_one_sentence(tmp_path: Path) -> None:
    check(mutants(tmp_path, {name: 5 if name in SLOW else 50 for name in FORMATS}))


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits of Linux")
@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_changed_files_of_each_format(name: str, tmp_path: Path) -> None:
    for seed in range(1_000, 11_000, 500):
        check(mutants(tmp_path, {name: 500}, seed))
