"""A picture through several lenses, as a row of a sheet."""

from collections.abc import Sequence

import numpy as np

from explorer.core.arrays import RGB
from explorer.core.attribution.attribution_map import AttributionMap
from explorer.core.attribution.color_range import scale_words
from explorer.core.attribution.lens import LAST_LAYER, Lens
from explorer.core.drawing.overlay import compose
from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of
from explorer.core.figures.lens_sheet import SheetRow
from explorer.core.network.opening import Network
from explorer.core.progress import no_step


def sheet_row(
    network: Network,
    rgb: RGB,
    lenses: Sequence[Lens],
    target: str,
    lines: Sequence[str],
    opacity: float = 1.0,
    layer: int = LAST_LAYER,
) -> SheetRow:
    """What the network sees of a picture (H, W, 3), and the same with each lens's map, with its usual settings.

    Lenses that look at a layer's maps look at this `layer`.
    """
    seen = network.input.crop(rgb)
    shown = np.ascontiguousarray(np.broadcast_to(seen, (*seen.shape[:2], 3)))
    panels, scales = [shown], [""]
    for lens in lenses:
        lens.check_target(target)
        attribution = lens.compute(network, rgb, target, lens.at_layer(layer), no_step, None)
        limit = limit_of(attribution.map, lens.quantile)
        panels.append(_panel(shown, attribution, limit, opacity))
        scales.append(scale_words(attribution, lens, limit))
    return SheetRow(tuple(lines), tuple(panels), tuple(scales))


def _panel(shown: RGB, attribution: AttributionMap, limit: float, opacity: float) -> RGB:
    if attribution.rgb is not None:
        return attribution.rgb
    return compose(shown, attribution_overlay(attribution.map, attribution.map.shape, limit=limit), opacity)
