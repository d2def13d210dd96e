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
    """`missed` and `spread` (N, F) are sums of squares of the answer over a picture's cells: what colors do not
    explain, fitted to other pictures, and all of it. `within` and `within_null` (N, F) the covariance over the
    cells of a picture of the answer with what its own colors predict, and with what another picture's do (NaN without
    an answer). `hue` (F, 3) the mean L*, a* and b* where it answers less those of all cells, in standard deviations.
    """

    missed: Numbers
    spread: Numbers
    within: Numbers
    within_null: Numbers
    hue: Numbers

    def explained(self, draws: Numbers) -> Numbers:
        """The share of the variance that colors explain, 0 to 1: (D, F) for `draws` (D, N) of the pictures."""
        missed, spread = draws @ self.missed, draws @ self.spread
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(spread > 0, np.clip(1 - missed / spread, 0, 1), 0)


def color_explains(folder: Measured) -> ColorExplains:
    """From what `measure` gave of N pictures, each name stacked (N, F, ...): each half tried on the other."""
    halves = [np.arange(len(folder["color"])) % 2 == half for half in (0, 1)]
    if not halves[1].any():
        return color_tried(folder, folder)
    parts = [{name: values[half] for name, values in folder.items()} for half in halves]
    folds = [color_tried(parts[0], parts[1]), color_tried(parts[1], parts[0])]
    joined: dict[str, Numbers] = {}
    for name in ("missed", "spread", "within", "within_null"):
        both = np.empty(folder["color"].shape[:2])
        for half, fold in zip(halves, folds, strict=True):
            both[half] = getattr(fold, name)
        joined[name] = both
    return ColorExplains(**joined, hue=_hue(folder))


def color_tried(folder: Measured, fitted_on: Measured) -> ColorExplains:
    """The same of pictures that had no part in the fit."""
    fit = _joined(fitted_on)
    slope = _slope(fit)
    base = fit[1] - slope @ fit[0]
    answer = folder["sums"][..., 0].astype(np.float64).sum(0) / (CELLS * len(folder["sums"]))
    colors, sums, color = (folder[name].astype(np.float64) for name in ("colors", "sums", "color"))
    missed, spread = np.empty(color.shape[:2]), np.empty(color.shape[:2])
    within, within_null = np.empty(color.shape[:2]), np.empty(color.shape[:2])
    for row in range(len(color)):
        total, square = sums[row].T
        own_colors = colors[row, 0]
        fitted = base * total + (slope * color[row]).sum(1)
        of_fit = CELLS * base**2 + 2 * base * (slope @ own_colors[:, 0])
        missed[row] = square - 2 * fitted + of_fit + np.einsum("fk,kl,fl->f", slope, own_colors[:, 1:], slope)
        spread[row] = square - 2 * answer * total + CELLS * answer**2
        within[row], within_null[row] = _covariances(
            slope, own_colors, sums[row], color[row], folder["color_null"][row]
        )
    return ColorExplains(missed, spread, within, within_null, _hue(folder))


Joined = tuple[Numbers, Numbers, Numbers, Numbers, Numbers]


def _joined(folder: Measured) -> Joined:
    """Mean color (K,), mean answer (F,), covariance of colors (K, K), of both (F, K), variance of the answer (F,)."""
    colors, sums = folder["colors"][:, 0].astype(np.float64), folder["sums"].astype(np.float64)
    cells = max(len(colors), 1) * CELLS
    mean = colors[:, :, 0].sum(0) / cells
    answer = sums[:, :, 0].sum(0) / cells
    own = colors[:, :, 1:].sum(0) / cells - np.outer(mean, mean)
    cross = folder["color"].astype(np.float64).sum(0) / cells - np.outer(answer, mean)
    return mean, answer, own, cross, sums[:, :, 1].sum(0) / cells - answer**2


def _slope(joined: Joined) -> Numbers:
    _, _, own, cross, _ = joined
    steady = own + RIDGE * np.diag(np.diag(own)) + 1e-9 * np.eye(len(own))
    slope: Numbers = np.linalg.solve(steady, cross.T).T
    return slope


def _covariances(
    slope: Numbers, colors: Numbers, sums: Numbers, color: Numbers, null: Numbers
) -> tuple[Numbers, Numbers]:
    """Of one picture: (F,) each."""
    mean, answer = colors[:, 0] / CELLS, sums[:, 0] / CELLS
    together = (slope * (color / CELLS - np.outer(answer, mean))).sum(1)
    apart = (slope * (null / CELLS)).sum(1)
    loud = answer > LEAST_SHOWN / 2
    return np.where(loud, together, np.nan), np.where(loud, apart, np.nan)


def _hue(folder: Measured) -> Numbers:
    colors, sums, color = (folder[name].astype(np.float64) for name in ("colors", "sums", "color"))
    colors = colors[:, 0]
    lab = [COLORS.index(name) for name in "Lab"]
    cells = len(colors) * CELLS
    mean = colors[:, lab, 0].sum(0) / cells
    spread = np.sqrt(np.maximum([colors[:, channel, 1 + channel].sum() / cells for channel in lab] - mean**2, 1e-9))
    with np.errstate(invalid="ignore", divide="ignore"):
        answered_color = color[:, :, lab].sum(0) / sums[:, :, 0].sum(0)[:, None]
    hue: Numbers = np.nan_to_num((answered_color - mean) / spread)
    return hue
