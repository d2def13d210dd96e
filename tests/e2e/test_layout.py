"""Story: on a small screen and on a large one, dark and light, nothing is cut, and panels stay as they were left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

from explorer.state.start import Start
from explorer.ui.dialogs.questions import ChoiceQuestion
from tests.conftest import ROOT
from tests.e2e.conftest import Open, Person
from tests.e2e.measuring import SCHEMES, SIZES, cut, measured
from tests.e2e.test_typing import DIALOGS
from tests.networks import save_small

LEAST_DIALOG, ROOM = (360, 240), (1024, 600)
"""To what size a dialog is drawn in, and what a small screen leaves for it, in pixels."""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_cut(demo: Person, scheme: str) -> None:
    demo.commands.set_theme(scheme)
    demo.press("H")  # a tag has lines of its own
    tabs = demo.parts.center.browser.tabs
    lines = [line for size in SIZES for line in measured(demo.window, tabs, size)]
    demo.press("E")  # Why takes its room from what stands around it
    lines += [line for size in SIZES[:2] for line in measured(demo.window, tabs, size)]
    demo.press("E", "U")  # muted, one and then three
    lines += [line for size in SIZES[:2] for line in measured(demo.window, tabs, size)]
    demo.press("Right", "Right", "U", "Right", "U")
    lines += [line for size in SIZES[:2] for line in measured(demo.window, tabs, size)]
    demo.commands.set_theme("dark")
    assert not lines, "\n".join(lines)


def test_names_of_classes_are_read_whole_where_there_is_room(open_window: Open, tmp_path: Path) -> None:
    names = ("melanocytic nevus", "vascular lesion", "benign keratosis")
    model = save_small(tmp_path / "small.safetensors", classes=names)
    person = open_window(Start(model=model, images=ROOT / "resources" / "demo" / "pictures"))
    person.wait_for_maps()
    bars = person.parts.top._bars
    for size in SIZES[1:3]:
        person.window.resize(*size)
        person.qtbot.wait(50)
        assert bars._name >= max(bars.fontMetrics().horizontalAdvance(name) for name in names)
        assert bars.geometry().right() < person.parts.top.width()


def test_muting_moves_no_column(demo: Person) -> None:
    demo.window.resize(*SIZES[0])
    demo.qtbot.wait(50)
    before = demo.parts.center.geometry()
    demo.press("U")
    demo.until(lambda: demo.parts.muted.isVisible())
    demo.qtbot.wait(50)
    assert (demo.parts.center.x(), demo.parts.center.width()) == (before.x(), before.width())


def test_nothing_is_cut_on_a_screen_of_double_density(tmp_path: Path) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.e2e.measuring", str(tmp_path), str(ROOT / "resources")]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["factor"] == 2
    assert found["cut"] == []


def settled(person: Person, dialog: QWidget) -> list[str]:
    """What stays cut: what is still being found is arranged when it comes."""
    for _ in range(40):
        if not cut(dialog):
            return []
        person.qtbot.wait(25)
    return cut(dialog)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dialogs_fit_a_small_screen_and_cut_nothing(demo: Person, scheme: str) -> None:
    demo.commands.set_theme(scheme)
    demo.press("H")
    lines = []
    said = "This sentence says what the file does not say, and what happens with each of the answers below. " * 4
    longest = {ChoiceQuestion: lambda person: ChoiceQuestion(said, ("state_dict", "ema"), "key", person.window)}
    for kind, make in (*DIALOGS.items(), *longest.items()):
        dialog = make(demo)
        dialog.show()
        for size in (dialog.sizeHint(), QSize(*LEAST_DIALOG)):  # it may keep a larger one
            dialog.resize(size)
            for _ in range(5):
                QApplication.processEvents()
            lines += [
                f"{kind.__name__}, {dialog.width()} x {dialog.height()}: {line}" for line in settled(demo, dialog)
            ]
        if dialog.width() > ROOM[0] or dialog.height() > ROOM[1]:
            lines.append(f"{kind.__name__}: at least {dialog.width()} x {dialog.height()}")
        dialog.close()
    demo.commands.set_theme("dark")
    assert not lines, "\n".join(lines)


def test_the_picture_takes_the_free_room_and_a_key_gives_it_all(demo: Person) -> None:
    viewer = demo.parts.center.browser.viewer
    demo.window.resize(1280, 800)
    demo.qtbot.wait(50)
    before = viewer.image.height()
    demo.window.resize(1280, 900)
    demo.qtbot.wait(50)
    assert viewer.image.height() - before >= 95
    wide = viewer.image.width()
    demo.press("Z")
    demo.qtbot.wait(50)
    assert not demo.parts.pictures.isVisible()
    assert not demo.parts.tags.isVisible()
    assert not demo.parts.center.browser.grid.isVisible()
    assert viewer.image.width() > wide + 400
    demo.press("Right", "H")
    assert demo.view.filter == 1
    demo.press("Z")
    demo.qtbot.wait(50)
    assert demo.parts.pictures.isVisible()
    assert demo.parts.center.browser.grid.isVisible()
    assert QApplication.focusWidget() is demo.parts.center.browser.grid


def test_edges_and_the_size_of_thumbnails_stay_as_they_were_left(open_window: Open) -> None:
    from explorer.state.start import Start

    first = open_window(Start(demo=True, device="cpu"))
    first.wait_for_maps()
    first.window.resize(1400, 900)
    first.qtbot.wait(50)
    first.parts.columns.moveSplitter(330, 1)
    first.parts.center.browser.moveSplitter(300, 1)
    first.parts.center.browser.thumbnails.setValue(150)
    first.qtbot.wait(50)
    cell = first.parts.center.browser.grid.sizeHintForIndex(first.parts.filters.index(0)).width()
    wanted = first.parts.columns.sizes()[0], first.parts.center.browser.sizes()[0]
    first.window.close()
    again = open_window(Start(demo=True, device="cpu"))
    again.wait_for_maps()
    again.window.resize(1400, 900)
    again.qtbot.wait(50)
    browser = again.parts.center.browser
    assert cell > 150
    assert browser.grid.sizeHintForIndex(again.parts.filters.index(0)).width() == cell
    assert again.parts.columns.sizes()[0] == pytest.approx(wanted[0], abs=3)
    assert browser.sizes()[0] == pytest.approx(wanted[1], abs=3)
