"""Story: a person lays another network beside the first, and is never led to mistake one for the other."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QFileDialog

from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from explorer.core.index import open_index
from explorer.core.maps.activations import record
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.side_by_side import DIFFERENCE, EXPORT_OFF, MUTING_OFF, SECOND, TAGS_OFF
from explorer.state.figures.in_view import FOLDER
from explorer.state.opened.network_session import Request
from explorer.state.start import Start
from explorer.ui.dialogs import questions
from explorer.ui.dialogs.export_dialog import BOTH, LENS_OF_BOTH, ExportDialog
from explorer.ui.panels.index_tool import IndexTool
from tests.core.comparison.test_figures_of_both import panel
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import DEMO, Open, Person
from tests.e2e.test_look import pixels
from tests.networks import save_normed
from tests.state.test_indexing import FOREVER, SPEAKER
from trainer.networks.checkpoint import load, save

FIRST = DEMO / "demo-scratch-cnn.safetensors"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo network with other numbers in its convolutions, as a little more training would leave it."""
    checkpoint, path = load(FIRST), tmp_path_factory.mktemp("later") / "later.safetensors"
    random = torch.Generator().manual_seed(0)
    weights = {
        name: value + 0.1 * value.std() * torch.randn(value.shape, generator=random) if value.ndim == 4 else value
        for name, value in checkpoint.weights.items()
    }
    save(path, dataclasses.replace(checkpoint, weights=weights))
    return path


@pytest.fixture
def person(open_window: Open, later: Path) -> Person:
    """The demo with the other network beside it, by number."""
    opened = open_window(Start(demo=True, compare=later, device="cpu"))
    opened.wait_for_maps()
    workspace = opened.workspace
    opened.until(lambda: workspace.second.network is not None)
    workspace.match.choose("number")
    opened.until(lambda: workspace.second_answers.activations is not None)
    return opened


def shown(item: object) -> np.ndarray:
    return pixels(item.pixmap().toImage())


def test_both_lie_over_the_same_picture_and_w_swaps_them(person: Person, later: Path) -> None:
    browser = person.parts.center.browser
    viewer, image, strip = browser.viewer, browser.viewer.image, browser.viewer.strip
    bar, sides = viewer.display.beside, person.workspace.sides
    assert bar.currentData() == SECOND
    assert "later" in bar.currentText()
    assert strip.isVisible()
    assert image._beside.isVisible()
    front, beside = shown(image._overlay), shown(image._over_beside)
    np.testing.assert_array_equal(shown(image._beside), shown(image._picture))
    assert (image.caption.text()[:9], image.front.text()[:2]) == ("B: later ", "A:")
    rgb = read_image(person.view.picture)
    said = record(open_network(later, device="cpu"), rgb).probabilities
    classes = person.workspace.library.network.classes
    of_b = strip.said.text().partition("B ")[2]
    assert all(f"{name} {value:.2f}" in of_b for name, value in zip(classes, said, strict=True))
    assert not image.property("muted"), "both are real networks"

    person.press("W")
    assert sides.swapped
    np.testing.assert_array_equal(shown(image._overlay), beside)
    np.testing.assert_array_equal(shown(image._over_beside), front)
    assert (image.caption.text()[:2], image.front.text()[:9]) == ("A:", "B: later ")
    assert "tags are A's" in image.front.text()
    assert person.parts.top._bars.values[0][1] != pytest.approx(said.max()), "the line above is always A's"

    person.press("W")
    np.testing.assert_array_equal(shown(image._overlay), front)
    person.press("Down")
    person.until(lambda: person.workspace.pipeline.shown.picture == person.view.picture)
    person.until(lambda: person.workspace.second_answers.activations is not None)
    expected = record(open_network(later, device="cpu"), read_image(person.view.picture))
    np.testing.assert_array_equal(person.workspace.second_answers.map(FilterKey(7, 0)), expected.maps[7][0])
    assert (shown(image._over_beside) != beside).any()


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800), (1600, 1000)])
def test_what_is_said_of_a_picture_stands_on_it(person: Person, size: tuple[int, int]) -> None:
    image = person.parts.center.browser.viewer.image
    person.window.resize(*size)
    person.qtbot.wait(50)
    for key in ("W", "W", "Plus", "F"):
        person.press(key)
        person.qtbot.wait(50)
        for words, item in ((image.caption, image._beside), (image.front, image._picture)):
            on_view = image.mapFromScene(item.mapRectToScene(item.boundingRect())).boundingRect()
            assert words.geometry().intersects(on_view)
            assert words.x() >= min(on_view.left(), image.width() - words.width() - 8)
        assert not image.caption.geometry().intersects(image.front.geometry())
    assert person.parts.top._given.text().startswith("A · given: ")
    person.press("V")
    assert person.parts.top._given.text().startswith("given: ")


