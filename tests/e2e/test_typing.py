"""Story: a person types, and every key goes into the field; letters are tags only where nothing is typed."""

import pkgutil
import string
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QInputDialog,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

import explorer.ui
from explorer.core.drawing.styles import Scale
from explorer.core.tags.book import FilterKey
from explorer.state.manual import manual_pages
from explorer.state.opened.library import AskedTable
from explorer.ui.dialogs.class_order_dialog import ClassOrderDialog
from explorer.ui.dialogs.class_words_dialog import ClassWordsDialog
from explorer.ui.dialogs.column_choice import ColumnChoice
from explorer.ui.dialogs.export_dialog import ExportDialog
from explorer.ui.dialogs.history_dialog import HistoryDialog
from explorer.ui.dialogs.key_sheet import KeySheet
from explorer.ui.dialogs.lens_sheet_dialog import LensSheetDialog
from explorer.ui.dialogs.manual import Manual
from explorer.ui.dialogs.preview_dialog import PreviewDialog
from explorer.ui.dialogs.questions import (
    ArchitectureQuestion,
    ChoiceQuestion,
    ClassesQuestion,
    InputQuestion,
    QuestionDialog,
)
from explorer.ui.dialogs.scale_dialog import ScaleDialog
from explorer.ui.dialogs.settings_dialog import SettingsDialog
from explorer.ui.dialogs.stages_dialog import StagesDialog
from explorer.ui.dialogs.word_dialog import WordDialog
from explorer.ui.widgets.tall_enough import TallEnough
from tests.e2e.conftest import Person
from trainer.networks.input_spec import InputSpec

TEXT = f"a light brown area {string.ascii_letters} {string.digits} + - ? = , : < & > # left"
DIALOGS: dict[type[QDialog], Callable[[Person], QDialog]] = {
    ArchitectureQuestion: lambda person: ArchitectureQuestion("?", ("resnet18", "a light brown"), person.window),
    ChoiceQuestion: lambda person: ChoiceQuestion("?", ("state_dict", "ema"), "key", person.window),
    ClassWordsDialog: lambda person: ClassWordsDialog(person.workspace.given, {}, person.window),
    ClassesQuestion: lambda person: ClassesQuestion("?", ("a", "b"), person.window),
    ClassOrderDialog: lambda person: ClassOrderDialog(("a", "b"), ("output 0", "output 1"), person.window),
    ColumnChoice: lambda person: ColumnChoice(AskedTable(Path("l.csv"), "?", ("a", "b"), "label", None), person.window),
    InputQuestion: lambda person: InputQuestion("?", InputSpec(), ("a", "b"), person.window),
    ExportDialog: lambda person: ExportDialog(person.workspace, (), person.window),
    ScaleDialog: lambda person: ScaleDialog(
        person.workspace.session, np.ones((4, 4), np.float32), Scale(0, 1), person.window
    ),
    HistoryDialog: lambda person: HistoryDialog(person.workspace.tag_history, str, person.window),
    KeySheet: lambda person: KeySheet(person.commands.actions.groups, person.window),
    LensSheetDialog: lambda person: LensSheetDialog(person.workspace.lens_sheet, person.window),
    Manual: lambda person: Manual(manual_pages(), person.window),
    PreviewDialog: lambda person: PreviewDialog(
        person.workspace.recipe_preview, lambda name, kinds: None, person.window
    ),
    WordDialog: lambda person: WordDialog(person.window),
    StagesDialog: lambda person: StagesDialog(person.workspace.session, person.workspace.stages, person.window),
    SettingsDialog: lambda person: SettingsDialog(person.workspace.settings, person.window),
}


def fields_of(part: QWidget) -> Iterator[QWidget]:
    """Every field that is in a widget and can be typed into, found by what it is."""
    for child in part.findChildren(QWidget):
        if child.window() is not part.window() or not child.isEnabled():
            continue
        if isinstance(child, QLineEdit | QTextEdit | QPlainTextEdit) and not child.isReadOnly():
            inside = child.parentWidget()
            yield inside if isinstance(inside, QComboBox | QAbstractSpinBox) else child


