"""Story: a person pins a filter or a picture and compares it with what they walk through."""

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QGraphicsItem

from explorer.core.attribution import LENSES, attribute
from explorer.core.attribution.color_range import color_limit
from explorer.core.drawing.overlay import overlay
from explorer.core.drawing.signed_overlay import attribution_overlay
from explorer.core.images import read_image
from explorer.state.start import Start
from tests.e2e.conftest import Open, Person
from tests.e2e.test_look import pixels
from tests.networks import save_small

PIN_FILTER, PIN_PICTURE = "Pin the filter beside, or let it go", "Pin the picture beside, or let it go"


def run(person: Person, words: str) -> None:
    """Choose an entry of the menu bar."""
    groups = person.commands.actions.groups
    next(action for _, actions in groups for action in actions if action.text() == words).trigger()


def caption(person: Person) -> str:
    image = person.parts.center.browser.viewer.image
    return image.caption.text() if image.caption.isVisible() else ""


def test_a_pinned_filter_stays_beside_on_every_picture(demo: Person) -> None:
    browser, workspace = demo.parts.center.browser, demo.workspace
    demo.press("Right", "Right")
    run(demo, PIN_FILTER)
    assert caption(demo) == "pinned: filter 7:2"
    assert workspace.beside.chosen == "pinned filter"
    assert browser.viewer.display.beside.currentText() == "beside: filter 7:2"
    demo.press("Right")
    demo.press("Down")
    demo.until(
        lambda: workspace.pipeline.activations is not None and workspace.pipeline.shown.picture == demo.view.picture
    )
    assert caption(demo) == "pinned: filter 7:2"
    drawn, scale = workspace.beside.shown.drawn(), workspace.pipeline.scale(7, 2)
    expected = overlay(workspace.pipeline.map(7, 2), (256, 256), foot=scale.foot, peak=scale.peak)
    np.testing.assert_array_equal(drawn.overlay, expected)
    assert drawn.bar == scale
    image = browser.viewer.image
    shown = pixels(image._over_beside.pixmap().toImage())
    assert np.abs(shown - pixels(image._overlay.pixmap().toImage())).max() > 40  # another filter than in view
    demo.press("Left")
    run(demo, PIN_FILTER)
    assert (caption(demo), workspace.pinned_filter.filter) == ("", None)
    assert workspace.beside.chosen == ""


def test_a_pinned_picture_stays_beside_with_the_filter_in_view(demo: Person) -> None:
    workspace, pictures = demo.workspace, demo.workspace.library.folder.pictures
    demo.press("Down")
    demo.until(lambda: workspace.pipeline.shown.picture == pictures[1])
    run(demo, PIN_PICTURE)
    demo.press("Down", "Down", "Right")
    demo.until(lambda: workspace.beside.shown.drawn().overlay is not None)
    assert caption(demo) == "pinned: drawn_02 · filter 7:1"
    drawn = workspace.beside.shown.drawn()
    crop = workspace.library.over.get(pictures[1]).crop
    np.testing.assert_array_equal(drawn.picture, crop)
    image = demo.parts.center.browser.viewer.image
    beside = image._beside.mapRectToScene(image._beside.boundingRect()).height()
    assert abs(beside - image._picture.boundingRect().height()) < 1  # as high as the one in view: the zoom is the same
    run(demo, PIN_PICTURE)  # another one is in view: that is pinned now
    assert workspace.pinned_picture.picture == pictures[3]
    run(demo, PIN_PICTURE)
    assert caption(demo) == ""


def test_a_pinned_picture_has_the_lens_of_the_one_in_view(demo: Person) -> None:
    workspace, pictures = demo.workspace, demo.workspace.library.folder.pictures
    run(demo, PIN_PICTURE)
    demo.press("Down")
    demo.until(lambda: workspace.pipeline.shown.picture == pictures[1] and workspace.pipeline.activations is not None)
    workspace.lens.choose("grad-cam")
    demo.until(lambda: workspace.lens.found is not None)
    demo.until(lambda: workspace.beside.shown.drawn().overlay is not None)
    drawn, learned, network = workspace.beside.shown.drawn(), workspace.lens.found, workspace.library.network
    assert caption(demo) == f"pinned: drawn_01 · Grad-CAM, {learned.target}"
    found = attribute(network, read_image(pictures[0]), "grad-cam", target=learned.target)
    limit = color_limit(LENSES["grad-cam"], learned.target, learned.map, workspace.lens.points)
    expected = attribution_overlay(found.map, found.map.shape, limit=limit)
    assert np.abs(drawn.overlay.astype(int) - expected).max() <= 1
    assert drawn.bar is None  # the colors of the bar that is there
    demo.press("Escape")
    demo.until(lambda: "filter 7:0" in caption(demo))


def test_pins_go_with_what_they_are_of(demo: Person, tmp_path: object) -> None:
    run(demo, PIN_FILTER)
    demo.commands.files.open_model(save_small(tmp_path / "small.safetensors"))
    demo.until(lambda: demo.workspace.library.network.name == "small")
    assert demo.workspace.pinned_filter.filter is None
    assert caption(demo) == ""


def test_pins_wait_for_a_network_and_a_picture(open_window: Open) -> None:
    person = open_window(Start())
    run(person, PIN_FILTER)
    run(person, PIN_PICTURE)
    assert person.workspace.beside.shown is None


def test_beside_shows_the_same_place_however_far_it_is_enlarged(demo: Person) -> None:
    run(demo, PIN_FILTER)
    image, width = demo.parts.center.browser.viewer.image, demo.parts.center.browser.viewer.image.viewport().width()

    def under(item: QGraphicsItem, x: int, y: int) -> tuple[float, float]:
        place = item.mapFromScene(image.mapToScene(QPoint(x, y)))
        return round(place.x(), 1), round(place.y(), 1)

    fitted = image._beside.pos()
    QCursor.setPos(image.viewport().mapToGlobal(QPoint(3 * width // 4, 100)))
    before = under(image._picture, 3 * width // 4, 100)
    for _ in range(12):
        image.zoom(1.25)
    assert np.allclose(under(image._picture, 3 * width // 4, 100), before, atol=2)
    for x, y in ((width // 8, 40), (width // 4, 100), (width // 2 - 20, 150)):
        assert np.allclose(under(image._beside, x, y), under(image._picture, x + width // 2, y), atol=1)
        assert image.itemAt(QPoint(x, y)) in (image._beside, image._over_beside, image._halves.left)
        assert image.itemAt(QPoint(x + width // 2 + 4, y)) in (image._picture, image._overlay, image._halves.right)
    bar = image.horizontalScrollBar()
    bar.setValue(bar.value() - 30)
    assert np.allclose(under(image._beside, 60, 60), under(image._picture, 60 + width // 2, 60), atol=1)
    QCursor.setPos(image.viewport().mapToGlobal(QPoint(width // 4, 100)))
    before = under(image._beside, width // 4, 100)
    image.zoom(1.25)  # about the mouse, over the picture beside
    assert np.allclose(under(image._beside, width // 4, 100), before, atol=2)
    demo.press("F")
    assert (image._beside.pos(), image._halves.linked) == (fitted, False)
    run(demo, PIN_FILTER)
    assert not image._beside.isVisible()
