"""The HDF5 part of a cohort file -> its columns; run as a program it does so for bytes on its standard input.

HDF5's parser can crash or hang on bytes that somebody prepared, whatever their checksum says. So `cohort_file` runs
this module by its path in a process of its own: it imports nothing of this project.
"""

import contextlib
import io
import json
import os
import sys
from typing import Any

import h5py
import numpy as np

NUMBERS = {"label": np.int64, "age": np.float32, "fold": np.int64}
TEXTS = ("name", "split", "group", "lesion", "digest", "diagnosis", "sex", "site")
OPTIONAL = ("confirmed", "pixels")
"""Texts that files of earlier versions do not have."""
LEFT_OUT = ("left_out_name", "left_out_reason")
ATTRIBUTES = ("format", "version", "source", "side", "digest", "classes", "flow", "settings")

MOST_ROWS, MOST_BYTES, MOST_MEMORY = 10_000_000, 256 << 20, 4 << 30


class Damaged(ValueError):  # noqa: N818 - it is the file that has the error
    """Why the HDF5 part is none of a cohort."""


class _Around(io.RawIOBase):
    """A file in memory that has only zeros for the pictures: `head` lies before them, `tail` behind them."""

    def __init__(self, head: bytes, tail: bytes, end: int) -> None:
        self._head, self._tail, self._end, self._at = head, tail, end, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._end + len(self._tail))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        behind = self._at - self._end
        part, offset = (self._head, self._at) if behind < 0 else (self._tail, behind)
        chunk = part[offset : offset + len(buffer)]
        buffer[:] = chunk + bytes(len(buffer) - len(chunk))
        self._at += len(buffer)
        return len(buffer)


def read_columns(head: bytes, tail: bytes, pictures: int, side: int) -> dict[str, Any]:
    """`columns` as lists, `attributes`, and the `first_byte` of the pictures; an age that is not known is None.

    Damaged where one is missing or of another kind.
    """
    end = len(head) + pictures * side**2 * 3
    try:
        with h5py.File(_Around(head, tail, end), "r") as file:
            attributes = {name: _attribute(file, name) for name in ATTRIBUTES}
            cases, left_out = _group(file, "cases"), _group(file, "left_out")
            columns: dict[str, Any] = {name: _numbers(cases, name, pictures) for name in NUMBERS}
            columns |= {name: _texts(cases, name, pictures) for name in TEXTS}
            columns |= {name: _texts(cases, name, pictures) if name in cases else [""] * pictures for name in OPTIONAL}
            columns |= {name: _texts(left_out, name.removeprefix("left_out_"), None) for name in LEFT_OUT}
            dataset = _dataset(file, "pictures")
            if dataset.shape != (pictures, side, side, 3) or dataset.dtype != np.uint8:
                raise Damaged("its pictures have another shape")
            first_byte = dataset.id.get_offset()
    except Damaged:
        raise
    except Exception as error:  # h5py raises nearly everything for a damaged file
        raise Damaged(f"HDF5 cannot read it: {str(error)[:200]}") from error
    return {"columns": columns, "attributes": attributes, "first_byte": first_byte}


def _attribute(file: h5py.File, name: str) -> str | int:
    value: Any = file.attrs.get(name)
    if isinstance(value, np.integer):
        return int(value)
    if not isinstance(value, str) or len(value) > MOST_BYTES:
        raise Damaged(f'its attribute "{name}" is missing or of another kind')
    return value


def _group(file: h5py.File, name: str) -> h5py.Group:
    group = file.get(name) if file.get(name, getlink=True) is not None else None
    if not isinstance(group, h5py.Group) or not isinstance(file.get(name, getlink=True), h5py.HardLink):
        raise Damaged(f"it has no group {name}")
    return group


def _dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """A column that lies in this very file: links and other storage could bring in the content of others."""
    if name not in group or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise Damaged(f"it has no column {name}")
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset):
        raise Damaged(f"it has no column {name}")
    storage = dataset.id.get_create_plist()
    if storage.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) or storage.get_external_count():
        raise Damaged(f"its column {name} is not in one piece")
    return dataset


def _numbers(group: h5py.Group, name: str, rows: int) -> list[Any]:
    dataset = _dataset(group, name)
    if dataset.shape != (rows,) or dataset.dtype != NUMBERS[name] or rows > MOST_ROWS:
        raise Damaged(f"its column {name} has another shape or kind")
    values: list[Any] = dataset[()].tolist()
    return [value if value == value else None for value in values]


def _texts(group: h5py.Group, name: str, rows: int | None) -> list[str]:
    dataset = _dataset(group, name)
    kind = h5py.check_string_dtype(dataset.dtype)
    shape: tuple[int, ...] = dataset.shape or ()
    if kind is None or kind.length is None or len(shape) != 1 or shape[0] != (shape[0] if rows is None else rows):
        raise Damaged(f"its column {name} has another shape or kind")
    if shape[0] > MOST_ROWS or shape[0] * kind.length > MOST_BYTES:
        raise Damaged(f"its column {name} is too large")
    return [text.decode() for text in dataset[()].tolist()]


def main() -> None:
    """Print {columns and attributes} or {"problem": ...} as one JSON object; words: pictures, side, bytes of head."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows and macOS may not know this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    pictures, side, head = map(int, sys.argv[1:])
    content = sys.stdin.buffer.read()
    try:
        answer = read_columns(content[:head], content[head:], pictures, side)
    except (Damaged, MemoryError) as error:
        answer = {"problem": str(error) or "it is too large"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
