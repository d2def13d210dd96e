"""The bytes of a cohort file: an HDF5 file whose pictures lie in one piece, behind one line of our own.

h5py never writes to the disk here: on a full disk that ends the process, and it cannot go on after an interruption.
Pictures are written where HDF5 will have them, the rest of the file is built in memory and written around them.
The line before the HDF5 part holds its sizes and checksum, so that no damaged byte reaches HDF5's parser, which can
crash or hang on one.
"""

import functools
import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

from trainer.cohort import hdf5_subprocess as cohort_reader
from trainer.cohort.hdf5_subprocess import LEFT_OUT, NUMBERS, OPTIONAL, TEXTS, Damaged
from trainer.cohort.validation import check
from trainer.files.atomic_files import cannot_write, move_into_place
from trainer.files.errors import UserError
from trainer.files.isolated_parser import NoAnswer, read_apart
from trainer.files.own_files import own_file
from trainer.files.printing import printable

FORMAT, VERSION = "feature-trainer cohort", 1
JSON_ATTRIBUTES = ("classes", "flow", "settings")

PATIENCE = 60.0
"""Seconds after which a file that HDF5 still reads is given up."""
_BLOCK = 512  # the smallest block before its own part that HDF5 allows

Columns = Mapping[str, Any]
Attributes = Mapping[str, Any]


class _Line(NamedTuple):
    """What the file's first line promises."""

    format: str
    version: int
    pictures: int
    side: int
    first_byte: int
    bytes: int
    checksum: str


class _Outline(io.RawIOBase):
    """A file in memory that has no bytes for the pictures: `head` lies before them, `tail` after them."""

    def __init__(self, start: int, end: int) -> None:
        self.head, self.tail = bytearray(start), bytearray()
        self._start, self._end, self._at, self._size = start, end, 0, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        self._size = self._at if size is None else size
        del self.tail[max(self._size - self._end, 0) :]
        return self._size

    def write(self, content: Any) -> int:
        part, offset = self._part()
        part.extend(bytes(max(offset + len(content) - len(part), 0)))
        part[offset : offset + len(content)] = content
        self._at += len(content)
        self._size = max(self._size, self._at)
        if len(self.head) > self._start:
            raise ValueError("HDF5 wrote where the pictures lie")
        return len(content)

    def readinto(self, buffer: Any) -> int:
        part, offset = self._part()
        chunk = bytes(part[offset : offset + len(buffer)])
        buffer[:] = chunk + bytes(len(buffer) - len(chunk))
        self._at += len(buffer)
        return len(buffer)

    def _part(self) -> tuple[bytearray, int]:
        return (self.head, self._at) if self._at < self._start else (self.tail, self._at - self._end)


def _outline(count: int, side: int, columns: Columns, attributes: Attributes) -> tuple[bytes, bytes]:
    """The HDF5 file's bytes before and after its pictures."""
    start = first_byte()
    file = _Outline(start, start + count * side * side * 3)
    with h5py.File(file, "w", userblock_size=_BLOCK) as out:
        if _pictures(out, count, side) != start:
            raise ValueError("HDF5 put the pictures elsewhere")
        for name, value in attributes.items():
            out.attrs[name] = value
        cases, left_out = out.create_group("cases"), out.create_group("left_out")
        for name, kind in NUMBERS.items():
            cases.create_dataset(name, data=np.asarray(columns[name], kind))
        for name in (*TEXTS, *OPTIONAL, *LEFT_OUT):
            texts = [text.encode() for text in columns[name]]
            # Text of one length lies in one piece; HDF5's text of any length is scattered and slow.
            kind = h5py.string_dtype("utf-8", max([1, *map(len, texts)]))
            group = left_out if name in LEFT_OUT else cases
            group.create_dataset(name.removeprefix("left_out_"), data=np.array(texts, kind))
    return bytes(file.head), bytes(file.tail)


