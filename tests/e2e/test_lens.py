"""Story: a person looks at one picture through one lens after another."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLabel, QWidget

from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.randomised import rank_correlation, shuffled
from explorer.core.drawing.signed_overlay import limit_of
from explorer.core.figures.encoding import read_description
from explorer.state.lens.chosen_lens import LAYER_IN_VIEW
from explorer.state.lens.target_choice import CHOSEN_FILTER, CLASS
from explorer.ui.panels.display_bar import DisplayBar
from tests.e2e.conftest import Person
from tests.e2e.test_look import pixels
from tests.e2e.test_occlude import move

# A menu on a screen that is none cannot grab what it would grab.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def choose(person: Person, digit: str) -> None:
    """Press L, then a digit in the menu that opens."""
    person.press("L")
    person.until(lambda: QApplication.activePopupWidget() is not None)
    person.qtbot.keyClick(QApplication.activePopupWidget(), digit)
    person.window.activateWindow()
    person.until(person.window.isActiveWindow)


def wait(person: Person, name: str) -> None:
    lens = person.workspace.lens
    person.until(lambda: lens.name == name and lens.found is not None and not lens.rough)


def test_a_digit_chooses_a_lens_and_escape_leaves_it(demo: Person) -> None:
    lens, browser = demo.workspace.lens, demo.parts.center.browser
    plain = browser.viewer.image._overlay.pixmap().toImage()
    choose(demo, "2")
    wait(demo, "grad-cam")
    network, predicted = demo.workspace.library.network, demo.workspace.pipeline.activations.probabilities.argmax()
    expected = attribute(
        network, demo.workspace.pipeline.shown.rgb, "grad-cam", target=f"probability:{network.classes[predicted]}"
    )
    np.testing.assert_allclose(lens.found.map, expected.map, atol=1e-4 * float(expected.map.max()))
    assert browser.viewer.image._overlay.pixmap().toImage() != plain
    assert browser.lens_strip.isVisible()
    assert browser.grid.isVisible()  # the tabs are about something else
    assert browser.viewer.display._lenses.currentText() == "Grad-CAM"
    assert not browser.lens_strip.drag.isVisible()
    assert network.classes[predicted] in browser.lens_strip._said.text()
    move(demo, 0.5, 0.5)
    demo.until(lambda: "speaks for it" in browser.viewer.image.readout.text())
    demo.press("Escape")
    assert (lens.name, lens.found) == ("", None)
    assert not browser.lens_strip.isVisible()
    assert browser.viewer.bar._scale is not None


def test_the_strip_of_a_lens_stands_below_the_picture_on_every_tab(demo: Person) -> None:
    browser = demo.parts.center.browser
    demo.press("P", "X")
    wait(demo, "occlusion")
    strip, tabs, image = browser.lens_strip, browser.tabs, browser.viewer.image

    def top(part: QWidget) -> int:
        return part.mapTo(demo.window, QPoint(0, 0)).y()

    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        assert demo.workspace.lens.name == "occlusion"
        assert top(image) + image.height() <= top(strip) < top(strip) + strip.height() <= top(tabs)
    tabs.setCurrentIndex(1)
    # Pages are made when they are first opened, and need their room a little later.
    demo.until(lambda: all(tabs.widget(place).minimumSizeHint().height() > 0 for place in range(tabs.count())))
    demo.qtbot.wait(50)
    before = image.size()
    demo.workspace.occluding.cover(60, 60)
    demo.until(lambda: demo.workspace.occluding.patch is not None)
    assert strip.patch.isVisible()
    demo.qtbot.wait(50)
    assert image.size() == before  # the place under the mouse stays where it was
    demo.press("Escape", "Escape")
    assert not strip.isVisible()
    assert tabs.currentIndex() == 1


@pytest.mark.parametrize("size", [(900, 600), (1024, 640), (1280, 800)])
def test_nothing_of_the_strip_is_cut(demo: Person, size: tuple[int, int]) -> None:
    demo.window.resize(*size)
    demo.workspace.lens.choose("occlusion")
    wait(demo, "occlusion")
    strip = demo.parts.center.browser.lens_strip
    demo.qtbot.wait(100)
    shown = [part for part in strip.findChildren(QWidget) if isinstance(part, QComboBox | QAbstractButton | QLabel)]
    for part in (part for part in shown if part.isVisible()):
        place = QRect(part.mapTo(strip, QPoint(0, 0)), part.size())
        assert strip.rect().contains(place), part.accessibleName()
        wanted = part.heightForWidth(part.width()) if part.hasHeightForWidth() else part.sizeHint().height()
        assert part.height() >= wanted, part.accessibleName()
    assert strip.geometry().bottom() < demo.parts.center.browser.tabs.geometry().top()


def test_every_lens_is_in_the_menu_and_in_the_box(demo: Person) -> None:
    box = demo.parts.center.browser.viewer.display._lenses
    for digit, (name, lens) in enumerate(LENSES.items(), 1):
        choose(demo, str(digit))
        assert demo.workspace.lens.name == name
        demo.qtbot.waitUntil(lambda title=lens.title: box.currentText() == title)
        assert box.count() == len(LENSES) + 1
        assert set(demo.parts.center.browser.lens_strip._boxes) == {setting.name for setting in lens.settings}
        index = box.findData("")
        box.setCurrentIndex(index)
        box.activated.emit(index)  # what a click in its list does
        assert demo.workspace.lens.lens is None


def test_a_lens_keeps_its_settings_and_takes_the_targets_that_it_can(demo: Person) -> None:
    lens, panel = demo.workspace.lens, demo.parts.center.browser.lens_strip
    lens.point(target=CHOSEN_FILTER)
    lens.choose("deconvnet")
    wait(demo, "deconvnet")
    assert lens.found.target == "filter:7:0:peak"
    assert panel._target.count() == 1
    lens.choose("grad-cam")
    wait(demo, "grad-cam")  # which takes no filter
    assert lens.found.target.startswith("probability:")
    assert panel._target.currentText() == "the predicted class"
    lens.update(layer=LAYER_IN_VIEW)
    wait(demo, "grad-cam")
    assert panel._boxes["layer"].currentText() == "the layer in view"
    demo.press("PageUp")
    demo.until(lambda: lens.found is not None and lens.found.settings == {"layer": 6})
    lens.choose("saliency")
    wait(demo, "saliency")
    assert lens.found.target.startswith("filter:6:")
    lens.choose("grad-cam")
    assert lens.settings_of("grad-cam") == {"layer": LAYER_IN_VIEW}
    assert lens.found is not None  # kept


def test_what_a_lens_shows_is_saved(demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = demo.commands.files.save_lens
    save()
    assert "no map" in demo.message
    demo.workspace.lens.choose("grad-cam")
    wait(demo, "grad-cam")
    for name in ("map.npz", "map.png", "map.doc"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=name, **__: (str(tmp_path / name), ""))
        save()
        demo.until(lambda name=name: name in demo.message)
    assert "no ending of a figure" in demo.message
    with np.load(tmp_path / "map.npz") as found:
        np.testing.assert_array_equal(found["map"], demo.workspace.lens.found.map)
        described = json.loads(str(found["settings"]))
    drawn = read_description(tmp_path / "map.png")
    for kept in (described, drawn):
        assert kept["target"] == demo.workspace.lens.found.target
        assert kept["network"] == demo.workspace.library.network.identity
        assert kept["layer"] == -1
        assert kept["picture"] == demo.view.picture.name
    assert drawn["kind"] == described["lens"] == "grad-cam"


def test_without_occlusion_a_click_covers_nothing(demo: Person) -> None:
    choose(demo, "3")
    wait(demo, "saliency")
    image = demo.parts.center.browser.viewer.image
    demo.click(image.viewport(), QPoint(image.viewport().width() // 2, image.viewport().height() // 2))
    demo.workspace.occluding.cover(3, 4)
    assert demo.workspace.occluding._place is None
    assert not image._outlined.isVisible()
    demo.press("X")
    wait(demo, "occlusion")
    demo.workspace.occluding.cover(3, 4)
    demo.until(lambda: demo.workspace.occluding.patch is not None)
    demo.press("Escape")
    assert demo.workspace.occluding.patch is None
    assert demo.workspace.lens.name == "occlusion"  # first the patch, then the lens
    demo.press("Escape")
    assert demo.workspace.lens.name == ""


def test_what_a_class_would_like_best_is_made_once_and_lies_over_every_picture(demo: Person) -> None:
    lens, browser = demo.workspace.lens, demo.parts.center.browser
    lens.point(target=CLASS + "melanoma", score="logit")
    seen: list[str] = []
    lens.changed.connect(lambda: seen.append(lens.found.method) if lens.found is not None and lens.rough else None)
    choose(demo, "8")
    wait(demo, "class-model")
    assert "gradient ascent in 64 steps" in seen  # it could be watched
    made = lens.found
    assert made.rgb is not None
    middle = browser.viewer.image._overlay.pixmap().toImage()
    np.testing.assert_array_equal(pixels(middle)[..., :3], made.rgb)
    browser.viewer._session.update_style(opacity=0.3)
    assert browser.viewer.image._overlay.opacity() == 1.0
    assert "on the picture that was made" in browser.lens_strip._said.text()
    assert "Made of nothing" in browser.lens_strip._hint.text()
    demo.press("Down")
    demo.until(lambda: demo.workspace.pipeline.activations is not None and lens.found is not None)
    assert lens.found is made
    demo.press("Escape")
    assert browser.viewer.image._overlay.opacity() == pytest.approx(0.3)


def test_no_two_lenses_share_a_key(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    more = dict(LENSES) | {f"lens {number}": LENSES["saliency"] for number in range(5)}
    monkeypatch.setattr("explorer.ui.panels.display_bar.LENSES", more)
    workspace = demo.workspace
    bar = DisplayBar(workspace.session, workspace.lens, workspace.beside)
    demo.qtbot.addWidget(bar)
    keys = [QKeySequence.mnemonic(action.text()).toString() for action in bar._menu.actions()]
    assert keys == [*(f"Alt+{digit}" for digit in range(10)), *[""] * (len(more) - 9)]


def test_shuffled_weights_lie_beside_the_picture(demo: Person) -> None:
    workspace, browser = demo.workspace, demo.parts.center.browser
    image, panel = browser.viewer.image, browser.lens_strip
    choose(demo, "3")
    wait(demo, "saliency")
    assert image.caption.isHidden()
    demo.click(panel.shuffled)
    demo.until(lambda: workspace.shuffled.found is not None)
    learned, found, rgb = workspace.lens.found, workspace.shuffled.found, workspace.pipeline.shown.rgb
    expected = attribute(shuffled(workspace.library.network), rgb, "saliency", target=learned.target)
    np.testing.assert_allclose(found.map, expected.map, atol=1e-4 * float(expected.map.max()))
    assert f"{rank_correlation(learned.map, found.map):.2f}" in panel._alike.text()
    assert image._beside.isVisible()
    assert (image.caption.text(), image.caption.isVisible()) == ("shuffled weights", True)
    drawn = image._over_beside.pixmap().toImage()
    assert (drawn.width(), drawn.height()) == found.map.shape[::-1]
    bar = workspace.beside.shown.drawn().bar
    assert bar.limit == limit_of(found.map, LENSES["saliency"].quantile), "its own scale, which its bar says"
    assert browser.viewer.beside.bar.isVisible()
    assert not workspace.session.view.style.beside  # a person's own choice is left as it was
    choose(demo, "2")  # another lens follows
    wait(demo, "grad-cam")
    demo.until(lambda: workspace.shuffled.found is not None)
    demo.press("Down")
    demo.until(lambda: workspace.lens.found is not None and workspace.shuffled.found is not None)
    other = attribute(
        shuffled(workspace.library.network),
        workspace.pipeline.shown.rgb,
        "grad-cam",
        target=workspace.lens.found.target,
    )
    np.testing.assert_allclose(workspace.shuffled.found.map, other.map, atol=1e-4 * max(float(other.map.max()), 1e-9))
    demo.press("Escape")
    assert not image._beside.isVisible()
    assert image.caption.isHidden()
    assert image._over_beside.pixmap().isNull()
