"""Story: a person takes filters away, sees what the network says without them, and is never led to mistake it."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QComboBox, QListView

from explorer.core.images import read_image
from explorer.core.index import open_index
from explorer.core.muting import FILLS, muted_logits
from explorer.core.muting.muted_file import write_muted
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from explorer.state.opened.network_session import Request
from explorer.state.settings import MUTE_WITH
from explorer.state.start import Start
from explorer.state.view.muting import EXPORT_OFF, NEEDS_INDEX, TAGS_OFF
from explorer.ui.dialogs.export_dialog import ExportDialog
from explorer.ui.widgets.lists import MUTED
from explorer.ui.widgets.theme import apply_theme
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import DEMO, Open, Person
from tests.e2e.test_near_at_hand import menu_on
from tests.networks import save_small
from trainer.measures.prediction import Prediction

SHIFT = Qt.KeyboardModifier.ShiftModifier


def muted_answer(person: Person, keys: list[FilterKey]) -> np.ndarray:
    """What a plain pass with hooks says of the picture in view."""
    network = person.workspace.library.network
    batch = network.input.prepare(read_image(person.view.picture))[None]
    return Prediction(muted_by_hooks(network.copy(), batch, keys)[0]).probabilities


def amber(person: Person) -> bool:
    """Whether all four sides of the picture's view are amber on the screen."""
    person.window.repaint()
    image = person.parts.center.browser.viewer.image
    seen = image.grab().toImage()
    middle = (seen.width() // 2, seen.height() // 2)
    sides = [(middle[0], 1), (middle[0], seen.height() - 2), (1, middle[1]), (seen.width() - 2, middle[1])]

    def is_amber(color: QColor) -> bool:
        return color.red() > color.green() > color.blue() + 40

    return all(is_amber(seen.pixelColor(*side)) for side in sides)


def test_mute_look_and_restore(demo: Person) -> None:
    muting, bars = demo.workspace.muting, demo.parts.top._bars
    before = list(bars.values)
    assert demo.parts.muted.text == ""
    assert bars.after is None
    assert not amber(demo)
    demo.press("U")
    assert demo.parts.muted.text == "1 filter muted (7:0) · not the real network", (
        "at once, before anything is computed"
    )
    assert bars.after is not None
    assert amber(demo)
    demo.press("Right", "U")
    demo.until(lambda: muting.probabilities is not None)
    assert "tags are off" in demo.window.windowTitle()
    keys = [FilterKey(7, 0), FilterKey(7, 1)]
    expected = muted_answer(demo, keys)
    np.testing.assert_allclose(muting.probabilities, expected, atol=1e-5)
    assert demo.parts.muted.text.startswith("2 filters muted (7:0, 7:1) ·")
    classes = demo.workspace.library.network.classes
    assert bars.values == before, "what the real network says still stands there"
    np.testing.assert_allclose(bars.after, [expected[classes.index(name)] for name, _ in before], atol=1e-5)
    assert f"{before[0][1]:.3f} → {bars.after[0]:.3f}" in bars.accessibleDescription()
    demo.press("Down")
    shown = demo.workspace.pipeline
    demo.until(lambda: shown.shown is not None and shown.shown.picture == demo.view.picture)
    demo.until(lambda: muting.probabilities is not None)
    np.testing.assert_allclose(muting.probabilities, muted_answer(demo, keys), atol=1e-5)
    demo.press("U")
    assert demo.parts.muted.text.startswith("1 filter muted"), "the same key takes it back"
    demo.press("U", modifier=SHIFT)
    assert demo.parts.muted.text == ""
    assert bars.after is None
    assert muting.keys == ()
    assert not amber(demo)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_muted_filters_are_seen_in_the_grid_and_in_the_layers(demo: Person, scheme: str) -> None:
    apply_theme(QApplication.instance(), scheme, demo.workspace.icons)
    grid, layers = demo.parts.center.browser.grid, demo.parts.layers
    before = [ambers(demo, grid, 1), ambers(demo, layers, 7)]
    demo.press("Right", "U", "Left")
    assert grid.model().index(1, 0).data(MUTED)
    assert not grid.model().index(0, 0).data(MUTED)
    assert "muted" in demo.parts.filters.about(1)
    assert "muted" not in demo.parts.filters.about(0)
    assert "1 muted" in layers.model().about(demo.workspace.library.network.layers[7])
    assert "muted" not in layers.model().about(demo.workspace.library.network.layers[6])
    assert ambers(demo, grid, 1) > before[0] + 200
    assert ambers(demo, grid, 0) < 20
    assert ambers(demo, layers, 7) > before[1] + 20
    demo.press("Right")
    offered(demo, grid, 1)["Restore 7:1"].trigger()
    assert demo.workspace.muting.keys == ()
    assert ambers(demo, grid, 1) < 20
    offered(demo, grid, 1)["Mute 7:1"].trigger()
    demo.press("Right", "U")
    offered(demo, grid, 2)["Restore all muted filters"].trigger()
    assert demo.workspace.muting.keys == ()


def offered(person: Person, grid: QListView, row: int) -> dict[str, object]:
    """What the right button offers on a filter."""
    return menu_on(person, grid, grid.visualRect(grid.model().index(row, 0)).center())


def ambers(person: Person, view: QListView, row: int) -> int:
    """How many pixels of a row or cell have just the color of warnings."""
    person.qtbot.wait(100)  # the grid draws in portions
    seen = view.viewport().grab(view.visualRect(view.model().index(row, 0))).toImage()
    amber = view.palette().brightText().color().rgb()
    return sum(seen.pixel(x, y) == amber for x in range(seen.width()) for y in range(seen.height()))


def test_what_stands_for_muted_maps_is_chosen_and_said(demo: Person, tmp_path: Path) -> None:
    muting, line, network = demo.workspace.muting, demo.parts.muted, demo.workspace.library.network
    assert set(MUTE_WITH.choices) == set(FILLS)
    demo.press("U")
    demo.until(lambda: muting.probabilities is not None)
    with_zero = muting.probabilities
    choose(line.fill, "mean")
    assert line.fill.currentText() == "with their mean map"
    demo.until(lambda: muting.probabilities is not None)
    np.testing.assert_allclose(muting.probabilities, with_zero, atol=1e-5)
    assert line._remark.text() == NEEDS_INDEX, "nobody takes zero for the mean"
    folder = demo.workspace.library.folder
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    filters = tuple(layer.filters for layer in network.layers)
    answers = np.ones((sum(filters), len(names)))
    write_index(tmp_path / "index.h5", answers, names=names, identity=network.identity, filters=filters)
    index = open_index(tmp_path / "index.h5").seen_from(folder.path)
    demo.workspace.evidence.take(index)
    for fill in ("mean", "constant", "resample"):
        choose(line.fill, fill)
        demo.until(lambda: muting.remark == "" and muting.probabilities is not None)
        expected = muted_logits(network.copy(), read_image(demo.view.picture), muting.keys, fill, index=index)
        found = Prediction(expected, network.output.independent).probabilities
        np.testing.assert_allclose(muting.probabilities, found, atol=1e-5)
    assert not np.allclose(found, with_zero, atol=1e-5)
    demo.press("U", modifier=SHIFT)
    assert demo.workspace.settings.value(MUTE_WITH) == "resample", "remembered, as every setting"


def choose(box: QComboBox, value: str) -> None:
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_tags_and_figures_are_off_meanwhile(demo: Person) -> None:
    demo.press("U", "H")
    assert demo.message == TAGS_OFF
    assert demo.workspace.tagging.book.total == 0
    assert not demo.parts.tags.words.buttons["hair"].isEnabled()
    demo.control("E")
    assert demo.message == EXPORT_OFF
    assert not demo.window.findChildren(ExportDialog)
    demo.click(demo.parts.muted.restore)
    demo.press("H")
    assert [tag.tag for tag in demo.workspace.tagging.book.tags(FilterKey(7, 0))] == ["hair"]


def test_another_network_has_nothing_muted(demo: Person, tmp_path: Path) -> None:
    from explorer.state.opened.network_session import Request
    from tests.networks import save_small

    demo.press("U")
    demo.until(lambda: demo.workspace.muting.probabilities is not None)
    demo.workspace.opening.open_model(Request(save_small(tmp_path / "small.safetensors"), device="cpu"))
    demo.until(lambda: demo.workspace.library.network.name.startswith("small"))
    assert demo.workspace.muting.keys == ()
    assert demo.parts.muted.text == ""
    demo.wait_for_maps()
    assert not demo.workspace.tagging.read_only


def test_a_network_that_is_muted_in_its_file_is_never_taken_for_the_trained_one(
    open_window: Open, tmp_path: Path
) -> None:
    network = open_network(save_small(tmp_path / "small.safetensors"), device="cpu")
    keys = [FilterKey(3, 1), FilterKey(2, 0), FilterKey(0, 0)]
    write_muted(tmp_path / "muted.safetensors", network, tmp_path / "small.safetensors", keys, "zero")
    person = open_window(Start(model=tmp_path / "muted.safetensors", images=DEMO / "pictures"))
    person.wait_for_maps()
    line = person.parts.muted
    assert line.text == "Not the trained network small: 3 filters are muted in this file (3:1, 2:0, 0:0)."
    assert line.restore.isHidden(), "a file is not restored"
    assert line.text in person.parts.top._model.toolTip()
    person.press("U")
    assert line.text.endswith("· not the real network")
    assert not line.restore.isHidden()
    person.press("U", modifier=SHIFT)
    assert line.text.endswith("in this file (3:1, 2:0, 0:0).")
    person.workspace.opening.open_model(Request(tmp_path / "small.safetensors"))
    person.until(lambda: person.workspace.library.network.name == "small")
    assert line.text == ""
