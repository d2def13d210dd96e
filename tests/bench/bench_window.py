"""Changing filter, picture and grid in the real window, against forward passes of the paper's network."""

import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from explorer.core.attribution import attribute
from explorer.core.images import read_image
from explorer.state.settings import INDEX
from explorer.state.settings_file import Settings
from explorer.state.start import Start
from explorer.state.workspace import Workspace
from explorer.ui.widgets.theme import apply_theme
from explorer.ui.window.assembly import assemble
from explorer.ui.window.main_window import MainWindow
from explorer.ui.window.parts import WindowParts
from tests.bench.bench_index import draw_pictures
from tests.bench.row import Row, side_by_side
from tests.conftest import ROOT
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.checkpoint import Checkpoint, InputSpec, save

INDEXED = 2000
"""Pictures of the folder whose index is made meanwhile: more than it measures in that time."""


def measure() -> list[Row]:
    """Filter, picture, grid, the lens, and a picture while the index of the folder is made."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        torch.manual_seed(0)
        module = ScratchCNN()
        initialise(module)
        model = home / "paper.safetensors"
        save(model, Checkpoint("scratch_cnn", ("benign", "malignant"), InputSpec(), module.state_dict()))
        del module
        settings = Settings(home / "settings.ini")
        settings.set_value(INDEX, False)
        workspace = Workspace(settings, ROOT / "resources", index_command=(sys.executable, "-m", "explorer"))
        apply_theme(application, "dark", workspace.icons)
        window = MainWindow(settings)
        parts = assemble(window, workspace).parts
        window.resize(1440, 900)
        window.show()
        workspace.opening.start(Start(model=model, images=ROOT / "resources" / "demo" / "pictures", device="cpu"))
        wait(application, lambda: workspace.pipeline.activations is not None and workspace.tagging.path is not None)
        settle(application, 3.0)
        try:
            return [
                _filter(application, workspace),
                _picture(application, workspace),
                _grid(application, workspace, parts),
                *_lenses(application, workspace, parts),
                _while_indexing(application, workspace, settings, draw_pictures(home / "indexed", INDEXED)),
            ]
        finally:
            window.close()


def wait(application: QApplication, condition: Callable[[], bool], seconds: float = 120) -> None:
    """Let the event loop run until something is so; it sleeps between events, as it does for a person.

    AssertionError where it does not happen, so that a measurement ends whatever happens.
    """
    loop, check = QEventLoop(), QTimer(interval=1)
    check.timeout.connect(lambda: loop.quit() if condition() else None)
    check.start()
    QTimer.singleShot(round(1000 * seconds), loop, loop.quit)
    if not condition():
        loop.exec()
    assert condition()


def settle(application: QApplication, seconds: float) -> None:
    """Let thumbnails and predictions end."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        application.processEvents()
        time.sleep(0.005)


def _forward(workspace: Workspace) -> Callable[[], None]:
    network = workspace.library.network
    shown = workspace.pipeline.shown
    assert network is not None
    assert shown is not None
    batch = network.input.prepare(shown.rgb)[None]

    def run() -> None:
        with torch.inference_mode():
            network.module(batch)

    return run


def _filter(application: QApplication, workspace: Workspace) -> Row:
    filters = itertools.cycle(range(64))

    def change() -> None:
        workspace.session.update(filter=next(filters))
        application.processEvents()  # everything that the change made dirty is painted here

    forward = _forward(workspace)
    ours, baseline = side_by_side(change, forward, 40)
    return Row("change of filter, selection to painted / forward pass", ours, baseline, ours / baseline, 1.0)


@contextmanager
def _changing_pictures(workspace: Workspace) -> Iterator[Callable[[], None]]:
    """What changes to the next picture of the folder, until its maps are recorded."""
    folder = workspace.library.folder
    assert folder is not None
    pictures = itertools.cycle(folder.pictures)
    next(pictures)  # the first one is on show already
    loop = QEventLoop()

    def recorded() -> None:
        if workspace.pipeline.activations is not None:
            loop.quit()

    workspace.pipeline.maps_changed.connect(recorded)

    def change() -> None:
        workspace.pipeline._cache.clear()
        workspace.session.update(picture=next(pictures))
        QTimer.singleShot(5000, loop, loop.quit)
        loop.exec()
        assert workspace.pipeline.activations is not None
        assert len(workspace.pipeline.activations.maps) == 8

    yield change
    workspace.pipeline.maps_changed.disconnect(recorded)


