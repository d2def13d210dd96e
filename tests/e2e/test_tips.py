"""Story: whoever rests the mouse on a button learns its key."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider, QWidget

from explorer.ui.widgets.command_tips import COMMANDS
from tests.e2e.conftest import Open, Person

WITHOUT_A_WIDGET = {
    "Open the pictures' classes (CSV) …",
    "Open tags …",
    "Save tags in another file …",
    "Copy the figure in view",
    "Save the figure in view",
    "Export figures …",
    "Settings …",
    "Quit",
    "Next filter",
    "Previous filter",
    "Select the next filter too",
    "Select the previous filter too",
    "Next picture",
    "Previous picture",
    "Next layer",
    "Previous layer",
    "Next filter without a tag",
    "Previous filter without a tag",
    "Next filter of the work list",
    "Previous filter of the work list",
    "Star the picture, or take its star away",
    "Accept the suggestion",
    "Reject the suggestion, or take that back",
    "The suggestion's concept over the picture",
    "Detail of the tag",
    "Needs review",
    "History …",
    "Undo",
    "Redo",
    "Mute the filter, or take it back",
    "Pin the filter beside, or let it go",
    "Pin the picture beside, or let it go",
    "Stages and kernels of the filter …",
    "Occlusion",
    "Leave a line of text, the selection, the patch, or the lens",
    "The picture alone, or all panels",
    "Fit the picture",
    "Enlarge",
    "Reduce",
}
"""Commands of menus and keys alone, and those whose widgets say their key in words of their own."""


def standing(root: QWidget) -> dict[str, list[QWidget]]:
    """The widgets that stand for each command."""
    found: dict[str, list[QWidget]] = {}
    for part in root.findChildren(QWidget):
        for command in part.property(COMMANDS) or ():
            found.setdefault(command, []).append(part)
    return found


def test_what_stands_for_a_command_names_its_keys(demo: Person) -> None:
    demo.press("X")  # builds the tab of the lens
    demo.until(lambda: demo.workspace.occluding.possible)
    keys, found = demo.commands.actions.keys, standing(demo.window)
    for command, widgets in found.items():
        for widget in widgets:
            for key in filter(None, [keys.get(command, "")]):
                first = widget.toolTip().splitlines()[0]
                assert key in first[first.rindex("(") :], f"{command}: {widget.toolTip()!r}"
    there = {command for command in keys if command not in found}
    assert there == WITHOUT_A_WIDGET
    assert set(found) - set(keys) == {"Try the demo"}


def test_keys_follow_what_is_said_later_and_a_word_that_takes_one(open_window: Open, demo: Person) -> None:
    model = demo.parts.top._model
    assert model.toolTip().splitlines()[0] == "demo-scratch-cnn: scratch_cnn (Ctrl+O)"
    toggle = demo.parts.card.toggle
    assert toggle.toolTip().endswith("(E)")
    words = demo.workspace.vocabulary_path
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text('[[tag]]\nword = "eczema"\ntitle = "Eczema"\nkey = "E"\n')
    demo.window.close()
    again = open_window()
    again.wait_for_maps()
    again.qtbot.wait(20)
    assert "(E)" not in again.parts.card.toggle.toolTip()
    assert again.parts.tags.words.buttons["eczema"].toolTip().endswith("(E)")


def test_every_button_and_box_says_something(demo: Person) -> None:
    silent = [
        part.accessibleName() or part.text() if isinstance(part, QAbstractButton) else part.accessibleName()
        for part in demo.window.findChildren(QWidget)
        if isinstance(part, QAbstractButton | QComboBox) and part.isVisible() and not part.toolTip()
    ]
    assert silent == []


def test_whatever_can_be_clicked_can_be_reached_with_the_keyboard(demo: Person) -> None:
    demo.press("H", "X")
    demo.until(lambda: demo.workspace.lens.found is not None)
    tabs, unreachable = demo.parts.center.browser.tabs, set()
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        demo.qtbot.wait(20)
        for part in demo.window.findChildren(QWidget):
            kinds = QAbstractButton | QComboBox | QLineEdit | QSlider
            if not isinstance(part, kinds) or not part.isVisible() or isinstance(part.parentWidget(), QComboBox):
                continue
            by_tab = part.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
            if not by_tab and not part.property(COMMANDS):
                unreachable.add(f"{type(part).__name__} {part.accessibleName() or part.objectName()}")
    assert unreachable == set()
