"""HDF5 bytes -> the columns of a tags file; run as a program it does so for bytes on its standard input.

HDF5's parser can crash or hang on a damaged file. So `tag_store` runs this module by its path in a process of its
own: it imports nothing of this project, and starts in a tenth of a second.
"""

import contextlib
import json
import sys
from typing import Any

import h5py
import numpy as np

ATTRIBUTES = ("format", "version", "network_digest", "network_name", "architecture", "layers")
NUMBERS = ("layer", "filter")
TEXTS = ("tag", "detail", "note", "annotator", "created", "evidence")
COLUMNS = (*NUMBERS, "confidence", *TEXTS)

MOST_ROWS = 1_000_000
MOST_CHARACTERS = 32_000_000
LONGEST = {"evidence": 65_536}
"""Characters of all texts together, and of one where it may be longer than `LONGEST_TEXT`."""
LONGEST_TEXT = 10_000
MOST_MEMORY = 2 << 30
_SLAB = 1_000

Columns = dict[str, Any]
"""The root attributes by name, and every column as a list under its name; a confidence of nan is None."""


class Damaged(ValueError):  # noqa: N818 - it is the file that has the error
    """Why a file is no readable tags file."""


def read_columns(image: bytes) -> Columns:
    """The root attributes and columns of a tags file; Damaged where one is missing, too large or of a wrong type."""
    try:
        with h5py.File(h5py.h5f.open_file_image(image)) as file:
            attributes = file.attrs
            columns: Columns = {name: _attribute(attributes, name) for name in ATTRIBUTES}
            group = _own(file, "tags")
            if not isinstance(group, h5py.Group):
                raise Damaged("it holds no group /tags")
            left = MOST_CHARACTERS
            for name in COLUMNS:
                columns[name] = _column(group, name, left)
                left -= sum(map(len, columns[name])) if name in TEXTS else 0
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


def _own(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """What lies in the group under this name; other links could bring other files' contents into a book of tags."""
    inside = name in group and group.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_HARD
    return group[name] if inside else None


def _column(group: h5py.Group, name: str, most: int) -> list[Any]:
    found = _own(group, name)
    if not isinstance(found, h5py.Dataset):
        raise Damaged(f'the column "{name}" is missing')
    storage = found.id.get_create_plist()
    if storage.get_layout() == h5py.h5d.VIRTUAL or storage.get_external_count():
        raise Damaged(f'the column "{name}" is kept in another file')
    shape: tuple[int, ...] = found.shape or ()
    if len(shape) != 1 or shape[0] > MOST_ROWS:
        raise Damaged(f'the column "{name}" has the shape {shape}')
    if name in TEXTS:
        return _texts(found, name, shape[0], most)
    kind = found.dtype
    if kind.kind not in ("f" if name == "confidence" else "iu") or kind.itemsize > 8:
        raise Damaged(f'the column "{name}" holds {kind}')
    values: list[Any] = found[()].tolist()
    return [value if value == value else None for value in values] if name == "confidence" else values


def _texts(column: h5py.Dataset, name: str, rows: int, most: int) -> list[str]:
    kind = h5py.check_string_dtype(column.dtype)
    if kind is None:
        raise Damaged(f'the column "{name}" holds {column.dtype}, no text')
    if kind.length is not None and kind.length * rows > 4 * MOST_CHARACTERS:
        raise Damaged(f'the column "{name}" is too large')
    texts: list[str] = []
    characters = 0
    for start in range(0, rows, _SLAB):  # a damaged length must not fill the memory in one step
        slab = [text.decode() for text in column[start : start + _SLAB].tolist()]
        characters += sum(map(len, slab))
        longest = max(map(len, slab))
        if characters > most or longest > LONGEST.get(name, LONGEST_TEXT):
            raise Damaged(f'the column "{name}" is too large')
        texts += slab
    return texts


def main() -> None:
    """Print the columns of the file on standard input, or {"problem": ...}, as one JSON object in ASCII."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows and macOS may not know this limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    try:
        answer: Columns = read_columns(sys.stdin.buffer.read())
    except (Damaged, MemoryError) as error:
        answer = {"problem": str(error) or "it is too large"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
