"""Story: a person says what filters answer to, closes the window, and finds it all again."""

from pathlib import Path

import h5py
import pytest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox

from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags, save_tags
from explorer.state.start import Start
from explorer.ui.dialogs.word_dialog import WordDialog
from explorer.ui.widgets.lists import MARKS
from tests.e2e.conftest import Open, Person
from tests.networks import save_small


def saved_tags(person: Person, layer: int = 7, filter: int = 0) -> list[str]:
    """The words in the file, once the window says that all is saved."""
    person.until(lambda: "· saved" in person.window.windowTitle())
    return [tag.tag for tag in load_tags(person.workspace.tagging.path).tags(FilterKey(layer, filter))]


def words(person: Person, layer: int = 7, filter: int = 0) -> list[str]:
    return [tag.tag for tag in person.workspace.tagging.book.tags(FilterKey(layer, filter))]


def test_press_h_close_open_again(open_window: Open, tmp_path: Path) -> None:
    person = open_window(Start(demo=True, tags=tmp_path / "mine.h5"))
    person.wait_for_maps()
    assert "mine.h5 · nothing to save yet" in person.window.windowTitle()
    person.press("Right", "H")
    person.until(lambda: "mine.h5 · saved" in person.window.windowTitle())
    assert words(person, 7, 1) == ["hair"]
    person.window.close()
    with h5py.File(tmp_path / "mine.h5") as file:
        assert dict(zip(file["tags/filter"][:], file["tags/tag"].asstr()[:], strict=True)) == {1: "hair"}
        assert '"picture": "drawn_01.jpg"' in file["tags/evidence"].asstr()[0]
        assert file.attrs["network_digest"] == person.workspace.library.network.digest
    again = open_window(Start(demo=True, tags=tmp_path / "mine.h5"))
    again.wait_for_maps()
    assert words(again, 7, 1) == ["hair"]


def test_every_word_has_its_key(demo: Person) -> None:
    for key in ("B", "C", "S", "H", "A"):
        demo.press(key)
    assert words(demo) == ["artifact", "border", "color", "hair", "skin type"]
    demo.press("0")
    assert words(demo) == ["none"]
    demo.control("Z")
    assert len(words(demo)) == 5
    demo.control("Z", shift=True)
    assert words(demo) == ["none"]
    demo.press("0")
    assert words(demo) == []


def test_buttons_do_the_same_and_show_it(demo: Person) -> None:
    button = demo.parts.tags.words.buttons["hair"]
    demo.click(button)
    assert words(demo) == ["hair"]
    assert button.isChecked()
    assert "✓" in button.text()  # not by color alone
    demo.press("Right")
    assert not demo.parts.tags.words.buttons["hair"].isChecked()
    assert "H" in str(demo.parts.filters.data(demo.parts.filters.index(0), 0x0104))


def test_n_walks_over_what_has_no_tag(demo: Person) -> None:
    demo.press("H", "Right", "Right", "B", "Left", "C", "Left")
    demo.press("N")
    assert demo.view.filter == 3
    demo.workspace.session.update(filter=63)
    demo.press("N")
    assert (demo.view.layer, demo.view.filter) == (0, 0)
    demo.wait_for_maps()


def test_a_detail_and_a_note(demo: Person) -> None:
    demo.press("B", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "left")
    demo.press("Return")
    demo.parts.tags.rows.rows[0].note.setFocus()
    demo.qtbot.keyClicks(QApplication.focusWidget(), "hair and border")
    demo.press("Return")
    demo.workspace.tagging.settle()
    (tag,) = load_tags(demo.workspace.tagging.path).tags(FilterKey(7, 0))
    assert (tag.tag, tag.detail, tag.note) == ("border", "left", "hair and border")
    demo.press("Right", "Left")
    assert demo.parts.tags.rows.rows[0].detail.currentText() == "left"


def test_what_is_typed_belongs_to_the_filter_it_was_typed_for(demo: Person) -> None:
    demo.press("B", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "top")
    demo.click_row(demo.parts.center.browser.grid, 2)
    (tag,) = demo.workspace.tagging.book.tags(FilterKey(7, 0))
    assert tag.detail == "top"
    assert words(demo, 7, 2) == []


def test_the_layers_count_along(demo: Person) -> None:
    from explorer.ui.panels.layer_panel import TAGGED

    demo.press("H", "Right", "0")
    assert demo.parts.layers.model().index(7).data(TAGGED) == 2
    assert "2 of 240" in demo.parts.status._tags.text()


