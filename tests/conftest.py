"""What all tests share: an offscreen Qt, a folder of pictures, a window, and no leaked thread."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


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
