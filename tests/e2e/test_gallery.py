"""Story: a person asks what a filter answers to, and looks at the pictures of the folder that say it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QPixmap

import explorer.core.alarm.picture_table as picture_table
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, build_index, gallery, open_index
from explorer.core.index.filter_card import filter_card
from explorer.core.network.opening import open_network
from explorer.core.tags.book import FilterKey
from explorer.state.index.gallery import KINDS, Answer
from explorer.state.view.pipeline import draw, fit
from explorer.ui.panels.gallery_panel import GalleryPanel
from explorer.ui.panels.gallery_tiles import CAPTION, PEAK
from explorer.ui.widgets.lists import BASE, CELL, OVERLAY
from explorer.ui.widgets.pixmaps import pixmap_of
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import DEMO, Person
from tests.e2e.test_look import pixels
from trainer.measures.percent import percent


@pytest.fixture(scope="module")
def index_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = open_network(DEMO / "demo-scratch-cnn.safetensors", device="cpu")
    out = tmp_path_factory.mktemp("index") / "index.h5"
    build_index(network, DEMO / "pictures", out)
    return out


@pytest.fixture
def index(index_file: Path) -> Iterator[FolderIndex]:
    with open_index(index_file) as opened:
        yield opened


def look_at_pictures(demo: Person) -> GalleryPanel:
    tabs = demo.parts.center.browser.tabs
    place = next(place for place in range(tabs.count()) if tabs.tabText(place) == "Pictures")
    demo.click(tabs.tabBar(), tabs.tabBar().tabRect(place).center())
    panel = tabs.currentWidget().content
    assert isinstance(panel, GalleryPanel)
    return panel


def answer(demo: Person, panel: GalleryPanel) -> Answer:
    """What stands in the tab for the filter in view, once every tile in sight has its picture and its overlay."""
    view, model = demo.view, panel.model

    def there() -> bool:
        found = panel._gallery.answer
        if found is None or found.key != FilterKey(view.layer, view.filter) or not model.rows:
            return False
        return all(isinstance(model.data_of(model.rows[0], role), QPixmap) for role in (BASE, OVERLAY))

    demo.until(there)
    found = panel._gallery.answer
    assert found is not None
    return found


def values(panel: GalleryPanel) -> list[float]:
    return [float(panel.model.data_of(row, CAPTION)[0].split()[0]) for row in panel.model.rows]


def choose(panel: GalleryPanel, demo: Person, kind: str) -> None:
    before = panel._gallery.answer
    panel.kind.setCurrentIndex(panel.kind.findData(kind))
    panel.kind.activated.emit(panel.kind.currentIndex())
    demo.until(lambda: panel._gallery.answer is not before)


def test_before_there_is_an_index_the_tab_says_what_it_waits_for(demo: Person, index_file: Path) -> None:
    demo.workspace.evidence.take(None)
    panel = look_at_pictures(demo)
    assert "as soon as the filters are measured" in panel.grid.hint
    demo.workspace.evidence.take(open_index(index_file))
    demo.until(lambda: "Looking" in panel.grid.hint)  # a large folder takes a while
    answer(demo, panel)
    demo.workspace.evidence.take(None)
    assert panel.model.rowCount() == 0
    assert panel.sentence.text() == ""


def test_the_strongest_pictures_stand_there_with_value_class_and_prediction(
    demo: Person, index_file: Path, index: FolderIndex
) -> None:
    demo.workspace.evidence.take(open_index(index_file))
    demo.workspace.session.update(filter=57)
    panel = look_at_pictures(demo)
    found = answer(demo, panel)
    strongest, value = index.strongest(FilterKey(7, 57), 1, "inside")[0]
    assert panel.model.rows[0] == demo.workspace.library.folder.path / strongest
    assert values(panel) == sorted(values(panel), reverse=True)
    assert panel.sentence.text() == f"7:57  {found.sentence}"
    assert "sees 68 × 68 px" in panel.note.text()
    caption = panel.model.data_of(panel.model.rows[0], CAPTION)
    row = index.rows[strongest]
    best = index.probabilities[row].argmax()
    assert caption[0].startswith(f"{value:.3g}")
    assert caption[1] == f"{index.classes[best]} {index.probabilities[row, best]:.2f}"
    # The overlay is drawn on the one scale of the index.
    over = demo.workspace.library.over.peek(panel.model.rows[0])
    drawn = draw(over.maps[57].astype("float32"), index.scale(found.key), demo.view.style, fit((224, 224), 2 * CELL))
    shown = panel.model.data_of(panel.model.rows[0], OVERLAY).toImage()
    assert (pixels(shown) == pixels(pixmap_of(drawn).toImage())).all()


def test_a_click_shows_the_picture_and_the_next_filter_has_other_pictures(demo: Person, index_file: Path) -> None:
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    wanted = panel.model.rows[2]
    demo.click_row(panel.grid, 2)
    assert demo.view.picture == wanted
    before = tuple(panel.model.rows)
    demo.workspace.session.update(filter=57)
    answer(demo, panel)
    assert tuple(panel.model.rows) != before
    demo.workspace.session.update(layer=2, filter=3)
    assert answer(demo, panel).key == FilterKey(2, 3)


def test_every_kind_can_be_chosen(demo: Person, index_file: Path, index: FolderIndex) -> None:
    assert set(KINDS) == set(gallery.KINDS)
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    key = FilterKey(demo.view.layer, demo.view.filter)
    for kind in ("weakest", "tenths", "class", "random"):
        choose(panel, demo, kind)
        expected = gallery.gallery(index, key, kind, 24).pictures
        assert [row.relative_to(demo.workspace.library.folder.path).as_posix() for row in panel.model.rows] == [
            one.picture for one in expected
        ]
    panel.by.setCurrentIndex(panel.by.findData("area_inside"))
    panel.by.activated.emit(panel.by.currentIndex())
    demo.until(lambda: panel._gallery.answer.by == "area_inside")
    assert panel.model.data_of(panel.model.rows[0], CAPTION)[0].split()[1] == "%"


def test_beside_each_strong_picture_one_of_another_skin_tone_or_light_and_why(demo: Person, index_file: Path) -> None:
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    said: list[str] = []
    demo.workspace.surrounds.changed.connect(lambda: said.append(panel.grid.hint))
    panel.kind.setCurrentIndex(panel.kind.findData("surround"))
    panel.kind.activated.emit(panel.kind.currentIndex())
    demo.until(lambda: panel._gallery.answer is not None and panel._gallery.answer.gallery.kind == "surround")
    assert said
    assert all(hint.startswith("Measuring the surround of each picture") for hint in said)
    strong, other = panel.model.rows[:2]
    reason = panel.model.data_of(other, CAPTION)[1]
    assert reason.endswith("surround")
    assert f"chosen beside {strong.name}: {reason}" in panel.model.about(other)
    choose(panel, demo, "weakest")
    assert not panel.model.data_of(panel.model.rows[1], CAPTION)[1].endswith("surround")


def test_close_up_the_original_is_shown_around_the_peak_with_and_without_green(demo: Person, index_file: Path) -> None:
    demo.workspace.evidence.take(open_index(index_file))
    demo.workspace.session.update(filter=57)
    panel = look_at_pictures(demo)
    answer(demo, panel)
    row = panel.model.rows[0]
    whole = panel.model.data_of(row, BASE).size()
    demo.click(panel.crops)
    demo.until(lambda: panel._gallery.crop(row) is not None)
    answer(demo, panel)
    crop = panel._gallery.crop(row)
    assert panel.model.data_of(row, BASE).size() != whole
    assert (pixels(panel.model.data_of(row, BASE).toImage()) == crop.rgb).all()
    assert panel.model.data_of(row, PEAK) == tuple(crop.cell)
    green = pixels(panel.grid.viewport().grab().toImage())
    demo.click(panel.overlay)
    assert panel.model.data_of(row, OVERLAY) is None
    assert panel.model.data_of(row, PEAK) is None
    assert np.abs(pixels(panel.grid.viewport().grab().toImage()) - green).max() > 60


def test_what_the_network_was_trained_on_is_marked_whether_its_class_is_known_or_not(
    demo: Person, tmp_path: Path
) -> None:
    folder, network = demo.workspace.library.folder, demo.workspace.library.network
    names = tuple(picture.relative_to(folder.path).as_posix() for picture in folder.pictures)
    filters = tuple(layer.filters for layer in network.layers)
    path = write_index(
        tmp_path / "index.h5",
        np.random.default_rng(0).random((sum(filters), len(names))),
        filters=filters,
        names=names,
        given=("",) * len(names),
        identity=network.identity,
        trained_on=np.arange(len(names)) % 2 == 0,
    )
    demo.workspace.evidence.take(open_index(path))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    marks = {
        row.relative_to(folder.path).as_posix(): panel.model.data_of(row, CAPTION)[0].endswith("*")
        for row in panel.model.rows
    }
    assert marks == {name: names.index(name) % 2 == 0 for name in marks}
    assert set(marks.values()) == {True, False}


def test_a_silent_filter_is_said_to_be_silent(demo: Person, index_file: Path, index: FolderIndex) -> None:
    silent = np.flatnonzero(index.filters()["silent"])
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    if not len(silent):
        pytest.skip("no filter of the demo is silent")
    of = index.filters()[silent[0]]
    demo.workspace.session.update(layer=int(of["layer"]), filter=int(of["filter"]))
    demo.until(lambda: "silent" in panel.sentence.text())
    assert panel.model.rowCount() == 0
    assert "is silent" in panel.grid.hint


def test_how_much_of_the_answer_lies_at_the_edge_stands_above_the_pictures(
    demo: Person, index_file: Path, index: FolderIndex
) -> None:
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    for filter in (57, 2):
        demo.workspace.session.update(filter=filter)
        key = answer(demo, panel).key
        share = filter_card(index, key, (28, 28)).ring
        assert f"{percent(share)} of it at the edge" in panel.note.text()
    assert index.answers(key, "area_inside").max() > 0


def test_why_there_are_no_pictures_is_said_on_every_layer(
    demo: Person, index_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object, **options: object) -> object:
        raise UserError("The surrounds cannot be kept: the disk is full.")

    monkeypatch.setattr(picture_table, "picture_table", failing)
    demo.workspace.evidence.take(open_index(index_file))
    panel = look_at_pictures(demo)
    answer(demo, panel)
    choose(panel, demo, "surround")
    demo.until(lambda: "disk is full" in panel.grid.hint)
    demo.workspace.session.update(layer=2, filter=3)
    assert "disk is full" in panel.grid.hint


@pytest.mark.parametrize("size", [(1008, 584), (1264, 744)])
def test_values_and_notes_are_read_in_a_small_window(demo: Person, index_file: Path, size: tuple[int, int]) -> None:
    with open_index(index_file) as index:
        demo.workspace.evidence.take(index)
        panel = look_at_pictures(demo)
        demo.window.resize(*size)
        answer(demo, panel)
        demo.qtbot.wait(50)
        grid = panel.grid
        assert grid.visualRect(panel.model.index(0)).bottom() <= grid.viewport().height(), "what stands below it, too"
        assert panel.note.shown == panel.note.text()
        assert panel.sentence.shown == panel.sentence.text()
        listed = demo.parts.status._list
        assert not listed.shown.endswith("…")
        demo.workspace.evidence.take(None)
