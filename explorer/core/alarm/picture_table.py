"""The numbers of every picture in a folder that may be a shortcut, measured once and kept beside the index."""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from explorer.core.concepts.picture_values import JPEG_QUALITY, VALUES, jpeg_quality, picture_values
from explorer.core.errors import UserError
from explorer.core.images import picture_digest, read_image
from explorer.core.index import FolderIndex
from explorer.core.index.folder_pictures import cores
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import replace_file
from trainer.files.written_tables import read_rows, write_rows

Columns = dict[str, npt.NDArray[np.float64]]

NAMES: tuple[str, ...] = (*VALUES, JPEG_QUALITY)
VERSION = 1
"""Higher where what is measured changed its meaning: what was kept is measured anew."""
_FIRST = f"digest, measured as {VERSION}"
_OFTEN = 256
"""Pictures after which what was measured is kept: an ended measurement goes on there."""


def kept_beside(index: FolderIndex) -> Path:
    """Where the numbers of an index's pictures are kept."""
    return index.path.with_suffix(".pictures.csv")


def measured(path: Path) -> tuple[float, ...]:
    """`NAMES` of one picture; NaN for all where it cannot be read."""
    try:
        rgb = read_image(path)
    except UserError:
        return (float("nan"),) * len(NAMES)
    values = picture_values(rgb)
    return (*values.values(), jpeg_quality(path))


def picture_table(
    index: FolderIndex,
    folder: Path | str,
    rows: Sequence[int] | None = None,
    *,
    kept: Path | None = None,
    on_step: OnStep = no_step,
) -> Columns:
    """`NAMES` of the pictures of an index, whose files lie in `folder`: each (N,), NaN where it was not measured.

    Only `rows` are measured, all where None. A picture whose file has another content by now, or is gone, has none.
    What was found is kept in the CSV `kept` by the content of each picture, and taken from there; where the disk
    refuses, it is not.
    """
    known = {} if kept is None else _read(kept)
    wanted = range(len(index.pictures)) if rows is None else [int(row) for row in rows]
    missing = [row for row in wanted if index.digests[row] not in known]
    fresh = 0
    try:
        for done, (row, found) in enumerate(_measure(index, Path(folder), missing)):
            on_step(done, len(missing))
            if found is not None:
                known[index.digests[row]] = found
                fresh += 1
            if kept is not None and fresh and fresh % _OFTEN == 0:
                _write(kept, known)
    finally:
        if kept is not None and fresh:
            _write(kept, known)
    nothing = (float("nan"),) * len(NAMES)
    chosen = set(wanted)
    table = [known.get(digest, nothing) if row in chosen else nothing for row, digest in enumerate(index.digests)]
    columns = np.array(table, np.float64).reshape(len(table), len(NAMES))
    return {name: columns[:, place] for place, name in enumerate(NAMES)}


def _measure(index: FolderIndex, folder: Path, rows: Sequence[int]) -> Iterator[tuple[int, tuple[float, ...] | None]]:
    """(row, numbers) of each picture, a few decoded ahead; None for one that is not what the index saw."""

    def look(row: int) -> tuple[float, ...] | None:
        path = folder / index.pictures[row]
        try:
            return measured(path) if picture_digest(path) == index.digests[row] else None
        except UserError:
            return None

    ahead: deque[tuple[int, Future[tuple[float, ...] | None]]] = deque()
    with ThreadPoolExecutor(cores(), "pictures") as pool:
        try:
            for row in rows:
                ahead.append((row, pool.submit(look, row)))
                if len(ahead) > 4 * cores():
                    first, future = ahead.popleft()
                    yield first, future.result()
            while ahead:
                first, future = ahead.popleft()
                yield first, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


def _read(path: Path) -> dict[str, tuple[float, ...]]:
    """What is kept; nothing where it is not there, is damaged, or was measured in another way."""
    try:
        lines = [cells for _, cells in read_rows(path.read_text("utf-8"))]
        if not lines or lines[0] != [_FIRST, *NAMES]:
            return {}
        return {cells[0]: tuple(map(float, cells[1:])) for cells in lines[1:] if len(cells) == len(NAMES) + 1}
    except (OSError, ValueError, csv.Error):
        return {}


def _write(path: Path, known: dict[str, tuple[float, ...]]) -> None:
    rows: list[tuple[object, ...]] = [(_FIRST, *NAMES)]
    rows += [(digest, *(repr(value) for value in values)) for digest, values in known.items()]
    try:
        replace_file(path, write_rows(rows), flush=False)
    except (OSError, UserError):
        return  # it can be measured again
