"""What the open network's filters answered on the open folder: the index that the window looks into."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex


class Evidence(QObject):
    """The index of the open network and folder, None until there is one; `changed` when it is another.

    An index that is taken belongs to it: it is closed when another takes its place, after `changed` was answered.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.index: FolderIndex | None = None

    def take(self, index: "FolderIndex | None") -> None:
        """Look into this index from now on."""
        before, self.index = self.index, index
        if before is not index:
            self.changed.emit()
            if before is not None:
                before.close()

    def close(self) -> None:
        """Close the index."""
        self.take(None)
