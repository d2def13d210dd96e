"""What was found of single pictures, kept beside an index: written whole, found again by whatever it was found from."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.parts import folder_of
from explorer.core.index.sealed_file import Damaged, open_sealed, write_sealed
from trainer.files.atomic_files import subfolder, sweep_folder
from trainer.files.own_files import remove_own

Columns = Mapping[str, npt.NDArray[Any]]
"""Arrays of one picture."""


def place_beside(index: Path) -> Path:
    """The name that everything about the suggestions of an index is kept under: its folder lies beside the index."""
    return index.with_name(f"{index.stem}.suggest.h5")


def in_halves(values: npt.NDArray[Any]) -> npt.NDArray[np.float16]:
    """Half precision; what that cannot hold becomes its largest number."""
    largest = np.finfo(np.float16).max
    halves: npt.NDArray[np.float16] = np.clip(values, -largest, largest).astype(np.float16)
    return halves


class Kept:
    """Records of one kind under one `key`; another key's are another's, and are removed by `sweep`."""

    def __init__(self, index: Path, kind: str, key: str) -> None:
        self.path, self.kind, self.key = folder_of(place_beside(index)), kind, key

    def names(self) -> set[str]:
        """Of which pictures there are records; damaged files are passed over."""
        return {name for path in self._files() for name in self._names(path)}

    def records(self, wanted: Sequence[str]) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """Those of these pictures that are there."""
        missing, records = set(wanted), {}
        for path in self._files():
            rows = [(row, name) for row, name in enumerate(self._names(path)) if name in missing]
            if not rows:
                continue
            with h5py.File(path, "r") as file:
                columns = {name: values[()] for name, values in file["columns"].items()}
            for row, name in rows:
                records[name] = {column: values[row] for column, values in columns.items()}
            missing -= {name for _, name in rows}
        return records

    def write(self, names: Sequence[str], records: Sequence[Columns]) -> None:
        """Keep more records; UserError where the disk refuses."""
        path = subfolder(self.path.parent, self.path.name) / f"{self.kind}-{os.urandom(8).hex()}.h5"

        def fill(file: h5py.File) -> None:
            file.attrs["key"] = self.key
            file.create_dataset("name", data=np.array(names, dtype=object), dtype=h5py.string_dtype())
            for column in records[0]:
                file.create_dataset(f"columns/{column}", data=np.stack([record[column] for record in records]))

        write_sealed(path, fill)

    def sweep(self) -> None:
        """Remove what was kept under other keys, and what was left unfinished."""
        with contextlib.suppress(OSError):
            sweep_folder(self.path, named=False)
        remove_own(path for path in self._every_file() if not self._is_mine(path))

    def _every_file(self) -> list[Path]:
        """Those of all keys, as they are now: another process may write more."""
        return sorted(self.path.glob(f"{self.kind}-*.h5"))

    def _is_mine(self, path: Path) -> bool:
        with contextlib.suppress(Damaged, OSError, KeyError), open_sealed(path) as file:
            return bool(file.attrs["key"] == self.key)
        return False

    def _files(self) -> Iterator[Path]:
        return filter(self._is_mine, self._every_file())

    def _names(self, path: Path) -> tuple[str, ...]:
        with h5py.File(path, "r") as file:
            return tuple(file["name"].asstr()[()])