def text_of(field: QWidget) -> str:
    if isinstance(field, QComboBox):
        return field.currentText()
    return field.text() if isinstance(field, QLineEdit | QAbstractSpinBox) else field.toPlainText()


def type_into(field: QWidget) -> None:
    """Type as a keyboard does: what the field leaves may become a command."""
    field.setFocus()
    assert QApplication.focusWidget() is field
    (field if isinstance(field, QAbstractSpinBox) else getattr(field, "lineEdit", lambda: field)()).selectAll()
    if isinstance(field, QAbstractSpinBox):
        QTest.keyClicks(field, "a B")
        QTest.keyClicks(field, "123")
    else:
        QTest.keyClicks(field, TEXT)


def wanted_in(field: QWidget) -> str:
    if isinstance(field, QAbstractSpinBox):
        return "123"
    return TEXT[: field.maxLength()] if isinstance(field, QLineEdit) else TEXT


def test_every_field_of_the_window_keeps_what_is_typed(demo: Person) -> None:
    demo.press("B")
    view, tags = demo.view, list(demo.workspace.tagging.book.entries())
    names = []
    for field in fields_of(demo.window):
        if not field.isVisible():
            continue  # those of a second network
        type_into(field)
        assert text_of(field) == wanted_in(field), field.accessibleName()
        assert demo.parts.center.browser.viewer.image._overlay.isVisible()
        assert demo.view == view
        assert [key for key, _ in demo.workspace.tagging.book.entries()] == [key for key, _ in tags]
        names.append(field.accessibleName())
    assert set(names) == {
        "Search pictures by name, class, or what the index knows",
        "Detail of border",
        "Note on border",
        "Another word",
    }
    demo.parts.pictures._search.clear()
    assert demo.workspace.tagging.words(FilterKey(7, 0)) == ("border",)


def test_every_field_of_every_dialog_keeps_what_is_typed(demo: Person) -> None:
    view, tags = demo.view, list(demo.workspace.tagging.book.entries())
    every = {
        kind
        for module in pkgutil.walk_packages(explorer.ui.__path__, "explorer.ui.")
        for kind in vars(import_module(module.name)).values()
        if isinstance(kind, type) and issubclass(kind, QDialog) and kind.__module__.startswith("explorer.")
    }
    assert every - {QuestionDialog, TallEnough} == set(DIALOGS)
    made = [make(demo) for make in DIALOGS.values()]
    name = QInputDialog(demo.window)
    name.setInputMode(QInputDialog.InputMode.TextInput)
    for dialog in (*made, name):
        dialog.show()
        dialog.activateWindow()
        demo.until(dialog.isActiveWindow)
        for field in list(fields_of(dialog)):
            if field.isVisible():
                type_into(field)
                assert text_of(field).startswith(wanted_in(field)), (dialog, field)
        dialog.close()
    assert (demo.view.picture, demo.view.layer, demo.view.filter) == (view.picture, view.layer, view.filter)
    assert list(demo.workspace.tagging.book.entries()) == tags


def test_a_detail_is_saved_as_it_was_typed(demo: Person) -> None:
    for word, text in (("B", "le"), ("S", "LIGHT brown area"), ("C", "dark")):
        demo.press(word, "D")
        QTest.keyClicks(QApplication.focusWidget(), text)
        demo.press("Return")
    assert [tag.detail for tag in demo.workspace.tagging.book.tags(FilterKey(7, 0))] == [
        "le",
        "dark",
        "LIGHT brown area",
    ]


