"""Story: a person sees every change of the tags, finds one, and brings back what was before it."""

from PySide6.QtWidgets import QApplication

from explorer.core.tag_store import read_history
from explorer.core.tags.book import FilterKey
from explorer.ui.dialogs.history_dialog import HistoryDialog
from tests.e2e.conftest import Person

KEY = FilterKey(7, 0)


def opened(person: Person, rows: int) -> HistoryDialog:
    person.control("H")
    (dialog,) = [top for top in QApplication.topLevelWidgets() if isinstance(top, HistoryDialog) and top.isVisible()]
    person.until(lambda: len(dialog.model.rows) == rows)
    return dialog


def line(dialog: HistoryDialog, row: int) -> list[str]:
    return [str(dialog.model.index(row, place).data()) for place in range(2, 7)]


def test_a_change_is_found_and_what_was_before_it_comes_back(demo: Person) -> None:
    demo.press("B", "D")
    demo.qtbot.keyClicks(QApplication.focusWidget(), "left")
    demo.press("Return", "B", "Right", "H")
    dialog = opened(demo, 4)
    assert [line(dialog, row) for row in range(4)] == [
        ["7:1", "tagged", "hair", "–", "given"],
        ["7:0", "removed", "border", "left", "–"],
        ["7:0", "changed", "border", "given", "left"],
        ["7:0", "tagged", "border", "–", "given"],
    ]
    dialog.search.setFocus()
    demo.qtbot.keyClicks(dialog.search, "7:0 removed")
    assert len(dialog.model.rows) == 1
    demo.click(dialog.show_it)
    assert demo.view.filter == 0
    demo.click(dialog.restore)
    tagging = demo.workspace.tagging
    (tag,) = tagging.book.tags(KEY)
    assert (tag.tag, tag.detail) == ("border", "left")
    demo.click(dialog.restore)
    assert "already" in demo.message
    dialog.search.clear()
    demo.until(lambda: len(dialog.model.rows) == 5)
    assert line(dialog, 0) == ["7:0", "restored", "border", "–", "left"]
    dialog.close()
    demo.window.activateWindow()
    demo.until(demo.window.isActiveWindow)
    demo.control("Z")
    assert tagging.book.tags(KEY) == ()
    tagging.settle()
    assert [change.what for change in read_history(tagging.path)] == [
        "tag", "change", "remove", "tag", "restore", "undo",
    ]  # fmt: skip


def test_what_cannot_be_changed_now_cannot_be_restored(demo: Person) -> None:
    demo.press("B", "B")
    demo.workspace.tagging.pause("Filters are muted.")
    dialog = opened(demo, 2)
    assert not dialog.restore.isEnabled()
    assert dialog.show_it.isEnabled()
    demo.workspace.tagging.pause("")
    dialog.table.selectRow(1)
    assert dialog.restore.isEnabled()
    dialog.close()


def test_the_key_of_a_filter_is_not_found_in_that_of_another(demo: Person) -> None:
    demo.press("H")
    for _ in range(11):
        demo.press("Right")
    demo.press("H")
    demo.workspace.session.update(filter=1)
    demo.press("H")
    demo.commands.tags.show_history("7:1 hair")
    dialog = demo.window.findChild(HistoryDialog)
    demo.until(lambda: dialog.model.rows)
    assert {str(change.key) for change in dialog.model.rows} == {"7:1"}
    dialog.search.setText("7:")  # what is still being typed
    assert {str(change.key) for change in dialog.model.rows} == {"7:0", "7:1", "7:11"}
    dialog.close()


def test_the_history_that_is_open_is_brought_forward_and_goes_on(demo: Person) -> None:
    first = opened(demo, 0)
    demo.commands.tags.show_history("hair")
    dialog = opened_already()
    assert dialog is first
    assert dialog.search.text() == "hair"
    demo.window.activateWindow()
    demo.until(demo.window.isActiveWindow)
    demo.parts.center.take_keyboard()
    demo.press("H")
    demo.until(lambda: len(dialog.model.rows) == 1)
    dialog.close()
    demo.window.activateWindow()
    demo.until(demo.window.isActiveWindow)
    again = opened(demo, 1)
    assert again.search.text() == ""


def opened_already() -> HistoryDialog:
    (dialog,) = [top for top in QApplication.topLevelWidgets() if isinstance(top, HistoryDialog) and top.isVisible()]
    return dialog
