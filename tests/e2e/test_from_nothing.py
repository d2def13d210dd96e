"""Story: a person without any data draws pictures, trains a network on them, and looks at it."""

import subprocess
import sys
from pathlib import Path

from explorer.state.start import Start
from tests.conftest import ROOT
from tests.e2e.conftest import Open


def trainer(*words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "trainer", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_nothing_to_a_network_in_the_window(open_window: Open, tmp_path: Path) -> None:
    drawn, cohort, run = tmp_path / "drawn", tmp_path / "drawn.h5", tmp_path / "run"
    trainer("synthesize", "--count", 48, "--out", drawn, "--planted", "ruler:0.9")
    trainer("prepare", "--images", drawn / "images", "--out", cohort)
    assert "malignant" in trainer("describe", cohort)
    trainer("train", "--data", cohort, "--recipe", "demo", "--epochs", 2, "--batch", 8, "--out", run, "--device", "cpu")
    assert (run / "report.html").stat().st_size > 10_000
    trainer("evaluate", "--model", run / "network.safetensors", "--data", cohort, "--out", tmp_path / "report")
    person = open_window(Start(model=run / "network.safetensors", images=drawn / "images", device="cpu"))
    person.wait_for_maps()
    assert {name for name, value in person.parts.top._bars.values} == {"benign", "malignant"}
    assert len(person.workspace.library.folder.pictures) == 48
    assert person.workspace.library.folder.labels.of(person.view.picture) in ("benign", "malignant")
