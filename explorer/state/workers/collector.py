"""Python's cyclic collector, run by the window's thread alone."""

import gc
import time

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 100
"""How often the young objects are counted."""
FULL_S = 20.0
"""So long at least between two passes over all objects: each holds the window up."""


class Collector(QObject):
    """Collects reference cycles in the thread that made it; from then on no other thread ever does.

    A worker that collects by itself takes apart what the window left in cycles: a signal's connection to a closure, for
    one. Qt's lock is then taken in the worker, which waits for the interpreter's, while the window's thread holds that
    and waits for Qt's: both wait for ever. So the automatic collection is off, in every thread, and this looks instead.
    The thresholds are Python's own (`gc.get_threshold`).
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._full = time.monotonic()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that has grown over its threshold, and all that are younger."""
        now = time.monotonic()
        for generation in (2, 1, 0):
            if gc.get_count()[generation] <= gc.get_threshold()[generation]:
                continue
            if generation == 2:
                if now - self._full < FULL_S:
                    continue
                self._full = now
            gc.collect(generation)
            return
