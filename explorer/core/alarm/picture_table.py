"""The numbers of every picture in a folder that may be a shortcut, measured once and kept beside the index."""

import csv
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from explorer.core.concepts import ARTIFACTS, artifact_scores, concept_maps
from explorer.core.concepts.finder_key import finder_key
from explorer.core.concepts.picture_values import JPEG_QUALITY, VALUES, jpeg_quality, picture_values
from explorer.core.errors import UserError
from explorer.core.images import picture_digest, read_image
from explorer.core.index import FolderIndex
from explorer.core.index.folder_pictures import cores
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import replace_file
from trainer.files.written_tables import read_rows, write_rows

Columns = dict[str, npt.NDArray[np.float64]]
Row = tuple[float, ...]
Map = npt.NDArray[np.float32]

LESION, MARGIN = 0.5, 0.04
"""From which value of its map a pixel is of the lesion, and how far around it (over the shorter side) is left out."""
LEAST_BESIDE = 0.1
"""Share of the picture beside the lesion below which all of it counts."""
_OFTEN = 256
"""Pictures after which what was measured is kept: an ended measurement goes on there."""


@dataclass(frozen=True)
class Measurement:
    """What is measured on a picture's file: `columns` by name. Of another `version` the same names mean other numbers.

    `name` tells what is kept of it beside an index, `way` on what else the numbers depend.
    """

    name: str
    version: int
    columns: tuple[str, ...]
    of: Callable[[Path], Row]
    way: Callable[[], str] = str

    @property
    def header(self) -> list[str]:
        """The first row of what is kept."""
        return [f"digest, {self.name} {self.version} {self.way()}".rstrip(), *self.columns]

    def kept_beside(self, index: FolderIndex) -> Path:
        """Where it is kept for the pictures of an index."""
        return index.path.with_suffix(f".{self.name}.csv")


def _values(path: Path) -> Row:
    return (*picture_values(read_image(path)).values(), jpeg_quality(path))


def _artifacts(path: Path) -> Row:
    maps = concept_maps(read_image(path))
    scores = artifact_scores(beside_lesion(maps))
    return tuple(scores[name] for name in ARTIFACTS)


def beside_lesion(maps: Mapping[str, Map]) -> dict[str, Map]:
    """The artifacts' maps (H, W) where there is no lesion, in one row: what looks like one in a lesion may be of it."""
    lesion = maps["lesion"] >= LESION
    wide = max(1, round(MARGIN * min(lesion.shape)))
    if lesion.any():
        lesion = ndimage.binary_dilation(lesion, iterations=wide)
    beside = ~lesion if (~lesion).mean() >= LEAST_BESIDE else np.ones_like(lesion)
    return {name: maps[name][beside][None] for name in ARTIFACTS}


WHOLE_PICTURE = Measurement("values", 1, (*VALUES, JPEG_QUALITY), _values)
"""The values of the whole picture, on its border ring; milliseconds a picture."""
CONCEPTS = Measurement("artifacts", 2, ARTIFACTS, _artifacts, finder_key)
"""How much of each artifact there is beside the lesion, as share of what is there; this takes most of the time."""


def picture_table(
    index: FolderIndex,
    folder: Path | str,
    measurement: Measurement,
    rows: Sequence[int] | None = None,
    *,
    keep: bool = True,
    on_step: OnStep = no_step,
) -> Columns:
    """A measurement's columns (N,) for the pictures of an index, whose files lie in `folder`; NaN where not measured.

    Only `rows` are measured, all where None. A picture whose file has another content by now, or is gone, has none.
    With `keep`, what was found is kept beside the index by the content of each picture, and taken from there; where
    the disk refuses, it is not.
    """
    table_path = measurement.kept_beside(index) if keep else None
    cached = _read(table_path, measurement) if table_path is not None else {}
    wanted = range(len(index.pictures)) if rows is None else [int(row) for row in rows]
    missing = [row for row in wanted if index.digests[row] not in cached]
    fresh = 0
    try:
        for done, (row, numbers) in enumerate(_measure(index, Path(folder), measurement, missing)):
            on_step(done, len(missing))
            if numbers is not None:
                cached[index.digests[row]] = numbers
                fresh += 1
                if table_path is not None and fresh % _OFTEN == 0:
                    _write(table_path, measurement, cached)
    finally:
        if table_path is not None and fresh:
            _write(table_path, measurement, cached)
    return _columns(index, measurement, cached, frozenset(wanted))


def measured_so_far(index: FolderIndex, measurement: Measurement) -> Columns:
    """The columns (N,) as far as they are kept beside the index; NaN elsewhere, and nothing is measured."""
    cached = _read(measurement.kept_beside(index), measurement)
    return _columns(index, measurement, cached, range(len(index.pictures)))


def _columns(index: FolderIndex, measurement: Measurement, cached: Mapping[str, Row], rows: Container[int]) -> Columns:
    nothing = (float("nan"),) * len(measurement.columns)
    table = [cached.get(digest, nothing) if row in rows else nothing for row, digest in enumerate(index.digests)]
    columns = np.array(table, np.float64).reshape(len(table), len(nothing))
    return {name: columns[:, column] for column, name in enumerate(measurement.columns)}


def _measure(
    index: FolderIndex, folder: Path, measurement: Measurement, rows: Sequence[int]
) -> Iterator[tuple[int, Row | None]]:
    """(row, numbers) of each picture, a few ahead; None for one that is not what the index saw."""

    def look(row: int) -> Row | None:
        path = folder / index.pictures[row]
        try:
            return measurement.of(path) if picture_digest(path) == index.digests[row] else None
        except UserError:
            return None

    ahead: deque[tuple[int, Future[Row | None]]] = deque()
    with ThreadPoolExecutor(cores(), "pictures") as pool:
        try:
            for row in rows:
                ahead.append((row, pool.submit(look, row)))
                if len(ahead) > 2 * cores():
                    first, future = ahead.popleft()
                    yield first, future.result()
            while ahead:
                first, future = ahead.popleft()
                yield first, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


def _read(path: Path, measurement: Measurement) -> dict[str, Row]:
    """What is kept; nothing where it is not there, is damaged, or was measured in another way."""
    try:
        lines = [cells for _, cells in read_rows(path.read_text("utf-8"))]
        if not lines or lines[0] != measurement.header:
            return {}
        length = len(measurement.header)
        return {cells[0]: tuple(map(float, cells[1:])) for cells in lines[1:] if len(cells) == length}
    except (OSError, ValueError, csv.Error):
        return {}


def _write(path: Path, measurement: Measurement, numbers_of: dict[str, Row]) -> None:
    rows: list[Sequence[object]] = [measurement.header]
    rows += [(digest, *map(repr, values)) for digest, values in numbers_of.items()]
    try:
        replace_file(path, write_rows(rows), follow=False, flush=False)
    except (OSError, UserError):
        return  # it can be measured again
