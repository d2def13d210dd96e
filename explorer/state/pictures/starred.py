"""The pictures that a person has put a star on, to find them again; kept with the settings, whatever is open."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.core.errors import UserError
from explorer.state.settings_file import Settings
from explorer.state.workers.kept_changes import KeptChanges

NAME = "starred"
LARGEST = 1 << 26
"""Bytes of the list."""


class Starred(QObject):
    """`pictures` are absolute paths; `changed(picture)` when one has got or lost its star, in another window too.

    They are kept in a file of their own beside the settings; `keeping` brings them there.
    """

    changed = Signal(object)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = settings.folder / f"{NAME}.json"
        self._earlier = settings.text(NAME)
        """Where the stars were kept before they had a file."""
        self.keeping = KeptChanges("The last stars", self._lay, self)
        self.keeping.kept.connect(lambda file, pictures: self._take(pictures))
        try:
            self.pictures = frozenset(self._read())
        except UserError:  # it is said as soon as there is a star to keep
            self.pictures = frozenset()

    def __contains__(self, picture: Path) -> bool:
        return picture.absolute() in self.pictures

    def toggle(self, picture: Path) -> None:
        """Put a star on a picture, or take it away."""
        path, starred = picture.absolute(), picture not in self
        self.pictures = self.pictures ^ {path}
        self.keeping.keep(self._file, (path, starred))
        self.changed.emit(picture)

    def close(self) -> None:
        """Wait until the stars are in their file."""
        self.blockSignals(True)
        self.keeping.close()

    def _take(self, pictures: frozenset[Path]) -> None:
        """Show what the file says, and what is on its way there."""
        before, self.pictures = self.pictures, _laid(pictures, self.keeping.waiting(self._file))
        for picture in before ^ self.pictures:
            self.changed.emit(picture)

    def _lay(self, file: Path, changes: Sequence[tuple[Path, bool]]) -> frozenset[Path]:
        from trainer.files.atomic_files import cannot_write, replace_file
        from trainer.files.file_locks import turn

        try:
            with turn(file):
                pictures = _laid(self._read(), changes)
                replace_file(file, json.dumps(sorted(map(str, pictures)), indent=0).encode(), follow=False)
        except OSError as error:
            raise cannot_write(file, error) from error
        return pictures

    def _read(self) -> Iterable[Path]:
        """The paths in the file; UserError where it cannot be read or holds anything else."""
        try:
            with self._file.open("rb") as file:
                content = file.read(LARGEST + 1)
            paths = json.loads(content) if len(content) <= LARGEST else None
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                raise ValueError("it is no list of pictures")
        except FileNotFoundError:
            return _of_settings(self._earlier)
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"The stars, {self._file}, cannot be read: {error}; remove it to begin anew.") from error
        return map(Path, paths)


def _laid(pictures: Iterable[Path], changes: Iterable[tuple[Path, bool]]) -> frozenset[Path]:
    stars = dict.fromkeys(pictures, True) | dict(changes)
    return frozenset(picture for picture, starred in stars.items() if starred)


def _of_settings(text: str) -> Iterable[Path]:
    """The paths in a setting; none in a damaged one."""
    try:
        paths = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [Path(path) for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
