"""Qt models over the state: pictures, and one filter over the pictures."""

from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap

from explorer.state.opened.library import Folder, Library
from explorer.state.opened.network_session import OverPicture
from explorer.state.pictures.search import PictureSearch
from explorer.state.session import Session, View
from explorer.state.view.map_drawing import draw, fit
from explorer.state.view.pipeline import Pipeline
from explorer.ui.widgets.paint_budget import PaintBudget
from explorer.ui.widgets.pixmaps import pixmap_of
from explorer.ui.widgets.viewed_list import ListModel

CELL = 96
"""Resolution at which overlays of cells are drawn, in pixels."""

BASE = Qt.ItemDataRole.UserRole + 1
"""QPixmap: what the network sees of the picture; None while it is not there."""
OVERLAY = Qt.ItemDataRole.UserRole + 2
"""QPixmap: the overlay in the same proportions; None while it is not there."""
NAME = Qt.ItemDataRole.UserRole + 3
"""Text of the badge in the upper corner."""
MARKS = Qt.ItemDataRole.UserRole + 4
"""Letters of the tags, shown in the lower corner."""
COLORS = Qt.ItemDataRole.UserRole + 8
"""The color (#rrggbb, or "" for none of its own) of each of `MARKS`."""
HINTS = Qt.ItemDataRole.UserRole + 5
"""Signs of what the index says of a filter, in the other upper corner."""
SELECTED = Qt.ItemDataRole.UserRole + 6
"""Whether it is selected beside what is looked at."""
MUTED = Qt.ItemDataRole.UserRole + 7
"""Whether the filter is muted."""
TRAINED_ON = "*"
"""What stands beside the class of a picture that the network was trained or chosen on, known or not."""
CLASS, PREDICTION, PROBLEM = (Qt.ItemDataRole.UserRole + offset for offset in range(10, 13))


def placed(pictures: Sequence[Path], folder: Folder | None) -> tuple[Sequence[Path], Mapping[Path, int] | None]:
    """Pictures of the folder, with their places where they are all of it: finding 20,000 anew takes a while."""
    whole = folder is not None and len(pictures) == len(folder.pictures)
    return pictures, folder.positions if folder is not None and whole else None


class OverPicturesModel(ListModel):
    """The filter in view on the pictures of the folder; only what is looked at is computed."""

    def __init__(self, session: Session, pipeline: Pipeline, library: Library) -> None:
        super().__init__()
        self._session, self._pipeline, self._library = session, pipeline, library
        self._overlays: dict[Path, QPixmap] = {}
        self._budget = PaintBudget(self.repaint_rows, self)
        library.network_opened.connect(lambda network: self._redraw())
        pipeline.maps_changed.connect(self._maps_changed)
        pipeline.scale_changed.connect(self._redraw)
        library.over.arrived.connect(self._arrived)
        session.changed.connect(self._view_changed)

    def about(self, row: Path) -> str:
        return self._library.bad.get(row, row.name)

    def data_of(self, row: Path, role: int) -> Any:
        if role == NAME:
            return row.stem
        if role not in (BASE, OVERLAY):
            return None
        over: OverPicture | None = self._library.over.get(row)
        if over is None:
            return None
        if role == BASE:
            return pixmap_of(over.crop)
        return self._overlays.get(row) or self._budget.take(row, lambda: self._draw(row, over))

    def show_pictures(self, pictures: Sequence[Path]) -> None:
        """Show the filter on these pictures: those that the list of pictures shows."""
        self._overlays.clear()
        self.set_rows(*placed(pictures, self._library.folder))

    def _draw(self, picture: Path, over: OverPicture) -> QPixmap | None:
        view = self._session.view
        if view.filter < len(over.maps):
            maps = over.maps.astype("float32")
            scale = self._pipeline.scale_over_pictures(maps, view.layer, view.filter)
            size = fit(over.crop.shape[:2], 2 * CELL)
            self._overlays[picture] = pixmap_of(draw(maps[view.filter], scale, view.style, size))
        return self._overlays.get(picture)

    def _arrived(self, pictures: list[Path]) -> None:
        for picture in pictures:
            self._overlays.pop(picture, None)  # it may be of a file that is another now
        self.repaint_rows(pictures)

    def _view_changed(self, before: View, after: View) -> None:
        if (after.layer, after.filter, after.style) != (before.layer, before.filter, before.style):
            self._redraw()

    def _maps_changed(self) -> None:
        if (
            self._pipeline.kind_of_scale(self._session.view.layer) == "seen"
        ):  # every picture that is looked at moves that scale
            self._redraw()

    def _redraw(self) -> None:
        self._overlays.clear()
        self.repaint_all()


