"""The one door for messages to the person: a banner that can be read in peace and put away."""

import sys
import threading
from collections import deque
from collections.abc import Sequence
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, Qt, QTime, QTimer, Signal
from PySide6.QtGui import QCursor, QEnterEvent, QHideEvent
from PySide6.QtWidgets import QFrame, QSizePolicy

from explorer.core.errors import UserError
from explorer.ui.widgets.labels_and_layouts import label, row
from explorer.ui.widgets.plain_text import PlainButton, PlainTool
from explorer.ui.widgets.plain_text import tip as give_tip
from explorer.ui.widgets.theme import SPACE

NETWORK, OPENING, FOLDER, VIEW, MUTING = "network", "opening", "folder", "view", "muting"
SECOND, TAGS, UNSAVED, INDEX = "second network", "tags", "unsaved", "index"
"""What messages are about: the open network, an attempt to open one, the open folder, what is looked at, muting,
the network beside the first, tags while their file is not open yet, those that could not be saved, and an index that is
not complete yet."""
NO_INDEX_YET = INDEX, VIEW, NETWORK, FOLDER
"""What ends the message that something waits for the index."""
READING_MS, A_LETTER_MS, WITH_BUTTON_MS = 6_000, 100, 20_000
"""After which a calm message has been read: whatever it says, for each of its letters, and at least where it has a
button."""
KEPT = 40
"""Messages that can be read again."""


class Problems(QFrame):
    """Shows one message at a time, the newest; `show_error` takes any exception.

    A message goes when what it is about is over: `until` names what ends it, `over` says what has ended. One without
    that stays until it is put away. A calm one without a button also goes of itself, and so does one whose button is
    about what was just done (no `until`): after the time that reading it takes, and never while the mouse rests on it
    or another window is in front. All can be read again: `said`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._sign = label("", "warning")
        self._text = label(wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._action = PlainButton()
        close = PlainTool("✕")
        close.setObjectName("flat")
        close.setAccessibleName("Put this message away")
        close.clicked.connect(self.hide)
        layout = row(self._sign, self._text, self._action, close, gap=SPACE)
        layout.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        self.setLayout(layout)
        self.said: deque[str] = deque(maxlen=KEPT)
        """The last messages with the time of each, the newest first."""
        self._read = QTimer(self, singleShot=True)
        self._read.timeout.connect(self._go_when_read)
        self._run: object = None
        self._fleeting = False
        self._until: frozenset[str] = frozenset()
        self._action.clicked.connect(self._act)
        self.hide()

    @property
    def text(self) -> str:
        """The message on show, "" where there is none."""
        return "" if self.isHidden() else self._text.text()

    def show_error(self, error: BaseException, *until: str) -> None:
        """A `UserError` shows its text; anything else is logged whole and shown as internal."""
        if isinstance(error, UserError):
            self.show_text(str(error), until=until)
            return
        import logging
        import traceback

        logging.getLogger("explorer").error("internal error\n%s", "".join(traceback.format_exception(error)))
        cause = f"{type(error).__name__}: {error}"
        self.show_text(
            f"Something in the program failed ({cause}). Nothing you saved is lost; the log has the details."
        )

    def show_text(
        self,
        text: str,
        action: str = "",
        run: object = None,
        *,
        calm: bool = False,
        tip: str = "",
        until: Sequence[str] = (),
    ) -> None:
        """Show a sentence, with a button that runs something where one is given, and more in a tooltip."""
        self._until = frozenset(until or ((VIEW, FOLDER, NETWORK) if calm and not action else ()))
        give_tip(self._text, tip)
        self._sign.setText("i" if calm else "!")
        self._sign.setObjectName("quiet" if calm else "warning")
        self.setProperty("calm", calm)
        for part in (self, self._sign):  # dressed anew
            self.style().unpolish(part)
            self.style().polish(part)
        self._text.setText(text)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._run, self._fleeting = run, calm and not (action and until)
        self._read.setInterval(max(READING_MS + A_LETTER_MS * len(text), WITH_BUTTON_MS if action else 0))
        self.said.appendleft("\n".join(filter(None, (f"{QTime.currentTime().toString('HH:mm')}  {text}", tip))))
        self._begin_reading()
        self.show()

    def lasts_until(self, *until: str) -> None:
        """The message on show goes with these, and not with what was said before."""
        self._until, self._fleeting = frozenset(until), False
        self._read.stop()

    def over(self, *ended: str) -> None:
        """Put the message away that goes with one of these."""
        if not self._until.isdisjoint(ended):
            self.hide()

    def put_away(self) -> bool:
        """Put the message away; False where there is none."""
        shown = not self.isHidden()
        self.hide()
        return shown

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._read.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._begin_reading()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._read.stop()

    def _go_when_read(self) -> None:
        """Nobody reads it behind another window; a mouse that lay there before it came has entered nothing."""
        under_mouse = self.rect().contains(self.mapFromGlobal(QCursor.pos()))
        if under_mouse or not self.isActiveWindow():
            self._read.start()
        else:
            self.hide()

    def _begin_reading(self) -> None:
        """What was just done is said for a while; what went wrong, or lasts, until it is over or put away."""
        if self._fleeting:
            self._read.start()
        else:
            self._read.stop()

    def _act(self) -> None:
        self.hide()
        if callable(self._run):
            self._run()


class UncaughtErrors(QObject):
    """Brings exceptions that nobody caught, of any thread, into the window's thread."""

    caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        sys.excepthook = self._hook
        threading.excepthook = lambda arguments: self._hook(
            arguments.exc_type, arguments.exc_value or arguments.exc_type(), arguments.exc_traceback
        )

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            self.caught.emit(error)
