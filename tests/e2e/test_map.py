"""Story: a person looks for what is alike on the map, and at the pictures that lie there."""

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from explorer.core.index import kept_map, open_index
from explorer.core.index.embedding_map import drawn
from explorer.core.tags.book import FilterKey
from explorer.state.index.point_maps import PEAK, PREDICTION, TAG
from explorer.ui.panels.map_panel import MapPanel
from tests.core.index.synthetic_index import write_index
from tests.e2e.conftest import Person


@pytest.fixture
def map_panel(demo: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MapPanel:
    """The map of an index of the open folder, whose points lie on a circle in the order of the pictures."""

    def circle(vectors: np.ndarray, *more: object) -> np.ndarray:
        turn = np.linspace(0, 2 * np.pi, len(vectors), endpoint=False)
        return np.column_stack([np.cos(turn), np.sin(turn)]).astype(np.float32)

    monkeypatch.setattr(kept_map, "_apart", circle)
    folder, network = demo.workspace.library.folder, demo.workspace.library.network
    names = tuple(path.relative_to(folder.path).as_posix() for path in folder.pictures)
    filters = tuple(layer.filters for layer in network.layers)
    peaks = np.random.default_rng(0).uniform(size=(sum(filters), len(names)))
    path = write_index(tmp_path / "i.h5", peaks, filters=filters, names=names, classes=("other", "melanoma"))
    tabs = demo.parts.center.browser.tabs
    tabs.setCurrentIndex(next(place for place in range(tabs.count()) if tabs.tabText(place) == "Map"))
    panel = tabs.currentWidget().content
    assert "index of this folder is not there yet" in panel._nothing.text()
    demo.workspace.evidence.take(open_index(path))
    demo.until(lambda: demo.workspace.point_maps.found is not None)
    assert len(drawn(len(names))) == len(names)
    return panel


def ring(panel: MapPanel) -> tuple[float, float]:
    x, y = panel._ring.getData()
    return round(float(x[0]), 4), round(float(y[0]), 4)


def at(panel: MapPanel, row: int) -> tuple[float, float]:
    return tuple(round(float(value), 4) for value in panel._maps.found.places[row])


def pixel(panel: MapPanel, x: float, y: float) -> QPoint:
    return panel.plot.mapFromScene(panel.view.mapViewToScene(QPointF(x, y)))


def drag(area: QWidget, places: list[QPoint]) -> None:
    """Press at the first place, go to every other one, and let go at the last."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for number, place in enumerate([places[0], *places, places[-1]]):
        kind, button, held = QEvent.Type.MouseMove, none, left
        if number == 0:
            kind, button = QEvent.Type.MouseButtonPress, left
        elif number == len(places) + 1:
            kind, button, held = QEvent.Type.MouseButtonRelease, left, none
        where = QPointF(place)
        event = QMouseEvent(kind, where, QPointF(area.mapToGlobal(place)), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(area, event)
        time.sleep(0.02)  # what moves faster is left out


def test_a_click_looks_at_a_picture_and_the_ring_follows(demo: Person, map_panel: MapPanel) -> None:
    pictures = demo.workspace.library.folder.pictures
    assert ring(map_panel) == at(map_panel, pictures.index(demo.view.picture))
    demo.qtbot.wait(50)
    demo.click(map_panel.plot.viewport(), map_panel.place_of(3).toPoint())
    assert demo.view.picture == pictures[3]
    assert ring(map_panel) == at(map_panel, 3)
    demo.parts.center.take_keyboard()
    demo.press("Down")
    assert ring(map_panel) == at(map_panel, 4)


def test_a_line_around_points_lists_their_pictures(demo: Person, map_panel: MapPanel) -> None:
    pictures = demo.workspace.library.folder.pictures
    wanted = [path for path, (x, y) in zip(pictures, map_panel._maps.found.places, strict=True) if x > 0.1]
    corners = [(0.1, -1.1), (1.1, -1.1), (1.1, 1.1), (0.1, 1.1)]
    area = map_panel.plot.viewport()
    demo.qtbot.wait(50)
    drag(area, [pixel(map_panel, *corner) for corner in corners])
    demo.until(lambda: demo.workspace.chosen.pictures is not None)
    assert list(demo.parts.pictures.model.rows) == wanted
    demo.click(demo.parts.pictures._all)
    assert list(demo.parts.pictures.model.rows) == list(pictures)


def test_the_map_is_walked_and_listed_by_keys_alone(demo: Person, map_panel: MapPanel) -> None:
    pictures, maps = demo.workspace.library.folder.pictures, demo.workspace.point_maps
    demo.workspace.session.update(picture=pictures[0])  # at the right end of the circle
    filter_in_view = demo.view.filter
    map_panel.plot.setFocus()
    demo.until(lambda: QApplication.focusWidget() is map_panel.plot)
    demo.press("Up")
    assert demo.view.picture == pictures[1]
    demo.press("Down")
    demo.press("Down")
    assert demo.view.picture == pictures[-1]
    assert demo.view.filter == filter_in_view
    demo.press("Left")
    assert demo.view.picture != pictures[-1]
    assert ring(map_panel) == at(map_panel, pictures.index(demo.view.picture))
    map_panel.around.setFocus()
    demo.press("Space")
    listed = list(demo.parts.pictures.model.rows)
    assert listed[0] == demo.view.picture
    assert len(listed) == 12 < len(pictures)
    assert [path.name for path in listed] == [Path(name).name for name in maps.names_nearest(12)]


def test_points_have_the_colors_of_what_was_chosen(demo: Person, map_panel: MapPanel) -> None:
    maps = demo.workspace.point_maps
    assert maps.colors().names == ("melanoma", "other")
    for how in (PREDICTION, PEAK):
        maps.choose("pictures", how)
        demo.until(lambda: maps.colors() is not None)
    peaks = maps.colors().of
    demo.workspace.session.update(filter=5)
    demo.until(lambda: maps.colors().of is not peaks)
    index = demo.workspace.evidence.index
    answers = index.answers(FilterKey(7, 5), "inside")
    np.testing.assert_allclose(maps.colors().of, answers / answers.max(), rtol=1e-6)
    assert len({point.brush().color().name() for point in map_panel._points.points()}) > 1


def test_filters_have_a_map_of_their_own_colored_by_tag(demo: Person, map_panel: MapPanel) -> None:
    maps = demo.workspace.point_maps
    map_panel.kinds.setCurrentIndex(1)
    map_panel.kinds.activated.emit(1)
    demo.until(lambda: maps.found is not None)
    assert maps.coloring["filters"] == TAG
    row = demo.workspace.evidence.index.row(FilterKey(5, 2))
    maps.pick(row)
    assert (demo.view.layer, demo.view.filter) == (5, 2)
    assert ring(map_panel) == at(map_panel, row)
    demo.workspace.tagging.toggle(FilterKey(5, 2), "hair")
    assert maps.colors().names == ("hair",)
    assert np.flatnonzero(maps.colors().of >= 0).tolist() == [row]
    assert "hair" in maps.about(row)
    assert maps.names_inside([(-2, -2), (2, -2), (2, 2)]) == ()


def test_the_sample_is_laid_out_at_once_and_all_pictures_when_they_are_measured(
    demo: Person, map_panel: MapPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    circle = kept_map._apart

    def counted(vectors: np.ndarray, *more: object) -> np.ndarray:
        made.append(len(vectors))
        return circle(vectors, *more)

    monkeypatch.setattr(kept_map, "_apart", counted)
    folder, evidence, maps = demo.workspace.library.folder, demo.workspace.evidence, demo.workspace.point_maps
    names = [path.relative_to(folder.path).as_posix() for path in folder.pictures]
    places = np.random.default_rng(5).normal(size=(len(names), 4))
    evidence.take(None)
    assert maps.found is None

    def measured(rows: list[int]) -> Path:
        return write_index(
            tmp_path / f"{len(rows)}.h5",
            np.ones((2, len(rows))),
            names=tuple(names[row] for row in rows),
            digests=tuple(f"{row:064x}" for row in rows),
            embedding=places[rows],
            asked=len(names),
        )

    evidence.take(open_index(measured([5, 3, 8])))
    demo.until(lambda: maps.found is not None)
    assert f"Laid out of 3 of {len(names)} pictures" in map_panel._said.text()
    there = dict(zip(evidence.index.pictures, maps.found.places.tolist(), strict=True))
    evidence.take(open_index(measured([0, 1, 5, 3, 8, 9])))
    now = dict(zip(evidence.index.pictures, maps.found.places.tolist(), strict=True))
    assert {name: now[name] for name in there} == there
    assert np.isnan([now[names[row]] for row in (0, 1, 9)]).all()
    assert f"Laid out of 3 of {len(names)} pictures" in map_panel._said.text()
    assert made == [3]
    evidence.take(open_index(measured(list(range(len(names))))))
    assert "all are being laid out" in map_panel._said.text()
    demo.until(lambda: bool(np.isfinite(maps.found.places).all()))
    assert made == [3, len(names)]
    assert map_panel._said.text() == ""


def test_the_map_follows_the_theme(map_panel: MapPanel) -> None:
    before = map_panel.plot.backgroundBrush().color()
    palette = map_panel.palette()
    for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        palette.setColor(role, QColor("#123456"))
    map_panel.setPalette(palette)
    assert map_panel.plot.backgroundBrush().color() == QColor("#123456") != before
