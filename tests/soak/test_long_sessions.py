"""What only a long session shows: thousands of random actions, and of plain Qt calls."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.core.errors import UserError
from explorer.core.tags.book import TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow
from tests.conftest import ROOT
from tests.networks import save_small
from tests.soak.person import Person

QT_CALLS = """
import sys
from PySide6.QtCore import QCoreApplication, QObject, Signal
application = QCoreApplication([])
class Thing(QObject):
    rung = Signal(int)
heard = []
thing = Thing()
thing.rung.connect(heard.append)
for number in range(20_000):
    thing.setObjectName(str(number))
    thing.rung.emit(number)
assert len(heard) == 20_000
print(sys.getrefcount(None) > 1000)
"""


def test_twenty_thousand_qt_calls() -> None:
    """PySide6 6.12.0 on Python 3.11 dies after about 5,000 of them."""
    done = subprocess.run([sys.executable, "-c", QT_CALLS], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def memory() -> float:
    """Resident MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def seconds_of_soak() -> float:
    """How long the long session lasts: `SOAK_MINUTES`, 20 without it."""
    return 60 * float(os.environ.get("SOAK_MINUTES", "20"))


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
@pytest.mark.parametrize("seconds", [5.0, pytest.param(None, marks=pytest.mark.soak)], ids=["short", "long"])
def test_random_actions_end_with_no_internal_error(
    qtbot: QtBot, tmp_path: Path, pictures: Path, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, mouse buttons, things dropped, both themes, other networks: nothing fails, leaks or is lost."""
    monkeypatch.chdir(tmp_path)
    seed = 7 if seconds else random.randrange(1_000_000)
    settings = Settings(tmp_path / "home" / "settings.ini")
    window = MainWindow(settings)
    workspace = Workspace(settings, ROOT / "resources")
    assembled = assemble(window, workspace)
    qtbot.addWidget(window, before_close_func=lambda window: None)
    window.show()
    failures: list[BaseException] = []
    show_error = assembled.parts.problems.show_error

    def watched(error: BaseException, *about: str) -> None:
        if not isinstance(error, UserError):
            failures.append(error)
        show_error(error, *about)

    monkeypatch.setattr(assembled.parts.problems, "show_error", watched)
    person = Person(window, workspace, assembled, random.Random(seed), *things(tmp_path, pictures))
    for jobs in workspace.library.workers:
        jobs.failed.connect(watched)
    workspace.opening.problem.connect(watched)
    workspace.pipeline.recording_failed.connect(watched)
    workspace.opening.start(Start(model=tmp_path / "n0.safetensors", images=pictures, device="cpu"))
    qtbot.waitUntil(lambda: workspace.tagging.path is not None and assembled.parts.center.browser is not None)
    threads, early, began = threading.active_count(), 0.0, time.monotonic()
    lasts = seconds or seconds_of_soak()
    while (passed := time.monotonic() - began) < lasts and not failures:
        person.act()
        if random.random() < 0.5:
            QApplication.processEvents()
        if random.random() < 0.02:
            qtbot.wait(20)
        early = early or (memory() if passed > lasts / 3 else 0.0)
    said = f"seed {seed}; the last actions: {' · '.join(person.done)}"
    if failures:
        raise AssertionError(said) from failures[0]
    workspace.tagging.settle()
    qtbot.waitUntil(lambda: threading.active_count() <= threads)
    assert memory() - early < 200, said
    book, path = workspace.tagging.book.copy(), workspace.tagging.path
    writable = not workspace.tagging.read_only
    assert not [text for text in person.leave() if "could not be written" in text], said
    if path is not None and path.exists() and writable:
        assert load_tags(path) == book, said


def things(folder: Path, pictures: Path) -> tuple[list[Path], list[Path]]:
    """What a person may open: networks, and folders, tags, tables and worse."""
    models = [save_small(folder / f"n{seed}.safetensors", seed=seed) for seed in range(2)]
    models.append(save_small(folder / "three.safetensors", classes=("nv", "mel", "bcc"), seed=2))
    damaged, table, text = folder / "damaged.pt", folder / "labels.csv", folder / "text.txt"
    damaged.write_bytes(b"nothing")
    text.write_text("nothing")
    table.write_text("image,label\npicture1.png,other\n")
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    Image.new("RGB", (1, 5000)).save(pictures / "thin.png")
    Image.new("L", (900, 3)).save(pictures / "flat.png")
    tags = folder / "other.h5"
    save_tags(tags, TagBook("0" * 64, "another network", "scratch_cnn", [("conv", 3)]))
    others = [pictures, pictures / "benign", pictures / "thin.png", folder / "nowhere", table, tags, text]
    return [*models, damaged], others
