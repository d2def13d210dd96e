"""From which value to which a map is drawn."""

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import Maps
from explorer.core.drawing.styles import Scale

LOW, HIGH = 0.5, 0.995
"""Quantiles of a filter's values that separate best a strong answer from one that is everywhere a little."""

TOGETHER = 64
"""Neighbouring filters whose scales are found together: a grid shows about as many of the 2,048 of a large layer."""


class SeenValues:
    """A fair sample of what each filter answered on the pictures looked at so far; bounded in memory.

    Of each layer `pool` values a filter are held (fewer where a layer has very many filters). Once the pool is
    full, the n-th picture replaces a random n-th part of it, so that every picture keeps the same weight
    (reservoir sampling in blocks; Vitter, 1985).
    """

    def __init__(self, pool: int = 4096, limit: int = 1 << 21) -> None:
        self._pool, self._limit = pool, limit
        self._held: dict[int, Maps] = {}
        self._seen: dict[int, set[str]] = {}
        self._known: dict[int, dict[int, npt.NDArray[np.float32]]] = {}
        self._first: dict[int, tuple[int, Scale]] = {}
        self._highest: dict[int, npt.NDArray[np.float32]] = {}
        self._random = np.random.default_rng(0)

    def add(self, layer: int, picture: str, maps: Maps) -> None:
        """Sample the maps (C, h, w) of one layer on one picture; again for the same picture is nothing."""
        seen = self._seen.setdefault(layer, set())
        if picture in seen:
            return
        seen.add(picture)
        size = min(self._pool, max(64, self._limit // len(maps)))
        values = maps.reshape(len(maps), -1)
        highest = np.nan_to_num(values.max(axis=1), nan=0.0, posinf=0.0, neginf=0.0)
        self._highest[layer] = np.maximum(self._highest.get(layer, highest), highest)
        held = self._held.get(layer)
        share = max(1, size // 4) if held is None or held.shape[1] < size else max(1, size // len(seen))
        if values.shape[1] > share:
            values = values[:, np.sort(self._random.choice(values.shape[1], share, replace=False))]
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        if held is None:
            self._held[layer] = values
        elif held.shape[1] < size:
            self._held[layer] = np.concatenate([held, values], axis=1)[:, -size:]
        else:
            held[:, self._random.choice(held.shape[1], values.shape[1], replace=False)] = values
        self._known.pop(layer, None)
        self._first.pop(layer, None)

    def pictures(self, layer: int) -> int:
        """How many pictures of a layer were sampled."""
        return len(self._seen.get(layer, ()))

    def scale(self, layer: int, filter: int) -> Scale:
        """Median to 0.995 quantile of a filter's values; an empty scale where nothing was seen.

        Up to the highest value for a filter that answers so rarely (to a ruler, say) that the quantile misses it.
        """
        held = self._held.get(layer)
        if held is None:
            return Scale(0.0, 0.0)
        # The picture in view asks for one filter, and should not wait for those of the grid below it.
        if layer not in self._first:
            self._first[layer] = filter, self._scale(layer, filter, _limits(held[filter]))
        first, scale = self._first[layer]
        if first == filter:
            return scale
        blocks, (block, column) = self._known.setdefault(layer, {}), divmod(filter, TOGETHER)
        if block not in blocks:
            blocks[block] = _limits(held[block * TOGETHER : (block + 1) * TOGETHER])
        return self._scale(layer, filter, blocks[block][:, column])

    def _scale(self, layer: int, filter: int, limits: npt.NDArray[np.float32]) -> Scale:
        low, high = map(float, limits)
        return Scale(low, high if high > low else max(low, float(self._highest[layer][filter])))


def _limits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Where scales begin and end (2, ...) for values (..., N)."""
    limits: npt.NDArray[np.float32] = np.maximum(np.quantile(values, [LOW, HIGH], axis=-1), 0).astype(np.float32)
    return limits


def scale_of(
    maps: Maps,
    layer: int,
    filter: int,
    kind: str,
    *,
    seen: SeenValues | None = None,
    fixed: Scale | None = None,
    folder: Scale | None = None,
) -> Scale:
    """The scale of one filter: `kind` is a key of `SCALES`; `maps` (C, h, w) are the layer's on this picture.

    `folder` is the filter's scale from the index of the folder.
    """
    if kind == "folder" and folder is not None:
        return folder
    if kind == "seen" and seen is not None:
        return seen.scale(layer, filter)
    if kind == "fixed" and fixed is not None:
        return fixed
    values: npt.NDArray[np.float32] = maps if kind == "layer" else maps[filter]
    return Scale(0.0, float(np.max(values, initial=0.0, where=np.isfinite(values))))
