"""HDF5 files that begin with the digest of the rest: a damaged one is known before HDF5 parses it.

The first 512 bytes are what HDF5 calls a user block: a line of text that `head -1` shows and that h5py passes over.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import h5py

from explorer.core.errors import UserError
from trainer.files.atomic_files import cannot_write, replace_file

BLOCK = 512
_LINE = "feature-map-explorer: sha256 of all that follows these 512 bytes: "


class Damaged(UserError):  # noqa: N818 - a sentence, not a fault of the program
    """A file whose bytes are not those that were written."""


def sealed(fill: Callable[[h5py.File], None]) -> bytes:
    """The bytes of a sealed HDF5 file, made in memory: a disk that is full while HDF5 writes ends the process."""
    with h5py.File("index", "w", driver="core", backing_store=False, libver="latest") as file:
        fill(file)
        file.flush()
        image = file.id.get_file_image()
    line = f"{_LINE}{hashlib.sha256(image).hexdigest()}\n".encode()
    return line.ljust(BLOCK, b"\0") + bytes(image)


def write_sealed(path: Path, fill: Callable[[h5py.File], None]) -> None:
    """Write a sealed file whole or not at all; UserError where the disk refuses."""
    content = sealed(fill)
    try:
        replace_file(path, content, follow=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def open_sealed(path: Path) -> h5py.File:
    """Open for reading what `write_sealed` wrote; Damaged where a byte is another, FileNotFoundError where it is gone.

    The whole file is read once.
    """
    digest = hashlib.sha256()
    with path.open("rb") as content:
        head = content.read(BLOCK)
        while block := content.read(1 << 20):
            digest.update(block)
    line = f"{_LINE}{digest.hexdigest()}\n".encode()
    if head != line.ljust(BLOCK, b"\0"):
        raise Damaged(f"{path.name} is damaged or was not written by this program; make the index again.")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read as HDF5; make the index again.") from error
