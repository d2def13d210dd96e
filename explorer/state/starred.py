"""The pictures that a person has put a star on, to find them again; kept with the settings, whatever is open."""

import json
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from explorer.state.settings_file import Settings

NAME = "starred"


class Starred(QObject):
    """`pictures` are absolute paths; `changed(picture)` when one has got or lost its star."""

    changed = Signal(object)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.pictures = frozenset(_read(settings.text(NAME)))

    def __contains__(self, picture: Path) -> bool:
        return picture.absolute() in self.pictures

    def toggle(self, picture: Path) -> None:
        """Put a star on a picture, or take it away."""
        self.pictures = self.pictures ^ {picture.absolute()}
        self._settings.set_text(NAME, json.dumps(sorted(map(str, self.pictures))))
        self.changed.emit(picture)


def _read(text: str) -> Iterable[Path]:
    """The paths in a setting; none in a damaged one."""
    try:
        paths = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [Path(path) for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
