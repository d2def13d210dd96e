"""Drawing in portions: a screen full of small overlays must not keep the window from answering."""

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")
PORTION_MS = 12


class PaintBudget(QObject):
    """So much time for drawing until the window has answered again; then `again(keys)` with what was left out."""

    def __init__(self, again: Callable[[Sequence[Any]], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._again = again
        self._left = PORTION_MS / 1000
        self._refused: dict[Hashable, None] = {}
        self._renewal = QTimer(self, singleShot=True, interval=0)
        self._renewal.timeout.connect(self._renew)

    def take(self, key: Hashable, draw: Callable[[], T]) -> T | None:
        """What `draw` gives; None where this portion is used up."""
        if not self._renewal.isActive():
            self._renewal.start()
        if self._left <= 0:
            self._refused[key] = None
            return None
        start = time.perf_counter()
        answer = draw()
        self._left -= time.perf_counter() - start
        return answer

    def _renew(self) -> None:
        self._left = PORTION_MS / 1000
        refused, self._refused = list(self._refused), {}
        if refused:
            self._again(refused)
