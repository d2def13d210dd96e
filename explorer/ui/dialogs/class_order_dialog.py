"""Which output of the network is which class: names are there, their order is to be confirmed."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFormLayout, QWidget

from explorer.state.opened.network_session import Request
from explorer.ui.widgets.labels_and_layouts import column, label, row, scrolled
from explorer.ui.widgets.steady import Choice
from explorer.ui.widgets.tall_enough import TallEnough
from explorer.ui.widgets.theme import SPACE

TEXT = (
    "The network does not name its classes, and the pictures' table has as many. Say which output is which: the order "
    "is that of the training, mostly by the alphabet. In a wrong order every prediction has a wrong name."
)


class ClassOrderDialog(TallEnough):
    """One row an output; a class that is chosen for one trades places with the class that was there."""

    def __init__(self, names: tuple[str, ...], outputs: tuple[str, ...], parent: QWidget | None = None) -> None:
        """`names` in the order that is proposed; `outputs` is what the rows are called."""
        super().__init__(parent)
        self.setWindowTitle("Which output is which class?")
        self.setMinimumWidth(460)
        self._names = list(names)
        self._boxes: list[QComboBox] = []
        form = QFormLayout()
        form.setSpacing(SPACE)
        for output_index, title in enumerate(outputs):
            box = Choice()
            box.addItems(list(names))
            box.setAccessibleName(f"Class of {title}")
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.activated.connect(lambda index, output_index=output_index: self._trade(output_index, names[index]))
            self._boxes.append(box)
            form.addRow(label(title), box)
        rows = QWidget()
        rows.setLayout(form)
        area = scrolled(rows)
        area.setMinimumHeight(min(380, 36 * len(outputs) + 2 * SPACE))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = buttons.addButton("This is the order", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(column(label(TEXT, wrap=True), area, row(1, buttons), margin=2 * SPACE, gap=2 * SPACE))
        self._show()

    def answer(self, request: Request) -> Request:
        """The request with the classes in the order that was confirmed."""
        return replace(request, classes=tuple(self._names))

    def _trade(self, output_index: int, name: str) -> None:
        other = self._names.index(name)
        self._names[output_index], self._names[other] = name, self._names[output_index]
        self._show()

    def _show(self) -> None:
        for box, name in zip(self._boxes, self._names, strict=True):
            box.setCurrentIndex(box.findText(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive))
