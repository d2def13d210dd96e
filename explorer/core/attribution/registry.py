"""All lenses by their names, and the one way to look through any of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.class_model import CLASS_MODEL
from explorer.core.attribution.deconvnet import DECONVNET
from explorer.core.attribution.grad_cam import GRAD_CAM
from explorer.core.attribution.guided_backprop import GUIDED_BACKPROP
from explorer.core.attribution.guided_grad_cam import GUIDED_GRAD_CAM
from explorer.core.attribution.integrated_gradients import INTEGRATED_GRADIENTS
from explorer.core.attribution.lens import Lens, OnRough
from explorer.core.attribution.occlusion.lens import OCCLUSION
from explorer.core.attribution.saliency import SALIENCY
from explorer.core.errors import UserError
from explorer.core.progress import OnStep, no_step

if TYPE_CHECKING:
    from explorer.core.arrays import RGB
    from explorer.core.attribution.attribution_map import AttributionMap
    from explorer.core.network.opening import Network

_ALL = (
    OCCLUSION,
    GRAD_CAM,
    SALIENCY,
    GUIDED_BACKPROP,
    GUIDED_GRAD_CAM,
    DECONVNET,
    INTEGRATED_GRADIENTS,
    CLASS_MODEL,
)
LENSES: Mapping[str, Lens] = MappingProxyType({lens.name: lens for lens in _ALL})


def attribute(
    network: "Network",
    rgb: "RGB",
    lens: str,
    *,
    target: str,
    on_step: OnStep | None = None,
    on_rough: OnRough | None = None,
    **settings: Value,
) -> "AttributionMap":
    """What a target leans on in a picture (H, W, 3) uint8, through the lens of this name.

    `target`: "class:NAME" (its logit), "probability:NAME", "filter:7:8" (the peak of its map), "filter:7:8:mean" or
    "filter:7:8:at:ROW,COLUMN". `settings` are the lens's; those left out have their defaults. `on_rough` gets a first,
    coarse map from a lens that has one. UserError for what the lens or the network does not have.
    """
    chosen_lens = LENSES.get(lens)
    if chosen_lens is None:
        raise UserError(f'There is no lens "{lens}"; the lenses are {", ".join(LENSES)}.')
    chosen_lens.check_target(target)
    return chosen_lens.compute(network, rgb, target, chosen_lens.complete(settings), on_step or no_step, on_rough)
