"""Fields that take text, and sliders, and the keys that are theirs."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSlider, QWidget

from explorer.ui.widgets.steady import Choice

CONTROLS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
BETWEEN_LINES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)

ARROWS = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}
"""Keys that go (rows, columns) further in a picture."""
ALONG = (*ARROWS, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End)
"""Keys that move a slider, which comes to have the keyboard by Tab alone."""


def takes_text(part: QWidget | None) -> bool:
    """Whether a widget is a field that a person types into."""
    from PySide6.QtWidgets import QAbstractSpinBox, QPlainTextEdit, QTextEdit  # not before a key is pressed

    fields = QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox
    return isinstance(part, fields) or (isinstance(part, QComboBox) and part.isEditable())


def belongs_to(part: QWidget | None, event: QKeyEvent) -> bool:
    """Whether a key is for the field or slider that has the keyboard, and so for no command of the window."""
    if isinstance(part, QSlider):
        return event.key() in ALONG and not event.modifiers() & CONTROLS
    if not takes_text(part) or event.key() == Qt.Key.Key_Escape or Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35:
        return False
    if event.modifiers() & CONTROLS:
        return False
    return not (isinstance(part, QLineEdit) and event.key() in BETWEEN_LINES)  # one line has no use for these


class Suggestions(Choice):
    """A line of text with suggestions to choose from; what is typed stays as it was typed."""

    def __init__(self, suggestions: Iterable[str] = ()) -> None:
        super().__init__(editable=True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # Qt's way to say that there is none
        self.addItems(list(suggestions))

    @property
    def line(self) -> QLineEdit:
        """The line itself."""
        line = self.lineEdit()
        assert line is not None
        return line


def leave_drops_to_window(part: QWidget) -> None:
    """Let what is dropped on anything in here reach the window: a field or a picture would take it, or refuse it."""
    for child in part.findChildren(QWidget):
        child.setAcceptDrops(False)