def test_a_new_word_gets_a_key(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(dialog: WordDialog) -> int:
        dialog._word.setText("pigment network")
        dialog._key.setText("w")
        dialog._details.setText("coarse, fine")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(WordDialog, "exec", fill)
    demo.commands.tags.new_word()
    demo.press("W")
    assert words(demo) == ["pigment network"]
    assert "pigment network" in demo.workspace.vocabulary_path.read_text()
    monkeypatch.setattr(WordDialog, "exec", lambda dialog: dialog._word.setText("x") or dialog._key.setText("O") or 1)
    demo.commands.tags.new_word()
    assert "O" in demo.message  # the window's own key


def test_a_second_window_is_read_only_until_the_first_has_closed(
    demo: Person, open_window: Open, tmp_path: Path
) -> None:
    second = open_window(Start(demo=True, tags=demo.workspace.tagging.path), home="other")
    second.wait_for_maps()
    assert "read-only" in second.window.windowTitle()
    second.window.activateWindow()
    second.until(second.window.isActiveWindow)
    second.press("H")
    assert words(second) == []
    assert not second.parts.tags.words.buttons["hair"].isEnabled()
    assert demo.workspace.tagging.path.name in second.parts.tags._locked.text()
    demo.window.activateWindow()
    demo.until(demo.window.isActiveWindow)
    demo.press("B")
    demo.window.close()
    second.until(lambda: "saved" in second.window.windowTitle())
    assert "can be given here now" in second.message
    assert words(second) == ["border"]
    second.window.activateWindow()
    second.until(second.window.isActiveWindow)
    second.press("H")
    assert saved_tags(second) == ["border", "hair"]


def test_tags_of_another_network_are_named(
    open_window: Open, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TagBook("d" * 64, "their network", "resnet18", [("conv1", 64)])
    other.add(FilterKey(0, 5), "hair", annotator="them")
    save_tags(tmp_path / "theirs.h5", other)
    said: list[str] = []
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Open]

    def warning(parent: object, title: str, text: str, *buttons: object) -> QMessageBox.StandardButton:
        said.append(text)
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "warning", warning)
    person = open_window(Start(model=save_small(tmp_path / "ours.safetensors"), images=pictures))
    person.wait_for_maps()
    person.commands.files.drop(tmp_path / "theirs.h5")
    person.until(lambda: said)
    assert "their network" in said[0]
    assert "ours" in said[0]
    assert person.workspace.tagging.path.name == "ours.tags.h5"
    person.commands.files.drop(tmp_path / "theirs.h5")
    person.until(lambda: person.workspace.tagging.path.name == "theirs.h5")
    assert words(person, 0, 5) == ["hair"]


def test_a_full_disk_is_said_and_closing_asks(demo: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import explorer.core.tags.hdf5_file as store
    from explorer.core.errors import UserError

    def full(path: Path, book: TagBook) -> None:
        raise UserError(f"{path} could not be saved: the disk is full.")

    demo.press("H")
    demo.until(lambda: "· saved" in demo.window.windowTitle())
    monkeypatch.setattr(store, "save_tags", full)
    demo.press("B")
    demo.until(lambda: "the disk is full" in demo.message)
    assert "NOT SAVED" in demo.window.windowTitle()
    asked: list[str] = []

    def cancel(parent: object, title: str, text: str, *buttons: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "warning", cancel)
    demo.window.close()
    assert asked
    assert demo.window.isVisible()
    assert words(demo) == ["border", "hair"]
    monkeypatch.undo()
    demo.press("C")
    demo.until(lambda: "· saved" in demo.window.windowTitle())
    assert saved_tags(demo) == ["border", "color", "hair"]


def test_every_tag_has_a_row_of_its_own(demo: Person) -> None:
    demo.press("B", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "left")
    demo.press("Return", "C", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "dark")
    demo.press("Tab")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "only below")
    demo.press("Return")
    rows = demo.parts.tags.rows
    assert [row.tag.tag for row in rows.rows] == ["border", "color"]
    demo.press("Right", "Left")
    assert {row.tag.tag: (row.detail.currentText(), row.note.text()) for row in rows.rows} == {
        "border": ("left", ""),
        "color": ("dark", "only below"),
    }
    border = next(row for row in rows.rows if row.tag.tag == "border")
    demo.click(border.note)  # with the mouse: any row, not the last one alone
    demo.qtbot.keyClicks(border.note, "faint")
    color = next(row for row in rows.rows if row.tag.tag == "color")
    demo.click(color.remove)
    assert [row.tag.tag for row in rows.rows] == ["border"]
    demo.workspace.tagging.settle()
    (tag,) = load_tags(demo.workspace.tagging.path).tags(FilterKey(7, 0))
    assert (tag.tag, tag.detail, tag.note) == ("border", "left", "faint")


