"""How a window holds the process that works for it, and what becomes of one that nobody holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.networks import save_small

CODE = """
import sys
from explorer.commands.index import Reins
from explorer.core.progress import Cancelled
import time
reins = Reins()
time.sleep(0.5)
try:
    reins.check()
    print("goes on")
except Cancelled:
    print("ends")
"""


def said_with(stdin: int) -> str:
    words = [sys.executable, "-c", CODE]
    done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, cwd=ROOT, timeout=120, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_nobody_holds_runs_to_its_end() -> None:
    assert said_with(subprocess.DEVNULL) == "goes on"


@pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes it")
def test_a_closed_input_holds_nothing() -> None:
    words = ["sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, CODE]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=120, check=True)
    assert (done.stdout.strip(), done.stderr) == ("goes on", "")


def test_what_was_held_ends_with_who_held_it() -> None:
    here, there = os.pipe()
    os.close(there)
    try:
        assert said_with(here) == "ends"
    finally:
        os.close(here)


def test_an_index_is_made_though_standard_input_is_empty(tmp_path: Path, pictures: Path) -> None:
    model = save_small(tmp_path / "small.safetensors")
    words = ["index", "--model", str(model), "--images", str(pictures), "--out", str(tmp_path / "i.h5")]
    done = subprocess.run(
        [sys.executable, "-m", "explorer", *words, "--progress", "json", "--device", "cpu"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["stage"] == "done"
