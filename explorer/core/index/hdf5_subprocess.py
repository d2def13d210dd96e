"""Paths of HDF5 files -> whether HDF5 reads them and whether they are made as this program's are.

HDF5's parser can crash or hang on bytes that somebody prepared, whatever their digest says. So `sealed_file` runs this
module by its path in a process of its own over files that were not written on this computer: it imports nothing of this
project. What it lets pass is read again in the program itself, so everything is read here as it is read there, but for
plain numbers, which HDF5 only copies.
"""

import contextlib
import json
import math
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MOST_OBJECTS, MOST_ATTRIBUTES, MOST_PIECES = 1000, 64, 100_000
MOST_TEXTS, MOST_CHARACTERS = 10_000_000, 1 << 28
"""Bounds that no honest file meets: of groups and columns, of attributes of each, of pieces that a column joins, of
texts in a column, and of their characters in a file."""
SLAB = 10_000
MOST_MEMORY = 4 << 30
SECONDS, BYTES_A_SECOND = 15, 20_000_000
"""Seconds of a processor that a file may take, and bytes for which it may take one more: HDF5 hangs over some files."""
PLAIN = "iufb"
PART = re.compile(r"[^/]+\.parts/[0-9a-f]{1,64}\.h5" if os.sep == "/" else r"[^/\\:]+\.parts/[0-9a-f]{1,64}\.h5")
"""What a column may join: a part in the folder beside it."""


class Damaged(ValueError):  # noqa: N818 - it is the file that has the error
    """Why a file is none that this program makes."""


def check(path: str) -> None:
    """Damaged where HDF5 cannot read a file, or where it holds what this program never writes."""
    try:
        with h5py.File(path, "r") as file:
            _Check(path, file).group(file)
    except Damaged:
        raise
    except Exception as error:  # h5py raises nearly everything for a damaged file
        raise Damaged(f"HDF5 cannot read it: {str(error)[:200]}") from error


class _Check:
    def __init__(self, path: str, file: h5py.File) -> None:
        self._folder, self._parts = Path(path).parent, _parts(file)
        self._objects = self._characters = 0

    def group(self, group: h5py.Group) -> None:
        self._attributes(group)
        for name in group:
            self._objects += 1
            if self._objects > MOST_OBJECTS:
                raise Damaged("it holds far too many columns")
            if group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
                raise Damaged(f'"{name[:60]}" leads to another file')
            member = group[name]
            if isinstance(member, h5py.Group):
                self.group(member)
            elif isinstance(member, h5py.Dataset):
                self._attributes(member)
                self._column(member, name)
            else:
                raise Damaged(f'"{name[:60]}" is no column')

    def _attributes(self, owner: h5py.Group | h5py.Dataset) -> None:
        if len(owner.attrs) > MOST_ATTRIBUTES:
            raise Damaged("it holds far too many attributes")
        for name in owner.attrs:
            value = owner.attrs[name]
            if not isinstance(value, str | int | float | np.number | np.bool_):
                raise Damaged(f'the attribute "{name[:60]}" is neither text nor number')
            self._characters += len(value) if isinstance(value, str) else 0
        self._bound()

    def _bound(self) -> None:
        if self._characters > MOST_CHARACTERS:
            raise Damaged("it holds far too many words")

    def _column(self, column: h5py.Dataset, name: str) -> None:
        storage = column.id.get_create_plist()
        layout = storage.get_layout()
        if column.shape is None or storage.get_external_count() or storage.get_nfilters():
            raise Damaged(f'the column "{name[:60]}" is kept in an unknown way')
        if layout == h5py.h5d.VIRTUAL:
            self._joined(column, name)
        elif layout not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT):
            raise Damaged(f'the column "{name[:60]}" is kept in an unknown way')
        elif h5py.check_string_dtype(column.dtype) is not None:
            self._texts(column, name)
        elif not _is_plain(column.dtype):
            raise Damaged(f'the column "{name[:60]}" holds {str(column.dtype)[:60]}')
        elif column.size and column.id.get_storage_size() != column.size * column.dtype.itemsize:
            raise Damaged(f'the column "{name[:60]}" is cut off')

    def _texts(self, column: h5py.Dataset, name: str) -> None:
        if len(column.shape) != 1 or column.shape[0] > MOST_TEXTS:
            raise Damaged(f'the column "{name[:60]}" has the shape {column.shape}')
        for start in range(0, column.shape[0], SLAB):  # a damaged length must not fill the memory in one step
            self._characters += sum(map(len, column.asstr()[start : start + SLAB]))
            self._bound()

    def _joined(self, column: h5py.Dataset, name: str) -> None:
        """What it joins lies in parts beside the file, and is no larger than these."""
        pieces = column.virtual_sources()
        parts = {piece.file_name for piece in pieces}
        if len(pieces) > MOST_PIECES or not _is_plain(column.dtype):
            raise Damaged(f'the column "{name[:60]}" is kept in an unknown way')
        if strange := [part for part in parts if part not in self._parts]:
            raise Damaged(f'the column "{name[:60]}" shows "{strange[0][:60]}", which is no part of it')
        size_of_parts = sum((self._folder / part).stat().st_size for part in parts)
        if column.size * column.dtype.itemsize > size_of_parts:
            raise Damaged(f'the column "{name[:60]}" is larger than its parts')


def parts_in(attribute: Any) -> list[str]:
    """The names of the parts that a file's attribute "parts" tells as JSON; ValueError for anything else."""
    names = json.loads(attribute)
    if not isinstance(names, list) or not all(isinstance(name, str) and PART.fullmatch(name) for name in names):
        raise ValueError("it does not say of which parts it is made")
    return names


def _parts(file: h5py.File) -> frozenset[str]:
    """What a file may join; whoever opens it has these read apart as well."""
    return frozenset(parts_in(file.attrs["parts"])) if "parts" in file.attrs else frozenset()


def _is_plain(kind: Any) -> bool:
    if kind.names is not None:
        return all(_is_plain(kind[name]) and kind[name].names is None for name in kind.names)
    return kind.kind in PLAIN and kind.itemsize <= 16 and not kind.hasobject


def _bound_time(path: str) -> None:
    """End this process where the file takes far more of a processor than any that was written whole."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        size = sum(file.stat().st_size for file in (Path(path), *Path(path).with_suffix(".parts").glob("*.h5")))
        until = math.ceil(time.process_time() + SECONDS + size / BYTES_A_SECOND)
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Read a JSON list of paths from standard input; print a JSON list of what is wrong with each, "" for nothing."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows and macOS may not know this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    answers = []
    for path in json.load(sys.stdin):
        try:
            _bound_time(path)
            check(path)
            answers.append("")
        except (Damaged, MemoryError) as error:
            answers.append(str(error) or "it is too large")
    print(json.dumps({"problems": answers}))


if __name__ == "__main__":
    main()
