"""Some pictures of the folder that a panel asks to be listed alone: a cell of a table, a lasso on a map."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.state.opened.library import Library
from explorer.state.session import Session


class ChosenPictures(QObject):
    """The pictures that the list shows alone, in this order, and what they are in words; None: all of the folder.

    `changed` when they are others.
    """

    changed = Signal()

    def __init__(self, session: Session, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._library = session, library
        self.pictures: tuple[Path, ...] | None = None
        self.words = ""
        library.folder_opened.connect(lambda folder: self.clear())

    def show(self, words: str, names: Iterable[str]) -> None:
        """List the pictures of these names alone, as an index names them, and look at the first."""
        paths, folder = self.paths(names), self._library.folder
        whole = folder is not None and len(paths) == len(folder.pictures)
        self.pictures = folder.pictures if folder is not None and whole else paths
        self.words = words
        self.changed.emit()
        if self.pictures and self._session.view.picture not in self.pictures:
            self._session.update(picture=self.pictures[0])

    def clear(self) -> None:
        """List all of them again."""
        if self.pictures is not None:
            self.pictures, self.words = None, ""
            self.changed.emit()

    def paths(self, names: Iterable[str]) -> tuple[Path, ...]:
        """The pictures of the open folder that an index names so; those that are gone are left out."""
        folder = self._library.folder
        if folder is None:
            return ()
        return tuple(path for path in (folder.path / name for name in names) if path in folder.positions)
