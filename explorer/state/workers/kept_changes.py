"""What a person said, on its way into files: nothing of it is dropped, here or by another window."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.core.errors import in_words
from explorer.state.workers.ordered_jobs import RETRY_MS, OrderedJobs


class KeptChanges(QObject):
    """Lays changes over what files say at that moment, on a thread of its own, those of a file in their order.

    `lay(file, changes)` runs there: all of them or none, in the file's `turn`; it gives back what the file says then.
    `kept(file, content)` follows. `problem(error)` where a file cannot be written; that is tried again every few
    seconds, whatever is open by then. `what` names the changes for a person, as "The last stars".
    """

    kept = Signal(object, object)
    problem = Signal(object)

    def __init__(self, what: str, lay: Callable[[Path, Sequence[Any]], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.what, self._lay = what, lay
        self.jobs = OrderedJobs(what, self)
        """For what has to be done before or after the changes of now are in their files."""
        self._waiting: dict[Path, dict[int, Any]] = {}
        self._number = 0
        self._sent: set[Path] = set()
        self._failed: dict[Path, BaseException] = {}
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._send_all)

    @property
    def unsaved(self) -> tuple[Path, ...]:
        """The files that do not have everything yet."""
        return tuple(self._waiting)

    def waiting(self, file: Path) -> tuple[Any, ...]:
        """The changes that are not in a file yet."""
        return tuple(self._waiting.get(file, {}).values())

    def trouble(self, file: Path) -> str:
        """Why a file does not take what waits for it, in words; "" where it does."""
        return in_words(self._failed[file]) if file in self._failed else ""

    def keep(self, file: Path, *changes: Any) -> None:
        """Bring changes into a file."""
        for change in changes:
            self._number += 1
            self._waiting.setdefault(file, {})[self._number] = change
        if changes:
            self._send(file)

    def withdraw(self, file: Path) -> tuple[Any, ...]:
        """The changes that are not in a file yet, which are to be kept elsewhere from now on."""
        self._failed.pop(file, None)
        return tuple(self._waiting.pop(file, {}).values())

    def settle(self) -> None:
        """Wait until everything is in its file, or could not be written once more."""
        self.jobs.wait()
        self._send_all()
        self.jobs.wait()

    def close(self) -> None:
        """Try once more to write what is not written yet, and wait for it."""
        self.blockSignals(True)
        self.settle()
        self._again.stop()

    def _send_all(self) -> None:
        for file in self.unsaved:
            self._send(file)

    def _send(self, file: Path) -> None:
        """Write what waits for a file, unless that is under way: then it follows of itself."""
        if file in self._sent:
            return
        self._sent.add(file)
        changes = dict(self._waiting[file])
        self.jobs.call(
            lambda: self._lay(file, tuple(changes.values())),
            lambda content: self._written(file, changes.keys(), content),
            lambda error: self._not_written(file, error),
        )

    def _written(self, file: Path, numbers: Collection[int], content: object) -> None:
        self._sent.discard(file)
        self._failed.pop(file, None)
        rest = {number: change for number, change in self._waiting.pop(file, {}).items() if number not in numbers}
        if rest:
            self._waiting[file] = rest
            self._send(file)
        self.kept.emit(file, content)

    def _not_written(self, file: Path, error: BaseException) -> None:
        self._sent.discard(file)
        if file not in self._waiting:
            return
        known, self._failed[file] = file in self._failed, error
        if not known:
            self.problem.emit(error)
        self._again.start(RETRY_MS)
