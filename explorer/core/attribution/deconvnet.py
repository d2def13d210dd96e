"""Deconvnet: a filter's strongest answer led back to the picture's pixels, through the places that pooling took.

Zeiler and Fergus (2014), section 2.1; the largest magnitude over the colors. Rectifiers let back what is positive, also
where they were closed on the way there.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.guided_backprop import followed
from explorer.core.attribution.lens import FILTER, Lens, OnRough, Side, following_gradients
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import largest
    from explorer.core.attribution.rectifiers import deconvolved

    on_step(0, 1)
    slopes, score = followed(network, rgb, target, deconvolved, DECONVNET.title)
    on_step(1, 1)
    return AttributionMap(target, largest(slopes), False, score, settings, "led back through pooling switches")


DECONVNET = Lens(
    name="deconvnet",
    title="Deconvnet",
    about="a filter's strongest answer led back to the pixels (Zeiler and Fergus 2014)",
    targets=(FILTER,),
    compute=_compute,
    settings=(),
    positive=Side("led back", "what its answer is made of", "its answer is made of this by", "deconvnet of the"),
    quantile=0.995,
)
