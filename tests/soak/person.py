"""Somebody who does anything that can be done to the window, in any order."""

import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

from explorer.state.workspace import Workspace
from explorer.ui.window.assembly import Assembly
from explorer.ui.window.main_window import MainWindow

LETTERS = "A B C D F G H L M N O P R S T U V X Y Z 0 1 2 3 4"
OTHERS = "Plus Minus Question Space Escape Tab Backtab Home End PageUp PageDown Up Down Left Right Delete Backspace F1"
OFTEN = "Right Right Right Left Down Down Up PageUp PageDown H H B X Y N P"
KEYS = [getattr(Qt.Key, f"Key_{word}") for word in f"{LETTERS} {OTHERS} {OFTEN} {OFTEN}".split()]
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
MODIFIERS = [*[NONE] * 12, SHIFT, SHIFT, CTRL, CTRL | SHIFT]
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
BUTTONS = [*[LEFT] * 5, RIGHT, MIDDLE]
WORDS = ["", "class:oth", "picture1", "nothing like this", "class:", "7"]


class Person:
    """Acts on a window: keys, mouse buttons, wheel, things dropped, both themes, other networks and folders.

    Whatever asks back is answered within a moment. `done` holds the last actions in words, `asked` the last questions.
    """

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        assembled: Assembly,
        chance: random.Random,
        models: list[Path],
        others: list[Path],
    ) -> None:
        self._window, self._workspace, self._chance = window, workspace, chance
        self._parts, self._commands = assembled.parts, assembled.commands
        self._models, self._others = models, others
        self.done: deque[str] = deque(maxlen=60)
        self.asked: deque[str] = deque(maxlen=60)
        self._answers = QTimer(window, interval=40)
        self._answers.timeout.connect(self._answer)
        self._answers.start()
        self._acts: list[tuple[float, Callable[[], str]]] = [
            (0.45, self._key),
            (0.22, self._click),
            (0.06, self._drag),
            (0.06, self._wheel),
            (0.04, self._move),
            (0.03, self._drop),
            (0.03, self._search),
            (0.03, self._undo),
            (0.02, self._resize),
            (0.02, self._open),
            (0.02, self._tab),
            (0.01, self._menu),
            (0.01, self._theme),
        ]

    def act(self) -> None:
        """Do one thing."""
        weights = [weight for weight, _ in self._acts]
        (_, act), *_ = self._chance.choices(self._acts, weights)
        self.done.append(act.__name__)
        self.done.append(act())

    def leave(self) -> list[str]:
        """Close the window, whatever it asks before; the questions that came."""
        self.asked.clear()
        for _ in range(50):
            self._window.close()
            if not self._window.isVisible():
                break
        self._answers.stop()
        return list(self.asked)

    def _key(self) -> str:
        key, modifiers = self._chance.choice(KEYS), self._chance.choice(MODIFIERS)
        where = QApplication.focusWidget() or self._parts.center
        QTest.keyClick(where, key, modifiers)
        return f"{key.name} {modifiers.value} in {type(where).__name__}"

    def _place(self) -> tuple[QWidget, QPoint]:
        """A widget of the window and a place in it."""
        room = self._window.rect()
        point = QPoint(self._chance.randrange(room.width()), self._chance.randrange(room.height()))
        widget = self._window.childAt(point) or self._window
        return widget, widget.mapFrom(self._window, point)

    def _click(self) -> str:
        widget, place = self._place()
        button, modifiers = self._chance.choice(BUTTONS), self._chance.choice(MODIFIERS)
        (QTest.mouseDClick if self._chance.random() < 0.1 else QTest.mouseClick)(widget, button, modifiers, place)
        return f"{button.name} on {type(widget).__name__} {place.toTuple()}"

    def _drag(self) -> str:
        widget, place = self._place()
        button = self._chance.choice(BUTTONS)
        QTest.mousePress(widget, button, NONE, place)
        for _ in range(self._chance.randrange(1, 5)):
            place += QPoint(self._chance.randrange(-90, 90), self._chance.randrange(-90, 90))
            QTest.mouseMove(widget, place)
            if self._chance.random() < 0.3:
                QTest.keyClick(QApplication.focusWidget() or widget, self._chance.choice(KEYS))
        QTest.mouseRelease(widget, button, NONE, place)
        return f"{button.name} on {type(widget).__name__}"

    def _move(self) -> str:
        widget, place = self._place()
        QTest.mouseMove(widget, place)
        return type(widget).__name__

    def _wheel(self) -> str:
        widget, place = self._place()
        turned = QPoint(0, self._chance.choice((-480, -120, 120, 480)))
        where, modifiers = QPointF(widget.mapToGlobal(place)), self._chance.choice(MODIFIERS)
        phase = Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(
            widget,
            QWheelEvent(QPointF(place), where, QPoint(), turned, Qt.MouseButton.NoButton, modifiers, phase, False),
        )
        return type(widget).__name__

    def _drop(self) -> str:
        widget, place = self._place()
        paths = self._chance.choices([*self._models, *self._others], k=self._chance.choice((1, 1, 2)))
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        copy = Qt.DropAction.CopyAction
        entering = QDragEnterEvent(place, copy, mime, LEFT, NONE)
        QApplication.sendEvent(widget, entering)
        if entering.isAccepted():
            QApplication.sendEvent(widget, QDropEvent(QPointF(place), copy, mime, LEFT, NONE, QEvent.Type.Drop))
        return f"{[path.name for path in paths]} on {type(widget).__name__}"

    def _search(self) -> str:
        words = self._chance.choice(WORDS)
        self._parts.pictures._search.setText(words)
        return words

    def _undo(self) -> str:
        tagging = self._workspace.tagging
        self._commands.guard(self._chance.choice([tagging.undo, tagging.redo]))
        return ""

    def _resize(self) -> str:
        self._window.resize(self._chance.randint(900, 1600), self._chance.randint(600, 1000))
        return ""

    def _open(self) -> str:
        path = self._chance.choice([*self._models, *self._models, *self._others])
        self._commands.files.drop(path)
        return path.name

    def _tab(self) -> str:
        tabs = self._parts.center.browser.tabs
        tabs.setCurrentIndex(self._chance.randrange(tabs.count()))
        return str(tabs.currentIndex())

    def _menu(self) -> str:
        menu = self._chance.choice([action.menu() for action in self._window.menuBar().actions() if action.menu()])
        action = self._chance.choice(menu.actions())
        if action.isEnabled() and "Quit" not in action.text():
            action.trigger()
        return action.text()

    def _theme(self) -> str:
        scheme = self._chance.choice(("light", "dark", "system"))
        self._commands.set_theme(scheme)
        return scheme

    def _answer(self) -> None:
        """Answer what stands in front: a menu, a question, a dialog, another window."""
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        if popup is not None:
            popup.close()
        elif isinstance(modal, QMessageBox):
            self.asked.append(modal.text())
            self._chance.choice(modal.buttons()).click()
        elif isinstance(modal, QDialog):
            if self._chance.random() < 0.5:
                QTest.keyClicks(modal.focusWidget() or modal, self._chance.choice(("b", "12", "left %")))
            modal.reject()
        elif modal is not None:
            modal.close()
        else:
            for other in QApplication.topLevelWidgets():
                if other.isVisible() and other is not self._window and other.windowType() != Qt.WindowType.ToolTip:
                    other.close()
