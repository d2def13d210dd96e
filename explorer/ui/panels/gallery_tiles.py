"""Pictures of the folder that show what a filter answers to, each with its value and what is known of it."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyleOptionViewItem

from explorer.state.index.gallery import FilterGallery
from explorer.state.opened.library import Library
from explorer.state.opened.network_session import OverPicture
from explorer.state.session import Session, View
from explorer.state.view.map_drawing import draw, fit
from explorer.ui.widgets.lists import BASE, CELL, OVERLAY, TRAINED_ON
from explorer.ui.widgets.overlay_grid import GAP, CellDelegate
from explorer.ui.widgets.paint_budget import PaintBudget
from explorer.ui.widgets.pixmaps import inscribed, pixmap_of
from explorer.ui.widgets.viewed_list import AnyIndex, ListModel
from trainer.measures.percent import percent

CAPTION, PEAK = Qt.ItemDataRole.UserRole + 20, Qt.ItemDataRole.UserRole + 21
"""Two lines under a tile; where in it the peak's cell of the map lies, in shares (top, left, height, width)."""


class GalleryModel(ListModel):
    """The pictures that were chosen, whole with the filter's overlay, or cut out around its peak."""

    def __init__(self, session: Session, library: Library, gallery: FilterGallery) -> None:
        super().__init__()
        self._session, self._library, self._gallery = session, library, gallery
        self.crops, self.overlay = False, True
        self._bases: dict[Path, QPixmap] = {}
        self._overlays: dict[Path, QPixmap] = {}
        self._budget = PaintBudget(self.repaint_rows, self)
        gallery.changed.connect(self.refresh)
        gallery.crops_arrived.connect(self._arrived)
        library.over.arrived.connect(self._arrived)
        session.changed.connect(self._view_changed)

    def show_as(self, *, crops: bool, overlay: bool) -> None:
        """Show crops or whole pictures, with or without the overlay."""
        self.crops, self.overlay = crops, overlay
        self.refresh()

    def refresh(self) -> None:
        """Take the pictures that were chosen and draw them anew."""
        self._bases.clear()
        self._overlays.clear()
        answer = self._gallery.answer
        self.set_rows(tuple(answer.tiles) if answer is not None else ())

    def about(self, row: Path) -> str:
        tile = self._tile(row)
        if tile is None:
            return row.name
        given = f"given: {tile.given}" if tile.given else "class not known"
        trained = "the network was trained or chosen on it" if tile.trained_on else ""
        why = f": {tile.reason}" if tile.reason else ""
        beside = f"chosen beside {tile.beside}{why}" if tile.beside else ""
        prediction = f"{tile.predicted} {tile.probability:.2f}" if tile.predicted else ""
        lines = (tile.picture, f"answer {tile.value:.4g}", given, prediction, trained, beside)
        return "\n".join(line for line in lines if line)

    def data_of(self, row: Path, role: int) -> Any:
        if role == CAPTION:
            return self._caption(row)
        if role == BASE:
            return self._bases.get(row) or self._base(row)
        if role == OVERLAY:
            return self._overlays.get(row) or (
                self._budget.take(row, lambda: self._draw(row)) if self.overlay else None
            )
        return self._peak(row) if role == PEAK else None

    def _tile(self, row: Path) -> Any:
        answer = self._gallery.answer
        return None if answer is None else answer.tiles.get(row)

    def _caption(self, row: Path) -> tuple[str, str]:
        tile, answer = self._tile(row), self._gallery.answer
        if tile is None or answer is None:
            return "", ""
        value = percent(tile.value, 1) if answer.by == "area_inside" else f"{tile.value:.3g}"
        given = f"{tile.given} {TRAINED_ON}".strip() if tile.trained_on else tile.given
        prediction = f"{tile.predicted} {tile.probability:.2f}" if tile.predicted else ""
        return f"{value}  {given}", tile.reason or prediction

    def _over(self, row: Path) -> OverPicture | None:
        over: OverPicture | None = self._library.over.get(row)
        answer, view = self._gallery.answer, self._session.view
        return over if answer is not None and answer.key.layer == view.layer else None

    def _base(self, row: Path) -> QPixmap | None:
        if self.crops:
            crop = self._gallery.crop(row)
            rgb = None if crop is None else crop.rgb
        else:
            over = self._over(row)
            rgb = None if over is None else over.crop
        if rgb is not None:
            self._bases[row] = pixmap_of(rgb)
        return self._bases.get(row)

    def _draw(self, row: Path) -> QPixmap | None:
        over, answer, style = self._over(row), self._gallery.answer, self._session.view.style
        if over is None or answer is None or answer.key.filter >= len(over.maps) or style.raw:
            return None
        map = over.maps[answer.key.filter].astype("float32")
        size = fit(over.crop.shape[:2], 2 * CELL)
        if not self.crops:
            self._overlays[row] = pixmap_of(draw(map, answer.scale, style, size))
            return self._overlays[row]
        crop = self._gallery.crop(row)
        if crop is None:
            return None
        part = crop.part
        size = fit(over.crop.shape[:2], min(1024, round(2 * CELL / max(part.height, part.width, 0.01))))
        drawn = draw(map, answer.scale, style, size)
        top, left = (int(share * side) for share, side in zip(part[:2], size, strict=True))
        tall, wide = (max(1, round(share * side)) for share, side in zip(part[2:], size, strict=True))
        self._overlays[row] = pixmap_of(drawn[top : top + tall, left : left + wide])
        return self._overlays[row]

    def _peak(self, row: Path) -> tuple[float, ...] | None:
        """Where the peak lies in what is shown; an overlay that is off is to hide nothing."""
        tile, answer, network = self._tile(row), self._gallery.answer, self._library.network
        if tile is None or answer is None or network is None or not self.overlay:
            return None
        if self.crops:
            crop = self._gallery.crop(row)
            return None if crop is None else tuple(crop.cell)
        layer = network.layers[answer.key.layer]
        return tile.place[0] / layer.height, tile.place[1] / layer.width, 1 / layer.height, 1 / layer.width

    def _arrived(self, pictures: list[Path]) -> None:
        for picture in pictures:
            self._bases.pop(picture, None)
            self._overlays.pop(picture, None)
        self.repaint_rows(pictures)

    def _view_changed(self, before: View, after: View) -> None:
        if after.style != before.style:
            self._overlays.clear()
            self.repaint_all()


