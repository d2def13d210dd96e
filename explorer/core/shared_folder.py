"""The folder below which pictures lie, and what they are called from there."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

from explorer.core.errors import UserError


def shared_folder(pictures: Sequence[Path]) -> Path:
    """The deepest folder, as an absolute path, that holds all the pictures.

    UserError where there is none: no picture was given, or they lie on several drives.
    """
    if not pictures:
        raise UserError("No picture was given.")
    try:
        return Path(os.path.commonpath([path.absolute().parent for path in pictures]))
    except ValueError:
        raise UserError("The pictures lie on several drives; give those of one drive.") from None


def names_below(pictures: Sequence[Path]) -> tuple[PurePath, ...]:
    """The pictures' paths below the folder that holds them all; on several drives each below its drive's letter."""
    if not pictures:
        return ()
    try:
        shared = shared_folder(pictures)
    except UserError:
        absolute = [path.absolute() for path in pictures]
        return tuple(PurePath(path.drive.strip(":\\/") or "files", *path.parts[1:]) for path in absolute)
    return tuple(path.absolute().relative_to(shared) for path in pictures)
