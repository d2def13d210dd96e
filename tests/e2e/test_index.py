"""Story: a person opens a network and a folder, and the index of the folder says where to begin."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from explorer.core.index import open_index
from explorer.core.index.layer_summary import ordered, summary_of
from explorer.core.tags.book import FilterKey
from explorer.state.index.filter_order import ORDERS
from explorer.state.start import Start
from explorer.ui.widgets.plain_text import PlainTool
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Open, Person
from tests.state.test_indexing import FOREVER, SPEAKER

Indexed = Callable[..., Person]
READING = {"seconds": 0.3, "stage": "reading", "done": 6, "total": 12}
SAMPLE = {"stage": "sample", "done": 50, "total": 200, "bytes": 15_000_000}
QUIET, EDGE, TWINS = 5, 7, (20, 40)


@pytest.fixture
def indexed(demo: Person, tmp_path: Path) -> Person:
    """The demo with an index of its folder: in layer 7, 5 answers to padding alone, 7 at the edge, 20 and 40 alike."""
    network, folder = demo.workspace.library.network, demo.workspace.library.folder
    filters = tuple(layer.filters for layer in network.layers)
    random = np.random.default_rng(0)
    peaks = random.random((sum(filters), len(folder.pictures)))
    first = sum(filters[:-1])
    peaks[first + TWINS[1]] = 3 * peaks[first + TWINS[0]]
    inside, ring = peaks.copy(), np.ones(peaks.shape)
    inside[first + QUIET] = -1
    ring[first + EDGE] = 5
    path = write_index(
        tmp_path / "index.h5",
        peaks,
        filters=filters,
        names=tuple(picture.name for picture in folder.pictures),
        given=tuple(folder.labels.of(picture) for picture in folder.pictures),
        classes=network.classes,
        identity=network.identity,
        inside=inside,
        ring=ring,
        relevance=random.random(peaks.shape) * random.random((len(peaks), 1)) ** 4,
    )
    demo.workspace.evidence.take(open_index(path))
    demo.until(lambda: demo.workspace.filter_facts.of(7) is not None)
    return demo


def choose_order(person: Person, order: str) -> None:
    box = person.parts.center.browser._order
    box.setCurrentIndex(box.findData(order))
    box.activated.emit(box.currentIndex())


def test_the_filters_stand_in_the_orders_of_the_index(indexed: Person) -> None:
    facts = summary_of(indexed.workspace.evidence.index, 7, (28, 28))
    for order, values in (("relevance", facts.relevance), ("folder", facts.strength), ("separation", facts.separation)):
        choose_order(indexed, order)
        assert list(indexed.parts.filters.rows) == [filter for filter in ordered(values) if filter != QUIET]
    choose_order(indexed, "likeness")
    rows = list(indexed.parts.filters.rows)
    assert abs(rows.index(TWINS[0]) - rows.index(TWINS[1])) == 1
    indexed.press("Right")
    assert indexed.view.filter == rows[min(rows.index(0) + 1, len(rows) - 1)]


def test_silent_filters_are_one_line_that_opens(indexed: Person) -> None:
    browser = indexed.parts.center.browser
    assert QUIET not in indexed.parts.filters.rows
    assert browser.silent.isVisible()
    assert "1 filter of this layer answers to nothing" in browser.silent.text()
    indexed.click(browser.silent)
    assert indexed.parts.filters.rows[-1] == QUIET
    indexed.click(browser.silent)
    assert QUIET not in indexed.parts.filters.rows
    indexed.press("PageUp")
    indexed.until(lambda: indexed.workspace.filter_facts.of(6) is not None)
    assert not browser.silent.isVisible()


def test_edges_and_twins_are_marked(indexed: Person) -> None:
    model = indexed.parts.filters
    assert "edge" in model.about(EDGE)
    assert "7:40" in model.about(TWINS[0])
    from explorer.ui.widgets.filter_model import EDGE as RING
    from explorer.ui.widgets.filter_model import TWIN
    from explorer.ui.widgets.lists import HINTS

    signs = [model.data_of(filter, HINTS) for filter in (0, EDGE, *TWINS)]
    assert signs == ["", RING, TWIN, TWIN]


def test_the_work_list_is_walked_over_all_layers_and_says_how_far_it_is(indexed: Person) -> None:
    working = indexed.workspace.working.list
    indexed.press("J")
    first = working.filters[0]
    assert FilterKey(indexed.view.layer, indexed.view.filter) == first
    said = indexed.parts.status._list
    assert said.text().startswith(f"{first} carries ")
    assert f"place 1 of {len(working.filters)}" in said.text()
    indexed.press("H")
    assert "1 named: hair" in said.text()
    layers = set()
    for key in working.filters[1:]:
        indexed.press("J")
        assert FilterKey(indexed.view.layer, indexed.view.filter) == key
        assert f"place {working.filters.index(key) + 1} of" in said.text()
        layers.add(key.layer)
    assert len(layers) > 4
    indexed.press("J")
    assert "last filter of the work list" in indexed.message
    from PySide6.QtCore import Qt

    indexed.press("J", modifier=Qt.KeyboardModifier.ShiftModifier)
    assert FilterKey(indexed.view.layer, indexed.view.filter) == working.filters[-2]


def test_without_an_index_nothing_pretends_to_know(demo: Person) -> None:
    demo.press("J")
    assert "no work list yet" in demo.message
    for order in ORDERS:
        choose_order(demo, order)
        assert sorted(demo.parts.filters.rows) == list(range(64))
    assert demo.parts.status._list.text() == ""
    assert not demo.parts.center.browser.silent.isVisible()


def test_where_the_scale_was_measured_stands_at_the_color_bar(indexed: Person) -> None:
    viewer = indexed.parts.center.browser.viewer
    assert viewer.measured.text() == "measured on 24 of 24 pictures"
    indexed.press("1")
    assert viewer.measured.text() == ""
    indexed.press("5")
    assert indexed.view.style.scale == "folder"


def test_a_click_pauses_the_index_and_another_lets_it_go_on(demo: Person) -> None:
    import json

    from explorer.ui.panels.index_tool import IndexTool

    workspace, home = demo.workspace, demo.workspace.settings.folder
    (home / "steps.json").write_text(json.dumps([READING, SAMPLE, FOREVER | {"seconds": 0.3, "done": 6}, FOREVER]))
    workspace.indexing._command = (sys.executable, str(SPEAKER))
    workspace.indexing._rest.setInterval(10)
    tool = demo.window.findChild(IndexTool)
    assert not tool.isVisible()
    said: list[str] = []
    workspace.indexing.changed.connect(lambda: said.append(tool.text()))
    workspace.opening.open_folder(workspace.library.folder.path)
    demo.until(lambda: "index 50 %, about 15 MB  ·  pause" in tool.text())
    for text in ("index begins", "index reads the folder 50 %", "index scales 25 %"):  # each pass is named
        assert any(f"·  {text}" in line and line.endswith("  ·  pause") for line in said)
    demo.click(tool)
    assert "go on" in tool.text()
    demo.click(tool)
    demo.until(lambda: (home / "heard.txt").read_text().splitlines()[-2:] == ["pause", "resume"])
    process = workspace.indexing._process._process.processId()
    demo.window.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert QApplication.instance() is not None


def test_scales_are_measured_anew_only_where_a_person_says_so(demo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from explorer.ui.dialogs import questions

    workspace, home = demo.workspace, demo.workspace.settings.folder
    lost = {"stage": "note", "note": "The scales are measured anew."}
    (home / "steps.json").write_text(json.dumps([READING, lost, {"stage": "done"}]))
    workspace.indexing._command = (sys.executable, str(SPEAKER))
    asked: list[str] = []
    answers = [questions.Buttons.Cancel, questions.Buttons.Yes]

    def answer(parent: object, title: str, text: str, *buttons: object) -> object:
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(questions, "warned", answer)
    demo.commands.files.measure_anew()
    assert "overlays get other colors" in asked[0]
    assert not workspace.indexing.running
    demo.commands.files.measure_anew()
    demo.until(lambda: "scales are measured anew" in demo.parts.problems.text)
    assert "--remeasure" in (home / "heard.txt").read_text()


def test_a_person_s_own_word_keeps_its_key(open_window: Open, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tags.toml").write_text('[[tag]]\nword = "jagged"\nkey = "J"\n')
    person = open_window(Start(demo=True, device="cpu"))
    person.wait_for_maps()
    person.press("J")
    assert person.workspace.tagging.words(FilterKey(7, 0)) == ("jagged",)
    person.press("E")
    assert person.parts.card._body.isVisible()


def test_why_unfolds_the_card_of_the_filter_in_view(indexed: Person) -> None:
    workspace, panel = indexed.workspace, indexed.parts.card
    assert workspace.card.card is None  # nobody looked
    workspace.session.update(filter=EDGE)
    indexed.press("E")
    indexed.until(lambda: workspace.card.card is not None and workspace.card.card.key == FilterKey(7, EDGE))
    card, index = workspace.card.card, workspace.evidence.index
    name = workspace.session.view.picture.name
    assert workspace.card.peak == index.answers(FilterKey(7, EDGE), "inside")[index.rows[name]]
    assert f"here {workspace.card.peak:.3g}, more than on" in panel.texts
    assert f"place {card.rank} of 64" in panel.texts
    assert "mostly at the picture's edge (padding): 69 %" in panel.texts
    best = card.classes.best
    assert (
        f"{best.name} ({best.pictures:,}): {best.mean:.3g}, {best.auc.value:.2f} [{best.auc.low:.2f}, " in panel.texts
    )
    indexed.press("Down")
    indexed.until(lambda: workspace.session.view.picture.name != name)
    name = workspace.session.view.picture.name
    assert f"here {index.answers(FilterKey(7, EDGE), 'inside')[index.rows[name]]:.3g}," in panel.texts


def test_a_twin_on_the_card_is_a_click_away(indexed: Person) -> None:
    workspace, panel = indexed.workspace, indexed.parts.card
    workspace.session.update(filter=TWINS[0])
    indexed.click(panel.toggle)
    indexed.until(lambda: workspace.card.card is not None)
    button = next(button for button in panel.findChildren(PlainTool) if button.text() == "7:40  +1.00")
    button.click()
    assert (indexed.view.layer, indexed.view.filter) == (7, TWINS[1])
    indexed.until(lambda: workspace.card.card.key == FilterKey(7, TWINS[1]))
    assert "mostly at the picture's edge" not in panel.texts


def test_without_an_index_the_card_says_what_is_missing(demo: Person) -> None:
    demo.press("E")
    assert demo.parts.card._nothing.isVisible()
    assert demo.parts.card.texts == ""
