"""The surrounds of the pictures of the open index, measured by a worker of their own once somebody needs them."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import in_words
from explorer.core.progress import OnStep
from explorer.state.workers.jobs import Jobs

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.index.other_surround import Surrounds

SLOT = "surrounds"


class MeasuredSurrounds(QObject):
    """`of` gives them where they are there, else begins to measure: `arrived`, and `changed` with a new `sentence`."""

    arrived = Signal()
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = Jobs("surrounds", self)
        self._jobs.progressed.connect(lambda slot, done, total: self._say(done, total))
        self._asked: tuple[object, ...] = ()
        self._found: Surrounds | None = None
        self.sentence = ""

    def of(self, index: "FolderIndex", folder: Path) -> "Surrounds | None":
        """The surrounds of the pictures of an index, which lie in `folder`; None while, or because, they are not."""
        if self._asked != (index, folder):
            self._asked, self._found = (index, folder), None
            self._measure(index, folder)
        return self._found

    def drop(self) -> None:
        """Measure no further: nobody needs them, or the index is closed next. What was measured is kept beside it."""
        if self._found is None:
            self.forget()

    def forget(self) -> None:
        """Forget what was measured, too: it is of another index."""
        self._asked, self._found, self.sentence = (), None, ""
        self._jobs.cancel(SLOT)

    def close(self) -> None:
        """End the worker."""
        self._jobs.close()

    def _measure(self, index: "FolderIndex", folder: Path) -> None:

        def work(on_step: OnStep) -> "Surrounds":
            from explorer.core.alarm.picture_table import WHOLE_PICTURE, picture_table
            from explorer.core.index.other_surround import Surrounds

            return Surrounds(picture_table(index, folder, WHOLE_PICTURE, on_step=on_step))

        def done(surrounds: "Surrounds") -> None:
            self._found, self.sentence = surrounds, ""
            self.arrived.emit()

        def failed(error: BaseException) -> None:
            self.sentence = in_words(error)
            self.changed.emit()

        self._jobs.submit(SLOT, work, done, failed)
        self._say(0, 0)

    def _say(self, done: int, total: int) -> None:
        how_far = f": {done:,} of {total:,}" if total else " …"
        self.sentence = f"Measuring the surround of each picture{how_far}"
        self.changed.emit()
