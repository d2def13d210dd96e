"""The indexes that this program keeps by itself: where each lies, which there are, and how to remove one."""

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.index.folder_index import open_index
from explorer.core.index.own_key import data_folder
from explorer.core.index.parts import bytes_of_an_answer, folder_of
from explorer.core.network.opening import Network

_LETTERS = 20


DECIDED = ".suggestions.rejected.csv"
"""How the file ends in which it is kept what a person rejected: nothing could find that out again."""
GONE = "the index itself is gone; this is what was found out with it"


@dataclass(frozen=True)
class Kept:
    """An index that is kept: its file, the network's name, how many pictures of how many, bytes on the disk.

    `problem` is a sentence where it cannot be read, else "". `files` are all files and folders that belong to it: its
    parts, and what was found out with it (`beside` bytes); `decided` are those that say what a person decided.
    """

    path: Path
    network: str
    folder: str
    pictures: int
    asked: int
    size: int
    problem: str = ""
    files: tuple[Path, ...] = ()
    decided: tuple[Path, ...] = ()
    beside: int = 0


def place_of(network: Network, images: Path, data: Path | None = None) -> Path:
    """Where the index of a network over a folder is kept: one for each pair, below `data` or the data folder."""
    text = f"{network.identity}\n{images.resolve()}"
    name = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:_LETTERS]
    return (data or data_folder()) / "indexes" / f"{name}.h5"


def kept_indexes(data: Path | None = None) -> list[Kept]:
    """All that are kept, the largest first; also what is left of one whose own file is gone."""
    folder = (data or data_folder()) / "indexes"
    of_one: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.name.startswith("."):
            of_one[path.name.partition(".")[0]].append(path)
    indexes = [_kept(folder / f"{stem}.h5", paths) for stem, paths in of_one.items() if any(map(_found_out, paths))]
    return sorted(indexes, key=lambda kept: -kept.size)


def delete_kept(name: str, data: Path | None = None) -> Kept:
    """Remove a kept index with all that was found out with it; what a person decided stays.

    `name` is that of its file. UserError where there is none of this name, or where something cannot be removed.
    """
    for kept in kept_indexes(data):
        if name in (kept.path.name, kept.path.stem):
            for path in kept.files:
                try:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                except OSError as error:
                    raise UserError(f"{path} could not be removed: {error.strerror or error}.") from error
            return kept
    raise UserError(f'No index "{name}" is kept; `feature-explorer index --list` shows them.')


def expected_size(network: Network, pictures: int) -> int:
    """About how many bytes an index of so many pictures takes on the disk."""
    filters = sum(info.filters for info in network.layers)
    return pictures * (filters * bytes_of_an_answer() + 1024)


def _kept(path: Path, paths: Sequence[Path]) -> Kept:
    found_out, decided = [one for one in paths if _found_out(one)], [one for one in paths if not _found_out(one)]
    size = sum(map(_bytes_of, paths))
    beside = size - sum(_bytes_of(one) for one in (path, folder_of(path)) if one in paths)
    bare = Kept(path, "", "", 0, 0, size, GONE, tuple(found_out), tuple(decided), beside)
    if not path.exists():
        return bare
    try:
        with open_index(path) as index:
            contents = index.contents
            return replace(
                bare,
                network=contents.network.name,
                folder=str(contents.facts.get("folder", "")),
                pictures=len(index.pictures),
                asked=contents.asked,
                problem="",
            )
    except UserError as error:
        return replace(bare, problem=str(error))


def _bytes_of(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _found_out(path: Path) -> bool:
    """Whether the program can find it out again."""
    return not path.name.endswith(DECIDED)
