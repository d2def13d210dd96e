"""Parts of a network by depth: what learns at one rate where deeper layers learn faster."""

from collections import OrderedDict
from dataclasses import dataclass

from torch import nn

from trainer.networks.architectures import head as last_layer

GROUPS = 8
"""Into how many equal steps of depth a network is cut, whatever its architecture."""


@dataclass(frozen=True)
class DepthGroup:
    """The weights of one step of depth, from the input (`depth` 0) to the last layer (1), or those of the `head`.

    `modules` names those that hold them, in order; `share` of the learning rate is theirs.
    """

    depth: float
    share: float
    modules: tuple[str, ...]
    weights: tuple[nn.Parameter, ...]
    head: bool = False


def depth_groups(module: nn.Module, decay: float, head: str = "") -> list[DepthGroup]:
    """The trainable weights in up to `GROUPS` groups of equal depth, and those of the head.

    `head` names the module that was drawn anew, "" the layer that gives the classes. The share of each group is
    `decay` ** (1 - depth), that of the head 1.

    Depth is a layer's place among all layers with weights of two or more dimensions, in the order of the modules, over
    their number less one; norms and biases belong to the layer before them. So the first layer learns at `decay` of the
    rate and the last at all of it, in a network of 5 layers as in one of 150. All is one group where `decay` is 1.
    """
    layers: OrderedDict[str, list[nn.Parameter]] = OrderedDict()
    for name, weight in module.named_parameters():
        layers.setdefault(name.rpartition(".")[0], []).append(weight)
    positions, position = [], -1
    for weights in layers.values():
        position += any(weight.dim() > 1 for weight in weights)
        positions.append(max(position, 0))
    last = max(positions, default=0)
    head = head or last_layer(module)
    grouped: dict[int, tuple[list[str], list[nn.Parameter]]] = {}
    for (name, weights), layer_position in zip(layers.items(), positions, strict=True):
        step = round(layer_position / last * (GROUPS - 1)) if last and decay != 1 else GROUPS - 1
        step = GROUPS if name == head or name.startswith(f"{head}.") else step
        modules, members = grouped.setdefault(step, ([], []))
        trained = [weight for weight in weights if weight.requires_grad]
        if trained:
            modules.append(name)
            members += trained
    groups = []
    for step, (modules, members) in sorted(grouped.items()):
        depth = min(1.0, step / (GROUPS - 1))
        if members:
            groups.append(DepthGroup(depth, decay ** (1 - depth), tuple(modules), tuple(members), step == GROUPS))
    return groups
