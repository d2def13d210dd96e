"""Story: a person takes the figure in view along, onto the clipboard and into a file, without a question."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from explorer.core.drawing.overlay import compose, in_picture
from explorer.core.figures.encoding import read_description
from explorer.core.tags.book import FilterKey
from explorer.state.export.exporting import Order, figure_style
from explorer.state.figures import in_view
from explorer.state.figures.of_lens import SLOT
from explorer.ui.window.status_bar import QUIET
from tests.core.comparison.test_figures_of_both import panel
from tests.e2e.conftest import Person
from tests.e2e.test_look import pixels
from tests.e2e.test_what_if import open_tab


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(in_view.Path, "home", lambda: tmp_path)
    return tmp_path


def copied(person: Person) -> tuple[QImage, str]:
    QApplication.clipboard().clear()
    person.control("C")
    person.until(lambda: QApplication.clipboard().mimeData().hasImage())
    data = QApplication.clipboard().mimeData()
    return QImage(data.imageData()), bytes(data.data("image/svg+xml").data()).decode()


def test_the_figure_on_the_clipboard_is_the_one_in_view_with_its_labels(demo: Person) -> None:
    demo.press("H", "Right", "O")
    image, svg = copied(demo)
    assert "on the clipboard" in demo.message
    assert image.width() == pytest.approx(100 / 25.4 * 300, abs=2)
    for words in ("7:1 (features.17)", "drawn_01", "scale: ", "demo-scratch-cnn"):
        assert words in svg
    # The picture in it is what the window composes, at its own size.
    view, pipeline, shown = demo.view, demo.workspace.pipeline, demo.workspace.pipeline.shown
    drawn = pipeline.overlay(view.layer, view.filter, 448)
    wanted = compose(shown.rgb, in_picture(drawn, pipeline.activations.frame, shown.rgb.shape[:2]))
    side = round(82 / 25.4 * 300)
    margin = round(1 / 25.4 * 300)
    found = pixels(image)[margin : margin + side, margin : margin + side].astype(np.uint8)
    small = np.asarray(Image.fromarray(found).resize((448, 448), Image.Resampling.BOX)).astype(int)
    assert np.abs(small - wanted).mean() < 6


def test_the_clipboard_belongs_to_a_field_that_has_the_keyboard(demo: Person) -> None:
    demo.control("F")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "drawn")
    demo.control("A")
    demo.control("C")
    demo.qtbot.wait(300)
    assert QApplication.clipboard().text() == "drawn"
    assert "clipboard" not in demo.message


def test_a_saved_figure_says_where_it_lies_and_is_never_written_over(demo: Person, home: Path) -> None:
    demo.control("S")
    demo.until(lambda: "lies in" in demo.message)
    first = home / "feature-maps" / "layer07_filter000_drawn_01_in_view.png"
    assert str(first.parent) in demo.message
    assert demo.parts.problems._action.text() == "Show in folder"
    about = read_description(first)
    assert (about["filters"], about["style"]["caption"]) == (["7:0"], True)
    before = first.read_bytes()
    demo.press("O")
    demo.control("S")
    demo.until(lambda: "_2.png lies in" in demo.message)
    demo.control("S")  # the same figure is there already
    demo.until(lambda: not demo.workspace.library.batch.busy(SLOT))
    assert sorted(path.name for path in first.parent.iterdir()) == [
        "layer07_filter000_drawn_01_in_view.png",
        "layer07_filter000_drawn_01_in_view_2.png",
    ]
    assert first.read_bytes() == before


def test_an_export_into_the_same_folder_leaves_a_saved_figure_alone(demo: Person, home: Path) -> None:
    demo.control("S")
    demo.until(lambda: "lies in" in demo.message)
    (saved,) = (home / "feature-maps").glob("*.png")
    before = saved.read_bytes()
    exporting, ended = demo.workspace.exporting, []
    exporting.done.connect(lambda report, order: ended.append(report))
    picture, style = demo.workspace.pipeline.shown.picture, figure_style(demo.view.style, None, 300, sheet=False)
    exporting.begin(Order(saved.parent, (picture,), (FilterKey(7, 0),), style, "png", sheet=False))
    demo.until(lambda: ended)
    assert saved.read_bytes() == before
    assert (saved.parent / "layer07_filter000_drawn_01.png").exists()


def test_the_map_of_a_lens_is_copied_as_it_is_saved(demo: Person) -> None:
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None and not demo.workspace.lens.rough)
    image, svg = copied(demo)
    assert not image.isNull()
    assert "whole picture" in svg
    demo.control("S")
    demo.until(lambda: "drawn_01_occlusion.png lies in" in demo.message)


def test_what_is_muted_is_not_copied(demo: Person) -> None:
    demo.press("U")
    QApplication.clipboard().clear()
    demo.control("C")
    assert "muted" in demo.message
    assert not QApplication.clipboard().mimeData().hasImage()


def test_what_is_pinned_beside_is_in_the_figure(demo: Person, home: Path) -> None:
    demo.press("Right", "Right")
    demo.commands.pin_filter()
    demo.press("Right")
    image, svg = copied(demo)
    assert image.width() == pytest.approx(170 / 25.4 * 300, abs=2)
    for words in ("filter 7:3", "pinned: filter 7:2", "drawn_01", "demo-scratch-cnn"):
        assert words in svg
    demo.control("S")
    demo.until(lambda: "lies in" in demo.message)
    saved = home / "feature-maps" / "layer07_filter003_drawn_01_pinned_filter.png"
    about = read_description(saved)
    assert about["panels"] == ["filter 7:3", "pinned: filter 7:2"]
    front, beside = (panel(saved, place, 2) for place in range(2))
    assert np.abs(front - beside).mean() > 1  # two filters
    # Each is drawn as the window draws it.
    pipeline, rgb = demo.workspace.pipeline, demo.workspace.pipeline.shown.rgb
    for found, number in ((front, 3), (beside, 2)):
        drawn = pipeline.overlay(7, number, 448)
        wanted = compose(rgb, in_picture(drawn, pipeline.activations.frame, rgb.shape[:2]))
        small = np.asarray(Image.fromarray(found.astype(np.uint8)).resize((448, 448), Image.Resampling.BOX)).astype(int)
        assert np.abs(small - wanted).mean() < 6


def test_another_picture_beside_is_in_the_figure(demo: Person, home: Path) -> None:
    workspace = demo.workspace
    first = workspace.pipeline.shown.picture
    demo.commands.pin_picture()
    demo.press("Down")
    demo.until(lambda: workspace.pipeline.shown.picture != first and workspace.pipeline.activations is not None)
    demo.until(lambda: workspace.beside.shown.drawn().overlay is not None)
    demo.control("S")
    demo.until(lambda: "lies in" in demo.message)
    (saved,) = (home / "feature-maps").glob("*.png")
    about = read_description(saved)
    assert [picture["name"] for picture in about["pictures"]] == [workspace.pipeline.shown.picture.name, first.name]
    assert np.abs(panel(saved, 0, 2) - panel(saved, 1, 2)).mean() > 5


def test_shuffled_weights_are_in_the_figure_of_a_lens(demo: Person) -> None:
    workspace = demo.workspace
    workspace.lens.choose("saliency")
    demo.until(lambda: workspace.lens.found is not None)
    demo.click(demo.parts.center.browser.lens_strip.shuffled)
    demo.until(lambda: workspace.shuffled.found is not None)
    _, svg = copied(demo)
    assert "shuffled weights" in svg
    assert workspace.lens.lens.title in svg


def test_a_patch_is_not_copied_as_the_map_that_it_hides(demo: Person) -> None:
    workspace = demo.workspace
    demo.press("X")
    demo.until(lambda: workspace.lens.found is not None and not workspace.lens.rough)
    workspace.occluding.cover(80, 80)
    demo.until(lambda: workspace.occluding.patch is not None)
    QApplication.clipboard().clear()
    demo.control("C")
    assert "A patch lies on the picture" in demo.message
    assert not QApplication.clipboard().mimeData().hasImage()
    workspace.occluding.uncover()
    copied(demo)


def test_a_changed_picture_is_not_copied(demo: Person) -> None:
    what_if = open_tab(demo)
    what_if.sliders["gamma"].setValue(25)
    demo.until(lambda: demo.workspace.what_if.picture is not None)
    demo.parts.center.take_keyboard()
    demo.control("C")
    assert "not the real picture" in demo.message


def test_a_figure_that_is_drawn_is_announced(demo: Person) -> None:
    announced: list[str] = []
    demo.workspace.library.batch.progressed.connect(lambda slot, done, total: announced.append(slot))
    copied(demo)
    assert "drawing the figure" in {*announced} - QUIET
