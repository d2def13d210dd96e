"""HDF5 bytes -> the columns of a tags file; run as a program it does so for bytes on its standard input.

HDF5's parser can crash or hang on a damaged file. So `tag_store` runs this module by its path in a process of its
own: it imports nothing of this project, and starts in a tenth of a second.
"""

import base64
import contextlib
import json
import sys
import zlib
from typing import Any

import h5py
import numpy as np

ATTRIBUTES = ("format", "version", "network_digest", "network_name", "architecture", "layers")
UNSURE = ("generation", "writers")
"""Attributes that may be missing or senseless: None then; they only say which saves the file comes from."""

NUMBERS = ("layer", "filter")
TEXTS = ("tag", "detail", "note", "annotator", "created", "evidence")
FLAGS = ("needs_review",)
"""Columns that files of version 1 lack: nothing is said then."""
COLUMNS = (*NUMBERS, "confidence", *TEXTS, *FLAGS)

MOST_ROWS = 1_000_000
MOST_CHARACTERS = 32_000_000
LONGEST = {"evidence": 65_536}
"""Characters of all texts together, and of one where it may be longer than `LONGEST_TEXT`."""
LONGEST_TEXT = 10_000
MOST_MEMORY = 2 << 30
CHUNK = 1 << 16
"""Bytes of a piece of the history, as in `explorer.core.tags.history`."""
MOST_HISTORY = 1 << 30
"""Bytes of its text."""
SLAB = 500
"""Rows that are worked on in one step: a longer one would hold the interpreter, and with it the window, too long."""

Columns = dict[str, Any]
"""The root attributes by name, and every column as a list under its name; a confidence of nan is None.

Under "history" the number of its rows, its full pieces as they are compressed, and the rest of its text, which is
compressed too, both in base64; None where there is no history.
"""


class Damaged(ValueError):  # noqa: N818 - it is the file that has the error
    """Why a file is no readable tags file."""


def read_columns(image: bytes) -> Columns:
    """The root attributes and columns of a tags file; Damaged where one is missing, too large or of a wrong type."""
    try:
        with h5py.File(h5py.h5f.open_file_image(image)) as file:
            attributes = file.attrs
            columns: Columns = {name: _attribute(attributes, name) for name in ATTRIBUTES}
            columns |= {name: _unsure(attributes, name) for name in UNSURE}
            group = _own(file, "tags")
            if not isinstance(group, h5py.Group):
                raise Damaged("it holds no group /tags")
            left = MOST_CHARACTERS
            for name in COLUMNS:
                columns[name] = _column(group, name, left) if name not in FLAGS else _flags(group, name, columns)
                left -= sum(map(len, columns[name])) if name in TEXTS else 0
            columns["history"] = _history(file)
    except Damaged:
        raise
    except Exception as error:  # h5py raises nearly everything for a damaged file
        raise Damaged(f"HDF5 cannot read it: {str(error)[:200]}") from error
    lengths = {len(columns[name]) for name in COLUMNS}
    if len(lengths) > 1:
        raise Damaged(f"its columns have different lengths: {', '.join(map(str, sorted(lengths)))}")
    return columns


def _attribute(attributes: h5py.AttributeManager, name: str) -> str | int:
    value: Any = attributes.get(name)
    if value is None:
        raise Damaged(f'the attribute "{name}" is missing')
    value = value.reshape(-1)[0] if isinstance(value, np.ndarray) and value.size == 1 else value
    if isinstance(value, bytes):  # other programs write plain strings so
        value = value.decode()
    if name == "version":
        if not isinstance(value, int | np.integer):
            raise Damaged('the attribute "version" is no whole number')
        return int(value)
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise Damaged(f'the attribute "{name}" is no text')
    return value


def _unsure(attributes: h5py.AttributeManager, name: str) -> str | int | None:
    """An attribute that other programs may have left out or spoiled."""
    try:
        value: Any = attributes.get(name)
        if name == "generation":
            return int(value) if isinstance(value, np.integer) else None
        return value if isinstance(value, str) and len(value) <= MOST_CHARACTERS else None
    except Exception:  # it is worth nothing then, and no reason to refuse the tags
        return None


