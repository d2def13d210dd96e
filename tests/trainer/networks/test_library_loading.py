"""Importing torch must not hold up the window: what is tested is how, since no test is tight in time."""

import gc
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from trainer.networks.library_loading import load

QUIETLY = """
import gc, sys
collected = []
gc.callbacks.append(lambda phase, info: collected.append(phase))
from trainer.networks.library_loading import load
assert "torch" not in sys.modules
collected.clear()
torch = load("torch")
assert torch is sys.modules["torch"]
assert not collected, "the collector ran during the import"
assert gc.isenabled()
assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
"""
LIBRARIES = """
import sys
from pathlib import Path
from trainer.networks.library_loading import _read_libraries
_read_libraries()
assert "torch" not in sys.modules
assert "libtorch_cpu" in Path("/proc/self/maps").read_text()
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_collector_rests_during_the_import_and_leaves_its_objects_alone() -> None:
    run(QUIETLY)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the import reads the libraries itself")
def test_the_libraries_are_read_before_the_import() -> None:
    run(LIBRARIES)


@pytest.mark.parametrize("collecting", [True, False])
def test_a_module_that_is_there_is_given_and_one_that_is_not_is_an_import_error(collecting: bool) -> None:
    before, frozen = gc.isenabled(), gc.get_freeze_count()
    (gc.enable if collecting else gc.disable)()
    try:
        assert load("json") is sys.modules["json"]
        with pytest.raises(ImportError):
            load("there_is_no_such_module")
        assert gc.isenabled() == collecting
        assert gc.get_freeze_count() == frozen
    finally:
        (gc.enable if before else gc.disable)()
