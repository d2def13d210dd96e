"""The tab of occlusion: what is measured and with what patch, and what moved under the patch on the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from explorer.state.library import Library
from explorer.state.occluding import Occluding
from explorer.state.occlusion_settings import CLASS, FILLS, FILTER, PREDICTED, SIZES, STRIDES
from explorer.state.session import Session
from explorer.ui.widgets.plain_text import PlainButton, PlainTool, tip
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.viewed_list import AnyIndex, ListModel, ViewedList
from explorer.ui.widgets.widgets import column, label, paint_row, row

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

LOWERED, RAISED = QColor(224, 120, 20), QColor(60, 130, 214)
"""The colors of the occlusion map: what covering lowers, what it raises."""

MEASURES = {
    "probability": "its probability",
    "logit": "its logit",
    "peak": "its highest value",
    "mean": "its mean",
}
MOST_CLASSES, MOST = 12, 64


@dataclass(frozen=True)
class Moved:
    """A class or a filter (`filter` its number, -1 for a class) before and with the patch; `full` fills the bar."""

    name: str
    before: float
    after: float
    full: float
    filter: int = -1


class MovedModel(ListModel):
    """What the patch moved, most first."""

    def about(self, row: Moved) -> str:
        return f"{row.name}: {row.before:.3g} without the patch, {row.after:.3g} with it"

    def data_of(self, row: Moved, role: int) -> Any:
        return row if role == Qt.ItemDataRole.UserRole else None

    def row_of_filter(self, filter: int) -> int:
        """The place of a filter; -1 where it is not among what moved."""
        return next((place for place, moved in enumerate(self.rows) if moved.filter == filter), -1)


class MovedDelegate(QStyledItemDelegate):
    """Paints a name, a bar from the middle (to the left what fell, to the right what rose), and both numbers."""

    NAME, NUMBERS = 84, 140

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        moved: Moved = index.data(Qt.ItemDataRole.UserRole)
        paint_row(painter, option)
        area, middle = option.rect.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter
        painter.setPen(option.palette.text().color())
        name = option.fontMetrics.elidedText(moved.name, Qt.TextElideMode.ElideRight, self.NAME)
        painter.drawText(QRect(area.left(), area.top(), self.NAME, area.height()), middle, name)
        numbers = f"{moved.before:.3g} → {moved.after:.3g}"
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, numbers)
        room = QRect(area.left() + self.NAME, area.center().y() - 3, area.width() - self.NAME - self.NUMBERS, 7)
        center = room.center().x()
        painter.fillRect(QRect(center, room.top() - 2, 1, room.height() + 4), option.palette.mid())
        change = moved.after - moved.before
        length = round(room.width() / 2 * min(1.0, abs(change) / moved.full)) if moved.full > 0 else 0
        if length:
            left = center - length if change < 0 else center + 1
            painter.fillRect(QRect(left, room.top(), length, room.height()), LOWERED if change < 0 else RAISED)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(260, option.fontMetrics.height() + 6)


class MovedList(ViewedList):
    """A list of what moved; the filter in view is marked."""

    def __init__(self, session: Session, name: str) -> None:
        model = MovedModel()
        super().__init__(session, model, lambda: model.row_of_filter(session.view.filter), name)
        self.model_ = model
        model.setParent(self)
        self.setItemDelegate(MovedDelegate(self))
        self.setAutoScroll(False)  # what moved most is to be seen, wherever the filter in view stands
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_moved(self, rows: Iterable[Moved], *, in_order: bool = False) -> None:
        """Show at most `MOST` of these rows, the one that moved most first, or in the order given."""
        listed = list(rows) if in_order else sorted(rows, key=lambda moved: -abs(moved.after - moved.before))
        self.model_.set_rows(listed[:MOST])


class OcclusionPanel(QWidget):
    """Choices at the left, what moved at the right; `filter_picked(filter)` from the list, `dragging(on)`."""

    filter_picked = Signal(int)
    dragging = Signal(bool)

    def __init__(self, session: Session, library: Library, occluding: Occluding) -> None:
        super().__init__()
        self._session, self._library, self._occluding = session, library, occluding
        self._target = self._combo("What is measured", [], lambda value: occluding.update(target=value))
        self._measure = self._combo("How it is measured", [], self._measure_chosen)
        self._size = self._combo("Side of the patch", sides(SIZES), lambda value: occluding.update(size=value))
        self._stride = self._combo("Step of the patch", sides(STRIDES), lambda value: occluding.update(stride=value))
        fills = [(title, key) for key, title in FILLS.items()]
        self._fill = self._combo("What covers", fills, lambda value: occluding.update(fill=value))
        self.drag = PlainTool("Drag the patch", checkable=True)
        tip(self.drag, "the patch follows the mouse over the picture (Y)")
        self.drag.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.drag.toggled.connect(self.dragging)
        self._said = label("", wrap=True)
        self._again = PlainButton("Try again")
        self._again.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._again.clicked.connect(occluding.try_again)
        self._hint = label("", "quiet", wrap=True)
        self._classes, self._filters = (MovedList(session, f"{what} that moved") for what in ("Classes", "Filters"))
        self._filters.picked.connect(lambda row: self.filter_picked.emit(self._filters.model_.rows[row].filter))
        self._title = label("", "quiet")
        self._empty = label(
            "Click the picture, or drag the patch over it: what it moves is listed here.", "quiet", wrap=True
        )
        moved = column(self._empty, self._classes, self._title, self._filters, gap=4)
        line = row(self._choices(), moved, gap=3 * SPACE)
        line.setStretch(1, 1)
        self.setLayout(line)
        library.network_opened.connect(self._offer_classes)
        occluding.changed.connect(self._show)
        occluding.patch_changed.connect(self._show_moved)
        session.changed.connect(lambda before, after: self._show_moved() if after.layer != before.layer else None)
        self._offer_classes(library.network)

    def _choices(self) -> QWidget:
        form = QGridLayout()
        form.setSpacing(SPACE // 2)
        form.setContentsMargins(0, 0, 0, 0)
        for line, (title, *boxes) in enumerate(
            (
                ("Effect on", self._target, self._measure),
                ("Patch of", self._size, self._fill),
                ("in steps of", self._stride, self.drag),
            )
        ):
            form.addWidget(label(title, "quiet"), line, 0)
            for place_, box in enumerate(boxes, 1):
                form.addWidget(box, line, place_)
        place = QWidget()
        place.setLayout(column(form, self._said, row(self._again, 1), self._hint, 1, gap=SPACE))
        place.setFixedWidth(390)
        return place

    def _combo(self, name: str, entries: list[tuple[str, Any]], chosen: Any) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        tip(box, name)
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setMinimumContentsLength(12)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for title, value in entries:
            box.addItem(title, value)
        box.activated.connect(lambda index: chosen(box.itemData(index)))
        return box

    def _measure_chosen(self, value: str) -> None:
        self._occluding.update(**{"reading" if self._occluding.settings.target == FILTER else "score": value})

    def _offer_classes(self, network: "Network | None") -> None:
        with QSignalBlocker(self._target):
            self._target.clear()
            self._target.addItem("the predicted class", PREDICTED)
            self._target.addItem("the chosen filter", FILTER)
            for name in network.classes if network is not None else ():
                self._target.addItem(f"class {name}", CLASS + name)
        if self._target.findData(self._occluding.settings.target) < 0:
            self._occluding.update(target=PREDICTED)
        self._show()

    def _show(self) -> None:
        settings = self._occluding.settings
        measures = ("peak", "mean") if settings.target == FILTER else ("probability", "logit")
        if self._measure.itemData(0) != measures[0]:
            self._measure.clear()
            for key in measures:
                self._measure.addItem(MEASURES[key], key)
        value = settings.reading if settings.target == FILTER else settings.score
        for box, chosen in (
            (self._target, settings.target),
            (self._measure, value),
            (self._size, settings.size),
            (self._stride, settings.stride),
            (self._fill, settings.fill),
        ):
            box.setCurrentIndex(box.findData(chosen))
        self._said.setText(self._sentence())
        self._again.setVisible(bool(self._occluding.trouble))
        tip(self._said, self._occluding.found.method if self._occluding.found is not None else "")
        self._show_moved()

    def _sentence(self) -> str:
        found, trouble = self._occluding.found, self._occluding.trouble
        if self._occluding.missing:
            return self._occluding.missing
        name = spoken(self._occluding.target)
        if found is None or found.map is None:
            return trouble or f"Measuring {name} …"
        # Of single patches: the map is milder, because it is their mean over each pixel.
        falls, rises = max(0.0, float(found.drops.max())), max(0.0, -float(found.drops.min()))
        more = f" {trouble or 'Refining …'}" if self._occluding.rough else ""
        return (
            f"{name[0].upper()}{name[1:]} is {float(found.unoccluded):.3g} on the whole picture. "
            f"One patch lowers it by up to {falls:.2g}, or raises it by up to {rises:.2g}.{more}"
        )

    def _show_lists(self, shown: bool) -> None:
        self._empty.setVisible(not shown)
        for part in (self._classes, self._title, self._filters):
            part.setVisible(shown)

    def _show_moved(self) -> None:
        patch, network = self._occluding.patch, self._library.network
        layer = self._session.view.layer
        self._title.setText(f"Filters of layer {layer}, what moved most first")
        how = (
            "Orange: covering lowers it; blue: covering raises it. Move over the picture for values, click it to cover."
        )
        back = "Click the picture again to take the patch away. Click a filter to look at it."
        self._hint.setText(back if patch is not None else self._occluding.patch_trouble or how)
        if patch is None or network is None:
            self._show_lists(False)
            return
        self._show_lists(True)
        pairs = zip(network.classes, patch.before.probabilities, patch.covered.probabilities, strict=False)
        classes = sorted(pairs, key=lambda pair: -pair[1])[:MOST_CLASSES]  # as at the top of the window
        moved = [Moved(name, float(before), float(after), 1.0) for name, before, after in classes]
        self._classes.show_moved(moved, in_order=True)
        self._classes.setFixedHeight(min(5, len(classes)) * self._classes.sizeHintForRow(0) + 4)
        answers = patch.covered.answers.get(layer)
        if answers is None:
            self._filters.show_moved([])
            return
        before = patch.before.answers[layer]
        full = float(abs(answers - before).max())
        self._filters.show_moved(
            Moved(f"{layer}:{place}", float(old), float(new), full, place)
            for place, (old, new) in enumerate(zip(before, answers, strict=True))
        )


def sides(values: Iterable[int]) -> list[tuple[str, int]]:
    """Sizes in pixels as entries of a choice."""
    return [(f"{value} px", value) for value in values]


def spoken(target: str) -> str:
    """A target of `occlude` in words."""
    kind, _, rest = target.partition(":")
    if kind != "filter":
        return f"the {'logit' if kind == 'class' else kind} of {rest}"
    layer, filter, reading = rest.split(":")
    return f"the {'highest value' if reading == 'peak' else 'mean'} of filter {layer}:{filter}"
