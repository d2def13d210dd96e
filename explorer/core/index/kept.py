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
    text = f"{network.identity}\n{images.resolve()}"
    name = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:_LETTERS]
    return (data or data_folder()) / "indexes" / f"{name}.h5"


def kept_indexes(data: Path | None = None) -> list[Kept]:
    """All that are kept, the largest first."""
    indexes = [_kept(path) for path in sorted(((data or data_folder()) / "indexes").glob("*.h5"))]
    return sorted(indexes, key=lambda kept: -kept.size)


def delete_kept(name: str, data: Path | None = None) -> Kept:
    """Remove a kept index with its parts; `name` is that of its file. UserError where there is none of this name."""
    for kept in kept_indexes(data):
        if name in (kept.path.name, kept.path.stem):
            try:
                kept.path.unlink()
                shutil.rmtree(folder_of(kept.path), ignore_errors=True)
            except OSError as error:
                raise UserError(f"{kept.path} could not be removed: {error.strerror or error}.") from error
            return kept
    raise UserError(f'No index "{name}" is kept; `feature-explorer index --list` shows them.')


def expected_size(network: Network, pictures: int) -> int:
    """About how many bytes an index of so many pictures takes on the disk."""
    filters = sum(info.filters for info in network.layers)
    return pictures * (filters * bytes_of_an_answer() + 1024)


def _kept(path: Path) -> Kept:
    folder = folder_of(path)
    files: Sequence[Path] = [path, *(folder.iterdir() if folder.is_dir() else ())]
    size = sum(file.stat().st_size for file in files if file.is_file())
    try:
        with open_index(path) as index:
            contents = index.contents
            images = str(contents.facts.get("folder", ""))
            return Kept(path, contents.network.name, images, len(index.pictures), contents.asked, size)
    except UserError as error:
        return Kept(path, "", "", 0, 0, size, str(error))
