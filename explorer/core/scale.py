"""From which value to which a map is drawn."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import Maps

LOW, HIGH = 0.5, 0.995
"""Quantiles of a filter's values that separate best a strong answer from one that is everywhere a little."""

SCALES: Mapping[str, str] = MappingProxyType(
    {
        "map": "this map's own range",
        "layer": "the layer's range on this picture",
        "seen": "this filter over the pictures seen",
        "fixed": "fixed values",
    }
)


@dataclass(frozen=True)
class Scale:
    """`foot` is drawn as nothing, `peak` as the darkest color; both in the units of the map, foot >= 0."""

    foot: float
    peak: float


class SeenValues:
    """A sample of what each filter answered on the pictures looked at so far; bounded in memory.

    Each picture of a layer adds at most `samples` values a filter, on a regular grid; when more than `limit`
    bytes are held, the picture that was added first is forgotten.
    """

    def __init__(self, samples: int = 1024, limit: int = 64 << 20) -> None:
        self._samples, self._limit = samples, limit
        self._held: OrderedDict[tuple[int, str], Maps] = OrderedDict()
        self._bytes = 0
        self._known: dict[tuple[int, int], Scale] = {}

    def add(self, layer: int, picture: str, maps: Maps) -> None:
        """Take a sample of the maps (C, h, w) of one layer on one picture; again for the same picture is nothing."""
        if (layer, picture) in self._held:
            return
        step = max(1, int(np.ceil(np.sqrt(maps.shape[1] * maps.shape[2] / self._samples))))
        sample = maps[:, step // 2 :: step, step // 2 :: step].reshape(len(maps), -1).copy()
        self._held[layer, picture] = sample
        self._bytes += sample.nbytes
        while self._bytes > self._limit and len(self._held) > 1:
            self._bytes -= self._held.popitem(last=False)[1].nbytes
        self._known.clear()

    def pictures(self, layer: int) -> int:
        """How many pictures of a layer the sample holds."""
        return sum(held == layer for held, _ in self._held)

    def scale(self, layer: int, filter: int) -> Scale:
        """Median to 0.995 quantile of a filter's values; an empty scale where nothing was seen."""
        known = self._known.get((layer, filter))
        if known is None:
            parts = [sample[filter] for (held, _), sample in self._held.items() if held == layer]
            values = np.concatenate(parts) if parts else np.zeros(1, np.float32)
            low, high = np.quantile(values, [LOW, HIGH])
            known = Scale(max(0.0, float(low)), max(0.0, float(high)))
            self._known[layer, filter] = known
        return known


def scale_of(
    maps: Maps,
    layer: int,
    filter: int,
    kind: str,
    *,
    seen: SeenValues | None = None,
    fixed: Scale | None = None,
) -> Scale:
    """The scale of one filter: `kind` is a key of `SCALES`; `maps` (C, h, w) are the layer's on this picture."""
    if kind == "seen" and seen is not None:
        return seen.scale(layer, filter)
    if kind == "fixed" and fixed is not None:
        return fixed
    values: npt.NDArray[np.float32] = maps if kind == "layer" else maps[filter]
    return Scale(0.0, max(0.0, float(np.nanmax(values, initial=0.0))))
