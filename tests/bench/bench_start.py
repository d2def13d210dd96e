"""Time to a usable window, and memory with a large folder; each in processes of its own."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.row import Row, rounds
from tests.conftest import ROOT

BARE = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow, QListWidget
application = QApplication([])
class Window(QMainWindow):
    def paintEvent(self, event):
        print("painted", flush=True)
window = Window(); window.setCentralWidget(QListWidget()); window.resize(1440, 900); window.show()
application.exec()
"""
OURS = """
import sys
from pathlib import Path
from explorer import app, cli
from explorer.ui.window import main_window
class Window(main_window.MainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print("painted", flush=True)
main_window.MainWindow = Window
app.data_home = lambda: Path(sys.argv[1])
cli.main(["--demo"])
"""
MEMORY = """
import resource, sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from explorer.state.workspace import Workspace
from explorer.state.start import Start
from explorer.state.settings_file import Settings
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow
root, home, folder = map(Path, sys.argv[1:])
application = QApplication([])
settings = Settings(home / "settings.ini")
workspace = Workspace(settings, root / "resources")
window = MainWindow(settings); parts = assemble(window, workspace).parts; window.show()
workspace.opening.start(Start(model=root / "resources/demo/demo-scratch-cnn.safetensors", images=folder, device="cpu"))
def run(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents(); time.sleep(0.005)
while workspace.pipeline.activations is None: run(0.05)
bar = parts.pictures.list.verticalScrollBar()
parts.center.browser.tabs.setCurrentIndex(1)
for step in range(60):
    bar.setValue(bar.maximum() * step // 60)
    below = parts.center.browser.over.verticalScrollBar()
    below.setValue(below.maximum() * step // 60)
    pictures = workspace.library.folder.pictures
    workspace.session.update(picture=pictures[len(pictures) * step // 60])
    run(0.1)
run(2)
for line in open("/proc/self/status"):
    if line.startswith("VmRSS"): print(int(line.split()[1]) / 1024)
window.close()
"""


def measure() -> list[Row]:
    """Two rows of the issue's table: the start, and the memory of 20,000 pictures (in MB)."""
    full, bare = [], []
    for _ in range(rounds(15)):
        bare.append(seconds_until("painted", BARE))
        with tempfile.TemporaryDirectory() as home:
            full.append(seconds_until("painted", OURS, home))
    own, plain = statistics.median(full), statistics.median(bare)
    rows = [Row("time to a usable window, all panels painted / bare PySide6 window", own, plain, own / plain, 2.0)]
    if sys.platform.startswith("linux"):
        small, large = memory(20), memory(20_000)
        rows.append(Row("MB more with 20,000 pictures than with 20", large, small, large - small, 200))
    return rows


def seconds_until(word: str, code: str, *words: str) -> float:
    """Seconds from the start of a process until it prints a line."""
    start = time.perf_counter()
    # Compiled modules are kept, as on the machines of people: what is measured is every start but the first.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, cwd=ROOT, text=True, env=kept
    ) as child:
        assert child.stdout is not None
        while (line := child.stdout.readline()).strip() != word:
            assert line, f"the window has ended before it was {word}"
        seconds = time.perf_counter() - start
        child.kill()
    return seconds


def memory(count: int) -> float:
    """Resident MB after walking through a folder of `count` pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        noise = np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)
        first = folder / "picture0.jpg"
        Image.fromarray(noise).resize((300, 300)).save(first)
        for number in range(1, count):
            shutil.copyfile(first, folder / f"picture{number}.jpg")
        words = [str(ROOT), str(Path(name) / "home"), str(folder)]
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, *words], capture_output=True, text=True, cwd=ROOT, check=True
        )
        return float(done.stdout.split()[-1])