def test_down_in_the_detail_offers_the_next_suggestion_and_in_the_search_the_next_picture(demo: Person) -> None:
    demo.press("B", "D", "Down", "Down")
    assert demo.parts.tags.rows.rows[0].detail.currentText() in demo.workspace.vocabulary.entry("border").details
    assert demo.view.picture == demo.workspace.library.folder.pictures[0]
    demo.press("Return")
    demo.control("F")
    demo.press("Down")
    assert demo.view.picture == demo.workspace.library.folder.pictures[1]


@pytest.mark.parametrize("part", ["the lists", "a choice"])
def test_letters_are_tags_wherever_nothing_is_typed(demo: Person, part: str) -> None:
    window, parts = demo.window, demo.parts
    browser = parts.center.browser
    lists = (parts.layers, parts.pictures.list, browser.grid, browser.viewer.image)
    for number, widget in enumerate(lists if part == "the lists" else window.findChildren(QComboBox)):
        if not widget.isVisible() or (isinstance(widget, QComboBox) and widget.isEditable()):
            continue
        widget.setFocus()
        demo.workspace.session.update(filter=number)
        demo.press("H")
        assert demo.workspace.tagging.words(FilterKey(demo.view.layer, number)) == ("hair",)


def test_space_takes_the_overlay_away_from_every_list_and_never_from_a_field(demo: Person) -> None:
    demo.press("B")
    window, parts = demo.window, demo.parts
    image = parts.center.browser.viewer.image
    demo.workspace.session.update(filter=0)

    def held(widget: QWidget) -> bool:
        widget.setFocus()
        hidden = []
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ")
            QApplication.sendEvent(QApplication.focusWidget(), event)
            hidden.append(not image._overlay.isVisible())
        assert not hidden[1]
        return hidden[0]

    for widget in (parts.layers, parts.pictures.list, parts.center.browser.grid, image):
        assert held(widget)
    for field in fields_of(window):
        assert not held(field)


def type_on_the_keyboard(person: Person, *keys: str | Qt.Key) -> None:
    """Press keys as the screen sends them: to the window that has the keyboard; a list over it takes them first."""
    for key in keys:
        popup = QApplication.activePopupWidget()
        QTest.keyClick((popup.window() if popup is not None else person.window).windowHandle(), key)
        QApplication.processEvents()


def test_escape_puts_the_list_of_words_away_and_what_is_typed_then_never_becomes_half_a_word_and_a_tag(
    demo: Person,
) -> None:
    field, tagging = demo.parts.tags.other, demo.workspace.tagging
    demo.click(field)
    demo.until(lambda: QApplication.activePopupWidget() is field.completer().popup())
    type_on_the_keyboard(demo, Qt.Key.Key_Escape)
    assert field.hasFocus(), "the first one is the list's"
    assert QApplication.activePopupWidget() is None
    type_on_the_keyboard(demo, Qt.Key.Key_Escape)
    assert not field.hasFocus()
    assert QApplication.activePopupWidget() is None
    type_on_the_keyboard(demo, "h")
    assert field.text() == ""
    assert tagging.words(FilterKey(7, 0)) == ("hair",)  # what H does in the grid


def test_a_list_that_is_open_takes_every_letter(demo: Person) -> None:
    demo.press("B")
    field, tags, tagging = demo.parts.tags.other, demo.parts.tags, demo.workspace.tagging
    detail = tags.rows.rows[0].detail
    boxes = [box for box in demo.window.findChildren(QComboBox) if box.isVisible() and box.isEnabled() and box.count()]
    assert detail in boxes
    demo.click(field)
    type_on_the_keyboard(demo, "h", "a")
    assert field.text() == "ha"
    tags.leave_description()
    assert QApplication.activePopupWidget() is None, "the list goes with the line"
    for box in boxes:
        box.showPopup()
        demo.until(lambda: QApplication.activePopupWidget() is not None)
        type_on_the_keyboard(demo, "h", "a", "0")
        if (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        assert tagging.words(FilterKey(7, 0)) == ("border",), box.accessibleName()
