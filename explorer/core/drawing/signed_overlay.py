"""An attribution drawn over the picture: one color where its values are positive, another where they are negative."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGBA
from explorer.core.drawing.overlay import resize

POSITIVE = ((255, 206, 140), (255, 164, 56), (240, 114, 0), (206, 72, 0))
NEGATIVE = ((176, 214, 250), (96, 166, 240), (34, 108, 222), (10, 58, 178))
"""From weak to strong: oranges and blues, which no common color blindness mixes up, both darker where stronger.

Neither end is brown or black, which the lesions are.
"""

OPACITY = 0.85
HALF = 127
"""Steps of either color; the step between them is neutral."""


@lru_cache(maxsize=1)
def _table() -> RGBA:
    """(255, 4) straight alpha from the lowest value over transparent to the highest."""
    level = np.linspace(0, 1, HALF + 1)
    sides = []
    for stops in (NEGATIVE, POSITIVE):
        side = np.empty((HALF + 1, 4))
        positions = np.linspace(0, 1, len(stops))
        for channel in range(3):
            side[:, channel] = np.interp(level, positions, [stop[channel] for stop in stops])
        # A power under 1 lets weak changes be seen at all; it rises strictly, so the order of values survives.
        side[:, 3] = 255 * OPACITY * level**0.7
        sides.append(side)
    table: RGBA = np.rint(np.concatenate([sides[0][:0:-1], sides[1]])).astype(np.uint8)
    table[HALF] = 0
    table.flags.writeable = False
    return table


def limit_of(map: npt.NDArray[np.floating[Any]], quantile: float = 1.0) -> float:
    """Where a map's own color scale ends on both sides: this quantile of its sizes, the largest where that is 0.

    0 for a map without finite values.
    """
    sizes = np.abs(map[np.isfinite(map)])
    largest = float(sizes.max(initial=0.0))
    return (float(np.quantile(sizes, quantile)) or largest) if largest > 0 and quantile < 1 else largest


def attribution_overlay(
    map: npt.NDArray[np.floating[Any]], size: tuple[int, int], *, limit: float | None = None
) -> RGBA:
    """Draw an attribution (h, w) at `size` (height, width): (H, W, 4) uint8, straight alpha.

    Orange where it is positive, blue where it is negative, transparent at zero; the scale ends at `limit` on both
    sides, at the map's own largest size without one.
    """
    end = limit_of(map) if limit is None else limit
    if not end > 0:
        return np.zeros((*size, 4), np.uint8)
    shown = resize(np.nan_to_num(map, nan=0.0, posinf=end, neginf=-end), size)
    levels = np.rint(np.clip(shown / np.float32(end), -1, 1) * HALF).astype(np.int16) + HALF
    drawn: RGBA = _table().take(levels, axis=0)
    return drawn


def attribution_bar(height: int, *, signed: bool = True) -> RGBA:
    """The scale as a column (height, 1, 4): the highest value at the top, the lowest below, or zero if not `signed`."""
    levels = np.rint(np.linspace(2 * HALF, 0 if signed else HALF, height)).astype(np.int16)
    column: RGBA = _table()[levels][:, None]
    return column
