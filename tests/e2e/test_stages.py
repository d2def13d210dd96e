"""Story: a person who learns looks at what a filter reads, and at what kernels do to the picture."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.core.index.receptive_field import receptive_fields
from explorer.core.stages import KERNELS, convolved, filter_stages
from explorer.core.stages.drawing import colored_kernel, picture_of, signed_picture
from explorer.core.tags import FilterKey
from explorer.state.view.stages import OWN
from explorer.ui.dialogs.stages_dialog import StagesDialog, Tile
from tests.e2e.conftest import Open, Person
from tests.e2e.test_look import pixels


def opened(person: Person) -> StagesDialog:
    person.until(person.window.isActiveWindow)  # after another window closed, that takes a moment
    person.press("I")
    (dialog,) = (one for one in QApplication.topLevelWidgets() if isinstance(one, StagesDialog))
    person.until(lambda: person.workspace.stages.found is not None and dialog.steps.count())
    return dialog


def tiles(layout: object) -> list[Tile]:
    return [layout.itemAt(place).widget() for place in range(layout.count()) if layout.itemAt(place).widget()]


def test_it_is_no_larger_than_the_screen(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StagesDialog, "screen", lambda self: SimpleNamespace(availableSize=lambda: QSize(1024, 700)))
    dialog = opened(demo)
    assert dialog.width() < 1024
    assert dialog.height() < 700


def test_the_stages_follow_filter_and_picture(demo: Person) -> None:
    stages = demo.workspace.stages
    dialog = opened(demo)
    shown = demo.workspace.pipeline.shown
    expected = filter_stages(demo.workspace.library.network, shown.rgb, FilterKey(7, 0))
    steps = tiles(dialog.steps)
    assert len(steps) == len(expected.maps)
    for tile, map in zip(steps, expected.maps.values(), strict=True):
        np.testing.assert_allclose(tile._values, map, atol=1e-4 * max(1.0, float(np.abs(map).max())))
        np.testing.assert_array_equal(pixels(tile._pixmap.toImage()), signed_picture(tile._values))
    assert len(tiles(dialog.inputs)) == 8
    assert "Filter 7:0" in dialog._title.text()
    demo.workspace.session.update(layer=0, filter=3)
    demo.until(lambda: stages.found is not None and stages.found.key == FilterKey(0, 3))
    assert len(tiles(dialog.inputs)) == 4  # the kernel in color, and one for each color
    assert f"full ±{abs(stages.found.kernels).max():.3g}" in tiles(dialog.inputs)[0].below.text()
    kernels = stages.found.kernels[stages.found.channels.argsort()]
    np.testing.assert_array_equal(pixels(tiles(dialog.inputs)[0]._pixmap.toImage()), colored_kernel(kernels))
    tile = tiles(dialog.steps)[-1]
    tile._say((0.5, 0.25))
    height, width = tile._values.shape
    assert f"{float(tile._values[height // 2, width // 4]):.4g}" in tile.below.text()
    dialog.close()
    demo.workspace.session.update(filter=4)
    demo.until(lambda: demo.view.filter == 4)
    assert not demo.workspace.library.interactive.busy("stages")  # nobody looks


def test_values_are_read_by_keys_alone(demo: Person) -> None:
    dialog = opened(demo)
    tile = tiles(dialog.steps)[-1]
    (rows, columns), usual = tile._values.shape, tile.below.text()
    tile.picture.setFocus(Qt.FocusReason.TabFocusReason)
    demo.until(lambda: QApplication.focusWidget() is tile.picture)
    assert tile.below.text().startswith(f"({rows // 2}, {columns // 2}) = ")
    demo.press("Up", "Right", "Right")
    place = rows // 2 - 1, min(columns // 2 + 2, columns - 1)
    assert tile.below.text() == f"({place[0]}, {place[1]}) = {float(tile._values[place]):.4g}"
    assert dialog.picture.picture.frame is not None  # what that place sees
    for _ in range(columns):
        demo.press("Left")
    assert tile.below.text().startswith(f"({place[0]}, 0) = ")
    demo.press("Tab")
    assert tile.below.text() == usual
    dialog.close()


def test_a_kernel_is_picked_and_typed(demo: Person) -> None:
    stages = demo.workspace.stages
    dialog = opened(demo)
    demo.until(lambda: len(tiles(dialog.tried)) == 2)
    first, made = (pixels(tile._pixmap.toImage()) for tile in tiles(dialog.tried))
    np.testing.assert_array_equal(first, made)  # it begins with what changes nothing

    def pick(name: str) -> None:
        place = dialog.kernels.findData(name)
        dialog.kernels.setCurrentIndex(place)
        dialog.kernels.activated.emit(place)

    pick("laplacian")
    demo.until(lambda: np.abs(stages.answer[1].astype(int) - stages.answer[0]).max() > 50)
    assert dialog.typed.toPlainText().split() == ["0", "1", "0", "1", "-4", "1", "0", "1", "0"]
    dialog.typed.setPlainText("0 0 0; 0 1")
    demo.until(lambda: "rows of the same length" in dialog._trouble.text())
    dialog.typed.setPlainText("0 0 0\n0 1 0\n0 0 0")
    demo.until(lambda: not dialog._trouble.text() and (stages.answer[0] == stages.answer[1]).all())
    assert dialog.kernels.currentText() == "typed"
    pick(OWN)
    strongest = int(stages.found.channels[0])
    own = convolved(stages.answer[0], stages.found.kernels[0])
    demo.until(lambda: f"its strongest kernel, for map {strongest}" in tiles(dialog.tried)[1].below.text())
    about_zero = abs(stages.found.kernels[0].sum()) < 1e-3 * abs(stages.found.kernels[0]).sum()
    np.testing.assert_array_equal(stages.answer[1], picture_of(own, about_zero=bool(about_zero)))
    demo.workspace.session.update(layer=0, filter=1)
    demo.until(lambda: "one for each color" in tiles(dialog.tried)[1].below.text())
    assert set(KERNELS) < {dialog.kernels.itemData(place) for place in range(dialog.kernels.count())}
    dialog.close()


def test_there_is_one_such_window_and_none_without_a_network(open_window: Open) -> None:
    person = open_window()
    person.press("I")
    assert "Open a network" in person.message
    assert not [one for one in QApplication.topLevelWidgets() if isinstance(one, StagesDialog)]


def test_asked_for_again_it_comes_to_the_front(demo: Person) -> None:
    dialog = opened(demo)
    demo.commands.windows.show_stages()
    assert [one for one in QApplication.topLevelWidgets() if isinstance(one, StagesDialog)] == [dialog]
    dialog.close()


@pytest.mark.parametrize("close", ["escape", "frame"])
def test_it_closes_and_opens_again(close: str, demo: Person) -> None:
    dialog = opened(demo)
    if close == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        dialog.close()
    demo.until(lambda: not any(isinstance(one, StagesDialog) for one in QApplication.topLevelWidgets()))
    assert opened(demo).isVisible()


def test_what_a_place_sees_is_framed_in_the_picture(demo: Person) -> None:
    stages = demo.workspace.stages
    dialog = opened(demo)
    demo.until(lambda: dialog.picture is not None)
    height, width = demo.workspace.pipeline.shown.rgb.shape[:2]
    field = receptive_fields(demo.workspace.library.network)[7]
    tile = tiles(dialog.steps)[0]
    tile._say((0.5, 0.5))
    box = field.in_picture((len(field.rows) // 2, len(field.columns) // 2), height, width)
    expected = box.top / height, box.left / width, box.height / height, box.width / width
    assert dialog.picture.picture.frame == pytest.approx(expected)
    drawn = pixels(dialog.picture.picture.grab().toImage())
    top, left, _, wide = dialog.picture.picture.frame
    line = drawn[
        round(top * drawn.shape[0]), round(left * drawn.shape[1]) + 8 : round((left + wide) * drawn.shape[1]) - 8
    ]
    assert (line.min(axis=1) > 200).mean() > 0.8  # white
    tile._say(None)
    assert dialog.picture.picture.frame is None
    assert stages.field("nothing of the kind", (0.5, 0.5)) is None
    demo.workspace.session.update(layer=0, filter=0)
    demo.until(lambda: stages.found.key == FilterKey(0, 0))
    red = tiles(dialog.inputs)[1].layout().itemAt(0).widget()
    red._say((0.5, 0.5))
    assert max(dialog.picture.picture.frame[2:]) <= 1 / 200  # a pixel of the input
    dialog.close()
