"""Story: a person takes filters away, sees what the network says without them, and is never led to mistake it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from explorer.core.images import read_image
from explorer.core.muting.whole_pass import muted_by_hooks
from explorer.core.tags import FilterKey
from explorer.state.muting import EXPORT_OFF, TAGS_OFF
from explorer.ui.dialogs.export_dialog import ExportDialog
from tests.e2e.conftest import Person
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
    assert demo.parts.muted.text == "1 filter muted · not the real network", "at once, before anything is computed"
    assert bars.after is not None
    assert amber(demo)
    demo.press("Right", "U")
    demo.until(lambda: muting.probabilities is not None)
    keys = [FilterKey(7, 0), FilterKey(7, 1)]
    expected = muted_answer(demo, keys)
    np.testing.assert_allclose(muting.probabilities, expected, atol=1e-5)
    assert demo.parts.muted.text.startswith("2 filters muted")
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
    from explorer.state.network_session import Request
    from tests.networks import save_small

    demo.press("U")
    demo.until(lambda: demo.workspace.muting.probabilities is not None)
    demo.workspace.opening.open_model(Request(save_small(tmp_path / "small.safetensors"), device="cpu"))
    demo.until(lambda: demo.workspace.library.network.name.startswith("small"))
    assert demo.workspace.muting.keys == ()
    assert demo.parts.muted.text == ""
    demo.wait_for_maps()
    assert not demo.workspace.tagging.read_only
