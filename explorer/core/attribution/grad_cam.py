"""Grad-CAM: the maps of a layer, each weighted by how much a class gains where it rises.

Selvaraju et al. (2017), section 3. The maps are those that this program shows of a layer: after the batch norm that
follows it directly, before the activation.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.lens import CLASS, LAST_LAYER, Lens, OnRough, Setting, Side, following_gradients
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    import torch

    from explorer.core.arrays import RGB
    from explorer.core.attribution.attribution_map import Value
    from explorer.core.network.opening import Network

LAST: "tuple[tuple[Value, str], ...]" = ((LAST_LAYER, "the last layer"),)
LAYER = Setting("layer", LAST_LAYER, "the layer whose maps are weighted, -1 the last", int, LAST, "Maps of", layer=True)


def weighted_maps(network: "Network", rgb: "RGB", target: str, layer: "Value") -> "tuple[torch.Tensor, float]":
    """Where a layer's weighted maps add up to more than nothing, (H, W) at the input's size; the target's value."""
    import torch
    import torch.nn.functional as F

    from explorer.core.attribution.gradients import layer_of, prepared, valued
    from explorer.core.attribution.target import parse_target

    info = layer_of(network, layer)
    values, (maps,) = valued(network, parse_target(target, network), prepared(network, rgb), [info])
    (slopes,) = torch.autograd.grad(values.sum(), maps, allow_unused=True, materialize_grads=True)
    weighted = (slopes.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True).relu()
    resized = F.interpolate(weighted, network.input.size, mode="bilinear", align_corners=False)[0, 0]
    return resized, float(values.detach()[0])


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import as_map, layer_of

    on_step(0, 1)
    weighted, score = weighted_maps(network, rgb, target, settings["layer"])
    info = layer_of(network, settings["layer"])
    on_step(1, 1)
    method = f"maps of layer {info.index} ({info.name}), {info.height} x {info.width}"
    return AttributionMap(target, as_map(weighted), False, score, settings, method)


GRAD_CAM = Lens(
    name="grad-cam",
    title="Grad-CAM",
    about="where the maps of a layer speak for a class, each weighted by its mean gradient (Selvaraju 2017)",
    targets=(CLASS,),
    compute=_compute,
    settings=(LAYER,),
    positive=Side("for it", "speaks for it", "speaks for it by", "Grad-CAM of the"),
)
