"""Work on another thread of which nothing is dropped: one after the other, and every answer comes back."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

T = TypeVar("T")
OnFailed = Callable[[BaseException], None]

RETRY_MS = 5000
"""After which saving is tried again where it failed."""


class OrderedJobs(QObject):
    """Runs what it is given on a thread that lives as long as there is work; answers come in the window's thread.

    Where `Jobs` drops what is no longer wanted, here every piece is done in its turn: what saves must not be dropped.
    """

    _answered = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = f"jobs-{name}"
        self._waiting: deque[Callable[[], Callable[[], None]]] = deque()
        self._answers: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def call(self, work: Callable[[], T], done: Callable[[T], None], failed: OnFailed) -> None:
        """Run `work()` there, then `done(result)` or `failed(error)` here."""

        def run() -> Callable[[], None]:
            try:
                result = work()
            except BaseException as error:  # an exception would end the thread unseen
                return lambda error=error: failed(error)  # type: ignore[misc]  # the name is gone after the block
            return lambda: done(result)

        with self._lock:
            self._waiting.append(run)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()

    def wait(self) -> None:
        """Come back when all is done, also what the answers asked for, and every answer was given."""
        while (thread := self._thread) is not None or self._answers:
            if thread is not None:
                thread.join()
            self._deliver()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                run = self._waiting.popleft()
            self._answers.append(run())
            del run
            self._answered.emit()

    def _deliver(self) -> None:
        while self._answers:
            self._answers.popleft()()
