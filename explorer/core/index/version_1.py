"""Indexes of version 1, which know of the map without its edge its highest value alone: they open as others do."""

from dataclasses import replace

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.schema import ANSWERS, FILTERS, Contents
from explorer.core.index.sealed_file import Damaged
from explorer.core.index.silence import Silence

INSTEAD = {"area_inside": "area"}
"""What is read for an answer that such a file lacks: that of the whole map."""
STORED = tuple(name for name in ANSWERS if name not in INSTEAD)
_NAMES = tuple(name for name in FILTERS.names or () if not name.endswith("_inside"))
COLUMNS = np.dtype([(name, FILTERS[name]) for name in _NAMES])
"""The columns of its filters."""
CELLS = 8_000_000
"""Answers that are held at once."""


def is_of(file: h5py.File) -> bool:
    """Whether a file is of this version."""
    return bool(file.attrs["version"] == 1)


def as_today(filters: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Rows of `COLUMNS` as rows of `FILTERS`: what is inside as what the whole map has; ValueError for other rows."""
    if filters.dtype != COLUMNS:
        raise ValueError("columns that fit each other")
    rows = np.zeros(filters.shape, FILTERS)
    for name in FILTERS.names or ():
        rows[name] = filters[name.removesuffix("_inside")]
    return rows


def column(file: h5py.File, answer: str) -> h5py.Dataset:
    """What a file holds of an answer, or in its stead."""
    return file[f"answers/{INSTEAD.get(answer, answer) if is_of(file) else answer}"]


def with_silence(contents: Contents, file: h5py.File) -> Contents:
    """What a file holds, with what follows from its answers inside: which filters are silent, and on which share.

    That of later versions is as it is in the file.
    """
    if not is_of(file):
        return contents
    filters, inside = contents.filters.copy(), file["answers/inside"]
    silence, at_once = Silence(len(filters)), max(1, CELLS // max(1, len(filters)))
    try:
        for start in range(0, inside.shape[1], at_once):
            silence.add(inside[:, start : start + at_once])
    except (OSError, TypeError, ValueError) as error:
        raise Damaged(f"The index holds answers that cannot be read ({error}); make it again.") from error
    filters["silent_share_inside"] = silence.share
    filters["silent"] = silence.silent(filters["lowest"] == filters["highest"])
    return replace(contents, filters=filters)
