"""The proof on a GPU works the first time one is at hand: here on a processor, made small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.gpu.__main__ import CHECKS
from tests.gpu.check_resume import through
from tests.gpu.made import made_cohort, paper

WALL = """
import runpy, sys
for name in ("PySide6", "shiboken6", "pyqtgraph", "captum", "pytest", "skimage", "hypothesis"):
    sys.modules[name] = None
runpy.run_module("tests.gpu", run_name="__main__", alter_sys=True)
"""


def proof(out: Path, *words: str, seconds: int = 280) -> tuple[int, str, list[dict[str, object]]]:
    """The exit status, what was printed, and the lines of one check."""
    words = ("--device", "cpu", "--small", "--out", str(out), *words)
    done = subprocess.run(
        [sys.executable, "-c", WALL, *words],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    rows = [row for file in out.glob("*.json") for row in json.loads(file.read_text("utf-8"))["rows"]]
    return done.returncode, done.stdout + done.stderr, rows


def test_a_check_runs_with_what_a_bare_machine_has_and_leaves_its_numbers(tmp_path: Path) -> None:
    code, said, rows = proof(tmp_path, "--inside", "--only", "record")
    assert code == 0, said
    assert len(rows) > 10
    assert not [row for row in rows if row["holds"] is False]
    assert "the paper's CNN: largest difference of all maps" in said


def test_a_run_whose_rates_are_noted_learns_and_can_be_torn(tmp_path: Path) -> None:
    recipe, cohort = paper(True, epochs=2, size=24), made_cohort((16, 8, 8), 28)
    whole, rates = through(cohort, recipe, tmp_path / "whole", torch.device("cpu"))
    assert (whole.state.epoch, len(rates)) == (2, 2 * whole.steps * len(whole.optimiser.param_groups))
    torn, _ = through(cohort, recipe, tmp_path / "torn", torch.device("cpu"), last=whole.steps + 1)
    assert torn.state.epoch == 1


def test_what_is_wrong_ends_the_proof_with_1(tmp_path: Path) -> None:
    (tmp_path / "pictures.npz").write_bytes(b"no pictures")
    code, said, rows = proof(tmp_path, "--only", "pictures", "--pictures", str(tmp_path / "pictures.npz"))
    assert code == 1
    assert "WRONG" in said
    assert any(row["holds"] is False for row in rows)


def test_without_time_nothing_is_begun(tmp_path: Path) -> None:
    code, said, _ = proof(tmp_path, "--limit", "0")
    assert code == 2  # neither right nor wrong
    assert said.count("not begun: the time is up") == len(CHECKS)
    assert json.loads((tmp_path / "proof.json").read_text("utf-8"))["whole"] is False


@pytest.mark.soak
@pytest.mark.timeout(2000)
def test_the_whole_proof_goes_through(tmp_path: Path) -> None:
    code, said, _ = proof(tmp_path, "--limit", "1500", seconds=1800)
    assert code == 0, said
