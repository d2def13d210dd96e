"""Guided Grad-CAM: guided backpropagation where Grad-CAM finds something, pixel by pixel.

Selvaraju et al. (2017), section 3.2; the largest magnitude over the colors. For a filter it is the same with what
is read of its map in place of the class's logit, and maps of its own layer or of one before it.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.grad_cam import LAYER, weighted_maps
from explorer.core.attribution.guided_backprop import HERE, followed
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, following_gradients
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import largest
    from explorer.core.attribution.rectifiers import guided

    on_step(0, 2)
    weights, score, info = weighted_maps(network, rgb, target, settings["layer"])
    on_step(1, 2)
    slopes, _ = followed(network, rgb, target, guided, GUIDED_GRAD_CAM.title)
    on_step(2, 2)
    method = f"guided gradient times Grad-CAM of layer {info.index}"
    return AttributionMap(target, largest(slopes * weights), False, score, settings, method)


GUIDED_GRAD_CAM = Lens(
    name="guided-grad-cam",
    title="Guided Grad-CAM",
    about="the pixels that lead to the target, where Grad-CAM finds it (Selvaraju 2017)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(LAYER,),
    positive=HERE,
    quantile=0.995,
)
