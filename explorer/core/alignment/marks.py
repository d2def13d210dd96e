"""What is to be seen where in one picture, on the grid: concepts, the rim of the lesion by side, and colors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import BAND, SIDE, inner, to_grid
from explorer.core.arrays import RGB

Cells = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

THIN = frozenset({"hair", "ruler", "reflection", "bubble", "ink"})
"""Concepts of which a cell is rarely full."""
COVERED, COVERED_THINLY = 0.5, 0.2
"""Share of a cell from which on a concept is to be seen there."""
RIM, RIM_SHARE = 3.0, 0.4
"""How far the rim reaches outwards, and at least inwards, in cells (about 5 % of the picture's side); and which share
of the way to the innermost cell it reaches inwards: the deeper a layer, the further from the outline it answers."""
ON = 1.0
"""The part of it that counts as the outline itself."""
CUT = 4
"""Cells of a lesion at the grid's edge from which on it is cut by the frame."""
SECTORS = 8

SETS = ("lesion", "dark", "uneven", "skin", "hair", "ruler", "reflection", "bubble", "ink", "patch", "corner")
"""Concepts that are compared cell by cell; the border has its own way."""
COLORS = ("L", "a", "b", "LL", "aa", "bb", "La", "Lb", "ab")
"""What of a cell's color a map is explained by: CIE Lab, its squares and products."""


@dataclass(frozen=True)
class Marks:
    """One picture's marks.

    `sets` (len(SETS), CELLS) where each concept is to be seen; `rim` (CELLS) the border, `inside` and `outside`
    (CELLS) lesion and skin away from it; `depth` (CELLS) cells from the outline, positive inside; `sector` (CELLS)
    int8, in which of the eight sectors around the lesion's centre a cell lies, 0 right, 2 top, -1 without a lesion;
    `lab` (CELLS, 3) CIE Lab, every number about within -1 to 1; `open` (SIDE, SIDE) what neither a patch nor dark
    corners hide; `whole` whether the frame does not cut the lesion.
    """

    sets: Cells
    inside: Cells
    outside: Cells
    rim: Cells
    depth: npt.NDArray[np.float32]
    sector: npt.NDArray[np.int8]
    lab: Floats
    open: Cells
    whole: bool

    @property
    def color(self) -> Floats:
        """What `COLORS` names of each cell (CELLS, len(COLORS))."""
        light, red, yellow = self.lab.T
        columns = (light, red, yellow, light**2, red**2, yellow**2, light * red, light * yellow, red * yellow)
        return np.stack(columns, axis=1)


def marks_of(rgb: RGB, maps: Mapping[str, npt.NDArray[np.floating]]) -> Marks:
    """The marks of a picture (h, w, 3) and its concept maps, name -> (h, w) in [0, 1]; a missing name is not there."""
    from scipy.ndimage import distance_transform_edt

    covered = {name: to_grid(np.asarray(map)) for name, map in maps.items()}
    nothing = np.zeros((SIDE, SIDE), np.float32)
    full = {name: covered.get(name, nothing) >= (COVERED_THINLY if name in THIN else COVERED) for name in SETS}
    lesion = full["lesion"]
    free = ~(full["patch"] | full["corner"])
    has_outline = lesion.any() and not lesion.all()
    if has_outline:
        depth = np.where(lesion, distance_transform_edt(lesion), -distance_transform_edt(~lesion))
        depth = depth - 0.5 * np.sign(depth)
    else:
        depth = np.full((SIDE, SIDE), -np.inf)
    reach = max(RIM, RIM_SHARE * float(depth.max()))
    return Marks(
        sets=inner(np.stack([full[name] for name in SETS])),
        inside=inner((depth > reach) & free),
        outside=inner((depth < -RIM) & free & has_outline),
        rim=inner((depth <= reach) & (depth >= -RIM) & free),
        depth=inner(np.nan_to_num(depth, neginf=-SIDE).astype(np.float32)),
        sector=inner(sectors(lesion) if has_outline else np.full((SIDE, SIDE), -1, np.int8)),
        lab=lab_of(rgb),
        open=free,
        whole=bool(has_outline) and int((lesion & ~_within()).sum()) < CUT,
    )


def sectors(lesion: Cells) -> npt.NDArray[np.int8]:
    """The sector of 45 degrees around the lesion's centre in which each cell (SIDE, SIDE) lies, 0 right, 2 top."""
    rows, columns = np.nonzero(lesion)
    y, x = np.indices(lesion.shape, dtype=np.float32)
    angle = np.arctan2(rows.mean() - y, x - columns.mean())
    sector: npt.NDArray[np.int8] = np.rint(angle / (2 * np.pi / SECTORS)).astype(np.int8) % SECTORS
    return sector


def lab_of(rgb: RGB) -> Floats:
    """CIE Lab of each inner cell (CELLS, 3) of (h, w, 3) uint8, every number about within -1 to 1."""
    from skimage.color import rgb2lab

    small = np.stack([to_grid(rgb[..., channel]) for channel in range(3)], axis=2) / 255
    lab = np.moveaxis(rgb2lab(small), 2, 0).astype(np.float32)
    return np.ascontiguousarray(((inner(lab) - np.array([[50], [0], [0]], np.float32)) / np.float32(50)).T)


def _within() -> Cells:
    cells = np.zeros((SIDE, SIDE), np.bool_)
    cells[BAND // 2 : -BAND // 2, BAND // 2 : -BAND // 2] = True
    return cells
