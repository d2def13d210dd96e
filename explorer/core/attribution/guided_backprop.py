"""Guided backpropagation: the gradient by the picture, following only what raises the target through open rectifiers.

Springenberg et al. (2014), section 3.4; the largest magnitude over the colors.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, Side, following_gradients
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    import torch

    from explorer.core.arrays import RGB
    from explorer.core.attribution.rectifiers import Rule
    from explorer.core.network.opening import Network

HERE = Side("led back", "what leads to it", "leads to it by", "guided gradient of the")


def followed(network: "Network", rgb: "RGB", target: str, rule: "Rule", title: str) -> "tuple[torch.Tensor, float]":
    """The target's gradient (C, H, W) by the input, going back through rectifiers by a rule, and its value.

    UserError, with the lens's `title`, where the network has no rectifier.
    """
    from explorer.core.attribution.gradients import gradient, prepared
    from explorer.core.attribution.rectifiers import RectifiersFollow
    from explorer.core.attribution.target import parse_target

    parsed_target, picture = parse_target(target, network), prepared(network, rgb)
    with RectifiersFollow(rule) as rectifiers:
        values, slopes = gradient(network, parsed_target, picture)
    if not rectifiers.met:
        raise UserError(f"{title} needs a network with ReLU, and {network.name} runs none; take another lens.")
    return slopes[0], float(values[0])


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import largest
    from explorer.core.attribution.rectifiers import guided

    on_step(0, 1)
    slopes, score = followed(network, rgb, target, guided, GUIDED_BACKPROP.title)
    on_step(1, 1)
    return AttributionMap(target, largest(slopes), False, score, settings, "gradient through guided rectifiers")


GUIDED_BACKPROP = Lens(
    name="guided-backprop",
    title="Guided backprop",
    about="the pixels that lead to the target through open rectifiers (Springenberg 2014)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(),
    positive=HERE,
    quantile=0.995,
)
