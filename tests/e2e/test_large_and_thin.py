"""Folders of thousands and pictures of extreme proportions."""

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QImage

from explorer.core.images import for_screen
from explorer.core.tags.book import FilterKey
from explorer.state.start import Start
from explorer.ui.panels.layer_panel import TAGGED
from explorer.ui.widgets.lists import OVERLAY
from explorer.ui.widgets.pixmaps import image_of, inscribed, pixmap_on
from tests.e2e.conftest import Open, Person
from tests.networks import save_small
from trainer.networks.checkpoint import load, save


def calls_of_python(person: Person, milliseconds: int) -> int:
    """How many functions of Python run in the window's thread while it does nothing but what is due."""
    count = 0

    def seen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    person.qtbot.wait(milliseconds)
    sys.setprofile(None)
    return count


def test_a_row_that_changes_among_thousands_costs_no_call_for_each_of_them(open_window: Open, tmp_path: Path) -> None:
    """A view asks its model for the number of rows once and more for each of them, whenever one has changed."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    first = folder / "picture0.png"
    Image.new("RGB", (8, 8)).save(first)
    for number in range(1, 5000):
        (folder / f"picture{number}.png").hardlink_to(first)
    person = open_window(Start(images=folder))
    model = person.parts.pictures.model
    person.until(lambda: model.rowCount() == 5000 and model.data(model.index(0), Qt.ItemDataRole.DecorationRole))
    person.qtbot.wait(200)
    model.dataChanged.emit(model.index(5), model.index(5))
    assert calls_of_python(person, 300) < 5000
    person.workspace.session.update(picture=model.rows[2500])
    assert calls_of_python(person, 300) < 8000  # all that follows a picture takes 5,000


def test_layers_say_how_many_of_their_filters_are_tagged_whatever_is_tagged_and_undone(demo: Person) -> None:
    layers, tagging = demo.parts.layers.model(), demo.workspace.tagging
    for key in ("7:1", "7:2", "3:0", "7:1"):  # the last one takes the tag away again
        tagging.toggle(FilterKey.parse(key), "hair")
    demo.control("Z", "Z")
    expected = [0] * layers.rowCount()
    for key in tagging.book:
        expected[key.layer] += 1
    assert sum(expected) == 2
    assert [layers.data(layers.index(row), TAGGED) for row in range(len(expected))] == expected


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (3, 9_000)])
def test_a_picture_of_extreme_proportions_is_shown(open_window: Open, tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", size, (200, 150, 120)).save(tmp_path / "pictures" / "thin.png")
    model = save_small(tmp_path / "small.safetensors")
    checkpoint = load(model)
    save(model, dataclasses.replace(checkpoint, input=dataclasses.replace(checkpoint.input, resize="shortest")))
    person = open_window(Start(model=model, images=tmp_path / "pictures", device="cpu"))
    person.wait_for_maps()
    image = person.parts.center.browser.viewer.image
    before = image.transform().m11()
    person.press("Plus")
    assert image.transform().m11() > before
    person.press("F", "O", "Right", "V")
    person.until(lambda: not person.workspace.library.interactive.busy())
    assert not person.message


def test_nothing_is_drawn_thinner_than_a_pixel() -> None:
    area = QRect(10, 20, 56, 56)
    assert inscribed(QSize(128, 1), area).size() == QSize(56, 1)
    assert inscribed(QSize(1, 128), area).size() == QSize(1, 56)
    assert inscribed(QSize(100, 50), area) == QRect(10, 34, 56, 28)


def test_a_picture_made_for_the_screen_is_the_picture(qtbot: object) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (13, 17, 3), np.uint8)
    screen = for_screen(rgb)
    assert (screen[..., 3] == 255).all()
    same = image_of(rgb).convertToFormat(QImage.Format.Format_RGB32)
    assert pixmap_on(screen).toImage().convertToFormat(QImage.Format.Format_RGB32) == same


def test_a_grid_is_drawn_in_portions_between_which_the_window_answers(
    demo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, portions = 0, []
    overlay = demo.workspace.pipeline.overlay

    def slow(layer: int, filter: int, longest: int) -> object:
        nonlocal drawn
        drawn += 1
        time.sleep(0.012)
        return overlay(layer, filter, longest)

    def answer() -> None:
        nonlocal drawn
        portions.append(drawn)
        drawn = 0

    monkeypatch.setattr(demo.workspace.pipeline, "overlay", slow)
    timer = QTimer(interval=0)
    timer.timeout.connect(answer)
    timer.start()
    demo.parts.filters.refresh()
    demo.until(lambda: len(demo.parts.filters._overlays) >= 10 and not drawn)
    demo.qtbot.wait(100)
    timer.stop()
    assert max(portions) <= 4, portions
    in_sight = demo.parts.center.browser.grid
    assert in_sight.model().data(in_sight.indexAt(in_sight.viewport().rect().center()), OVERLAY) is not None
