"""Story: tags are suggested for filters; a person reads why, accepts one with a key and rejects another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QApplication

from explorer.core.index import open_index
from explorer.core.suggestions import Suggestion, Suggestions, write_suggestions
from explorer.core.suggestions.chart import Bar, Bars, Chart, chart_from
from explorer.core.suggestions.rejected import read_rejected
from explorer.core.tag_store import load_tags
from explorer.core.tags.book import FilterKey
from explorer.state.suggestions.concept import SLOT
from explorer.state.suggestions.rejections import rejected_of
from explorer.state.suggestions.suggesting import Suggesting, place_of
from explorer.state.suggestions.wording import NOT_MADE
from explorer.ui.panels.suggestion_chart import SuggestionChart
from explorer.ui.widgets.filter_model import ASKED
from explorer.ui.widgets.lists import HINTS, MARKS
from explorer.ui.widgets.theme import apply_theme
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Person
from tests.e2e.test_mouse_alone import pick
from tests.e2e.test_near_at_hand import menu_on

SHIFT = Qt.KeyboardModifier.ShiftModifier
REASON = "answers 4.1 x more on the bottom border than on the rest of the lesion; on 500 pictures"


@pytest.fixture
def suggested(demo: Person, tmp_path: Path) -> Person:
    """The demo with an index and suggestions beside it: 7:0 a border, 7:1 a color, 7:2 nothing clear."""
    network, folder = demo.workspace.library.network, demo.workspace.library.folder
    filters = tuple(layer.filters for layer in network.layers)
    peaks = np.random.default_rng(0).random((sum(filters), len(folder.pictures)))
    path = write_index(
        tmp_path / "index.h5",
        peaks,
        filters=filters,
        names=tuple(picture.name for picture in folder.pictures),
        given=tuple(folder.labels.of(picture) for picture in folder.pictures),
        classes=network.classes,
        identity=network.identity,
    )
    chart = Chart(
        (
            Bars("mean answer", (Bar("bottom border", 0.41, True), Bar("skin", 0.1), Bar("others' borders", 0.12))),
            Bars("effect", (Bar("333 pictures", 0.26, True, 0.2, 0.3), Bar("167 not used", 0.24, True, 0.1, 0.35))),
        ),
        (0.2, 0.1, 0.05, 0.1, 0.2, 0.4, 0.6, 0.4),
        (0.2,) * 8,
    )
    border = Suggestion(FilterKey(7, 0), "border", "bottom", 3.2, REASON, "border", 4.1, 0.26, 0.2, 0.3, 1e-9, 500)
    rows = (
        replace(border, chart=chart),
        Suggestion(FilterKey(7, 1), "color", "dark", 1.5, "the color explains 20 % of it", "color", p=0.01, n=90),
        Suggestion(FilterKey(7, 2), "", "", 0.0, "nothing clear: the nearest is hair"),
    )
    write_suggestions(place_of(path), Suggestions(rows))
    demo.workspace.session.update(layer=7, filter=0)
    demo.workspace.evidence.take(open_index(path))
    demo.until(lambda: demo.workspace.suggesting.made)
    demo.parts.center.take_keyboard()
    return demo


def test_enter_accepts_with_the_evidence(suggested: Person) -> None:
    line, tagging = suggested.parts.suggestion, suggested.workspace.tagging
    assert "Suggested: Border, bottom · 4.1 x" in line.texts
    assert REASON in line.texts

    suggested.press("Return")

    tag = tagging.mine(FilterKey(7, 0), "border")
    assert tag is not None
    assert (tag.detail, tag.note) == ("bottom", REASON)
    assert tag.evidence["suggestion"]["n"] == 500
    assert "Suggested" not in line.texts
    suggested.until(lambda: tagging.path.exists() and FilterKey(7, 0) in load_tags(tagging.path))
    suggested.control("Z")
    assert tagging.mine(FilterKey(7, 0), "border") is None
    assert "Suggested: Border, bottom" in line.texts


def test_backspace_rejects_and_no_tag_is_given(suggested: Person) -> None:
    suggested.workspace.session.update(filter=1)
    assert "Suggested: Color, dark" in suggested.parts.suggestion.texts

    suggested.press("Backspace")

    assert "Suggested" not in suggested.parts.suggestion.texts
    assert "Rejected: color, dark" in suggested.parts.suggestion.texts
    assert suggested.workspace.tagging.words(FilterKey(7, 1)) == ()
    suggested.press("Backspace")
    assert "Suggested: Color, dark" in suggested.parts.suggestion.texts


def test_undo_takes_back_what_was_done_last_be_it_a_rejection(suggested: Person) -> None:
    tagging, line = suggested.workspace.tagging, suggested.parts.suggestion
    suggested.press("Return")
    suggested.workspace.session.update(filter=1)
    suggested.press("Backspace")
    assert suggested.parts.tags.last.text == "Rejected color, dark on 7:1"

    suggested.control("Z")

    assert "Suggested: Color, dark" in line.texts
    assert suggested.parts.tags.last.text == "Undone: reject color, dark on 7:1"
    assert tagging.words(FilterKey(7, 0)) == ("border",)
    suggested.control("Y")
    assert "Rejected: color, dark" in line.texts
    place = place_of(suggested.workspace.evidence.index.path)
    suggested.until(lambda: read_rejected(rejected_of(place)) == {FilterKey(7, 1): "color, dark"})
    suggested.control("Z")
    suggested.control("Z")
    assert tagging.words(FilterKey(7, 0)) == ()


def test_what_was_rejected_and_then_given_is_not_called_rejected(suggested: Person) -> None:
    suggested.workspace.session.update(filter=1)
    suggested.press("Backspace")
    suggested.press("C")
    assert suggested.workspace.tagging.words(FilterKey(7, 1)) == ("color",)
    assert "Rejected" not in suggested.parts.suggestion.texts


def test_what_was_rejected_is_rejected_after_a_restart(suggested: Person) -> None:
    suggesting, evidence = suggested.workspace.suggesting, suggested.workspace.evidence
    suggested.workspace.session.update(filter=1)
    suggested.press("Backspace")
    place = place_of(evidence.index.path)
    suggested.until(lambda: read_rejected(rejected_of(place)) == {FilterKey(7, 1): "color, dark"})

    again = Suggesting(
        suggested.workspace.session,
        suggested.workspace.library,
        evidence,
        suggested.workspace.tagging,
        None,
        suggesting,
    )
    evidence.changed.emit()
    suggested.until(lambda: again.made)

    assert again.offered is None
    assert again.rejected is not None
    again.reject()
    suggested.until(lambda: read_rejected(rejected_of(place)) == {})
    again.close()


def test_nothing_clear_is_an_answer(suggested: Person) -> None:
    suggested.workspace.session.update(filter=2)

    assert suggested.parts.suggestion.texts == "Suggested: nothing clear · E says why"
    why = "nothing clear: the nearest is hair. 2 of 3 filters have a suggestion."
    assert why in suggested.parts.card.texts
    assert why in suggested.parts.suggestion._reason.toolTip()
    suggested.press("Return")
    assert suggested.workspace.tagging.words(FilterKey(7, 2)) == ()
    suggested.press("H")  # a person sees what it is
    assert "nothing clear" not in suggested.parts.suggestion.texts


def test_few_pictures_are_said_to_be_few_while_it_works(suggested: Person) -> None:
    assert suggested.workspace.suggesting.progress == "beginning; 24 pictures may be too few to tell"


def test_the_menu_answers_wherever_the_keyboard_is_and_the_keys_only_in_the_middle(suggested: Person) -> None:
    workspace, key = suggested.workspace, FilterKey(7, 0)
    pictures = suggested.parts.pictures.list
    suggested.click_row(pictures, 1)
    suggested.until(pictures.hasFocus)
    suggested.press("Return", "Backspace")
    assert (workspace.tagging.words(key), workspace.suggesting.rejected, suggested.message) == ((), None, "")
    pick(suggested, "Tags", "Reject the suggestion")
    assert workspace.suggesting.rejected is not None
    pick(suggested, "Tags", "Reject the suggestion")
    assert workspace.suggesting.rejected is None
    grid = suggested.parts.center.browser.grid
    place = grid.visualRect(grid.model().index(suggested.parts.filters.row_of(0), 0)).center()
    assert {"Accept the suggestion", "Reject the suggestion"} <= set(menu_on(suggested, grid, place))
    suggested.click_row(pictures, 2)
    pick(suggested, "Tags", "Accept the suggestion")
    assert workspace.tagging.words(key) == ("border",)
    pick(suggested, "Tags", "Accept the suggestion")
    assert suggested.message == "Nothing is suggested for this filter."


def test_in_a_field_the_keys_are_the_fields(suggested: Person) -> None:
    suggested.control("F")
    suggested.press("A", "B", "Backspace", "Return")

    assert suggested.workspace.tagging.words(FilterKey(7, 0)) == ()
    assert "Suggested: Border, bottom" in suggested.parts.suggestion.texts


def test_what_a_filter_is_suggested_is_no_tag(suggested: Person) -> None:
    assert len(suggested.workspace.tagging.book) == 0


def test_the_concept_lies_over_the_picture_and_goes_again(suggested: Person) -> None:
    concept, viewer = suggested.workspace.suggested_concept, suggested.parts.center.browser.viewer
    suggested.press("K")
    suggested.qtbot.waitUntil(lambda: concept.map is not None, timeout=60_000)

    shown = suggested.workspace.pipeline.shown
    assert concept.map.shape == shown.rgb.shape[:2]
    half = concept.map.shape[0] // 2
    assert concept.map[half:].sum() > 10 * concept.map[: half // 2].sum()  # the bottom border, as suggested
    assert "K goes back" in viewer.measured.text()
    suggested.press("K")
    assert concept.shown is None
    assert "K goes back" not in viewer.measured.text()


def test_the_concept_over_the_picture_is_what_is_copied(suggested: Person) -> None:
    workspace, copied = suggested.workspace, list[dict[str, bytes]]()
    workspace.figure.copied.connect(copied.append)
    suggested.press("K")
    suggested.qtbot.waitUntil(lambda: workspace.suggested_concept.map is not None, timeout=60_000)
    suggested.control("C")
    suggested.until(lambda: copied)
    svg = copied[0]["svg"].decode()
    for words in ("border, bottom", "suggested for filter 7:0; found in the picture, not by the network", "drawn_01"):
        assert words in svg
    assert "scale: " not in svg  # the filter's map is not in view
    suggested.press("K")
    suggested.control("C")
    suggested.until(lambda: len(copied) == 2)
    assert "scale: " in copied[1]["svg"].decode()


def test_a_suggestion_without_a_place_has_nothing_to_lay_over_the_picture(suggested: Person) -> None:
    suggested.workspace.session.update(filter=1)
    suggested.press("K")

    assert suggested.workspace.suggested_concept.shown is None
    assert suggested.message.startswith("Color, dark has no place of its own on the picture:")
    suggested.workspace.session.update(filter=2)
    suggested.press("K")
    assert suggested.message == "Nothing is suggested for this filter: there is nothing to lay over the picture."


def test_why_draws_what_speaks_for_it(suggested: Person) -> None:
    card = suggested.parts.card
    drawn = card.findChild(SuggestionChart)
    suggested.press("E")
    suggested.until(lambda: drawn.isVisible() and drawn.width() > 100)

    assert "what speaks for border, bottom" in card.texts
    assert "bottom border 0.41; skin 0.10" in card.texts
    assert "167 not used 0.24" in card.texts
    assert painted(drawn) > 200  # bars and petals in the accent
    suggested.workspace.session.update(filter=2)
    assert drawn.isHidden()  # nothing is known of what came near
    suggested.workspace.session.update(filter=0)
    suggested.press("Return")
    assert drawn.isVisible()
    assert painted(drawn) > 200
    tag = suggested.workspace.tagging.mine(FilterKey(7, 0), "border")
    assert chart_from(tag.evidence["suggestion"]["chart"]).lines == tuple(drawn.texts.splitlines())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chart_is_drawn_in_the_colors_of_the_window(suggested: Person, scheme: str) -> None:
    suggested.press("E")
    drawn = suggested.parts.card.findChild(SuggestionChart)
    suggested.until(drawn.isVisible)
    apply_theme(QApplication.instance(), scheme, suggested.workspace.icons)

    assert painted(drawn) > 200
    assert drawn.width() >= suggested.parts.card.width() - 40  # as wide as the panel, which keeps its width


def painted(chart: SuggestionChart) -> int:
    """Pixels in the accent of the window."""
    image, accent = chart.grab().toImage(), chart.palette().accent().color().rgb()
    return sum(image.pixel(x, y) == accent for x in range(image.width()) for y in range(image.height()))


def test_what_a_person_said_of_artifacts_is_heeded(suggested: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class Process(QObject):
        told, ended = Signal(object), Signal(str)

        def __init__(self, words: list[str], parent: QObject) -> None:
            super().__init__(parent)
            asked.append(words)

        def end(self, *, wait: bool = False) -> None:
            """Be gone."""

    monkeypatch.setattr("explorer.state.suggestions.suggesting.CommandProcess", Process)
    workspace = suggested.workspace
    suggested.until(lambda: workspace.lists.ready)
    again = Suggesting(
        workspace.session,
        workspace.library,
        workspace.evidence,
        workspace.tagging,
        ["program"],
        workspace.suggesting,
        lists=workspace.lists,
    )
    assert again.possible
    again.begin()
    assert not any(word.startswith("--artifacts=") for word in asked[-1]), "nothing was said yet"
    again.cancel()
    workspace.lists.say(workspace.evidence.index.pictures[0], "hair", False)
    suggested.until(lambda: workspace.lists.file.exists())
    again.begin()
    assert f"--artifacts={workspace.lists.file}" in asked[-1]
    again.cancel()


def test_filters_with_a_suggestion_are_listed_marked_and_walked(suggested: Person) -> None:
    grid, browser = suggested.parts.filters, suggested.parts.center.browser
    assert [grid.data_of(filter, HINTS) for filter in range(3)] == [ASKED, ASKED, ""]
    assert "waits for your answer" in grid.about(0)
    assert grid.data_of(0, MARKS) == ""  # it is no tag of anybody's

    browser._shown.setCurrentIndex(browser._shown.findText("with a suggestion"))
    browser._arrange()
    assert grid.rows == [0, 1]

    suggested.press("Return")
    assert grid.rows == [1]
    assert ASKED not in grid.data_of(0, HINTS)
    suggested.press("K", modifier=Qt.KeyboardModifier.ShiftModifier)
    assert suggested.view.filter == 1
    suggested.press("Backspace")
    assert grid.rows == []
    assert "layer 7" in browser._count.text()
    suggested.press("K", modifier=Qt.KeyboardModifier.ShiftModifier)
    assert "No filter has a suggestion" in suggested.message
    suggested.press("Backspace")
    assert grid.rows == [1]


def test_while_suggestions_are_made_nobody_says_that_there_are_none(
    suggested: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggesting = suggested.workspace.suggesting
    suggesting._known, suggesting.stage, suggesting.done, suggesting.total = {}, "probes", 10, 20
    asks = "Return", "Backspace", "K"

    def said() -> set[str]:
        words = set()
        for key, modifier in (*((key, Qt.KeyboardModifier.NoModifier) for key in asks), ("K", SHIFT)):
            suggested.press(key, modifier=modifier)
            words.add(suggested.message)
        return words

    assert said() == {NOT_MADE}
    monkeypatch.setattr(type(suggesting), "running", property(lambda self: True))
    (words,) = said()
    assert words.startswith("Suggestions are still being made: trying changes 50 %")


def test_under_the_mouse_is_what_lies_over_the_picture(suggested: Person) -> None:
    concept, viewer = suggested.workspace.suggested_concept, suggested.parts.center.browser.viewer
    suggested.window.resize(1440, 900)
    suggested.until(viewer.histogram.isVisible)
    viewer.image.hovered.emit(10.0, 20.0)
    assert "7:0 = " in viewer.image.readout.text()
    suggested.press("K")
    suggested.qtbot.waitUntil(lambda: concept.map is not None, timeout=60_000)
    row, column = divmod(int(concept.map.argmax()), concept.map.shape[1])
    for x, y in ((column, row), (10, 20)):
        viewer.image.hovered.emit(float(x), float(y))
        assert viewer.image.readout.text() == f"x {x}  y {y}   {concept.shown.words} {concept.map[y, x]:.3g}"
    assert not viewer.histogram.isVisible()
    assert not viewer.lock.isVisible()
    suggested.press("K")
    assert "7:0 = " in viewer.image.readout.text()
    assert viewer.histogram.isVisible()


def test_a_concept_that_nobody_wants_any_more_is_looked_for_no_further(suggested: Person) -> None:
    batch = suggested.workspace.library.batch
    suggested.press("K")
    assert batch.busy(SLOT)
    suggested.press("K")
    assert not batch.busy(SLOT)


@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
def test_the_panel_stands_still_whatever_is_suggested(suggested: Person, size: tuple[int, int]) -> None:
    suggested.window.resize(*size)
    suggested.press("H")  # a row whose button must not come under the mouse, nor leave it
    parts, places = suggested.parts, set()
    for filter in (0, 1, 2, 3, 0, 2):
        suggested.workspace.session.update(filter=filter)
        suggested.qtbot.wait(60)
        watched = parts.tags.words, parts.tags.rows, parts.tags.last, parts.layers
        places.add(tuple(part.mapTo(suggested.window, QPoint()).y() for part in watched))
    assert len(places) == 1
