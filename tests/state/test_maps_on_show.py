"""Whatever a person does, the maps on show are those of the network, the style and the picture that are on show."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.images import read_image, thumbnail
from explorer.core.maps.activations import Activations, record
from explorer.core.network.opening import Network
from explorer.state.opened.network_session import Request
from explorer.state.opened.reading import THUMBNAIL
from explorer.state.settings_file import Settings
from explorer.state.view.pipeline import Pipeline
from explorer.state.workspace import Workspace
from tests.conftest import ROOT
from tests.networks import save_normed
from trainer.networks.input_spec import InputSpec

INPUTS = (
    InputSpec((16, 16), "squash", 16),
    InputSpec((16, 16), "shortest", 24),
    InputSpec((16, 16), "squash", 16, mean=(0.4, 0.5, 0.6)),
)
PICTURES = 3
FOLDER = "pictures"


def draw(folder: Path, number: int, seed: int) -> Path:
    """Write a picture; the same number is the same name, another seed another content of as many bytes."""
    rgb = np.random.default_rng(seed).integers(0, 255, (30, 36, 3), np.uint8)
    path = folder / FOLDER / f"{number}.bmp"
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".part")  # not among the pictures of a folder that is being listed
    Image.fromarray(rgb).save(new, "BMP")
    os.utime(new, (1, 1))  # a copy that kept its date
    new.replace(path)
    return path


class Person:
    """Does things to a workspace, and looks at every map that is shown whether it is the right one."""

    def __init__(self, workspace: Workspace, folder: Path, qtbot: QtBot) -> None:
        self.workspace, self.folder, self._qtbot, self._seed = workspace, folder, qtbot, PICTURES
        self._model, self._architecture = save_normed(folder)
        self._right: dict[tuple[str, bool, bytes], Activations] = {}
        self._mine: dict[str, Network] = {}
        self.looked = 0
        workspace.pipeline.maps_changed.connect(self.look)

    def request(self, number: int) -> Request:
        return Request(self._model, self._architecture, ("a", "b"), INPUTS[number], "cpu")

    def do(self, action: str, number: int) -> None:
        session, folder = self.workspace.session, self.workspace.library.folder
        if action == "network":
            self.workspace.opening.open_model(self.request(number))
        elif action == "picture" and folder is not None:
            session.update(picture=folder.pictures[number])
        elif action == "layer":
            session.update(layer=number % 2)
        elif action == "raw":
            session.update_style(raw=not session.view.style.raw)
        elif action == "both" and folder is not None:
            style = session.view.style
            session.update(picture=folder.pictures[number], style=type(style)(raw=not style.raw))
        elif action == "change":
            self._seed += 1
            draw(self.folder, number, self._seed)
        elif action == "folder":
            self.workspace.opening.open_folder(self.folder / FOLDER)
        elif action == "list" and folder is not None:
            for store in (
                self.workspace.library.thumbnails,
                self.workspace.library.predictions,
                self.workspace.library.over,
            ):
                store.get(folder.pictures[number])
        elif action == "wait":
            self.settle()
        elif action == "glance":
            QApplication.processEvents()

    def settle(self) -> None:
        library = self.workspace.library
        self._qtbot.waitUntil(lambda: not any(jobs.busy() for jobs in library.workers))
        QApplication.processEvents()

    def right(self) -> Activations:
        """What the network on show gives on the picture on show, recorded by a network of this person's own."""
        pipeline, raw = self.workspace.pipeline, self.workspace.session.view.style.raw
        network, rgb = pipeline.network, pipeline.shown.rgb
        key = (network.identity, raw, rgb.tobytes())
        if key not in self._right:
            mine = self._mine.setdefault(network.identity, network.copy())
            self._right[key] = record(mine, rgb, raw=raw)
        return self._right[key]

    def look(self) -> None:
        found = self.workspace.pipeline.activations
        if found is not None:
            self.looked += 1
            assert found.frame == self.right().frame
            for layer, maps in self.right().maps.items():
                np.testing.assert_array_equal(found.maps[layer], maps)

    def look_around(self) -> None:
        """Everything that is said of the picture on show is said of the same content, and of the open network."""
        library, view = self.workspace.library, self.workspace.session.view
        stores = (library.thumbnails, library.predictions, library.over)

        def there() -> bool:
            found = [store.get(view.picture) is not None for store in stores]
            return all(found) and not any(jobs.busy() for jobs in library.workers)

        for _ in range(2):  # what is found in one place may make the others look again
            self._qtbot.waitUntil(there)
            QApplication.processEvents()
        self.look()
        assert self.workspace.pipeline.shown.picture == view.picture
        assert self.workspace.pipeline.network is library.network
        np.testing.assert_array_equal(self.workspace.pipeline.shown.rgb, read_image(view.picture))
        right = self.right()
        np.testing.assert_allclose(library.predictions.get(view.picture), right.probabilities, rtol=1e-5)
        over = library.over.get(view.picture)
        np.testing.assert_allclose(over.maps, right.maps[view.layer], rtol=1e-2, atol=1e-3)
        np.testing.assert_array_equal(over.crop, library.network.input.crop(self.workspace.pipeline.shown.rgb))
        np.testing.assert_array_equal(library.thumbnails.get(view.picture), thumbnail(view.picture, THUMBNAIL))