class TileDelegate(CellDelegate):
    """A cell with the map's cell of the peak drawn in, and two lines under it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(self.across + GAP, self.cell + GAP + 2 * option.fontMetrics.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        whole, below = QRect(option.rect), 2 * option.fontMetrics.height()
        option.rect = whole.adjusted(0, 0, 0, -below)
        super().paint(painter, option, index)
        base, peak = index.data(BASE), index.data(PEAK)
        if isinstance(base, QPixmap) and peak is not None:
            area = QRect(0, 0, self.cell, self.cell)
            area.moveCenter(option.rect.center())
            self._frame(painter, inscribed(base.size(), area), peak)
        painter.save()
        line, middle = (
            QRect(whole.left(), whole.bottom() - below, whole.width(), below // 2),
            Qt.AlignmentFlag.AlignCenter,
        )
        for text, pen in zip(
            index.data(CAPTION), (option.palette.text(), option.palette.placeholderText()), strict=True
        ):
            painter.setPen(pen.color())
            elided = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, middle, elided)
            line.translate(0, below // 2)
        painter.restore()

    @staticmethod
    def _frame(painter: QPainter, target: QRect, peak: tuple[float, ...]) -> None:
        """White beside black, so that it is seen on dark and on pale pictures alike."""
        top, left, height, width = peak
        cell = QRect(
            target.left() + round(left * target.width()),
            target.top() + round(top * target.height()),
            max(3, round(width * target.width())),
            max(3, round(height * target.height())),
        ).intersected(target)
        painter.save()
        painter.setPen(QPen(Qt.GlobalColor.black, 1))
        painter.drawRect(cell.adjusted(-1, -1, 0, 0))
        painter.setPen(QPen(Qt.GlobalColor.white, 1))
        painter.drawRect(cell.adjusted(0, 0, -1, -1))
        painter.restore()