def _own(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """What lies in the group under this name; other links could bring other files' contents into a book of tags."""
    inside = name in group and group.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_HARD
    return group[name] if inside else None


def _column(group: h5py.Group, name: str, most: int) -> list[Any]:
    column = _own(group, name)
    if not isinstance(column, h5py.Dataset):
        raise Damaged(f'the column "{name}" is missing')
    storage = column.id.get_create_plist()
    if storage.get_layout() == h5py.h5d.VIRTUAL or storage.get_external_count():
        raise Damaged(f'the column "{name}" is kept in another file')
    shape: tuple[int, ...] = column.shape or ()
    if len(shape) != 1 or shape[0] > MOST_ROWS:
        raise Damaged(f'the column "{name}" has the shape {shape}')
    if name in TEXTS:
        return _texts(column, name, shape[0], most)
    kind = column.dtype
    kinds = {"confidence": "f"}.get(name, "iub" if name in FLAGS else "iu")
    if kind.kind not in kinds or kind.itemsize > 8:
        raise Damaged(f'the column "{name}" holds {kind}')
    values: list[Any] = column[()].tolist()
    return [None if value != value else value for value in values] if name == "confidence" else values


def _flags(group: h5py.Group, name: str, columns: Columns) -> list[bool]:
    if name not in group:
        return [False] * len(columns[NUMBERS[0]])
    return [bool(value) for value in _column(group, name, 0)]


def _history(file: h5py.File) -> dict[str, Any] | None:
    """The history as it is kept: nothing of it is unpacked where this program wrote it."""
    group = _own(file, "history")
    if group is None:
        return None
    lines = _own(group, "lines") if isinstance(group, h5py.Group) else None
    if not isinstance(lines, h5py.Dataset) or lines.dtype != np.uint8 or len(lines.shape or ()) != 1:
        raise Damaged("its history is not made of lines")
    storage, length, rows = lines.id.get_create_plist(), int(lines.shape[0]), lines.attrs.get("rows", 0)
    if storage.get_layout() == h5py.h5d.VIRTUAL or storage.get_external_count() or length > MOST_HISTORY:
        raise Damaged("its history is kept in another file, or far too large")
    full = range(0, length - length % CHUNK, CHUNK)
    if lines.chunks == (CHUNK,) and storage.get_nfilters() == 1 and storage.get_filter(0)[0] == h5py.h5z.FILTER_DEFLATE:
        pieces = [lines.id.read_direct_chunk((start,)) for start in full]
        if any(mask for mask, _ in pieces):
            raise Damaged("its history is packed in an unknown way")
        chunks = [chunk for _, chunk in pieces]
    else:
        chunks = [zlib.compress(lines[start : start + CHUNK].tobytes()) for start in full]
    packed = [base64.b64encode(chunk).decode() for chunk in chunks]
    tail = base64.b64encode(lines[full.stop if full else 0 :].tobytes()).decode()
    return {"rows": int(rows) if isinstance(rows, np.integer) else 0, "chunks": packed, "tail": tail}


def check_history(columns: Columns) -> None:
    """Unpack every piece of the history once; Damaged where one cannot be."""
    for packed in (columns["history"] or {}).get("chunks", ()):
        try:
            text = zlib.decompressobj().decompress(base64.b64decode(packed), CHUNK + 1)
        except zlib.error as error:
            raise Damaged("a piece of its history cannot be unpacked") from error
        if len(text) != CHUNK:
            raise Damaged("a piece of its history is too short or too long")


def _texts(column: h5py.Dataset, name: str, rows: int, most: int) -> list[str]:
    kind = h5py.check_string_dtype(column.dtype)
    if kind is None:
        raise Damaged(f'the column "{name}" holds {column.dtype}, no text')
    if kind.length is not None and kind.length * rows > 4 * MOST_CHARACTERS:
        raise Damaged(f'the column "{name}" is too large')
    texts: list[str] = []
    characters = 0
    for start in range(0, rows, SLAB):  # a damaged length must not fill the memory in one step
        slab = [text.decode() for text in column[start : start + SLAB].tolist()]
        characters += sum(map(len, slab))
        longest = max(map(len, slab))
        if characters > most or longest > LONGEST.get(name, LONGEST_TEXT):
            raise Damaged(f'the column "{name}" is too large')
        texts += slab
    return texts


def main() -> None:
    """Print what the file on standard input holds, or {"problem": ...}, as lines of JSON that `gather` reads."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows and macOS may not know this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        answer: Columns = read_columns(sys.stdin.buffer.read())
        check_history(answer)
    except (Damaged, MemoryError) as error:
        answer = {"problem": str(error) or "it is too large"}
    columns = [answer.pop(name) for name in COLUMNS if name in answer]
    history = answer.pop("history", None)
    print(json.dumps(answer))
    print(json.dumps(history))
    for start in range(0, len(columns[0]) if columns else 0, SLAB):
        print(json.dumps([column[start : start + SLAB] for column in columns]))


def gather(printed: bytes) -> Columns:
    """The columns, or {"problem": ...}, that `main` printed; ValueError where it printed something else."""
    first, *lines = printed.splitlines() or [b""]
    answer: Any = json.loads(first)
    history = json.loads(lines.pop(0)) if lines else None
    if not isinstance(answer, dict):
        raise ValueError("no object")
    if "problem" not in answer:
        answer |= {name: [] for name in COLUMNS} | {"history": history}
        for line in lines:
            for name, values in zip(COLUMNS, json.loads(line), strict=True):
                answer[name] += values
    return answer


if __name__ == "__main__":
    main()
