"""How long the window does not answer: the longest gap between the ticks of a 5 ms timer, less that of an idle window.

Every turn is a process of its own, so that each opens its first network, its first folder and its first book; the best
of three turns counts. `python -m tests.bench freeze` measures this alone, in minutes;
`python -m tests.bench.bench_freeze exporting` runs one turn and prints its gaps.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.app import share_the_interpreter
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey, TagBook
from explorer.state.opened.network_session import Request
from explorer.state.settings_file import Settings
from explorer.state.workspace import Workspace
from explorer.ui.widgets.theme import apply_theme, read_picture_plugins
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow
from tests.bench.row import Row, rounds
from tests.conftest import ROOT

TURNS, MOST_MS, TICK_MS, SLOW_FLUSH = 3, 60.0, 5, 0.3
LOADS = ("alone", "exporting", "sweeping")
PICTURES, DEMO = 20_000, ROOT / "resources" / "demo"
IDLE, PATIENCE_MS = "nothing", 120_000


def measure() -> list[Row]:
    """One row for each activity and load: milliseconds of the longest gap, of the idle window's, and the difference."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        for load in LOADS:
            turns = [turn(Path(name), load) for _ in range(rounds(TURNS))]
            best = {what: min(gaps[what] for gaps in turns) for what in turns[0]}
            idle = best.pop(IDLE)
            rows += [
                Row(f"ms without an answer, {load}: {what}", gap, idle, gap - idle, MOST_MS)
                for what, gap in best.items()
            ]
    return rows


def prepare(folder: Path) -> None:
    """The networks, the folder of 20,000 pictures, and the book with a tag on every filter of ResNet-50."""
    import torch
    import torchvision

    from explorer.core.network.opening import open_network
    from explorer.core.tags.hdf5_file import save_tags
    from explorer.state.opening import empty_book

    shutil.copy(DEMO / "demo-scratch-cnn.safetensors", folder / "demo.safetensors")
    torch.save(torchvision.models.resnet50().state_dict(), folder / "resnet50.pt")
    network = open_network(folder / "resnet50.pt", device="cpu")
    book: TagBook = empty_book(network)
    for layer in network.layers:
        for filter in range(layer.filters):
            evidence = {"picture": "ISIC_0024306.jpg", "box": [1.0, 2.0, 3.0, 4.0]}
            book.add(FilterKey(layer.index, filter), "border", annotator="me", detail="left side", evidence=evidence)
    save_tags(folder / "full.h5", book)
    drawn = sorted((DEMO / "pictures").glob("*.jpg"))
    (folder / "many").mkdir()
    for number in range(PICTURES):
        picture = drawn[number % len(drawn)]
        link = folder / "many" / f"{number:05d}_{picture.name}"
        try:
            link.hardlink_to(picture)
        except OSError:
            link.symlink_to(picture)


