"""A tour of the window in a few steps: each points at a part of it and says what it is for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton
from explorer.ui.widgets.theme import SPACE

WIDTH = 340


@dataclass(frozen=True)
class Step:
    """What is said of a part of the window; `part()` is asked for when its turn comes."""

    title: str
    text: str
    part: Callable[[], QWidget]


class Ring(QWidget):
    """A line around a part of the window, through which everything can still be used."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().accent().color(), 3))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -3, -3), 6, 6)


class Tour(QFrame):
    """A card beside the part that it is about; Enter goes on, Esc leaves."""

    def __init__(self, window: QWidget, steps: Sequence[Step]) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(WIDTH)
        self.setAutoFillBackground(True)
        self._window, self._steps, self.place = window, steps, -1
        self._before = window.focusWidget()
        self._ring = Ring(window)
        self._title, self._text = label("", "title"), label("", wrap=True)
        self._count = label("", "quiet")
        self.leave, self.go_on = PlainButton("Leave (Esc)"), PlainButton("Next")
        self.leave.clicked.connect(self.end)
        self.go_on.clicked.connect(self.next)
        for button in (self.leave, self.go_on):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        below = row(self._count, 1, self.leave, self.go_on)
        self._lines = column(self._title, self._text, below, margin=2 * SPACE, gap=SPACE)
        self.setLayout(self._lines)
        self._again = QTimer(self, singleShot=True, interval=0)  # once everything else has its place
        self._again.timeout.connect(lambda: self._put_beside(self._steps[self.place].part()))
        window.installEventFilter(self)
        self.next()

    def next(self) -> None:
        """Go to the next step; after the last one the tour is over."""
        self.place += 1
        if self.place >= len(self._steps):
            self.end()
            return
        step = self._steps[self.place]
        self._title.setText(step.title)
        self._text.setText(step.text)
        self._count.setText(f"{self.place + 1} of {len(self._steps)}")
        self.go_on.setText("Done" if self.place == len(self._steps) - 1 else "Next")
        self._put_beside(step.part())
        for part in (self._ring, self):
            part.show()
            part.raise_()
        self.setFocus()

    def end(self) -> None:
        """Take everything away, and give the keyboard back."""
        self.hide()
        if self._before is not None:
            self._before.setFocus()
        self._ring.deleteLater()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Right):
            self.next()

    def focusNextPrevChild(self, next: bool) -> bool:
        return True  # Tab stays here: out of the card a person would not find back to it

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:  # its keys are no commands of the window meanwhile
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._again.start()
        return False

    def _put_beside(self, part: QWidget) -> None:
        """Beside the part where there is room, else over its lower half."""
        whole = self._window.rect()
        about = QRect(part.mapTo(self._window, QPoint(0, 0)), part.size()).intersected(whole)
        self._ring.setGeometry(about.adjusted(-4, -4, 4, 4).intersected(whole))
        height = self._lines.totalHeightForWidth(WIDTH)
        self.resize(WIDTH, height)
        room = whole.adjusted(SPACE, SPACE, -SPACE, -SPACE)
        at_right, at_left = about.right() + 2 * SPACE, about.left() - 2 * SPACE - WIDTH
        if at_right + WIDTH <= room.right():
            corner = QPoint(at_right, about.top() + SPACE)
        elif at_left >= room.left():
            corner = QPoint(at_left, about.top() + SPACE)
        else:
            corner = QPoint(about.center().x() - WIDTH // 2, about.bottom() + 2 * SPACE)
        x = max(room.left(), min(corner.x(), room.right() - WIDTH))
        y = max(room.top(), min(corner.y(), room.bottom() - height))
        self.move(x, y)
