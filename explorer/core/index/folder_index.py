"""An open index: what every filter answered on every picture of a folder."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.index import version_1
from explorer.core.index.embedding import Embedding
from explorer.core.index.filter_scale import filter_scale
from explorer.core.index.joined_file import parts_of, read_contents
from explorer.core.index.schema import ANSWERS, Contents
from explorer.core.index.sealed_file import Damaged, check_sealed, open_sealed
from explorer.core.tags import FilterKey
from trainer.measures.prediction import Prediction
from trainer.pictures.file_names import natural_key

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

Numbers = npt.NDArray[np.float32]
BLOCK = 64
"""Values of which the lowest is found at once where few of many are looked for."""
Ranked = list[tuple[str, float]]
"""Pictures, each with its peak."""


class FolderIndex:
    """What every filter answered on N pictures; `pictures` names them, and every column is in that order.

    Close it, or use it in a `with` block. The file is never changed by it.
    """

    def __init__(self, path: Path, file: h5py.File, contents: Contents, held: Sequence[h5py.File] = ()) -> None:
        self.path, self._file, self.contents, self._held = path, file, contents, held
        self._parts = parts_of(path, file)
        self._columns: dict[str, h5py.Dataset] = {}
        names = contents.pictures.names
        self._order = np.array(sorted(range(len(names)), key=lambda row: natural_key(names[row])), np.intp)
        self._in_order = bool((np.diff(self._order) == 1).all())
        self._first = np.concatenate([[0], np.cumsum(contents.network.filters)]).astype(int)
        self.pictures: tuple[str, ...] = tuple(names[row] for row in self._order)
        self.rows: Mapping[str, int] = {name: row for row, name in enumerate(self.pictures)}
        self.found_beside: dict[str, Any] = {}
        """What was read from large files beside it, kept while it is open."""

    def __enter__(self) -> "FolderIndex":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and its parts."""
        for file in (self._file, *self._held):
            file.close()

    def check(self, network: "Network") -> None:
        """UserError where this is the index of another network, or of the same one read in another way."""
        if self.contents.network.identity != network.identity:
            raise UserError(f"{self.path.name} is the index of another network; make one of {network.name}.")

    def seen_from(self, folder: Path, given: Sequence[str] | None = None) -> "FolderIndex":
        """The same index with its pictures in another folder and, in their order, of other classes; none is written."""
        pictures = self.contents.pictures
        if given is not None:
            in_file = np.empty(len(self.pictures), dtype=object)
            in_file[self._order] = list(given)
            pictures = replace(pictures, given=tuple(in_file))
        facts = {**self.contents.facts, "folder": str(folder)}
        return FolderIndex(self.path, self._file, replace(self.contents, pictures=pictures, facts=facts), self._held)

    @property
    def complete(self) -> bool:
        """Whether every picture that the folder had is in it."""
        return len(self.pictures) >= self.contents.asked

    @property
    def classes(self) -> tuple[str, ...]:
        """The network's classes."""
        return self.contents.network.classes

    @cached_property
    def given(self) -> tuple[str, ...]:
        """The class of each picture from table or folder, "" where none is known."""
        return tuple(self.contents.pictures.given[row] for row in self._order)

    @cached_property
    def lesions(self) -> dict[str, str]:
        """The lesion of each picture of which the table that it was made with says it, by the picture's name."""
        names, lesions = self.contents.pictures.names, self.contents.pictures.lesions
        return {name: lesion for name, lesion in zip(names, lesions, strict=bool(lesions)) if lesion}

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 (hex) of each picture's file."""
        return tuple(self.contents.pictures.digests[row] for row in self._order)

    @cached_property
    def trained_on(self) -> npt.NDArray[np.bool_]:
        """Whether the network was trained or chosen on each picture (N,), as far as its checkpoint tells."""
        return self.contents.pictures.trained_on[self._order]

    @cached_property
    def logits(self) -> Numbers:
        """The network's logits (N, K) float32; K is 0 for a network without class scores."""
        return np.asarray(self._dataset("logits")[()][self._order], np.float32)

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """What the logits mean (N, K)."""
        return Prediction(self.logits, self.contents.network.independent).probabilities

    @property
    def embedding(self) -> Numbers:
        """The input of the last linear layer (N, D) float32, read anew each time; D is 0 where there is none."""
        return self.hidden.all()

    @cached_property
    def hidden(self) -> Embedding:
        """The same, for whoever needs some of it at a time."""
        return Embedding(partial(self._dataset, "embedding"), self._order)

    def filters(self) -> npt.NDArray[np.void]:
        """One row for each filter (F,), with the columns of `schema.FILTERS`."""
        return self.contents.filters.copy()

    def row(self, key: FilterKey | tuple[int, int] | str) -> int:
        """The row of a filter (also written (7, 8) or "7:8") among all; UserError where there is no such filter."""
        key = FilterKey.of(key)
        counts = self.contents.network.filters
        if key.layer >= len(counts) or key.filter >= counts[key.layer]:
            raise UserError(f"The index has no filter {key}.")
        return int(self._first[key.layer] + key.filter)

    def answers(self, key: FilterKey | tuple[int, int] | str, answer: str = "peak") -> Numbers:
        """One number for each picture (N,) float32: `answer` is a key of `schema.ANSWERS`."""
        return np.asarray(self._read(answer, self.row(key)))

    def layer_answers(self, layer: int, answer: str = "peak") -> Numbers:
        """The same for every filter of a layer, (C, N) float32."""
        first = self.row(FilterKey(layer, 0))
        return self.rows_answers(slice(first, first + self.contents.network.filters[layer]), answer)

    def rows_answers(self, rows: slice, answer: str = "peak") -> Numbers:
        """The same for some rows of `filters()`, (F, N) float32: all of them need not be held at once."""
        return np.asarray(self._read(answer, rows))

    def some_answers(self, layer: int, rows: slice, answer: str = "peak") -> Numbers:
        """The same for every filter of a layer, (C, n), on some pictures as they lie in the file: in no order."""
        first = self.row(FilterKey(layer, 0))
        of_layer = slice(first, first + self.contents.network.filters[layer])
        return np.asarray(self._column(answer)[of_layer, rows], np.float32)

    def peaks(self, key: FilterKey) -> Numbers:
        """The highest value of the filter's map on each picture (N,) float32."""
        return self.answers(key, "peak")

    def places(self, key: FilterKey) -> npt.NDArray[np.int64]:
        """Where in the map the highest value inside lies on each picture (N, 2): row and column of the map."""
        return np.asarray(self._read("place", self.row(key)), np.int64)

    def scale(self, key: FilterKey) -> Scale:
        """The scale that stays: `filter_scale`, from the filter's values inside on the sample."""
        return filter_scale(self.contents.filters[self.row(key)])

    def histogram(self, key: FilterKey) -> tuple[npt.NDArray[np.int64], Numbers]:
        """Counts (BINS,) and edges (BINS + 1,) of the filter's values on the sample."""
        row = self.row(key)
        return self.contents.counts[row], self.contents.edges[row]

    def strongest(self, key: FilterKey, n: int = 10, by: str = "peak") -> Ranked:
        """The `n` pictures with the highest answers, the highest first, each with it; `by` as in `answers`."""
        values = self.answers(key, by)
        return self._ranked(values, _lowest(-values, n))

    def weakest(self, key: FilterKey, n: int = 10, by: str = "peak") -> Ranked:
        """The `n` pictures with the lowest answers, the lowest first, each with it."""
        values = self.answers(key, by)
        return self._ranked(values, _lowest(values, n))

    def contrast(self, key: FilterKey, n: int = 10, by: str = "peak") -> Ranked:
        """For each of the `n` strongest pictures the one most like it on which the filter is weak, each once.

        Among pictures in the filter's lower half the nearest by the last hidden layer; fewer where there are fewer.
        """
        values = self.answers(key, by)
        order = np.argsort(-values, kind="stable")
        strong, weak = order[:n], order[max(n, (len(order) + 1) // 2) :]
        distances = self.hidden.distances(strong[: len(weak)], weak)
        matches: list[int] = []
        for of_one in distances:
            nearest = int(of_one.argmin())
            matches.append(int(weak[nearest]))
            distances[:, nearest] = np.inf
        return self._ranked(values, np.array(matches, np.intp))

    def _ranked(self, values: Numbers, rows: npt.NDArray[np.intp]) -> Ranked:
        return [(self.pictures[row], float(values[row])) for row in rows]

    def _read(self, answer: str, rows: int | slice) -> Any:
        values = self._column(answer)[rows]
        if not self._in_order:
            values = values[self._order] if isinstance(rows, int) else values[:, self._order]
        return values if answer == "place" else values.astype(np.float32, copy=False)

    def _column(self, answer: str) -> h5py.Dataset:
        if answer not in ANSWERS and answer != "place":
            raise UserError(f'An index has no answer "{answer}"; it has {", ".join(ANSWERS)}.')
        self._check_parts()
        if answer not in self._columns:
            self._columns[answer] = version_1.column(self._file, answer)
        return self._columns[answer]

    def _dataset(self, name: str) -> h5py.Dataset:
        self._check_parts()
        return self._file[name]

    def _check_parts(self) -> None:
        """HDF5 reads what is missing as zeros, without a word."""
        missing = [part for part in self._parts if not part.is_file()]
        if missing:
            raise Damaged(
                f"{self.path.name} was made anew, or {missing[0].parent.name} is not beside it; open it again."
            )


def _lowest(values: Numbers, n: int) -> npt.NDArray[np.intp]:
    """The places of the `n` lowest, the lowest first, equal ones in their order, what is no number last."""
    candidates = np.arange(len(values))
    if 0 < n < len(values) // BLOCK:
        # So many blocks have a value up to the n-th lowest of their lowest that the n lowest are not above it.
        lowest = np.fmin.reduce(values[: len(values) // BLOCK * BLOCK].reshape(-1, BLOCK), axis=1)
        candidates = np.flatnonzero(~(values > np.partition(lowest, n - 1)[n - 1]))
    return candidates[np.argsort(values[candidates], kind="stable")[: max(n, 0)]]


def open_index(path: Path | str) -> FolderIndex:
    """Open the index at `path`; UserError where it is not there, damaged or of a later version."""
    path = Path(path)
    try:
        file = open_sealed(path)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; make the index with `feature-explorer index`.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        parts = parts_of(path, file)
        _check_parts(path, parts)
        contents, held = read_contents(file), _held(path, parts)
        return FolderIndex(path, file, version_1.with_silence(contents, file), held)
    except UserError:
        file.close()
        raise


def _check_parts(path: Path, parts: Sequence[Path]) -> None:
    try:
        check_sealed(parts)
    except FileNotFoundError as error:
        part = Path(error.filename)
        raise Damaged(f"{path.name} lacks its part {part.parent.name}/{part.name}; make the index again.") from error


def _held(path: Path, parts: Sequence[Path]) -> list[h5py.File]:
    """The parts, open: HDF5 reads what it cannot open later, because too many files are, as zeros without a word."""
    held: list[h5py.File] = []
    try:
        held += (h5py.File(part, "r") for part in parts)
    except OSError as error:
        for file in held:
            file.close()
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise UserError(
                f"{path.name} has {len(parts):,} parts, and this system lets a program have fewer files open; run "
                "`feature-explorer index` on it again, which makes them fewer, or raise the limit (ulimit -n)."
            ) from error
        raise Damaged(f"{path.name} cannot be read as HDF5; make the index again.") from error
    return held