def _pictures(out: h5py.File, count: int, side: int) -> int:
    """Make room for the pictures, without writing any; the position of their first byte in the file."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.CONTIGUOUS)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plan.set_obj_track_times(False)  # the same pictures give the same file, whenever
    space = h5py.h5s.create_simple((count, side, side, 3))
    dataset = h5py.h5d.create(out.id, b"pictures", h5py.h5t.STD_U8LE, space, plan)
    return int(dataset.get_offset())


def first_byte() -> int:
    """Where the first picture begins in every cohort file."""
    with h5py.File(_Outline(1 << 16, 1 << 30), "w", userblock_size=_BLOCK) as file:
        return _pictures(file, 1, 100)


def room_for(count: int, side: int) -> int:
    """Bytes that a file of so many pictures needs, a generous kilobyte of text for each included."""
    return first_byte() + count * (side * side * 3 + 1024) + (1 << 16)


def seal(part: Path, path: Path, columns: Columns, attributes: Attributes) -> None:
    """Write everything but the pictures around them into `part` and rename it to `path`.

    `columns` holds `NUMBERS`, `TEXTS`, `OPTIONAL` and `LEFT_OUT`; `attributes` at least `side`. UserError where the
    disk refuses; then `part` keeps its pictures.
    """
    count, side = len(columns["name"]), attributes["side"]
    plain = {"format": FORMAT, "version": VERSION}
    plain |= {name: json.dumps(value) if name in JSON_ATTRIBUTES else value for name, value in attributes.items()}
    head, tail = _outline(count, side, columns, plain)
    start = len(head)
    end = start + count * side * side * 3
    line = _Line(FORMAT, VERSION, count, side, start, end + len(tail), _checksum(count, side, head[_BLOCK:], tail))
    try:
        with own_file(part) as file:
            for offset, content in ((end, tail), (_BLOCK, head[_BLOCK:])):
                write_at(file, offset, content)
            file.truncate(end + len(tail))
            os.fsync(file.fileno())
            write_at(file, 0, _block(line))
            os.fsync(file.fileno())
        move_into_place(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error


def write_at(file: BinaryIO | io.FileIO, at: int, content: bytes | memoryview) -> None:
    """Write all of the content at this position of a file without a buffer."""
    file.seek(at)
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Columns, attributes and checksum of a whole cohort file, all of them plausible; UserError for every other one."""
    line = _line(path)
    start, end = line.first_byte, line.first_byte + line.pictures * line.side**2 * 3
    try:
        with path.open("rb") as file:
            around = _piece(file, 0, start), _piece(file, end, line.bytes)
    except (OSError, OverflowError) as error:
        raise _unreadable(path, error) from error
    if _checksum(line.pictures, line.side, around[0][_BLOCK:], around[1]) != line.checksum:
        raise damaged(path)
    try:
        parsed = json.loads(_columns(*around, line.pictures, line.side))
        if parsed["first_byte"] != start:  # zeros at both ends hide it from the checksum
            raise Damaged("its pictures lie elsewhere")
        columns, attributes = parsed["columns"], parsed["attributes"]
        check(columns, attributes, {name: getattr(line, name) for name in ("format", "version", "side")})
    except (Damaged, ValueError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    except NoAnswer as error:
        raise damaged(path, "HDF5 cannot make sense of it") from error
    except OSError as error:
        raise UserError(f"No process could be started to read the cohort: {error.strerror or error}.") from error
    columns |= {name: np.array(columns[name], kind) for name, kind in NUMBERS.items()}
    return columns, attributes, line.checksum


@functools.lru_cache(2)
def _columns(head: bytes, tail: bytes, pictures: int, side: int) -> str:
    """What `cohort_reader` gives in a process of its own, as JSON; these very bytes always give the same."""
    answer = read_apart(cohort_reader, head + tail, PATIENCE, str(pictures), str(side), str(len(head)))
    if "problem" in answer:
        raise Damaged(answer["problem"])
    answer["attributes"] |= {name: json.loads(answer["attributes"][name]) for name in JSON_ATTRIBUTES}
    return json.dumps(answer)


def pictures_of(path: Path, count: int, side: int, checksum: str) -> npt.NDArray[np.uint8]:
    """The pictures (N, side, side, 3) uint8, mapped from the disk; UserError where the file is another one by now."""
    line = _line(path)
    if line.checksum != checksum:
        raise UserError(f"{path} was replaced since it was opened; start again.")
    try:
        return np.memmap(path, np.uint8, "r", line.first_byte, (count, side, side, 3))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _block(line: _Line) -> bytes:
    """The first bytes of a cohort file."""
    return json.dumps(line._asdict()).encode().ljust(_BLOCK - 1) + b"\n"


def _line(path: Path) -> _Line:
    """The first line of a cohort file, checked against the file's size."""
    try:
        with path.open("rb") as file:
            block, size = file.read(_BLOCK), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        content = json.loads(block)
        is_cohort = content["format"] == FORMAT
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _no_cohort(path) from error
    if not is_cohort:
        raise _no_cohort(path)
    if isinstance(content.get("version"), int) and content["version"] > VERSION:
        raise UserError(f"{path} was written by a newer version of this program; update it to open the cohort.")
    try:
        line = _Line(**content)
        numbers = (line.version, line.pictures, line.side, line.first_byte, line.bytes)
        if any(type(number) is not int or number >= 2**53 for number in numbers) or not isinstance(line.checksum, str):
            raise TypeError("other kinds of values")
        whole = min(line.pictures, line.side, line.first_byte - _BLOCK) > 0
    except TypeError as error:
        raise damaged(path) from error
    if whole and isinstance(line.bytes, int) and size < line.bytes:
        raise UserError(
            f"{path} is cut short: {size} of {line.bytes} bytes; copy it again from its source, "
            "or prepare the cohort again."
        )
    if not whole or line.version != VERSION or size != line.bytes or block != _block(line):
        raise damaged(path)
    return line


def _checksum(pictures: int, side: int, head: bytes, tail: bytes) -> str:
    """SHA-256 of everything but the pictures themselves."""
    return hashlib.sha256(f"{pictures} {side} ".encode() + head + tail).hexdigest()


def damaged(path: Path, why: str = "") -> UserError:
    """What to say of a cohort file that is not whole."""
    reason = f" ({printable(why, 200)})" if why else ""
    return UserError(f"{path} is damaged{reason}; copy it again from its source, or prepare the cohort again.")


def _no_cohort(path: Path) -> UserError:
    return UserError(f"{path} is no cohort; make one with: feature-trainer prepare --images FOLDER --out cohort.h5.")


def _unreadable(path: Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"{path} does not exist; make it with: feature-trainer prepare --images FOLDER --out {path}.")
    if isinstance(error, IsADirectoryError):
        command = f"feature-trainer prepare --images {path} --out cohort.h5"
        return UserError(f"{path} is a folder; a cohort is a file, made of its pictures with: {command}.")
    return UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); check the file.")


def _piece(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(max(end - start, 0))
