"""Story: a person exports layer 7 on ten pictures, as PNGs and as a PDF sheet."""

import csv
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox

from explorer.core.attribution import attribute
from explorer.core.figures import size
from explorer.core.figures.encoding import read_description
from explorer.core.images import read_image
from explorer.core.index import build_index, open_index
from explorer.state.export_choices import remember_choices
from explorer.state.figures.in_view import FOLDER
from explorer.state.opened.network_session import Request
from explorer.ui.dialogs.export_dialog import BOTH, CARDS, CONTACT, LENS, LENS_OF_BOTH, ExportDialog
from tests.e2e.conftest import DEMO, Open, Person
from tests.networks import save_small


def dialog_of(person: Person, out: Path) -> ExportDialog:
    person.control("E")
    dialog = next(found for found in person.window.findChildren(ExportDialog) if found.isVisible())
    dialog._out.setText(str(out))
    return dialog


def question_of(person: Person) -> QMessageBox:
    def asked() -> list[QMessageBox]:
        return [box for box in person.window.findChildren(QMessageBox) if box.isVisible()]

    person.until(asked)
    return asked()[0]


def test_figures_of_ten_pictures(demo: Person, tmp_path: Path) -> None:
    demo.press("H")
    dialog = dialog_of(demo, tmp_path / "figures")
    dialog._filters.setEditText("7:0-4")
    dialog._pictures.setCurrentIndex(1)
    assert "5 filters × 10 pictures = 50 files" in dialog._says.text()
    demo.click(dialog._go)
    demo.until(lambda: "50 figures" in demo.message)
    names = sorted(path.name for path in (tmp_path / "figures").glob("*.png"))
    assert len(names) == 50
    assert names[0] == "layer07_filter000_drawn_01.png"
    with Image.open(tmp_path / "figures" / names[0]) as picture:
        assert picture.size == (448, 448)
    with (tmp_path / "figures" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 50
    assert any("hair" in row["tags"] for row in rows)


def test_cards_and_contact_sheets_of_filters(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "cards")
    assert dialog._kind.findData(CARDS) < 0, "they stand on the index, which is not there yet"
    dialog.reject()
    library = demo.workspace.library
    build_index(library.network.copy(), library.folder.path, tmp_path / "index.h5")
    demo.workspace.evidence.take(open_index(tmp_path / "index.h5"))
    for kind, names in (
        (CARDS, ["card_7_5.png", "card_7_57.png"]),
        (CONTACT, ["sheet_7_57_strongest_contrast.png", "sheet_7_5_strongest_contrast.png"]),
    ):
        dialog = dialog_of(demo, tmp_path / kind)
        dialog._filters.setEditText("7:5,7:57")
        dialog._kind.setCurrentIndex(dialog._kind.findData(kind))
        assert dialog._says.text() == "2 filters = 2 files"
        assert not dialog._pictures.isEnabled()
        demo.click(dialog._go)
        demo.until(lambda kind=kind: f"2 figures written to {tmp_path / kind}" in demo.message)
        assert sorted(path.name for path in (tmp_path / kind).iterdir()) == sorted(names)


def test_a_sheet_as_pdf(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "sheet")
    dialog._filters.setEditText("7:0-7")
    dialog._pictures.setCurrentIndex(1)
    dialog._kind.setCurrentIndex(1)
    dialog._format.setCurrentText("pdf")
    demo.click(dialog._go)
    demo.until(lambda: ".pdf written to" in demo.message)
    (path,) = (tmp_path / "sheet").glob("*.pdf")
    assert path.read_bytes().startswith(b"%PDF")


def test_a_wrong_choice_is_said_before_anything_runs(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "x")
    dialog._filters.setEditText("7:99")
    assert not dialog._go.isEnabled()
    assert "7" in dialog._says.text()
    dialog.reject()


def test_what_was_typed_is_there_again_after_escape(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "x")
    dialog._filters.setEditText("7:3-5,tag:hair")
    dialog._dpi.setValue(150)
    dialog._format.setCurrentText("pdf")
    dialog.reject()
    again = dialog_of(demo, tmp_path / "x")
    assert again is not dialog
    assert again._filters.currentText() == "7:3-5,tag:hair"
    assert again._dpi.value() == 150
    assert again._format.currentText() == "pdf"
    again._filters.setEditText(again._filters.itemText(0))
    again.reject()
    demo.press("Right")
    assert dialog_of(demo, tmp_path / "x")._filters.currentText() == "7:1", "what was not typed follows the view"


def test_an_export_can_be_cancelled_and_the_window_lives_on(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "long")
    dialog._filters.setEditText("all")
    dialog._pictures.setCurrentIndex(3)
    demo.click(dialog._go)
    box = question_of(demo)
    demo.click(box.buttons()[0])
    demo.until(lambda: demo.parts.status._stop.isVisible() and demo.parts.status._bar.value() > 3)
    demo.until(demo.window.isActiveWindow)  # the window manager gives the keyboard back when the dialog is gone
    demo.press("Right")
    assert demo.view.filter == 1
    demo.click(demo.parts.status._stop)
    demo.until(lambda: not demo.parts.status._stop.isVisible())
    # The figures that were being written are finished or taken away; then no half of one is left.
    demo.until(lambda: not list((tmp_path / "long").glob("*.part")))
    assert list((tmp_path / "long").glob("*.png"))


def test_a_large_export_is_not_begun_without_a_question(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path / "large")
    dialog._filters.setEditText("all")
    dialog._pictures.setCurrentIndex(3)
    demo.click(dialog._go)
    box = question_of(demo)
    assert box.text().startswith("This export is 5,760 files of about ")
    assert "free in" in box.text()
    demo.click(box.button(QMessageBox.StandardButton.Cancel))
    demo.until(lambda: not demo.workspace.exporting.running)
    assert not (tmp_path / "large").exists()


def test_a_large_export_of_a_lens_or_of_two_networks_is_asked_about_too(
    demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "MANY", 9)
    demo.workspace.second.open_network(Request(DEMO / "demo-scratch-cnn.safetensors", device="cpu"))
    demo.workspace.lens.choose("grad-cam")
    demo.until(lambda: demo.workspace.lens.found is not None and demo.workspace.sides.second is not None)
    for kind, agreed in ((LENS, False), (LENS, True), (LENS_OF_BOTH, True)):
        out = tmp_path / str(kind)
        demo.window.activateWindow()
        demo.until(demo.window.isActiveWindow)
        dialog = dialog_of(demo, out)
        dialog._kind.setCurrentIndex(dialog._kind.findData(kind))
        dialog._pictures.setCurrentIndex(1)
        demo.click(dialog._go)
        box = question_of(demo)
        assert box.text().startswith("This export is 10 files of about ")
        assert not out.exists()
        buttons = {button.text(): button for button in box.buttons()}
        demo.click(buttons["Export all of it"] if agreed else box.button(QMessageBox.StandardButton.Cancel))
        demo.until(lambda: not demo.workspace.exporting.running)
        if agreed:
            demo.until(lambda out=out: f"10 figures written to {out}" in demo.message)
        assert out.exists() == agreed


def test_closing_asks_about_a_running_export_and_it_goes_on_next_time(
    demo: Person, open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "long"
    dialog = dialog_of(demo, out)
    dialog._filters.setEditText("7:0-4")
    dialog._pictures.setCurrentIndex(3)
    demo.click(dialog._go)
    demo.until(lambda: list(out.glob("*.png")))
    said = []
    for answer in (QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Close):
        monkeypatch.setattr(QMessageBox, "question", lambda *words, answer=answer: (said.append(words[2]), answer)[1])
        demo.window.close()
        assert demo.window.isVisible() is (answer == QMessageBox.StandardButton.Cancel)
    assert "goes on next time" in said[0]
    there = len(list(out.glob("*.png")))
    assert 0 < there < 120
    assert not list(out.glob(".*"))

    again = open_window()
    again.until(lambda: "was not finished" in again.message)
    assert str(out) in again.message
    again.click(again.parts.problems._action)
    again.until(lambda: "were there already" in again.message)
    assert f"{120 - there} figures" in again.message
    assert len(list(out.glob("*.png"))) == 120
    again.window.close()
    third = open_window()
    third.wait_for_maps()
    assert third.message == ""


def test_what_the_lens_shows_is_exported_of_ten_pictures(demo: Person, tmp_path: Path) -> None:
    dialog = dialog_of(demo, tmp_path)
    assert dialog._kind.count() == 2  # no lens lies there
    dialog.reject()
    demo.workspace.lens.choose("grad-cam")
    demo.workspace.lens.update(layer=5)
    demo.until(lambda: demo.workspace.lens.found is not None)
    dialog = dialog_of(demo, tmp_path / "lens")
    assert dialog._kind.currentText() == "one figure for each picture: Grad-CAM of the predicted class of each"
    assert not dialog._filters.isEnabled()
    dialog._pictures.setCurrentIndex(1)
    assert dialog._says.text() == "10 pictures = 10 files"
    demo.click(dialog._go)
    demo.until(lambda: "10 figures" in demo.message)
    names = sorted(path.name for path in (tmp_path / "lens").iterdir())
    assert names[0] == "drawn_01.jpg.grad-cam.png"
    assert len(names) == 10
    about = [read_description(tmp_path / "lens" / name) for name in names]
    assert {found["target"] for found in about} == {"probability:melanoma", "probability:other"}
    assert {found["layer"] for found in about} == {5}
    for found in about:
        rgb = read_image(DEMO / "pictures" / found["picture"])
        expected = attribute(demo.workspace.library.network, rgb, "grad-cam", target=found["target"], layer=5)
        assert found["score"] == pytest.approx(expected.score, abs=1e-5)
    dialog = dialog_of(demo, tmp_path / "lens")
    dialog._pictures.setCurrentIndex(1)
    demo.click(dialog._go)
    demo.until(lambda: "10 were there already" in demo.message)
    demo.workspace.lens.update(layer=6)
    dialog = dialog_of(demo, tmp_path / "lens")
    dialog._pictures.setCurrentIndex(0)
    demo.click(dialog._go)
    demo.until(lambda: "drawn with other settings" in demo.message)


def test_exported_maps_of_a_lens_have_the_colors_of_the_window(demo: Person, tmp_path: Path) -> None:
    lens, session = demo.workspace.lens, demo.workspace.session
    session.update_style(points=25.0, opacity=0.5)
    lens.choose("occlusion")
    demo.until(lambda: lens.found is not None and not lens.rough)
    dialog = dialog_of(demo, tmp_path / "lens")
    assert dialog._hint.text() == (
        "Target, settings and opacity of the lens are those of the window; the colors end at 25 points."
    )
    dialog._pictures.setCurrentIndex(0)
    demo.click(dialog._go)
    demo.until(lambda: "written to" in demo.message)
    demo.workspace.settings.set_text(FOLDER, str(tmp_path / "saved"))
    demo.control("S")
    demo.until(lambda: "lies in" in demo.message)
    for folder in ("lens", "saved"):
        (path,) = (tmp_path / folder).iterdir()
        about = read_description(path)
        assert (about["limit"], about["style"]["opacity"]) == (0.25, 0.5), folder
    session.update_style(points=0.0)
    assert "a color scale of its own" in dialog_of(demo, tmp_path / "lens")._hint.text()


def test_a_kind_of_export_that_cannot_be_now_is_not_taken_for_another(demo: Person, tmp_path: Path) -> None:
    demo.workspace.lens.choose("grad-cam")
    demo.until(lambda: demo.workspace.lens.found is not None)
    dialog = dialog_of(demo, tmp_path / "lens")
    assert dialog._kind.currentData() == LENS
    demo.click(dialog._go)
    demo.until(lambda: "written to" in demo.message)
    demo.workspace.lens.choose("")
    demo.workspace.second.open_network(Request(save_small(tmp_path / "b.safetensors"), device="cpu"))
    demo.until(lambda: demo.workspace.sides.second is not None)
    dialog = dialog_of(demo, tmp_path / "figures")
    assert dialog._kind.currentText() == "one figure for each filter and picture"
    dialog._kind.setCurrentIndex(dialog._kind.findData(BOTH))
    dialog._pictures.setCurrentIndex(1)
    dialog.reject()
    again = dialog_of(demo, tmp_path / "both")
    assert again._kind.currentData() == BOTH
    again.reject()
    remember_choices(demo.workspace.settings, {"kind": 1, "pictures": 1})  # as it was kept before
    old = dialog_of(demo, tmp_path / "old")
    assert old._kind.currentData() is False
    assert old._pictures.currentIndex() == 1
