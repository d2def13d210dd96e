"""What all tests share: an offscreen Qt, a folder of pictures, a window, and no leaked thread."""

import atexit
import functools
import gc
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.state.workers.collector import Collector

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes of two threads on two cores wait for each other
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="explorer-tests-")  # nothing goes into the person's own folder
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60_000  # milliseconds; what takes that long on a busy machine is not slow but stuck
SHARED = ROOT.parent / "shared" / "data"

# `make test` tries the same examples whenever it runs, `make soak` looks for new ones. A busy machine fails no law.
EXAMPLES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
settings.register_profile("steady", EXAMPLES, derandomize=True, max_examples=40)
settings.register_profile("search", EXAMPLES, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """pytest-qt's, with patience."""
    qtbot.waitUntil = functools.partial(qtbot.waitUntil, timeout=PATIENCE)
    qtbot.waitSignal = functools.partial(qtbot.waitSignal, timeout=PATIENCE)
    return qtbot


@pytest.fixture(scope="session", autouse=True)
def collector(qapp: QApplication) -> Iterator[Collector]:
    """The program's own: in a window's test, too, no worker may collect what belongs to Qt."""
    gc.freeze()  # what the collection of all tests made, and the libraries, stays to the end
    yield Collector()
    gc.enable()


@pytest.fixture(autouse=True)
def collected(collector: Collector) -> Iterator[None]:
    """Collect between tests, also where no event loop runs."""
    yield
    collector.look()


@pytest.fixture(autouse=True)
def no_leaked_thread() -> Iterator[None]:
    """Fail the test that leaves a thread of ours behind."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before and thread.name.startswith("jobs-")]
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def ham10000() -> Path:
    """The real pictures, where this checkout has them beside it."""
    folder = SHARED / "ham10000"
    if not folder.is_dir():
        pytest.skip("the real pictures (../shared/data/ham10000) are not here")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of twelve drawn 40 x 40 pictures in two class folders."""
    random = np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / "pictures" / ("benign" if number % 2 else "malignant")
        folder.mkdir(parents=True, exist_ok=True)
        rgb = random.integers(0, 255, (40, 40, 3), np.uint8)
        Image.fromarray(rgb).save(folder / f"picture{number}.png")
    return tmp_path / "pictures"
