"""Where a dialog that saves something proposes to put it: where a person looks for it, never in a hidden folder."""

import os
from pathlib import Path

from PySide6.QtCore import QStandardPaths

import resources
from explorer.state.settings_file import Settings

PLACE = "saved/folder"
"""The setting that keeps into which folder something was saved last."""


def saving_place(settings: Settings, wanted: Path | None, pictures: Path | None) -> Path:
    """The first of these folders that a person can see and write to, else their home.

    `wanted`, the one into which something was saved last, the parent of the folder of `pictures`, the documents.
    """
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    beside = pictures.absolute().parent if pictures is not None else None
    folders = (
        wanted,
        *(Path(text) if text else None for text in (settings.text(PLACE), beside and str(beside), documents)),
    )
    own = (settings.folder.absolute(), Path(resources.__file__).absolute().parent)
    return next((folder for folder in folders if folder is not None and _is_seen(folder.absolute(), own)), Path.home())


def remember_place(settings: Settings, path: Path) -> None:
    """Propose the folder of this file the next time."""
    settings.set_text(PLACE, str(path.absolute().parent))


def _is_seen(folder: Path, own: tuple[Path, ...]) -> bool:
    """Whether a folder is there, can be written to, is not hidden, and is not the program's own or its data's."""
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    hidden = any(part.startswith(".") for part in folder.parts)
    inside = any(folder.is_relative_to(root) for root in (*own, *([Path(data)] if data else [])))
    return folder.is_dir() and os.access(folder, os.W_OK) and not hidden and not inside
