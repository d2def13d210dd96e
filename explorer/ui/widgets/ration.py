"""Drawing in portions: a screen full of small overlays must not keep the window from answering."""

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")
PORTION_MS = 25


class Ration(QObject):
    """So much time for drawing until the window has answered again; what was left out is asked for by `again()`."""

    def __init__(self, again: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._again = again
        self._left = PORTION_MS / 1000
        self._refused = False
        self._renewal = QTimer(self, singleShot=True, interval=0)
        self._renewal.timeout.connect(self._renew)

    def take(self, draw: Callable[[], T]) -> T | None:
        """What `draw` gives; None where this portion is used up."""
        if not self._renewal.isActive():
            self._renewal.start()
        if self._left <= 0:
            self._refused = True
            return None
        start = time.perf_counter()
        answer = draw()
        self._left -= time.perf_counter() - start
        return answer

    def _renew(self) -> None:
        self._left = PORTION_MS / 1000
        refused, self._refused = self._refused, False
        if refused:
            self._again()
