"""What the open network's filters answered on the open folder: the index that the window looks into."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.core.counting import counted
from explorer.core.drawing.styles import Scale
from explorer.core.tags.book import FilterKey
from explorer.state.opened.library import Folder

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.network.opening import Network


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

    def covers(self, network: "Network | None", layer: int, *, raw: bool) -> bool:
        """Whether the index is of this network, and of the maps of this layer as they are looked at."""
        index = self.index
        if index is None or network is None or index.contents.network.identity != network.identity:
            return False
        return layer < len(network.layers) and not (raw and network.layers[layer].norm)

    def scale(self, key: FilterKey) -> Scale:
        """The filter's scale over the folder, which stays; there must be an index that covers its layer."""
        assert self.index is not None
        return self.index.scale(key)

    @property
    def measured(self) -> str:
        """On which pictures scales were measured, in words; "" without an index."""
        if self.index is None:
            return ""
        return f"measured on {self.index.contents.sample:,} of {counted(self.index.contents.asked, 'picture')}"

    def close(self) -> None:
        """Close the index."""
        self.take(None)


def has_classes_of(index: "FolderIndex", folder: Folder) -> bool:
    """Whether the index has the classes that its pictures have in the open folder."""
    labels = folder.labels
    words = (labels.of(folder.path / name) if labels is not None else "" for name in index.pictures)
    return all(label == given for label, given in zip(words, index.given, strict=True))
