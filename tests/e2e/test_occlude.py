"""Story: a person covers parts of the picture and watches what changes."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QCursor, QImage
from PySide6.QtTest import QTest

from explorer.core.attribution.color_range import OWN, points_text
from explorer.core.attribution.occlusion.lens import OCCLUSION
from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.attribution.occlusion.sensitivity import occlude
from explorer.core.figures.encoding import read_description
from explorer.state.lens.target_choice import CHOSEN_FILTER, CLASS
from explorer.ui.panels.viewer import RELATIVE
from explorer.ui.widgets.labels_and_layouts import ColorBar
from explorer.ui.widgets.lists import OVERLAY
from tests.e2e.conftest import Person
from tests.e2e.test_look import pixels


def at(person: Person, row: float, column: float) -> QPoint:
    """Where a place of the picture, in shares of its sides, is in the view."""
    image = person.parts.center.browser.viewer.image
    height, width = person.workspace.pipeline.shown.rgb.shape[:2]
    return image.mapFromScene(QPointF(column * width, row * height))


def move(person: Person, row: float, column: float) -> None:
    viewport = person.parts.center.browser.viewer.image.viewport()
    QTest.mouseMove(viewport, at(person, row, column))


def cover(person: Person, row: float, column: float) -> None:
    person.click(person.parts.center.browser.viewer.image.viewport(), at(person, row, column))


@pytest.fixture
def looking(demo: Person) -> Person:
    demo.press("X")
    lens = demo.workspace.lens
    demo.until(lambda: lens.found is not None and not lens.rough)
    return demo


def test_the_map_is_that_of_the_core_and_lies_over_the_picture(looking: Person) -> None:
    found, network = looking.workspace.lens.found, looking.workspace.library.network
    shown, predicted = looking.workspace.pipeline.shown, looking.workspace.pipeline.activations.probabilities.argmax()
    expected = occlude(network, shown.rgb, f"probability:{network.classes[predicted]}", Occluder())
    np.testing.assert_allclose(found.map, expected.map, atol=1e-5)
    image = looking.parts.center.browser.viewer.image
    drawn = pixels(image.grab().toImage())
    image.hide_overlay(True)
    assert np.abs(pixels(image.grab().toImage()) - drawn).max() > 40
    image.hide_overlay(False)
    assert network.classes[predicted] in looking.parts.center.browser.lens_strip._said.text()


def test_leaving_the_lens_brings_the_filters_overlay_back(looking: Person) -> None:
    looking.press("X")
    assert looking.workspace.lens.found is None
    scale = looking.parts.center.browser.viewer.bar._scale
    assert scale is not None
    looking.press("Right")
    assert looking.view.filter == 1


def test_the_mouse_outlines_the_patch_and_reads_the_value(looking: Person) -> None:
    QCursor.setPos(0, 0)
    move(looking, 0.5, 0.5)
    image = looking.parts.center.browser.viewer.image
    looking.until(lambda: "covering here" in image.readout.text())
    assert image._outlined.isVisible()
    side = looking.workspace.pipeline.shown.rgb.shape[0]
    assert image._outlined.rect().width() == pytest.approx(side * 16 / 224, abs=0.1)


def test_a_click_covers_the_place_and_says_what_moved(looking: Person) -> None:
    cover(looking, 0.4, 0.5)
    looking.until(lambda: looking.workspace.occluding.patch is not None)
    patch, network = looking.workspace.occluding.patch, looking.workspace.library.network
    rgb, place = looking.workspace.pipeline.shown.rgb, (patch.covered.top, patch.covered.left)
    covered = LivePatch(network, rgb).picture(Occluder(), *place)
    logits = network.logits(network.input.prepare(covered)[None])
    assert abs(patch.covered.probabilities - logits.softmax(1)[0].numpy()).max() < 0.02  # the picture is 8 bit
    panel = looking.parts.center.browser.lens_strip
    assert {row.name for row in panel.patch._classes.model_.rows} == set(network.classes)
    changes = [abs(row.after - row.before) for row in panel.patch._filters.model_.rows]
    assert len(changes) == 64
    assert changes == sorted(changes, reverse=True)
    assert changes[0] > 0
    # A bar is full where a filter moves by its whole scale, however little the others move.
    for row in panel.patch._filters.model_.rows:
        assert row.full == looking.workspace.pipeline.scale(looking.view.layer, row.filter).peak
    top = panel.patch._filters.model_.rows[0]
    assert f"A full bar is a change by {top.full:.3g}" in panel.patch._filters.model_.about(top)
    looking.click_row(panel.patch._filters, 1)
    assert looking.view.filter == panel.patch._filters.model_.rows[1].filter
    cover(looking, 0.4, 0.5)
    assert looking.workspace.occluding.patch is None
    assert not panel.patch.isVisible()


def test_filters_that_moved_have_their_thumbnail_and_their_tags(looking: Person) -> None:
    cover(looking, 0.4, 0.5)
    looking.until(lambda: looking.workspace.occluding.patch is not None)
    moved = looking.parts.center.browser.lens_strip.patch._filters
    first, model = moved.model_.rows[0], moved.model_
    looking.click_row(moved, 0)
    looking.press("H", "B")
    assert set(model.rows[0].tags) == {"hair", "border"}
    assert "border, hair" in model.about(model.rows[0])
    looking.until(lambda: model.data(model.index(0, 0), OVERLAY) is not None)
    tile_of_grid = looking.parts.filters.data_of(first.filter, OVERLAY)
    assert model.data(model.index(0, 0), OVERLAY) is tile_of_grid
    drawn, tile = moved.grab().toImage(), moved.visualRect(model.index(0, 0))
    colors = {drawn.pixelColor(tile.left() + 8 + step, tile.center().y()).name() for step in range(28)}
    assert len(colors) > 8  # a picture, not a ground


def test_the_patch_follows_the_mouse(looking: Person) -> None:
    looking.press("Y")
    QCursor.setPos(0, 0)
    occluding, places = looking.workspace.occluding, set()
    for step in range(8):
        move(looking, 0.3 + 0.05 * step, 0.5)
        looking.until(
            lambda step=step: (
                occluding.patch is not None and abs(occluding.patch.covered.top + 8 - (0.3 + 0.05 * step) * 224) < 3
            )
        )
        places.add(occluding.patch.covered.top)
    assert len(places) == 8
    looking.press("Y")
    assert occluding.patch is None


def test_escape_lets_the_patch_follow_no_more_and_then_leaves_nothing_of_it(looking: Person) -> None:
    looking.press("Y")
    QCursor.setPos(0, 0)
    move(looking, 0.4, 0.5)
    occluding, image = looking.workspace.occluding, looking.parts.center.browser.viewer.image
    looking.until(lambda: occluding.patch is not None)
    looking.press("Escape")
    assert occluding.patch is None
    move(looking, 0.6, 0.5)
    assert occluding.patch is None
    assert image._outlined.isVisible()  # where a click would put it
    assert "here" in image.readout.text()
    looking.press("Escape")
    assert looking.workspace.lens.lens is None
    assert not image._outlined.isVisible()
    assert "7:" in image.readout.text()  # what the filter's map says there


def test_another_picture_takes_the_patch_away_and_old_maps_are_kept(looking: Person) -> None:
    occluding, lens, first = looking.workspace.occluding, looking.workspace.lens, looking.workspace.lens.found
    cover(looking, 0.4, 0.5)
    looking.until(lambda: occluding.patch is not None)
    looking.press("Down")
    looking.until(lambda: lens.found is not None and lens.found is not first and not lens.rough)
    assert occluding.patch is None
    looking.press("Up")
    looking.until(lambda: lens.found is first)


def test_filters_and_classes_can_be_asked_for(looking: Person) -> None:
    lens, network = looking.workspace.lens, looking.workspace.library.network
    lens.point(target=CHOSEN_FILTER)
    looking.until(lambda: lens.found is not None and lens.found.target == "filter:7:0:peak")
    looking.press("Right")
    looking.until(lambda: lens.found is not None and lens.found.target == "filter:7:1:peak")
    lens.point(target=CLASS + network.classes[0], score="logit")
    lens.update(size=32, stride=64, fill=(0.0, 0.0, 0.0))
    assert lens.settings_of("occlusion")["stride"] == 32
    looking.until(lambda: lens.found is not None and lens.found.target == f"class:{network.classes[0]}")
    assert lens.found.settings == {"size": 32, "fill": (0.0, 0.0, 0.0), "stride": 32}


def strongest(person: Person) -> int:
    """The highest opacity of what lies over the picture, 0 to 255."""
    image = person.parts.center.browser.viewer.image._overlay.pixmap().toImage()
    return max(image.pixelColor(x, y).alpha() for x in range(0, image.width(), 4) for y in range(0, image.height(), 4))


def test_a_small_change_looks_small_until_another_range_is_asked_for(looking: Person, tmp_path: Path) -> None:
    found, browser = looking.workspace.lens.found, looking.parts.center.browser
    bar, box = browser.viewer.bar, browser.viewer.display._points
    largest = float(np.abs(found.map).max())
    assert 0.01 < largest < 0.1
    assert box.isVisible()
    assert (box.currentText(), bar._attribution[0], bar._attribution[-1]) == ("full color: 10 points", 0.1, "10 points")
    fixed = strongest(looking)
    for points, told in ((1.0, "1+ point"), (OWN, points_text(largest))):
        box.setCurrentIndex(box.findData(points))
        box.activated.emit(box.currentIndex())
        assert bar._attribution[-1] == told
        assert strongest(looking) > fixed + 20
    box.setCurrentIndex(box.findData(25.0))
    box.activated.emit(box.currentIndex())
    looking.workspace.figure.copied.connect(lambda contents: (tmp_path / "f.png").write_bytes(contents["png"]))
    looking.control("C")
    looking.until(lambda: (tmp_path / "f.png").exists())
    assert read_description(tmp_path / "f.png")["limit"] == 0.25  # the figure has the window's colors
    looking.workspace.lens.point(score="logit")
    assert not box.isVisible()  # a logit has no points
    assert not browser.viewer.display._scale.isVisible()  # it is a filter's map's
    looking.until(lambda: bar._attribution is not None)
    assert bar._attribution[-1] not in ("", RELATIVE)  # log odds are a unit
    looking.workspace.lens.choose("saliency")
    looking.until(lambda: looking.workspace.lens.found is not None)
    looking.until(lambda: bar._attribution is not None)
    assert bar._attribution[-1] == RELATIVE


def test_the_patch_and_the_top_of_the_window_say_the_same(looking: Person) -> None:
    looking.press("Y")
    QCursor.setPos(0, 0)
    image, bars, occluding = (
        looking.parts.center.browser.viewer.image,
        looking.parts.top._bars,
        looking.workspace.occluding,
    )
    for row in (0.3, 0.5, 0.6):
        move(looking, row, 0.5)
        looking.until(
            lambda row=row: occluding.patch is not None and abs(occluding.patch.covered.top + 8 - row * 224) < 3
        )
        name, before = bars.values[0]
        assert f"with the patch: {name} {before:.3f} → {bars.after[0]:.3f}" in image.readout.text()
        assert "covering here" not in image.readout.text()
    looking.press("Escape")
    move(looking, 0.4, 0.5)
    assert "map: covering here" in image.readout.text()  # that of the map is smoothed, and says whose it is


def test_the_arrow_keys_move_the_patch_while_it_is_dragged(demo: Person) -> None:
    demo.press("Y")
    occluding, view = demo.workspace.occluding, demo.view
    demo.until(lambda: occluding.possible)
    demo.press("Left")  # the first press puts it in the middle
    demo.until(lambda: occluding.patch is not None)
    assert (occluding.patch.covered.top, occluding.patch.covered.left) == (104, 104)
    for keys, place in ((["Right", "Right"], (104, 120)), (["Down"], (112, 120)), (["Up"] * 20, (0, 120))):
        demo.press(*keys)
        demo.until(lambda place=place: (occluding.patch.covered.top, occluding.patch.covered.left) == place)
    assert (demo.view.filter, demo.view.picture) == (view.filter, view.picture)
    assert "with the patch" in demo.parts.center.browser.viewer.image.readout.text()  # where no mouse is
    demo.press("PageUp")
    assert demo.view.layer == view.layer - 1
    demo.press("Escape")
    assert occluding.patch is None
    demo.press("Right")
    assert demo.view.filter == 1


def test_nothing_is_empty_above_the_tabs_in_a_small_window(looking: Person) -> None:
    browser = looking.parts.center.browser
    strip = browser.lens_strip
    looking.window.resize(1264, 744)
    looking.until(lambda: looking.workspace.lens.found is not None and not looking.workspace.lens.rough)
    looking.until(lambda: browser.tabs.height() >= 100)
    looking.qtbot.wait(50)
    words = strip._hint.mapTo(strip, strip._hint.rect().bottomLeft()).y()
    assert strip.height() - words < 20
    assert browser.grid.viewport().height() >= 40
    tall = strip.height()
    looking.click(browser.viewer.image.viewport())
    looking.until(lambda: looking.workspace.occluding.patch is not None)
    looking.qtbot.wait(50)
    assert abs(strip.height() - tall) <= 1, "nothing moves when a patch comes"


@pytest.mark.parametrize(("size", "room"), [((1600, 1000), 200), ((3840, 2160), 200)])
def test_the_tabs_keep_their_room_below_the_strip_and_have_all_of_it_again(
    looking: Person, size: tuple[int, int], room: int
) -> None:
    browser = looking.parts.center.browser
    looking.press("Escape")
    looking.window.resize(*size)
    looking.until(lambda: looking.window.height() == size[1] and not browser.lens_strip.isVisible())
    before = browser.sizes()
    looking.press("X")
    looking.until(browser.lens_strip.isVisible)
    looking.until(lambda: browser.tabs.height() >= room)
    looking.press("Escape")
    looking.until(lambda: browser.sizes() == before)


def test_effects_that_are_pale_at_this_range_are_told_with_the_way_to_change_it(looking: Person) -> None:
    lens, strip = looking.workspace.lens, looking.parts.center.browser.lens_strip
    looking.until(lambda: lens.found is not None and not lens.rough)
    most = points_text(float(np.abs(lens.found.map).max()))
    looking.workspace.session.update_style(points=50.0)
    assert f"Pale: at most {most} here, and full color is 50 points; the box above the picture changes that." in (
        strip._said.text()
    )
    looking.workspace.session.update_style(points=OWN)
    assert "Pale" not in strip._said.text()


@pytest.mark.parametrize("height", [90, 110, 130])
def test_both_ends_of_the_bar_are_named_however_low_it_is(looking: Person, height: int) -> None:
    def foot(height: int) -> QImage:
        bar = ColorBar()
        bar.resize(bar.width(), height)
        bar.show_attribution(0.1, OCCLUSION.positive, OCCLUSION.negative, "10 points")
        line = bar.fontMetrics().height()
        return bar.grab().toImage().copy(0, height - line, bar.width(), line)

    assert foot(height) == foot(300), "the number below is written as where there is room"