def turn(folder: Path, load: str) -> dict[str, float]:
    """One turn in a process of its own: activity -> milliseconds of its longest gap."""
    words = [sys.executable, "-m", "tests.bench.bench_freeze", load, str(folder)]
    # Compiled modules are kept, as on the machines of people: what is measured is every start but the first.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=900, env=kept)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class Turn:
    """A window, what is done in it, and the longest gap of each activity in milliseconds."""

    def __init__(self, folder: Path, home: Path) -> None:
        application = QApplication.instance() or QApplication([])
        assert isinstance(application, QApplication)
        share_the_interpreter()
        settings = Settings(home / "settings.ini")
        self.home, self.folder = home, folder
        self.workspace = Workspace(settings, ROOT / "resources")
        apply_theme(application, "dark", self.workspace.icons)
        self.window = MainWindow(settings)
        assembled = assemble(self.window, self.workspace)
        self.parts, self.commands = assembled.parts, assembled.commands
        self.window.resize(1400, 900)
        self.window.show()
        read_picture_plugins(self.workspace.icons)
        self.gaps: dict[str, float] = {}
        self._worst, self._last = 0.0, 0.0
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def run(self, load: str) -> None:
        """Everything that a person does, in this order."""
        workspace, parts, folder = self.workspace, self.parts, self.folder
        slow = self.watch
        self.rest(1.0)
        slow(IDLE, lambda: None, 3.0)
        if load != "alone":  # it needs a network
            workspace.opening.open_model(Request(folder / "demo.safetensors", device="cpu"))
            workspace.opening.open_folder(DEMO / "pictures")
            self.until(lambda: workspace.tagging.path is not None and workspace.pipeline.activations is not None)
            self.rest(1.0)
        with self.under(load):
            slow("opening the demo", self._open_demo, 1.0, self._idle)
            slow(
                "opening a folder of 20,000",
                lambda: workspace.opening.open_folder(folder / "many"),
                1.0,
                self._many_there,
            )
            slow("thumbnails settle", lambda: None, 2.0)
            grid, pictures = parts.center.browser.grid, parts.pictures
            slow("walking pictures fast", self.every(30, lambda: QTest.keyClick(grid, Qt.Key.Key_Down)), 4.0)
            slow("walking filters fast", self.every(30, lambda: QTest.keyClick(grid, Qt.Key.Key_Right)), 3.0)
            words = iter(["c", "class:x", "1", "12", ""])
            slow("searching 20,000", self.every(400, lambda: pictures._search.setText(next(words, ""))), 3.0)
            slow("scrolling thumbnails", self.every(40, self._scroll), 4.0)
            slow("opening ResNet-50", self._open_resnet, 2.0, self._resnet_there)
            slow("walking its layers", self.every(30, lambda: QTest.keyClick(grid, Qt.Key.Key_PageUp)), 4.0)
            with slow_flush():
                slow("tagging 15 filters on a slow disk", self.every(200, self._tag, 15), 3.5)
                self.rest(1.0)
            book = folder / "full.h5"
            slow("opening a book of 26,560 tags", lambda: workspace.opening.open_tags(book), 1.0, self._book_there)
            slow("tagging in it", self.every(200, self._tag, 15), 3.5)
        self.rest(0.5)

    def watch(
        self, what: str, begin: Callable[[], None], seconds: float, ended: Callable[[], bool] = lambda: True
    ) -> None:
        """Keep the longest gap from the beginning of an activity on, for some seconds and until it has ended."""
        self._worst, self._last = 0.0, time.perf_counter()
        QTimer.singleShot(0, begin)
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() > end and ended())
        self._tick()
        self.gaps[what] = round(self._worst * 1000, 1)

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the event loop run until something is so."""
        loop, check, late = QEventLoop(), QTimer(interval=20), QTimer(singleShot=True, interval=PATIENCE_MS)
        check.timeout.connect(lambda: loop.exit(0) if condition() else None)
        late.timeout.connect(lambda: loop.exit(1))
        check.start()
        late.start()
        if loop.exec():
            running = [slot for jobs in self.workspace.library.workers for slot in jobs._newest]
            said = self.parts.problems._text.text()
            raise TimeoutError(f"this takes too long; running: {running}; the window says: {said}")

    def rest(self, seconds: float) -> None:
        """Let the event loop run."""
        end = time.perf_counter() + seconds
        self.until(lambda: time.perf_counter() > end)

    def every(self, milliseconds: int, act: Callable[[], None], times: int = 1000) -> Callable[[], None]:
        """What begins an activity of many steps; it ends with the watching of it."""

        def begin() -> None:
            timer = QTimer(self.window, interval=milliseconds)
            left = iter(range(times))
            timer.timeout.connect(lambda: act() if next(left, None) is not None else timer.stop())
            timer.start()
            QTimer.singleShot(3000, timer.stop)

        return begin

    @contextmanager
    def under(self, load: str) -> Iterator[None]:
        """Let a worker export or sweep, again and again, until the block ends: the one that does it for a person."""
        library = self.workspace.library
        jobs, work = {"exporting": (library.long, self._export)}.get(load, (library.batch, self._sweep))
        if load != "alone":
            library.network_session.run(jobs, "load", work, lambda result: None)
        try:
            yield
        finally:
            jobs.cancel("load")

    def _export(self, network: object, on_step: OnStep) -> None:
        from explorer.core.export.run import plan_export, run_export
        from explorer.core.network.opening import Network

        assert isinstance(network, Network)
        keys = [FilterKey(layer.index, filter) for layer in network.layers for filter in range(layer.filters)]
        pictures = sorted((DEMO / "pictures").glob("*.jpg"))[:4]
        for number in range(1000):
            out = self.home / f"figures{number}"
            run_export(plan_export(network, pictures, keys, out), on_step=on_step)
            shutil.rmtree(out)

    def _sweep(self, network: object, on_step: OnStep) -> None:
        from explorer.core.attribution.occlusion.occluder import Occluder
        from explorer.core.attribution.occlusion.sensitivity import occlude
        from explorer.core.images import read_image
        from explorer.core.network.opening import Network

        assert isinstance(network, Network)
        rgb = read_image(next((DEMO / "pictures").glob("*.jpg")))
        while True:
            occlude(network, rgb, "class:0", Occluder(16, 8, "mean"), on_step=on_step)

    def _open_demo(self) -> None:
        start = self.workspace.opening
        start.open_folder(DEMO / "pictures", DEMO / "pictures" / "labels.csv")
        start.open_model(Request(self.folder / "demo.safetensors", device="cpu"))

    def _open_resnet(self) -> None:
        self.workspace.opening.open_model(Request(self.folder / "resnet50.pt", device="cpu"))

    def _idle(self) -> bool:
        """Whether the maps and the tags are there, and nobody reads any more; predictions may go on."""
        workspace = self.workspace
        there = workspace.tagging.path is not None and workspace.pipeline.activations is not None
        return there and not workspace.library.interactive.busy() and not workspace.library.reading.busy()

    def _many_there(self) -> bool:
        folder = self.workspace.library.folder
        return folder is not None and len(folder.pictures) == PICTURES and self._idle()

    def _resnet_there(self) -> bool:
        network = self.workspace.library.network
        return network is not None and network.name == "resnet50" and self._idle()

    def _book_there(self) -> bool:
        return self.workspace.tagging.path == self.folder / "full.h5" and self.workspace.tagging.book.total > PICTURES

    def _scroll(self) -> None:
        bar = self.parts.pictures.list.verticalScrollBar()
        bar.setValue((bar.value() + bar.maximum() // 150) % max(1, bar.maximum()))

    def _tag(self) -> None:
        """Tag the next filter, the way the key does it."""
        QTest.keyClick(self.parts.center.browser.grid, Qt.Key.Key_Right)
        self.commands.tags.toggle("hair")

    def _tick(self) -> None:
        now = time.perf_counter()
        self._worst, self._last = max(self._worst, now - self._last), now


@contextmanager
def slow_flush() -> Iterator[None]:
    """A disk that takes its time to promise that something is on it."""
    flush = os.fsync

    def slow(file: int) -> None:
        time.sleep(SLOW_FLUSH)
        flush(file)

    os.fsync = slow
    try:
        yield
    finally:
        os.fsync = flush


def main(load: str, place: str | None = None) -> None:
    """Run one turn and print its gaps as JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(place or name).resolve(), Path(name) / "home"
        if place is None:
            prepare(folder)
        home.mkdir()
        # What a turn writes stays its own: the next one begins with the same files.
        own = Path(name) / "turn"
        own.mkdir()
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy(path, own)
        (own / "many").symlink_to(folder / "many")
        measured = Turn(own, home)
        try:
            measured.run(load)
        finally:
            measured.window.close()  # its workers would keep the process alive
        print(json.dumps(measured.gaps))


if __name__ == "__main__":
    main(*sys.argv[1:])
