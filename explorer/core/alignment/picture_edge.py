"""What a map answers along the picture's own edges, where padding speaks: no finding, but often the strongest."""

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import SIDE

Floats = npt.NDArray[np.float32]

EDGES = ("top", "bottom", "left", "right")
LINES, THICK = 5, 2
"""Lines along each edge and their thickness in cells: padding reaches so far in the deepest layers."""


def lines_of(shown: Floats, open: npt.NDArray[np.bool_]) -> Floats:
    """Mean shown answer (F, len(EDGES) * LINES) of maps (F, SIDE, SIDE) along each edge, the outermost line first.

    Only where neither a patch nor dark corners hide the picture (`open`, (SIDE, SIDE)); NaN where they hide a line.
    """
    found: list[Floats] = []
    middle = slice(LINES * THICK, SIDE - LINES * THICK)
    for edge in EDGES:
        for line in range(LINES):
            first = line * THICK
            near = slice(first, first + THICK) if edge in ("top", "left") else slice(SIDE - first - THICK, SIDE - first)
            place = (near, middle) if edge in ("top", "bottom") else (middle, near)
            free = open[place]
            cells = shown[:, place[0], place[1]][:, free]
            found.append(cells.mean(axis=1) if free.mean() > 0.5 else np.full(len(shown), np.nan, np.float32))
    return np.stack(found, axis=1)
