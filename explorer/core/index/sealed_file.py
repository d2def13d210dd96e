"""HDF5 files that begin with the digest of the rest: a damaged one is known before HDF5 parses it.

The first 512 bytes are what HDF5 calls a user block: lines of text that `head -1` shows and that h5py passes over. The
second line marks what was written on this computer. Whatever else there is may be somebody's trap, with a digest that
is right: a process of its own reads it first (`hdf5_subprocess`), because HDF5 can crash or hang over it.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py

from explorer.core.errors import UserError
from explorer.core.index import hdf5_subprocess
from explorer.core.index.own_key import is_own, mark
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.isolated_parser import NoAnswer, read_apart

BLOCK = 512
PATIENCE = 60.0
"""Seconds in which HDF5 has to read what was not written here."""
_LINE = "feature-map-explorer: sha256 of all that follows these 512 bytes: "
_MARK = "\nmark of the computer that wrote it: "


class Damaged(UserError):  # noqa: N818 - a sentence, not a fault of the program
    """A file whose bytes are not those that were written."""


def sealed(fill: Callable[[h5py.File], None]) -> bytes:
    """The bytes of a sealed HDF5 file, made in memory: a disk that is full while HDF5 writes ends the process."""
    with h5py.File("index", "w", driver="core", backing_store=False, libver="latest") as file:
        fill(file)
        file.flush()
        image = file.id.get_file_image()
    digest = hashlib.sha256(image).hexdigest()
    own = mark(digest)
    lines = f"{_LINE}{digest}{_MARK if own else ''}{own}\n".encode()
    return lines.ljust(BLOCK, b"\0") + bytes(image)


def write_sealed(path: Path, fill: Callable[[h5py.File], None]) -> None:
    """Write a sealed file whole or not at all; UserError where the disk refuses."""
    content = sealed(fill)
    try:
        replace_file(path, content, follow=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def is_sealed(head: bytes) -> bool:
    """Whether bytes are the beginning of a sealed file, damaged or not."""
    return head.startswith(_LINE.encode())


def open_sealed(path: Path) -> h5py.File:
    """Open for reading what `write_sealed` wrote; Damaged where a byte is another, FileNotFoundError where it is gone.

    The whole file is read once.
    """
    check_sealed([path])
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read as HDF5; make the index again.") from error


def check_sealed(paths: Sequence[Path]) -> None:
    """Damaged where one of these files is not what was written, or HDF5 cannot read it; FileNotFoundError."""
    foreign = [path for path in paths if not _is_own(path)]
    for path, problem in zip(foreign, _read_apart(foreign), strict=True):
        if problem:
            raise Damaged(f"{path.name} was not written on this computer, and {problem}; make the index again.")


def sound(paths: Sequence[Path]) -> list[Path]:
    """Those of these files that are what was written and that HDF5 reads."""
    own: dict[Path, bool] = {}
    for path in paths:
        with contextlib.suppress(Damaged, OSError):
            own[path] = _is_own(path)
    foreign = [path for path, written_here in own.items() if not written_here]
    problems = dict(zip(foreign, _read_apart(foreign), strict=True))
    return [path for path in own if not problems.get(path)]


def _is_own(path: Path) -> bool:
    """Whether a whole file was written on this computer; Damaged where it is not whole."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        head = content.read(BLOCK)
        while block := content.read(1 << 20):
            digest.update(block)
    hexdigest = digest.hexdigest()
    first, _, rest = head.rstrip(b"\0").decode("latin-1").partition(_MARK)
    if first.rstrip("\n") != f"{_LINE}{hexdigest}" or len(head) != BLOCK:
        raise Damaged(f"{path.name} is damaged or was not written by this program; make the index again.")
    return is_own(hexdigest, rest.rstrip("\n"))


def _read_apart(paths: Sequence[Path]) -> list[str]:
    """What is wrong with each of these files, "" for nothing; all are under suspicion where HDF5 does not survive."""
    if not paths:
        return []
    asked = json.dumps([str(path.absolute()) for path in paths]).encode()
    try:
        problems = read_apart(hdf5_subprocess, asked, PATIENCE)["problems"]
    except (NoAnswer, KeyError):
        return ["HDF5 crashed or hung over it"] * len(paths)
    except OSError as error:
        return [f"no process could be started to read it ({error.strerror or error})"] * len(paths)
    if not isinstance(problems, list) or len(problems) != len(paths):
        return ["HDF5 crashed or hung over it"] * len(paths)
    return [str(problem) for problem in problems]
