"""Story: whoever rests the mouse on a button learns its key."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QSlider, QWidget

from explorer.ui.dialogs.key_sheet import KeySheet, in_columns
from explorer.ui.widgets.command_tips import COMMANDS
from explorer.ui.window.key_groups import KEY_GROUPS, key_groups
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
    "Next filter with a suggestion",
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
    "Leave text, message, selection, patch, lens or what if",
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
    demo.until(lambda: demo.workspace.occluding.possible and demo.workspace.lens.found is not None)
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


def test_the_sheet_of_keys_has_every_key_once_and_the_most_used_first(demo: Person) -> None:
    actions = demo.commands.actions
    every = [action for _, listed in actions.groups for action in listed]
    groups = key_groups(every, actions.words)
    assert [title for title, _ in groups] == [title for title, _ in KEY_GROUPS]  # nothing is left over
    shown = [action for _, listed in groups for action in listed]
    assert len(shown) == len(set(map(id, shown))) == sum(bool(action.shortcuts()) for action in every)
    assert [action.text() for action in groups[0][1][:2]] == ["Next filter", "Previous filter"]
    assert [action.text() for action in dict(groups)["Tag"][:2]] == ["Border", "Color"]
    demo.commands.show_keys()
    (sheet,) = demo.window.findChildren(KeySheet)
    texts = [part.text() for part in sheet.findChildren(QLabel)]
    assert "Drag the patch: arrows move it, Esc leaves" in texts
    headings = {title: part for title, _ in groups for part in sheet.findChildren(QLabel) if part.text() == title}
    corners = [part.mapTo(sheet, QPoint()) for part in headings.values()]
    places = [(corner.x(), corner.y()) for corner in corners]
    assert places == sorted(places)  # one column after the other
    sheet.close()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(1, 4))
def test_columns_keep_the_order_and_are_as_low_as_can_be(heights: list[int], columns: int) -> None:
    places = in_columns(heights, columns)
    assert places[0] == 0
    assert all(after - before in (0, 1) for before, after in pairwise(places))
    assert max(places) < columns
    highest = max(sum(height for height, place in zip(heights, places, strict=True) if place == one) for one in places)
    cuts = combinations(range(1, len(heights)), min(columns, len(heights)) - 1)
    split = ([0, *cut, len(heights)] for cut in cuts)
    assert highest == min(max(sum(heights[a:b]) for a, b in pairwise(edges)) for edges in split)