class PictureModel(ListModel):
    """The pictures of the folder that match a search, with thumbnail, class and prediction."""

    def __init__(self, library: Library, search: PictureSearch) -> None:
        super().__init__()
        self._library, self._finder = library, search
        self._pixmaps: dict[Path, QPixmap] = {}
        self._search = ""
        self.problem = ""
        """Why a part of the search could not be answered."""
        search.changed.connect(lambda: self.search(self._search) if self._search else self.repaint_all())
        search.starred.changed.connect(lambda picture: self.repaint_rows([picture]))
        self._only: Sequence[Path] | None = None
        library.folder_opened.connect(lambda folder: self.search(self._search))
        library.network_opened.connect(lambda network: self.repaint_all())
        library.thumbnails.arrived.connect(self._thumbnails_arrived)
        library.predictions.arrived.connect(self.repaint_rows)
        library.unreadable.connect(lambda picture, reason: self.repaint_rows([picture]))

    def search(self, text: str) -> None:
        """Show the pictures that `PictureSearch` finds."""
        self._search = text.strip()
        folder = self._library.folder
        if folder is None:
            return
        result = self._finder.find(self._search)
        self.problem = result.problem
        self._pixmaps.clear()
        matching = tuple(compress(folder.pictures, result.matching))
        if self._only is not None:
            matches = set(matching)
            matching = tuple(picture for picture in self._only if picture in matches)
        self.set_rows(*placed(matching, folder if self._only is None else None))

    def show_only(self, pictures: Sequence[Path] | None) -> None:
        """Show these alone, in their order, as far as they match the search; None: all of the folder."""
        self._only = pictures
        self.search(self._search)

    def about(self, row: Path) -> str:
        trained = f"\n{TRAINED_ON} the network was trained or chosen on it" if self._finder.trained_on(row) else ""
        return self._library.bad.get(row) or f"{row.name}\n{row.parent}{trained}"

    def data_of(self, row: Path, role: int) -> Any:
        bad = self._library.bad.get(row)
        if role == PROBLEM:
            return bad
        if role == Qt.ItemDataRole.DisplayRole:
            return f"★ {row.stem}" if row in self._finder.starred else row.stem
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(row)
        if role == CLASS:
            folder = self._library.folder
            given = folder.labels.of(row) if folder is not None and folder.labels is not None else ""
            return f"{given} {TRAINED_ON}".strip() if self._finder.trained_on(row) else given
        if role == PREDICTION and bad is None:
            network, scores = self._library.network, self._library.predictions.get(row)
            if network is None or scores is None or not len(scores):
                return ""
            best = int(scores.argmax())
            return f"{network.classes[best]} {scores[best]:.2f}"
        return None

    def _thumbnail(self, picture: Path) -> QPixmap | None:
        pixmap = self._pixmaps.get(picture)
        if pixmap is None:
            thumbnail = self._library.thumbnails.get(picture)
            if thumbnail is None or isinstance(thumbnail, str):
                return None
            while len(self._pixmaps) > 200:
                del self._pixmaps[next(iter(self._pixmaps))]
            pixmap = self._pixmaps[picture] = pixmap_of(thumbnail)
        return pixmap

    def _thumbnails_arrived(self, pictures: list[Path]) -> None:
        for picture in pictures:
            self._pixmaps.pop(picture, None)
            thumbnail = self._library.thumbnails.peek(picture)
            if isinstance(thumbnail, str):
                self._library.note_bad(picture, thumbnail)
        self.repaint_rows(pictures)
