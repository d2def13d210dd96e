"""A tour of the window in a few steps: each points at a part of it and says what it is for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from explorer.ui.widgets.labels_and_layouts import column, label, row
from explorer.ui.widgets.plain_text import PlainButton
from explorer.ui.widgets.theme import SPACE

WIDTH, AROUND = 340, 7
"""Pixels of the card's width, and from a part to the outside of the line around it, which touches none of its words."""
MOMENT_MS = 800
"""In which a second click comes, in the place of the first."""


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


class FormerPlace(QWidget):
    """Nothing to be seen, for a moment, where a button was that moved: who presses it again means the button."""

    pressed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._moment = QTimer(self, singleShot=True, interval=MOMENT_MS)
        self._moment.timeout.connect(self.hide)
        self.hide()

    def stay(self, place: QRect | None = None) -> None:
        """Be there, in the window's coordinates, or once more where it is, from now on for a moment."""
        if place is not None:
            self.setGeometry(place)
        self.show()
        self.raise_()
        self._moment.start()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()


class Tour(QFrame):
    """A card beside the part that it is about; Enter goes on, Esc leaves. It does not lie over `readable` parts."""

    def __init__(self, window: QWidget, steps: Sequence[Step], readable: Sequence[QWidget] = ()) -> None:
        super().__init__(window)
        self.setObjectName("tour")
        self.setAccessibleName("Tour")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedWidth(WIDTH)
        self.setAutoFillBackground(True)
        self._window, self._steps, self.place = window, steps, -1
        self._readable = readable
        self._before = window.focusWidget()
        self._ring = Ring(window)
        self._title, self._text = label("", "title"), label("", wrap=True)
        self._count = label("", "quiet")
        self.leave, self.go_on = PlainButton("Leave (Esc)"), PlainButton("Next")
        self.leave.clicked.connect(self.end)
        self._former = FormerPlace(window)
        self.go_on.clicked.connect(self._clicked)
        self._former.pressed.connect(self._clicked_again)
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

    def _clicked(self) -> None:
        self._former.stay(QRect(self.go_on.mapTo(self._window, QPoint(0, 0)), self.go_on.size()))
        self.next()

    def _clicked_again(self) -> None:
        self._former.stay()
        self.next()

    def end(self) -> None:
        """Take everything away, and give the keyboard back."""
        self.hide()
        self._former.deleteLater()
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
        """Beside what is to be seen of the part, where the card hides least of that and of what has to be read."""
        whole = self._window.rect()
        about = self._seen(part)
        self._ring.setGeometry(about.adjusted(-AROUND, -AROUND, AROUND, AROUND).intersected(whole))
        size = QSize(WIDTH, self._lines.totalHeightForWidth(WIDTH))
        self.resize(size)
        room = whole.adjusted(SPACE, SPACE, -SPACE, -SPACE)
        others = [self._seen(other) for other in self._readable if other.isVisible()]

        def hidden(card: QRect) -> int:
            return sum(_area(card.intersected(other)) for other in (about, *others))

        cards = [_within(room, QRect(corner, size)) for corner in corners(about, size)]
        self.move(min(cards, key=hidden).topLeft())  # of several that hide nothing, the first

    def _seen(self, part: QWidget) -> QRect:
        """What is to be seen of a part, in the window's own coordinates."""
        return part.visibleRegion().boundingRect().translated(part.mapTo(self._window, QPoint(0, 0)))


def corners(about: QRect, card: QSize) -> list[QPoint]:
    """Where a card may begin that stands at the right, left, below or above a part, or in its lower left corner."""
    gap = 2 * SPACE
    left, top = about.left() + SPACE, about.top() + SPACE
    return [
        QPoint(about.right() + gap, top),
        QPoint(about.left() - gap - card.width(), top),
        QPoint(left, about.bottom() + gap),
        QPoint(left, about.top() - gap - card.height()),
        QPoint(left, about.bottom() - SPACE - card.height()),
    ]


def _within(room: QRect, card: QRect) -> QRect:
    """The card where it is wholly in the room."""
    x = max(room.left(), min(card.left(), room.right() - card.width()))
    y = max(room.top(), min(card.top(), room.bottom() - card.height()))
    return QRect(QPoint(x, y), card.size())


def _area(rectangle: QRect) -> int:
    return max(0, rectangle.width()) * max(0, rectangle.height())
