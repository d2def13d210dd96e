"""How much of a filter's answer the color of the place explains: cross-validated, within pictures and between them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import CELLS
from explorer.core.alignment.marks import COLORS
from explorer.core.alignment.measure import LEAST_SHOWN, Measured

Numbers = npt.NDArray[np.floating]
RIDGE = 1e-3


@dataclass(frozen=True)
class ColorExplains:
    """`explained` (F,) share of the answer's variance over cells and pictures, 0 to 1, each half of the pictures
    explained by what was fitted to the other; `within` and `within_null` (N, F) the correlation over the cells of a
    picture of the answer with what its own colors predict, and with what other pictures' do (NaN without an answer);
    `hue` (F, 3) the mean L*, a* and b* where it answers less those of all cells, in their standard deviations.
    """

    explained: Numbers
    within: Numbers
    within_null: Numbers
    hue: Numbers


def color_explains(folder: Measured) -> ColorExplains:
    """From what `measure` gave of N pictures, each name stacked (N, F, ...)."""
    colors, sums = folder["colors"][:, 0].astype(np.float64), folder["sums"].astype(np.float64)
    color, null = folder["color"].astype(np.float64), folder["color_null"].astype(np.float64)
    count = len(color)
    half = np.arange(count) % 2
    missed, spread = np.zeros(color.shape[1]), np.zeros(color.shape[1])
    within, within_null = np.full(color.shape[:2], np.nan), np.full(color.shape[:2], np.nan)
    for tested in (0, 1) if count > 1 else ():
        slope = _slope(*_joined(colors, sums, color, half != tested))
        mean, answer, own, cross, square = _joined(colors, sums, color, half == tested)
        fitted_on = _joined(colors, sums, color, half != tested)
        shift = fitted_on[1] - slope @ fitted_on[0] - (answer - slope @ mean)  # of the mean that was fitted
        residual = square - 2 * (slope * cross).sum(1) + np.einsum("fk,kl,fl->f", slope, own, slope) + shift**2
        missed, spread = missed + residual, spread + square
        for row in np.flatnonzero(half == tested):
            within[row], within_null[row] = _correlations(slope, colors[row], sums[row], color[row], null[row])
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = np.where(spread > 0, np.clip(1 - missed / spread, 0, 1), 0)
    return ColorExplains(explained, within, within_null, _hue(colors, sums, color))


def _joined(
    colors: Numbers, sums: Numbers, color: Numbers, chosen: npt.NDArray[np.bool_]
) -> tuple[Numbers, Numbers, Numbers, Numbers, Numbers]:
    """Mean color (K,), mean answer (F,), covariance of colors (K, K), of both (F, K), variance of the answer (F,)."""
    cells = max(int(chosen.sum()), 1) * CELLS
    mean = colors[chosen, :, 0].sum(0) / cells
    answer = sums[chosen, :, 0].sum(0) / cells
    own = colors[chosen, :, 1:].sum(0) / cells - np.outer(mean, mean)
    cross = color[chosen].sum(0) / cells - np.outer(answer, mean)
    return mean, answer, own, cross, sums[chosen, :, 1].sum(0) / cells - answer**2


def _slope(mean: Numbers, answer: Numbers, own: Numbers, cross: Numbers, square: Numbers) -> Numbers:
    steady = own + RIDGE * np.diag(np.diag(own)) + 1e-9 * np.eye(len(own))
    found: Numbers = np.linalg.solve(steady, cross.T).T
    return found


def _correlations(
    slope: Numbers, colors: Numbers, sums: Numbers, color: Numbers, null: Numbers
) -> tuple[Numbers, Numbers]:
    """Of one picture: (F,) each. The null's colors are taken to be as various as the picture's own."""
    mean, answer = colors[:, 0] / CELLS, sums[:, 0] / CELLS
    own = colors[:, 1:] / CELLS - np.outer(mean, mean)
    size = np.sqrt(np.maximum(np.einsum("fk,kl,fl->f", slope, own, slope) * (sums[:, 1] / CELLS - answer**2), 0))
    loud = (answer > LEAST_SHOWN / 2) & (size > 0)
    together = (slope * (color / CELLS - np.outer(answer, mean))).sum(1)
    apart = (slope * (null / CELLS)).sum(1)
    return np.where(loud, together / np.where(loud, size, 1), np.nan), np.where(
        loud, apart / np.where(loud, size, 1), np.nan
    )


def _hue(colors: Numbers, sums: Numbers, color: Numbers) -> Numbers:
    lab = [COLORS.index(name) for name in "Lab"]
    cells = len(colors) * CELLS
    mean = colors[:, lab, 0].sum(0) / cells
    spread = np.sqrt(np.maximum([colors[:, place, 1 + place].sum() / cells for place in lab] - mean**2, 1e-9))
    with np.errstate(invalid="ignore", divide="ignore"):
        where = color[:, :, lab].sum(0) / sums[:, :, 0].sum(0)[:, None]
    hue: Numbers = np.nan_to_num((where - mean) / spread)
    return hue