def test_the_tags_of_others_have_rows_that_only_they_can_change(open_window: Open, tmp_path: Path) -> None:
    path = tmp_path / "shared.h5"
    network = open_window(Start(demo=True, tags=path))
    network.wait_for_maps()
    network.press("H")
    network.workspace.tagging.settle()
    network.window.close()
    book = load_tags(path)
    book.add(FilterKey(7, 0), "border", annotator="Anna", detail="left", note="clear")
    save_tags(path, book)
    person = open_window(Start(demo=True, tags=path))
    person.wait_for_maps()
    theirs = person.parts.tags.rows.row_of("Anna", "border")
    assert theirs.isVisible()
    assert not theirs.detail.isVisible()
    assert not theirs.remove.isVisible()
    assert theirs._texts.text() == "left · clear"
    assert "Anna" in theirs._about.text()
    person.press("H")
    assert [(row.tag.annotator, row.tag.tag) for row in person.parts.tags.rows.rows] == [("Anna", "border")]


def test_nothing_moves_when_tags_come_and_go(demo: Person) -> None:
    parts = demo.parts

    def places() -> list[object]:
        return [part.geometry() for part in (parts.tags, parts.card, parts.layers, parts.tags.words, parts.tags.rows)]

    demo.press("Right", "Left")
    QApplication.processEvents()
    before = places()
    for key in "BCSHA":
        demo.press(key)
        QApplication.processEvents()
        assert places() == before, key
    parts.tags.set_facts("no answer on this picture")
    demo.press("0", "Right", "Left")
    QApplication.processEvents()
    assert places() == before


def test_rows_are_worked_with_the_keyboard_alone(demo: Person) -> None:
    demo.press("B", "C", "D", "Tab", "Tab", "Tab")
    row = demo.parts.tags.rows.row_of(demo.workspace.tagging.annotator, "color")
    assert QApplication.focusWidget() is row.remove
    demo.press("Space")
    assert words(demo) == ["border"]
    demo.press("D")  # the one that is left
    demo.qtbot.keyClicks(QApplication.focusWidget(), "top")
    demo.press("Return", "Right")
    (tag,) = demo.workspace.tagging.book.tags(FilterKey(7, 0))
    assert (tag.tag, tag.detail) == ("border", "top")
    assert demo.view.filter == 1


def menu_entry(person: Person, beginning: str) -> str:
    """What an entry of the menu says while the menu is open."""
    menu = person.commands.actions.menus["&Tags"]
    menu.aboutToShow.emit()
    (text,) = [action.text() for action in menu.actions() if action.text().startswith(beginning)]
    menu.aboutToHide.emit()
    return text


def test_undo_says_what_it_takes_back(demo: Person) -> None:
    line = demo.parts.tags.last
    assert menu_entry(demo, "Undo") == "Undo"
    demo.press("A")
    assert line.text == "Tagged artifact on 7:0"
    assert menu_entry(demo, "Undo") == "Undo tag artifact on 7:0"
    demo.press("A", "Right", "PageUp")
    assert line.text == "Removed artifact from 7:0"
    assert menu_entry(demo, "Undo") == "Undo remove artifact from 7:0"
    demo.wait_for_maps()
    demo.click(line.show_it)
    assert (demo.view.layer, demo.view.filter) == (7, 0)
    assert line.back.text() == "Undo"
    demo.click(line.back)
    assert words(demo) == ["artifact"]
    assert line.text == "Undone: remove artifact from 7:0"
    assert menu_entry(demo, "Redo") == "Redo remove artifact from 7:0"
    assert line.back.text() == "Redo"
    demo.click(line.back)
    assert words(demo) == []
    demo.press("B", "H", "0")
    assert line.text == "Tagged none on 7:0, border and hair gone"
    assert demo.message == ""
    demo.wait_for_maps()


def test_what_was_done_is_not_said_for_longer_than_it_is_true(demo: Person, tmp_path: Path) -> None:
    line, last = demo.parts.tags.last, demo.workspace.last_step
    demo.press("A")
    assert line.back.isVisible()
    last._away.timeout.emit()  # nobody did anything for a while
    assert line.text == ""
    assert not line.back.isVisible()
    demo.press("B")
    assert line.text
    demo.press("U")  # while a filter is muted nothing can be taken back
    assert line.text == ""
    demo.press("U", "C")
    assert line.text
    demo.workspace.opening.open_tags(tmp_path / "others.h5")
    demo.until(lambda: demo.workspace.tagging.path.name == "others.h5")
    assert line.text == ""
    demo.wait_for_maps()


