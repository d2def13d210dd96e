"""Pictures whose surround is clearly another: another skin tone, another light, another camera."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"brightness": ("brighter", "darker"), "red share": ("redder", "less red"), "blue share": ("bluer", "less blue")}
)
"""The values of a surround (`explorer.core.concepts.picture_values`) that are compared, in words for more and less."""
CLEARLY = 2.0
"""So many spreads of a value over the folder apart, two surrounds are clearly different in it. A spread is half the
distance between the 0.16 and the 0.84 quantile: the standard deviation, where the values are normally distributed."""


class Surrounds:
    """The surrounds of N pictures; `values` are columns (N,) under the names of `WORDS`, NaN where not known."""

    def __init__(self, values: Mapping[str, npt.NDArray[np.floating]]) -> None:
        columns = np.stack([np.asarray(values[name], np.float64) for name in WORDS])
        known = columns[:, np.isfinite(columns).all(axis=0)]
        spread = np.full(len(columns), np.nan)
        if known.shape[1]:
            low, high = np.quantile(known, [0.16, 0.84], axis=1)
            spread = (high - low) / 2
        # A value that hardly varies makes no difference, however small its spread is.
        self._standard: Numbers = columns / np.where(spread > 1e-9, spread, np.nan)[:, None]

    def others(self, row: int) -> npt.NDArray[np.bool_]:
        """The pictures (N,) whose surround is clearly another than that of picture `row`."""
        with np.errstate(invalid="ignore"):
            return np.asarray((np.abs(self._apart(row)) >= CLEARLY).any(axis=0))

    def words(self, row: int, than: int) -> str:
        """In what the surround of `row` is clearly another than that of `than`, the largest difference first."""
        apart = self._apart(than)[:, row]
        order = np.argsort(-np.nan_to_num(np.abs(apart)), kind="stable")
        phrases = [
            list(WORDS.values())[column][int(apart[column] < 0)] for column in order if abs(apart[column]) >= CLEARLY
        ]
        return f"{', '.join(phrases)} surround" if phrases else ""

    def _apart(self, row: int) -> Numbers:
        return self._standard - self._standard[:, row, None]
