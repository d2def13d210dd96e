"""What a map answers along the picture's own edges, where padding speaks: no finding, but often the strongest."""

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import SIDE

NEAR = 6
"""Cells from the edge that padding reaches in the deepest layers: three cells of a 28 x 28 map."""
MOST = 1e3

Floats = npt.NDArray[np.float32]

EDGES = ("top", "bottom", "left", "right")
LINES, THICK = 5, 2
"""Lines along each edge and their thickness in cells: padding reaches so far in the deepest layers."""


def lines_of(shown: Floats, open: npt.NDArray[np.bool_]) -> Floats:
    """Mean shown answer (F, len(EDGES) * LINES) of maps (F, SIDE, SIDE) along each edge, the outermost line first.

    Only where neither a patch nor dark corners hide the picture (`open`, (SIDE, SIDE)); NaN where they hide a line.
    """
    answers: list[Floats] = []
    middle = slice(LINES * THICK, SIDE - LINES * THICK)
    for edge in EDGES:
        for line in range(LINES):
            first = line * THICK
            near = slice(first, first + THICK) if edge in ("top", "left") else slice(SIDE - first - THICK, SIDE - first)
            window = (near, middle) if edge in ("top", "bottom") else (middle, near)
            free = open[window]
            cells = shown[:, window[0], window[1]][:, free]
            answers.append(cells.mean(axis=1) if free.mean() > 0.5 else np.full(len(shown), np.nan, np.float32))
    return np.stack(answers, axis=1)


def share_near(lines: npt.NDArray[np.floating], inside: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Which share of all that is shown of F filters lies within `NEAR` cells of the picture's edge (F,), about.

    `lines` (N, F, len(EDGES) * LINES) as of `lines_of`, whose means stand for the corners too; `inside` (N, F) what is
    shown on all cells but the `BAND` of them along the edge, summed. `NEAR_AREA` is the share of a filter that answers
    everywhere.
    """
    means = np.nan_to_num(lines).reshape(*lines.shape[:2], len(EDGES), LINES)[..., : NEAR // THICK].sum(axis=2)
    near = means.sum(axis=2) * THICK * (SIDE - NEAR)
    # The innermost of these lines lies in what is counted as inside, too.
    rest = np.maximum(inside - means[..., -1] * THICK * (SIDE - 2 * NEAR + THICK), 0)
    total = (near + rest).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, near.sum(axis=0) / total, 0)


NEAR_AREA = 1 - (SIDE - 2 * NEAR) ** 2 / SIDE**2


def highest(maps: Floats, foot: Floats, peak: Floats, open: npt.NDArray[np.bool_]) -> Floats:
    """The highest answer (F, 2) of maps (F, SIDE, SIDE) near the picture's edge, and inside of that.

    In parts of the scale from `foot` to `peak` (F,), 0 where nothing lies above the foot; unlike what is shown it does
    not end at the peak. NaN where a patch or dark corners hide either part (`open`, (SIDE, SIDE)).
    """
    near = np.ones((SIDE, SIDE), np.bool_)
    near[NEAR:-NEAR, NEAR:-NEAR] = False
    room = np.where(peak > foot, peak - foot, np.inf)
    answers = np.full((len(maps), 2), np.nan, np.float32)
    for column, part in enumerate((near & open, ~near & open)):
        if part.any():
            answers[:, column] = np.clip((maps[:, part].max(axis=1) - foot) / room, 0, MOST)
    return answers
