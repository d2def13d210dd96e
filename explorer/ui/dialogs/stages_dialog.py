"""Stages and kernels: what the filter in view reads, its kernels, its map after each step, and a kernel to try."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QPlainTextEdit, QScrollArea, QWidget

from explorer.core.counting import counted
from explorer.state.session import Session
from explorer.state.view.stages import OWN, StagesInView
from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.map_tile import Tile
from explorer.ui.widgets.screen_room import resize_on_screen
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.theme import SPACE
from explorer.ui.widgets.wrapping_row import WrappingRow

if TYPE_CHECKING:
    from explorer.core.stages import FilterStages

MOST_INPUTS = 8
KERNEL_SIDE = 62
"""Pixels of a kernel."""
STEPS = {
    "convolution": "convolution",
    "bias": "+ bias",
    "norm": "after its norm",
    "activation": "after activation",
    "pooling": "after pooling",
}
TYPED = "typed"
MAKES = "and makes of it: white is zero, orange above, blue below, full at the largest size of each"
READS = {"colors": "reads the picture's colors, with this kernel", "grey": "reads the grey picture, with this kernel"}


class StagesDialog(QDialog):
    """A window of its own that follows the filter and the picture in view."""

    def __init__(self, session: Session, stages: StagesInView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Stages and kernels")
        self._session, self._stages = session, stages
        self._title, self._note = label("", "title"), label("", "quiet", wrap=True)
        self.inputs, self.steps, self._place = WrappingRow(), WrappingRow(), QHBoxLayout()
        self.picture: Tile | None = None
        self._reads = label("", "quiet", wrap=True)
        self.kernels = Choice()
        self.kernels.setAccessibleName("Kernel")
        self.typed = QPlainTextEdit()
        self.typed.setAccessibleName("Kernel, a row on each line")
        self.typed.setFixedSize(210, 110)
        self.typed.setTabChangesFocus(True)
        self._trouble = label("", "warning", wrap=True)
        self.tried = QHBoxLayout()
        editor = row(column(self.kernels, self.typed, self._trouble, 1, gap=SPACE), self.tried, 1, gap=2 * SPACE)
        body, reads = QWidget(), row(self._place, self.inputs, gap=SPACE)
        reads.setStretch(1, 1)
        body.setLayout(
            column(
                self._title, self._reads, reads,
                label(MAKES, "quiet", wrap=True), self.steps, self._note,
                label("A kernel over the whole picture: picked, or typed", "quiet"), editor, 1,
                margin=2 * SPACE, gap=SPACE,
            )
        )  # fmt: skip
        area = QScrollArea()
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setLayout(column(area))
        resize_on_screen(self, 1264, 860)
        from explorer.core.stages.kernels import KERNELS

        for name in (*KERNELS, OWN, TYPED):
            self.kernels.addItem(name, name)
        self.kernels.activated.connect(lambda index: self._picked(self.kernels.itemData(index)))
        self.typed.textChanged.connect(self._typed)
        stages.changed.connect(self._show)
        stages.kernel_changed.connect(self._show_tried)
        self._picked(stages.kernel)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._stages.look(True)

    def done(self, result: int) -> None:
        """However it is closed, nothing more is computed for it."""
        self._stages.look(False)
        super().done(result)

    def _picked(self, name: str) -> None:
        from explorer.core.stages.kernels import KERNELS, written

        index = self.kernels.findData(name)
        self.kernels.setCurrentIndex(index if index >= 0 else self.kernels.findData(TYPED))
        if name == TYPED:
            self._typed()
            return
        with QSignalBlocker(self.typed):
            self.typed.setPlainText(written(KERNELS[name]) if name in KERNELS else "" if name == OWN else name)
        self._stages.choose(name)

    def _typed(self) -> None:
        self.kernels.setCurrentIndex(self.kernels.findData(TYPED))
        self._stages.choose(self.typed.toPlainText())

    def _show(self) -> None:
        stages = self._stages.found
        for layout in (self.inputs, self.steps, self._place):
            _clear(layout)
        self.picture = None
        self._note.setText(self._stages.trouble if stages is None else stages.note)
        if stages is None:
            self._title.setText("Stages")
            self._reads.clear()
            return
        picture = self._session.view.picture
        self._title.setText(f"Filter {stages.key}" + (f" on {picture.name}" if picture is not None else ""))
        if self._stages.picture is not None:
            self.picture = Tile("sees, under the mouse", self._stages.picture)
            self._place.addWidget(self.picture)
        self._show_inputs(stages)
        from explorer.core.stages.drawing import signed_picture

        for name, map in stages.maps.items():
            kind, _, again = name.partition(" ")
            title = STEPS[kind] + " again" * bool(again)
            self.steps.addWidget(Tile(title, signed_picture(map), map, moved=partial(self._frame, name)))

    def _frame(self, step: str, place: tuple[float, float] | None) -> None:
        """Draw on the picture what the place under the mouse depends on."""
        if self.picture is not None:
            self.picture.set_frame(self._stages.field(step, place) if place is not None else None)

    def _show_inputs(self, stages: "FilterStages") -> None:
        from explorer.core.stages import INPUT
        from explorer.core.stages.drawing import colored_kernel, signed_picture

        count = len(stages.channels)
        some = f"the {MOST_INPUTS} that its kernels weigh most, " if count > MOST_INPUTS else ""
        self._reads.setText(
            READS.get(stages.read)
            or f"reads {counted(count, 'map')}: {some}each with its kernel and that kernel's norm (the root of the sum "
            "of its squared weights)"
        )
        if stages.read == "colors":
            kernels, _ = stages.own_kernel()
            end = f"grey is 0, full ±{float(abs(kernels).max()):.3g}"
            self.inputs.addWidget(Tile("kernel, in color", colored_kernel(kernels), says=end))
        for number in range(min(count, MOST_INPUTS)):
            channel, input_map, kernel = int(stages.channels[number]), stages.inputs[number], stages.kernels[number]
            names = {"colors": ("red", "green", "blue"), "grey": ("grey",)}.get(stages.read)
            title = names[channel] if names else f"map {channel}"
            pair = QWidget()
            kernel_tile = Tile(f"norm {stages.weights[number]:.3g}", signed_picture(kernel), kernel, KERNEL_SIDE)
            input_tile = Tile(title, signed_picture(input_map), input_map, moved=partial(self._frame, INPUT))
            pair.setLayout(column(input_tile, kernel_tile))
            self.inputs.addWidget(pair)

    def _show_tried(self) -> None:
        self._trouble.setText(self._stages.kernel_trouble)
        if self._stages.answer is None or self._stages.kernel_trouble:
            return
        _clear(self.tried)
        picture, made = self._stages.answer
        self.tried.addWidget(Tile("the picture", picture, side=260))
        self.tried.addWidget(Tile("what the kernel makes of it", made, side=260, says=self._stages.kernel_words))


def _clear(layout: QLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.setParent(None)
            widget.deleteLater()
