"""The indexes that this program keeps by itself: where each lies, which there are, and how to remove one."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.index.folder_index import open_index
from explorer.core.index.own_key import data_folder
from explorer.core.index.parts import bytes_of_an_answer, folder_of
from explorer.core.network.opening import Network

_LETTERS = 20


@dataclass(frozen=True)
class Kept:
    """An index that is kept: its file, the network's name, how many pictures of how many, bytes on the disk.

    `problem` is a sentence where it cannot be read, else "".
    """

    path: Path
    network: str
    folder: str
    pictures: int
    asked: int
    size: int
    problem: str = ""


def place_of(network: Network, images: Path, data: Path | None = None) -> Path:
    """Where the index of a network over a folder is kept: one for each pair, below `data` or the data folder."""
    told = f"{network.identity}\n{images.resolve()}"
    name = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:_LETTERS]
    return (data or data_folder()) / "indexes" / f"{name}.h5"


def kept_indexes(data: Path | None = None) -> list[Kept]:
    """All that are kept, the largest first."""
    found = [_kept(path) for path in sorted(((data or data_folder()) / "indexes").glob("*.h5"))]
    return sorted(found, key=lambda one: -one.size)


def delete_kept(name: str, data: Path | None = None) -> Kept:
    """Remove a kept index with its parts; `name` is that of its file. UserError where there is none of this name."""
    for one in kept_indexes(data):
        if name in (one.path.name, one.path.stem):
            try:
                one.path.unlink()
                shutil.rmtree(folder_of(one.path), ignore_errors=True)
            except OSError as error:
                raise UserError(f"{one.path} could not be removed: {error.strerror or error}.") from error
            return one
    raise UserError(f'No index "{name}" is kept; `feature-explorer index --list` shows them.')


def expected_size(network: Network, pictures: int) -> int:
    """About how many bytes an index of so many pictures takes on the disk."""
    filters = sum(info.filters for info in network.layers)
    return pictures * (filters * bytes_of_an_answer() + 1024)


def _kept(path: Path) -> Kept:
    folder = folder_of(path)
    files: Sequence[Path] = [path, *(folder.iterdir() if folder.is_dir() else ())]
    size = sum(one.stat().st_size for one in files if one.is_file())
    try:
        with open_index(path) as index:
            contents = index.contents
            where = str(contents.facts.get("folder", ""))
            return Kept(path, contents.network.name, where, len(index.pictures), contents.asked, size)
    except UserError as error:
        return Kept(path, "", "", 0, 0, size, str(error))
