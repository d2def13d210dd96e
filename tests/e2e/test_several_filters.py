"""Story: a person selects several filters and tags them with one key, and takes that back with one."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap

from explorer.core.tags.book import FilterKey
from explorer.core.tags.hdf5_file import load_tags
from explorer.ui.widgets.lists import SELECTED
from tests.e2e.conftest import Person

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def click(person: Person, filter: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Click a filter's tile."""
    grid = person.parts.center.browser.grid
    place = grid.visualRect(grid.model().index(person.parts.filters.row_of(filter), 0)).center()
    person.qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def selected(person: Person) -> list[int]:
    return sorted({person.view.filter, *person.view.also})


def tagged(person: Person, word: str) -> list[int]:
    return [key.filter for key, tag in person.workspace.tagging.book.entries() if tag.tag == word]


def test_one_key_tags_all_that_are_selected_in_one_step(demo: Person) -> None:
    title = demo.parts.tags._title
    click(demo, 2)
    click(demo, 5, SHIFT)
    assert selected(demo) == [2, 3, 4, 5]
    assert demo.view.filter == 5
    click(demo, 3, CONTROL)
    click(demo, 0, CONTROL)
    assert selected(demo) == [0, 2, 4, 5]
    assert title.text() == "4 filters selected"
    assert demo.parts.filters.data_of(2, SELECTED)
    demo.press("H")
    assert tagged(demo, "hair") == [0, 2, 4, 5]
    assert demo.parts.tags.words.buttons["hair"].isChecked()
    assert demo.parts.tags.last.text == "Tagged hair on 4 filters"
    demo.control("Z")
    assert tagged(demo, "hair") == []
    demo.control("Z", shift=True)
    assert tagged(demo, "hair") == [0, 2, 4, 5]
    demo.press("Escape")
    assert title.text() == f"Filter 7:{demo.view.filter}"
    assert selected(demo) == [demo.view.filter]
    demo.workspace.tagging.settle()
    book = load_tags(demo.workspace.tagging.path)
    assert [key.filter for key in book] == [0, 2, 4, 5]
    assert all(tag.evidence["picture"] for _, tag in book.entries())


def test_a_key_tags_those_that_lack_the_word_and_then_takes_it_from_all(demo: Person) -> None:
    demo.press("B", "Right")
    demo.press("Right", modifier=SHIFT)
    demo.press("Left", "Left")
    assert selected(demo) == [0 if demo.view.filter == 0 else demo.view.filter]  # without Shift: one alone
    demo.press("Right", "Right", modifier=SHIFT)
    assert len(selected(demo)) == 3
    assert not demo.parts.tags.words.buttons["border"].isChecked()  # not all have it
    demo.press("B")
    assert tagged(demo, "border") == selected(demo)
    demo.press("B")
    assert tagged(demo, "border") == []
    demo.press("Left", modifier=SHIFT)  # back towards where it began
    assert len(selected(demo)) == 2
    demo.press("NumberSign")
    demo.qtbot.keyClicks(demo.parts.tags.other, "globules")
    demo.press("Return", "Q")
    entries = list(demo.workspace.tagging.book.entries())
    assert [(key.filter, tag.tag, tag.needs_review) for key, tag in entries] == [
        (filter, "globules", True) for filter in selected(demo)
    ]


def test_another_layer_a_click_and_a_search_drop_the_selection(demo: Person) -> None:
    click(demo, 1)
    click(demo, 4, SHIFT)
    demo.press("Down")  # another picture: the same filters
    assert len(selected(demo)) == 4
    click(demo, 4)
    assert selected(demo) == [4]
    click(demo, 6, CONTROL)
    demo.press("PageUp")
    assert not demo.view.also
    demo.press("PageDown")
    assert not demo.view.also
    click(demo, 1)
    click(demo, 4, SHIFT)
    demo.press("T")  # none of them has a tag: nobody tags what is not shown
    assert not demo.view.also
    demo.wait_for_maps()


def test_what_is_selected_is_drawn(demo: Person) -> None:
    def drawn() -> QPixmap:
        demo.qtbot.wait(50)
        return demo.parts.center.browser.grid.viewport().grab()

    click(demo, 2)
    before = drawn().toImage()
    click(demo, 1, CONTROL)
    click(demo, 2)
    assert FilterKey(7, 2).filter == demo.view.filter
    click(demo, 1, CONTROL)
    assert drawn().toImage() != before