def test_a_tag_needs_review_until_somebody_says_otherwise(demo: Person) -> None:
    demo.press("Q")
    assert "Tag the filter first" in demo.message
    demo.press("B", "H", "Q")
    rows, grid = demo.parts.tags.rows, demo.parts.filters
    assert all(row.review.isChecked() for row in rows.rows)
    assert "⚑" in str(grid.data_of(0, MARKS))
    assert "needs review" in grid.about(0)
    layers = demo.parts.layers.model()
    assert "some need review" in layers.about(layers.rows[7])
    hair = rows.row_of(demo.workspace.tagging.annotator, "hair")
    demo.click(hair.review)  # of one tag alone
    assert [row.review.isChecked() for row in rows.rows] == [True, False]
    demo.press("D")  # whatever is said more, it still needs review
    demo.qtbot.keyClicks(QApplication.focusWidget(), "thin")
    demo.press("Return", "Right", "C")
    shown = demo.parts.center.browser._shown
    shown.setCurrentIndex(shown.findText("needs review"))
    shown.activated.emit(shown.currentIndex())
    assert list(grid.rows) == [0]
    demo.press("Left")
    demo.workspace.tagging.settle()
    marked = {tag.tag: tag.needs_review for tag in load_tags(demo.workspace.tagging.path).tags(FilterKey(7, 0))}
    assert marked == {"border": True, "hair": False}
    demo.press("Q", "Q")
    assert not any(tag.needs_review for tag in demo.workspace.tagging.book.tags(FilterKey(7, 0)))
    assert demo.parts.tags.last.text == "7:0 needs review no more"


def test_another_word_tags_the_filter_at_once(demo: Person) -> None:
    demo.press("B", "NumberSign")
    field = demo.parts.tags.other
    assert QApplication.focusWidget() is field
    demo.qtbot.keyClicks(field, "pigment network")
    demo.press("Return")
    assert words(demo) == ["border", "pigment network"]
    demo.press("D")  # its detail, for it was given last
    demo.qtbot.keyClicks(QApplication.focusWidget(), "broken")
    demo.press("Return", "Right", "NumberSign")
    assert field.text() == ""
    assert "pigment network" in field.completer().model().stringList()
    demo.qtbot.keyClicks(field, "HAIR")
    demo.press("Return")
    assert words(demo, 7, 1) == ["hair"]  # the word that is known, not another one
    demo.press("NumberSign")
    demo.qtbot.keyClicks(field, "hair")
    demo.press("Return")
    assert words(demo, 7, 1) == ["hair"]  # given, not taken away
    demo.press("NumberSign")
    demo.qtbot.keyClicks(field, "half a wo")
    demo.press("Escape", "Escape", "Left")
    assert demo.view.filter == 0
    assert {tag.tag: tag.detail for tag in demo.workspace.tagging.book.tags(FilterKey(7, 0))} == {
        "border": "",
        "pigment network": "broken",
    }
    demo.wait_for_maps()


def test_the_words_of_dermoscopy_are_offered_where_a_person_wants_them(open_window: Open, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tags.toml").write_text("dermoscopy = true\n")
    person = open_window(Start(demo=True))
    person.wait_for_maps()
    assert set(person.parts.tags.words.buttons) == {"border", "color", "skin type", "hair", "artifact", "none"}
    field = person.parts.tags.other
    person.click(field)  # with the mouse alone: the list opens, and a click on it tags
    popup = field.completer().popup()
    person.until(popup.isVisible)
    model = field.completer().completionModel()
    place = next(row for row in range(model.rowCount()) if model.index(row, 0).data() == "Pigment network")
    popup.scrollTo(model.index(place, 0))
    person.click(popup.viewport(), popup.visualRect(model.index(place, 0)).center())
    assert words(person) == ["pigment network"]
    row = person.parts.tags.rows.rows[0]
    assert row.detail.findText("atypical") >= 0
    person.wait_for_maps()


def test_undo_says_where_there_is_nothing_to_take_back(demo: Person) -> None:
    demo.control("Z")
    assert demo.message == "There is no change of tags to take back."
    demo.control("Y")
    assert demo.message == "Nothing was taken back that could be done again."
    demo.press("H")
    demo.control("Z")
    assert not demo.workspace.tagging.book.tags(FilterKey(7, 0))
    demo.control("Y")
    assert [tag.tag for tag in demo.workspace.tagging.book.tags(FilterKey(7, 0))] == ["hair"]
