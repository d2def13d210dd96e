"""The parts of an index: the answers on some pictures each, written whole, found again after whatever happened."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.schema import ANSWERS
from explorer.core.index.sealed_file import sound, write_sealed
from trainer.files.atomic_files import subfolder, sweep_folder
from trainer.files.own_files import remove_own

BYTES, FEWEST, MOST = 1 << 25, 16, 1024
"""Size of a part, and numbers of its pictures: so many are made again after a kill."""
PICTURE_COLUMNS = ("logits", "embedding", "size")
"""What a part holds of each picture, with pictures first; the answers have them last."""


@dataclass(frozen=True)
class Part:
    """A part that is on the disk: its file and the digests of its pictures, in the order of its columns."""

    path: Path
    digests: tuple[str, ...]


Columns = dict[str, npt.NDArray[Any]]
"""The answers (F, n), "place" (F, n, 2), and the columns of `PICTURE_COLUMNS` (n, ...) of n pictures."""


@dataclass(frozen=True)
class Rows:
    """Answers on pictures with these digests, not yet on the disk."""

    digests: tuple[str, ...]
    columns: Columns

    def some(self, positions: Sequence[int] | slice) -> "Rows":
        """Those of some of the pictures."""
        chosen = range(len(self.digests))[positions] if isinstance(positions, slice) else positions
        columns = {
            name: values[positions] if name in PICTURE_COLUMNS else values[:, positions]
            for name, values in self.columns.items()
        }
        return replace(self, digests=tuple(self.digests[position] for position in chosen), columns=columns)


def joined(rows: Sequence[Rows]) -> Rows:
    """Several behind each other."""
    names = rows[0].columns
    columns = {
        name: np.concatenate([block.columns[name] for block in rows], axis=0 if name in PICTURE_COLUMNS else 1)
        for name in names
    }
    return Rows(tuple(digest for block in rows for digest in block.digests), columns)


def pictures_of_a_part(filters: int) -> int:
    """How many pictures a part holds, so that it is made in little memory."""
    return int(np.clip(BYTES // (filters * bytes_of_an_answer()), FEWEST, MOST))


def bytes_of_an_answer() -> int:
    """Bytes that a filter takes for each picture."""
    return sum(np.dtype(kind).itemsize for kind, _ in ANSWERS.values()) + 2 * np.dtype("uint16").itemsize


class PartFolder:
    """The folder of the parts beside an index; `key` tells answers that belong together from all others."""

    def __init__(self, index: Path, key: str) -> None:
        self.path, self.key = folder_of(index), key

    def found(self) -> Iterator[Part]:
        """The whole parts of this key; damaged ones and those of another key are passed over."""
        with contextlib.suppress(OSError):
            sweep_folder(self.path, named=False)
        for path in sound(sorted(self.path.glob("[0-9a-f]*.h5"))):
            with contextlib.suppress(OSError, KeyError, AttributeError, TypeError), h5py.File(path, "r") as file:
                if file.attrs["key"] == self.key:
                    yield Part(path, tuple(file["digest"].asstr()[()]))

    def write(self, rows: Rows) -> Part:
        """Put a new part in its place; UserError where the disk refuses."""

        def fill(file: h5py.File) -> None:
            for name, values in rows.columns.items():
                file.create_dataset(name, data=values)

        return self._put(rows.digests, fill)

    def write_together(self, parts: Sequence[Part]) -> Part:
        """Put a new part in its place that holds what these hold; they stay. UserError where the disk refuses."""
        digests = tuple(digest for part in parts for digest in part.digests)

        def fill(file: h5py.File) -> None:
            end = 0
            for part in parts:  # one at a time: together they are large
                begin, end = end, end + len(part.digests)
                for name, values in read_part(part).columns.items():
                    across = name not in PICTURE_COLUMNS
                    shape = list(values.shape)
                    shape[int(across)] = len(digests)
                    column = file.require_dataset(name, tuple(shape), values.dtype, exact=True)
                    column[(slice(None), slice(begin, end)) if across else slice(begin, end)] = values

        return self._put(digests, fill)

    def _put(self, digests: tuple[str, ...], columns: Callable[[h5py.File], None]) -> Part:
        path = subfolder(self.path.parent, self.path.name) / f"{os.urandom(8).hex()}.h5"

        def fill(file: h5py.File) -> None:
            file.attrs["key"] = self.key
            file.create_dataset("digest", data=np.array(digests, dtype=object), dtype=h5py.string_dtype())
            columns(file)

        write_sealed(path, fill)
        return Part(path, digests)

    def remove_others(self, kept: Sequence[Part]) -> None:
        """Remove all parts but these."""
        names = {part.path.name for part in kept}
        remove_own(path for path in self.path.glob("[0-9a-f]*.h5") if path.name not in names)


def folder_of(index: Path) -> Path:
    """The folder beside an index in which its parts lie."""
    return index.with_name(f"{index.stem}.parts")


def read_part(part: Part) -> Rows:
    """Everything in a part; Damaged or OSError where it is not what was written."""
    with h5py.File(part.path, "r") as file:
        columns = {name: file[name][()] for name in (*ANSWERS, "place", *PICTURE_COLUMNS)}
    return Rows(part.digests, columns)


def in_file_types(columns: Mapping[str, npt.NDArray[Any]]) -> Columns:
    """Columns as a part keeps them; what half precision cannot hold becomes its largest number."""
    kinds = {name: kind for name, (kind, _) in ANSWERS.items()} | {"place": "uint16", "size": "int32"}
    largest = float(np.finfo(np.float16).max)
    return {
        name: (np.clip(values, -largest, largest) if kinds.get(name) == "float16" else values).astype(
            kinds.get(name, "float32")
        )
        for name, values in columns.items()
    }
