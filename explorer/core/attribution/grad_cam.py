"""Grad-CAM: the maps of a layer, each weighted by how much a class gains where it rises.

Selvaraju et al. (2017), section 3. The maps are those that this program shows of a layer: after the batch norm that
follows it directly, before the activation.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.lens import CLASS, LAST_LAYER, Lens, OnRough, Setting, Side, following_gradients
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    import torch

    from explorer.core.arrays import RGB
    from explorer.core.attribution.attribution_map import Value
    from explorer.core.network.hooked_layers import LayerInfo
    from explorer.core.network.opening import Network

LAST: "tuple[tuple[Value, str], ...]" = ((LAST_LAYER, "the last layer"),)
LAYER = Setting(
    "layer",
    LAST_LAYER,
    "the layer whose maps are weighted, -1 the last or a filter's own",
    int,
    LAST,
    "Maps of",
    layer=True,
)


def weighted_maps(
    network: "Network", rgb: "RGB", target: str, layer: "Value"
) -> "tuple[torch.Tensor, float, LayerInfo]":
    """Where a layer's weighted maps add up to more than nothing, (H, W) at the input's size; the target's value; it.

    UserError where the target does not depend on the layer.
    """
    import torch
    import torch.nn.functional as F

    from explorer.core.attribution.gradients import layer_of, prepared, valued
    from explorer.core.attribution.target import parse_target

    parsed_target = parse_target(target, network)
    info = layer_of(network, layer, parsed_target)
    values, (maps,) = valued(network, parsed_target, prepared(network, rgb), [info])
    (slopes,) = torch.autograd.grad(values.sum(), maps, allow_unused=True)
    if slopes is None:
        raise UserError(f"{target} does not depend on the maps of layer {info.index}; choose another layer.")
    weighted = (slopes.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True).relu()
    resized = F.interpolate(weighted, network.input.size, mode="bilinear", align_corners=False)[0, 0]
    return resized, float(values.detach()[0]), info


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import as_map

    on_step(0, 1)
    weighted, score, info = weighted_maps(network, rgb, target, settings["layer"])
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