def _picture(application: QApplication, workspace: Workspace) -> Row:
    network, folder = workspace.library.network, workspace.library.folder
    assert network is not None
    assert folder is not None
    plain = itertools.cycle(folder.pictures)

    def decode_and_forward() -> None:
        batch = network.input.prepare(read_image(next(plain)))[None]
        with torch.inference_mode():
            network.module(batch)

    # The last picture's painting ends first: it belongs to that picture.
    with _changing_pictures(workspace) as change:
        ours, baseline = side_by_side(change, decode_and_forward, 60, lambda: settle(application, 0.05))
    return Row("change of picture, 240 maps recorded / decode + forward pass", ours, baseline, ours / baseline, 1.5)


def _grid(application: QApplication, workspace: Workspace, parts: WindowParts) -> Row:
    parts.center.browser.setSizes([150, 700])
    parts.center.browser.grid._delegate.cell = 72  # all 64 in sight
    parts.center.browser.grid.setGridSize(parts.center.browser.grid._delegate.sizeHint(None, None))  # type: ignore[arg-type]
    settle(application, 0.3)

    def change() -> None:
        parts.filters.refresh()
        while len(parts.filters._overlays) < 64:  # in portions, between which the window answers
            parts.center.browser.grid.viewport().repaint()
            application.processEvents()

    ours, baseline = side_by_side(change, _forward(workspace), 40)
    return Row("grid of 64 overlays, drawn and painted / forward pass", ours, baseline, ours / baseline, 2.0)


def _while_indexing(
    application: QApplication, workspace: Workspace, settings: Settings, pictures: Sequence[Path]
) -> Row:
    """The same while the process of the index computes, against while it waits."""
    indexing = workspace.indexing
    workspace.lens.choose("")
    workspace.opening.open_folder(pictures[0].parent)
    wait(application, lambda: workspace.session.view.picture == pictures[0])
    wait(application, lambda: workspace.pipeline.activations is not None)
    settings.set_value(INDEX, True)
    wait(application, lambda: indexing.stage == "sample")
    process = indexing._process
    assert process is not None

    def computing() -> None:
        indexing._rest.stop()
        process.resume()
        settle(application, 0.3)

    def waiting() -> None:
        indexing._rest.stop()  # else it goes on by itself
        process.pause()
        settle(application, 1.5)  # it ends what it computes first

    turns = itertools.cycle([computing, waiting])
    with _changing_pictures(workspace) as change:
        ours, baseline = side_by_side(change, change, 20, lambda: next(turns)())
    assert process.running, "the index was done before the measurement was"
    return Row("change of picture while the index is made / while it waits", ours, baseline, ours / baseline, 1.3)


def _lenses(application: QApplication, workspace: Workspace, parts: WindowParts) -> list[Row]:
    """From the choice of a lens until it is painted, against the lens computed alone."""
    network, shown, lens = workspace.library.network, workspace.pipeline.shown, workspace.lens
    assert network is not None
    assert shown is not None
    viewer = parts.center.browser.viewer
    lens.choose("occlusion")  # the strip of the lens is there from now on
    wait(application, lambda: lens.found is not None and not lens.rough)

    def rest() -> None:
        lens.choose("")
        lens._kept.clear()
        settle(application, 0.1)

    rows = []
    for name in ("grad-cam", "saliency", "occlusion"):
        rest()

        def change(name: str = name) -> None:
            lens.choose(name)
            wait(application, lambda: lens.found is not None and not lens.rough)
            viewer.image.viewport().repaint()

        rest()
        change()
        target, settings = lens.target, dict(lens.settings_of(name))

        def alone(name: str = name, target: str = target, settings: Any = settings) -> None:
            attribute(network, shown.rgb, name, target=target, **settings)

        ours, baseline = side_by_side(change, alone, 7, rest)
        rows.append(Row(f"{name}, chosen to painted / computed alone", ours, baseline, ours / baseline, 1.2))
    return rows