@contextmanager
def person(qtbot: QtBot) -> Iterator[Person]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(PICTURES):
            draw(folder, number, number)
        workspace = Workspace(Settings(folder / "home" / "settings.ini"), ROOT / "resources")
        try:
            yield Person(workspace, folder, qtbot)
        finally:
            workspace.close()


def begun(someone: Person, qtbot: QtBot) -> None:
    someone.do("folder", 0)
    someone.do("network", 0)
    qtbot.waitUntil(lambda: someone.workspace.pipeline.activations is not None)
    someone.settle()


ACTIONS = ("network", "picture", "layer", "raw", "both", "change", "folder", "list", "wait", "glance")


@settings(max_examples=25)
@example([("network", 1), ("glance", 0), ("raw", 0), ("glance", 0), ("raw", 0)])
@example([("change", 0), ("raw", 0), ("wait", 0), ("change", 0), ("raw", 0)])
@example([("picture", 1), ("wait", 0), ("change", 0), ("picture", 0)])
@example([("list", 1), ("wait", 0), ("change", 1), ("network", 2), ("list", 1)])
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, PICTURES - 1)), max_size=12))
def test_the_maps_on_show_are_those_of_what_is_on_show(qtbot: QtBot, actions: list[tuple[str, int]]) -> None:
    with person(qtbot) as someone:
        begun(someone, qtbot)
        for action, number in actions:
            someone.do(action, number)
        for number in (2, 1):
            someone.settle()
            someone.do("picture", number)
        qtbot.waitUntil(lambda: someone.workspace.pipeline.activations is not None)
        someone.settle()
        someone.look_around()
        assert someone.looked


def test_raw_in_the_moment_in_which_a_network_opens_takes_its_input(qtbot: QtBot) -> None:
    with person(qtbot) as someone:
        begun(someone, qtbot)
        workspace = someone.workspace
        opened: list[Network] = []
        workspace.library.network_opened.connect(
            lambda network: (
                opened.append(network),
                workspace.session.update_style(raw=not workspace.session.view.style.raw),
            )
        )
        someone.do("network", 1)
        qtbot.waitUntil(lambda: bool(opened) and workspace.pipeline.activations is not None)
        someone.settle()
        someone.look_around()
        assert workspace.pipeline.network.input == INPUTS[1]


@pytest.mark.parametrize("what", ["raw", "network", "list", "folder"])
def test_a_picture_whose_file_changed_is_read_anew_when_anything_is_asked_of_it(qtbot: QtBot, what: str) -> None:
    with person(qtbot) as someone:
        begun(someone, qtbot)
        someone.do("change", 0)
        before = someone.workspace.pipeline.shown.rgb.copy()
        someone.do(what, 0)
        qtbot.waitUntil(lambda: not np.array_equal(someone.workspace.pipeline.shown.rgb, before))
        qtbot.waitUntil(lambda: someone.workspace.pipeline.activations is not None)
        someone.settle()
        someone.look_around()


def test_an_occlusion_map_is_of_the_content_and_the_input_on_show(qtbot: QtBot) -> None:
    with person(qtbot) as someone:
        begun(someone, qtbot)
        workspace, found = someone.workspace, []

        def swept(size: int) -> np.ndarray:
            lens, pipeline = workspace.lens, workspace.pipeline
            lens.update(size=size)
            qtbot.waitUntil(lambda: lens.found is not None and not lens.rough)
            network = pipeline.network.copy()
            right = occlude(network, pipeline.shown.rgb, lens.target, Occluder(size, 8, "mean"))
            np.testing.assert_allclose(lens.found.map, right.map, atol=1e-6)
            return lens.found.map

        workspace.lens.choose("occlusion")
        found.append(swept(8))
        someone.do("change", 0)
        swept(16)  # of the content that is still on show
        for picture in (1, 0):
            someone.do("picture", picture)
            qtbot.waitUntil(lambda picture=picture: workspace.pipeline.shown.picture.stem == str(picture))
            qtbot.waitUntil(lambda: workspace.pipeline.activations is not None)
        swept(16)
        found.append(swept(8))
        someone.do("network", 1)
        qtbot.waitUntil(
            lambda: workspace.pipeline.network.input == INPUTS[1] and workspace.pipeline.activations is not None
        )
        found.append(swept(8))
        assert not np.allclose(found[0], found[1])
        assert not np.allclose(found[1], found[2])


def test_no_answer_is_shown_that_nobody_wants_any_more(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the workers would deliver it: what was wanted is compared, not only what was asked last."""
    with person(qtbot) as someone:
        begun(someone, qtbot)
        pipeline, shown = someone.workspace.pipeline, []
        monkeypatch.setattr(Pipeline, "_ask", lambda self: shown.append("asked"))
        original = pipeline._wanted()
        pipeline._submit(original)
        someone.do("raw", 0)
        someone.settle()
        assert pipeline.activations is None
        assert shown == ["asked"]