def test_no_tag_no_muting_and_no_export_while_b_lies_in_front(person: Person) -> None:
    person.press("W", "H")
    assert person.message == TAGS_OFF
    person.press("U")
    assert person.message == MUTING_OFF
    assert person.workspace.muting.keys == ()
    person.control("E")
    assert person.message == EXPORT_OFF
    assert person.workspace.tagging.book.total == 0
    person.press("W", "H")
    assert [tag.tag for tag in person.workspace.tagging.book.tags(FilterKey(7, 0))] == ["hair"]
    assert person.workspace.tagging.book.network_digest == person.workspace.library.network.digest


def test_muting_is_said_to_be_of_a_alone(person: Person) -> None:
    person.press("U")
    assert person.parts.center.browser.viewer.image.property("muted")
    assert "in B nothing is" in person.parts.center.browser.viewer.strip.matched.text()
    before = person.workspace.sides.predictions[1]
    person.until(lambda: person.workspace.muting.probabilities is not None)
    assert person.workspace.sides.predictions[1] == before


def test_the_difference_has_a_bar_of_its_own_and_both_values_stand_under_the_mouse(person: Person) -> None:
    viewer = person.parts.center.browser.viewer
    box = viewer.display.beside
    box.setCurrentIndex(box.findData(DIFFERENCE))
    box.activated.emit(box.currentIndex())
    assert viewer.beside.bar.isVisible()
    assert viewer.image.caption.text().startswith("B 7:0 − A 7:0 · on the scale of A")
    assert shown(viewer.image._over_beside).size
    viewer.image.hovered.emit(100.0, 100.0)
    first, second = (person.workspace.sides.both.value_at(100, 100, second=second) for second in (False, True))
    assert f"A {first:.4g}   B {second:.4g}" in viewer.image.readout.text()
    person.press("V")
    assert not viewer.beside.bar.isVisible()
    assert viewer.image.caption.isHidden()
    assert viewer.image.front.isHidden()
    assert not viewer.strip.isVisible()


def test_what_one_does_by_hand_in_the_strip(person: Person) -> None:
    strip, match = person.parts.center.browser.viewer.strip, person.workspace.match
    person.until(lambda: "r " in strip.matched.text())
    assert "7:0 of A and 7:0 of B" in strip.matched.text()
    strip.how.setCurrentIndex(strip.how.findData("answers"))
    strip.how.activated.emit(strip.how.currentIndex())
    person.until(lambda: match.key is not None)
    assert f"7:0 of A = {match.key} of B" in strip.matched.text()
    assert not strip.filter.isVisible()
    strip.how.setCurrentIndex(strip.how.findData("hand"))
    strip.how.activated.emit(strip.how.currentIndex())
    assert strip.filter.isVisible()
    strip.filter.setValue(24)
    assert match.key == FilterKey(match.key.layer, 24)
    assert f"· {match.key}" in person.parts.center.browser.viewer.image.caption.text()


