"""Story: a person who has just opened a network is told where to look first, once, and nothing moves."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.core.index import open_index
from explorer.core.tags.book import FilterKey
from explorer.ui.panels.begin_here import BeginHere
from explorer.ui.window.tour_steps import steps_of
from tests.e2e.conftest import Person
from tests.e2e.test_index import indexed

__all__ = ["indexed"]


def line_of(person: Person) -> BeginHere:
    return person.parts.center.browser.begin_here


@pytest.fixture
def grid_before(demo: Person) -> QPoint:
    """Where the grid stands before there is an index."""
    grid = demo.parts.center.browser.grid
    QTest.mouseMove(demo.parts.center.browser.viewer.image)
    demo.until(grid.isVisible)
    return grid.mapTo(demo.parts.center.browser.tabs, QPoint())


def test_it_names_the_filter_with_most_relevance_of_all(demo: Person, grid_before: QPoint, indexed: Person) -> None:
    line, view = line_of(indexed), indexed.view
    indexed.until(line.isVisible)
    browser = indexed.parts.center.browser
    assert browser.grid.mapTo(browser.tabs, QPoint()) == grid_before, "nothing moved"
    rows = indexed.workspace.evidence.index.filters()
    most = int(np.argmax(rows["relevance"]))
    first = FilterKey(int(rows["layer"][most]), int(rows["filter"][most]))
    share = rows["relevance"][most] / rows["relevance"].sum()
    sizes = np.sort(rows["relevance"])[::-1]
    carried = np.cumsum(sizes) / sizes.sum()
    number = int(np.searchsorted(carried, 0.9)) + 1
    many = f"{number} of {len(rows)} filters carry {100 * carried[number - 1]:.1f} %"
    sentence = f"Start here: {first} carries {100 * share:.1f} % of the decision, {many}."
    assert line.text.text() == f"{sentence} J walks them."
    assert line.go.text() == f"Begin with {first}"
    assert indexed.view == view, "it only tells"
    indexed.click(line.go)
    assert FilterKey(indexed.view.layer, indexed.view.filter) == first
    assert not line.isVisible()
    assert browser.grid.mapTo(browser.tabs, QPoint()) == grid_before
    indexed.press("J")
    assert FilterKey(indexed.view.layer, indexed.view.filter) == indexed.workspace.working.list.filters[1]


@pytest.mark.parametrize("done", ["closed", "walked"])
def test_who_closed_it_or_walked_the_list_is_told_no_more(indexed: Person, done: str) -> None:
    line, workspace = line_of(indexed), indexed.workspace
    indexed.until(line.isVisible)
    indexed.click(line.close_it) if done == "closed" else indexed.press("J")
    assert not line.isVisible()
    index = open_index(workspace.evidence.index.path)
    workspace.evidence.take(None)
    workspace.evidence.take(index)
    indexed.qtbot.wait(100)
    assert not line.isVisible()
    assert not line.wanted


def test_a_tag_ends_it_and_it_waits_while_the_mouse_is_over_its_place(indexed: Person) -> None:
    line = line_of(indexed)
    indexed.until(line.isVisible)
    indexed.press("B")
    assert not line.isVisible()
    line._place.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    indexed.press("B")
    assert line.wanted
    indexed.qtbot.wait(700)
    assert not line.isVisible()
    line._place.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    indexed.until(line.isVisible)


def test_the_tour_names_the_work_list_and_its_key(demo: Person) -> None:
    steps = steps_of(demo.parts)
    assert len(steps) == 6
    assert any("work list" in step.text and "J walks" in step.text for step in steps)


def test_the_tour_says_of_the_picture_what_lies_over_it(demo: Person) -> None:
    demo.press("M")
    assert "Color is where the filter answers" in steps_of(demo.parts)[0].text
    demo.press("X")
    demo.until(lambda: demo.workspace.lens.found is not None)
    assert "No filter's map" in steps_of(demo.parts)[0].text
