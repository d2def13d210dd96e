"""What only a long session shows: thousands of random actions, and of plain Qt calls."""

import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.core.tag_store import load_tags
from explorer.state.desk import Desk
from explorer.state.settings import Settings
from explorer.state.start import Start
from explorer.ui.main_window import MainWindow
from tests.conftest import ROOT
from tests.networks import save_small

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


WORDS = "Right Left Up Down PageUp PageDown N O V R M G T P F H B C S A 0 1 2 3 Plus Minus"
KEYS = [*WORDS.split(), "X", "X", "Y", *["Right", "Down", "H"] * 3]


def memory() -> float:
    """Resident MB; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def act(chance: random.Random, window: MainWindow, models: list[Path], folders: list[Path]) -> None:
    """One random thing that a person may do."""
    desk = window.desk
    what = chance.random()
    if what < 0.80:
        key = getattr(Qt.Key, f"Key_{chance.choice(KEYS)}")
        from PySide6.QtTest import QTest

        QTest.keyClick(window.center.browser.grid, key)
    elif what < 0.88:
        grid = chance.choice(
            [window.center.browser.grid, window.center.browser.over, window.pictures.list, window.layers]
        )
        rows = grid.model().rowCount()
        if rows:
            grid.clicked.emit(grid.model().index(chance.randrange(rows), 0))
    elif what < 0.90:
        place = chance.random(), chance.random()
        desk.occluding.cover(int(300 * place[0]) - 40, int(300 * place[1]) - 40)
        window.center.browser.viewer._hovered(200 * place[0], 200 * place[1])
        if chance.random() < 0.2:
            window.center.browser.viewer._clicked(200 * place[0], 200 * place[1])
    elif what < 0.94:
        window.commands._guard(chance.choice([desk.tagging.undo, desk.tagging.redo]))
    elif what < 0.96:
        window.resize(chance.randint(900, 1600), chance.randint(600, 1000))
    elif what < 0.975:
        window.commands.files.open_model(chance.choice(models))
    elif what < 0.985:
        window.commands.files.open_folder(chance.choice(folders))
    else:
        window.pictures._search.setText(chance.choice(["", "class:ben", "picture1", "nothing like this"]))


@pytest.mark.parametrize("actions", [600, pytest.param(5000, marks=pytest.mark.soak)])
def test_random_actions(qtbot: QtBot, tmp_path: Path, pictures: Path, actions: int) -> None:
    chance = random.Random(actions)
    settings = Settings(tmp_path / "home" / "settings.ini")
    window = MainWindow(settings)
    window.furnish(Desk(settings, ROOT / "resources"))
    qtbot.addWidget(window, before_close_func=lambda window: None)
    window.show()
    (tmp_path / "damaged.pt").write_bytes(b"nothing")
    models = [save_small(tmp_path / f"n{seed}.safetensors", seed=seed) for seed in range(2)] + [tmp_path / "damaged.pt"]
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    folders = [pictures, pictures / "benign", tmp_path / "nowhere"]
    window.desk.opening.start(Start(model=models[0], images=pictures, device="cpu"))
    qtbot.waitUntil(lambda: window.desk.tagging.path is not None, timeout=30_000)
    threads = threading.active_count()
    early = 0.0
    for number in range(actions):
        act(chance, window, models, folders)
        if chance.random() < 0.5:
            QApplication.processEvents()
        if number % 50 == 0:
            qtbot.wait(20)
        if number == actions // 3:
            early = memory()
    qtbot.waitUntil(lambda: not any(jobs.busy() for jobs in window.desk.library.workers), timeout=30_000)
    assert "Something in the program failed" not in window.problems._text.text()
    assert threading.active_count() <= threads
    assert memory() - early < 150
    book, path = window.desk.tagging.book.copy(), window.desk.tagging.path
    window.close()
    if path is not None and path.exists():
        assert load_tags(path) == book