def test_the_menu_opens_and_closes_one(
    demo: Person, later: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, compare = demo.workspace, demo.commands.compare
    demo.press("W")
    assert "No second network" in demo.message
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing of the kind")
    for path in (bad, later):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, path=path: (str(path), ""))
        compare.ask()
        if path == bad:
            demo.until(lambda: demo.message.startswith("Network B: "))
            assert "bad.safetensors" in demo.message
            assert workspace.second.network is None
    demo.until(lambda: workspace.second.network is not None)
    assert demo.message == ""
    assert workspace.library.network.name == "demo-scratch-cnn"
    assert demo.parts.center.browser.viewer.strip.isVisible()
    compare.close()
    assert workspace.second.network is None
    assert not demo.parts.center.browser.viewer.strip.isVisible()
    assert not demo.parts.center.browser.viewer.image._beside.isVisible()


def test_what_its_file_does_not_say_is_asked_and_code_runs_with_consent_only(
    demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, asked = demo.workspace.second, []
    path, code = save_normed(tmp_path)

    def ask(request: Request, error: Exception, parent: object) -> Request:
        asked.append(str(error))
        return dataclasses.replace(request, architecture=code, classes=("melanoma", "other"))

    monkeypatch.setattr(questions, "ask", ask)
    for consent in (False, True):
        monkeypatch.setattr(questions, "confirm_code", lambda *_, consent=consent: consent)
        demo.commands.compare.open_model(path)
        demo.until(lambda consent=consent: len(asked) == 1 + consent)
        if not consent:
            assert not second.session.interactive.busy()
            assert second.network is None
    demo.until(lambda: second.network is not None)
    assert second.network.classes == ("melanoma", "other")
    assert demo.workspace.library.network.name == "demo-scratch-cnn"
    demo.until(lambda: demo.workspace.match.notes)
    assert "no common" in demo.parts.center.browser.viewer.strip.matched.text()


def test_the_figure_in_view_has_both_networks_with_their_names(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, folder = person.workspace, tmp_path / "figures"
    workspace.settings.set_text(FOLDER, str(folder))
    copied: list[dict[str, bytes]] = []
    workspace.figure.copied.connect(copied.append)

    def copy() -> str:
        copied.clear()
        person.control("C")
        person.until(lambda: copied)
        return copied[0]["svg"].decode()

    svg = copy()
    for words in ("A: demo-scratch-cnn · 7:0", "B: later · 7:0", "drawn_01", "A: melanoma", "B: melanoma"):
        assert words in svg
    person.control("S")
    person.until(lambda: "lies in" in person.message)
    saved = folder / "layer07_filter000_drawn_01_A_B.png"
    about = read_description(saved)
    second = workspace.second.network
    assert (about["network"], about["second_network"]) == (workspace.library.network.identity, second.identity)
    # What lies in a panel is what the window shows of that network.
    assert np.abs(panel(saved, 0, 2) - panel(saved, 1, 2)).max() > 40
    person.press("W")
    assert copy().index("B: later") < copy().index("A: demo-scratch-cnn")
    person.press("W")
    workspace.beside.choose(DIFFERENCE)
    svg = copy()
    assert "B 7:0 − A 7:0 · on the scale of A" in svg
    assert "B higher" in svg
    workspace.lens.choose("grad-cam")
    person.until(lambda: workspace.lens.found is not None and workspace.second_answers.lens_map is not None)
    svg = copy()
    assert "B − A · Grad-CAM" in svg
    assert "B: later" in svg
    workspace.beside.choose("")
    assert "later" not in copy()


def test_both_networks_are_exported_on_the_scales_of_the_window(person: Person, tmp_path: Path) -> None:
    workspace = person.workspace
    for key in ("Down", "Up"):  # the scale is over both
        person.press(key)
        person.until(lambda: workspace.pipeline.shown.picture == person.view.picture)
        person.until(lambda: workspace.pipeline.activations is not None)
    person.control("E")
    dialog = next(found for found in person.window.findChildren(ExportDialog) if found.isVisible())
    dialog._out.setText(str(tmp_path / "both"))
    dialog._filters.setEditText("7:0-1")
    dialog._kind.setCurrentIndex(dialog._kind.findData(BOTH))
    assert not dialog._caption.isEnabled()
    assert not dialog._own_size.isVisible()
    assert "2 filters × 1 picture = 2 files" in dialog._says.text()
    person.click(dialog._go)
    person.until(lambda: "2 figures written" in person.message)
    figures = sorted((tmp_path / "both").glob("*.png"))
    about = read_description(figures[0])
    scale = workspace.pipeline.scale(7, 0)
    assert about["scales"] == [pytest.approx([scale.foot, scale.peak])] * 2
    assert (about["second_network_name"], about["filters"]) == ("later", ["7:0", "7:0"])
    workspace.match.choose("hand")
    person.control("E")
    dialog = next(found for found in person.window.findChildren(ExportDialog) if found.isVisible())
    dialog._filters.setEditText("6")
    dialog._kind.setCurrentIndex(dialog._kind.findData(BOTH))
    person.click(dialog._go)
    assert "No filter of B stands for 6:0 yet" in dialog._says.text()
    dialog.close()


def test_a_lens_of_both_networks_is_exported(person: Person, tmp_path: Path) -> None:
    workspace = person.workspace
    workspace.lens.choose("grad-cam")
    person.until(lambda: workspace.lens.found is not None)
    person.control("E")
    dialog = next(found for found in person.window.findChildren(ExportDialog) if found.isVisible())
    dialog._out.setText(str(tmp_path / "both"))
    dialog._kind.setCurrentIndex(dialog._kind.findData(LENS_OF_BOTH))
    dialog._pictures.setCurrentIndex(0)
    person.click(dialog._go)
    person.until(lambda: "written to" in person.message)
    (figure,) = (tmp_path / "both").glob("*.png")
    about = read_description(figure)
    assert figure.name == "grad-cam_drawn_01.jpg.A_B.png"
    assert (about["lens"], about["target"]) == ("grad-cam", workspace.lens.found.target)
    assert (about["network_name"], about["second_network_name"]) == ("demo-scratch-cnn", "later")
    assert np.abs(panel(figure, 0, 3) - panel(figure, 1, 3)).max() > 20


def test_the_line_below_says_whose_index_is_made_and_bs_is_used(person: Person, tmp_path: Path) -> None:
    workspace, home = person.workspace, person.workspace.settings.folder
    first, second = (person.window.findChildren(IndexTool)[number] for number in (0, 1))
    step = {"stage": "pictures", "done": 6, "total": 24, "bytes": 0}
    (home / "steps.json").write_text(json.dumps([step, {**FOREVER, "seconds": 1}]))
    for indexing in (workspace.indexing, workspace.second_indexing):
        indexing._command = (sys.executable, str(SPEAKER))
        indexing._rest.setInterval(10)
    workspace.opening.open_folder(workspace.library.folder.path)
    person.until(lambda: first.isVisible() and "index of A 25 %  ·  pause" in first.text())
    assert not second.isVisible()
    person.until(lambda: second.isVisible() and "index of B 25 %  ·  pause" in second.text())
    assert not first.isVisible()

    person.parts.center.browser.viewer.strip.own.click()
    person.until(lambda: "B has no index yet" in person.parts.center.browser.viewer.image.caption.text())
    folder = workspace.library.folder
    names = tuple(picture.relative_to(folder.path).as_posix() for picture in folder.pictures)
    random = np.random.default_rng(0)
    for network, evidence in (
        (workspace.library.network, workspace.evidence),
        (workspace.second.network, workspace.second_evidence),
    ):
        filters = tuple(layer.filters for layer in network.layers)
        peaks = random.random((sum(filters), len(names)))
        path = write_index(
            tmp_path / f"{network.name}.h5", peaks, filters=filters, names=names, identity=network.identity
        )
        evidence.take(open_index(path))
    person.until(lambda: f"half of the pictures ({len(names) // 2} pictures)" in workspace.match.sentence)
    assert "no index" not in person.parts.center.browser.viewer.image.caption.text()
    scale = workspace.second_evidence.index.scale(FilterKey(person.view.layer, person.view.filter))
    assert workspace.sides.both.scale(second=True) == scale
