"""The optimiser of a run: its groups and rates, and how it is taken up again on whatever device goes on."""

from typing import Any

import torch
from torch import nn

from trainer.training.depth_groups import depth_groups
from trainer.training.recipe import Recipe


def optimiser_of(module: nn.Module, recipe: Recipe, device: torch.device, head: str = "") -> torch.optim.Optimizer:
    """The recipe's optimiser: a group for each step of depth, whose `share` of the rate grows, and one for the head.

    `head` as in `depth_groups`.
    """
    learning, machine = recipe.learning, recipe.machine
    fused = machine.fused and device.type in ("cpu", "cuda")
    captured = captures(recipe, device)
    highest = learning.learning_rate
    groups: list[dict[str, Any]] = [
        {
            "params": list(group.weights),
            "share": group.share,
            "head": group.head,
            # A captured step reads the rate from where it lies: a place for each group.
            "lr": torch.tensor(highest, device=device) if captured else highest,
        }
        for group in depth_groups(module, learning.depth_decay, head)
    ]
    decay = learning.weight_decay
    if learning.optimiser == "sgd":
        first = learning.betas[0]
        return torch.optim.SGD(groups, highest, first, weight_decay=decay, nesterov=first > 0, fused=fused)
    kind = torch.optim.AdamW if learning.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, highest, learning.betas, weight_decay=decay, fused=fused, capturable=captured)


def captures(recipe: Recipe, device: torch.device) -> bool:
    """Whether the step can be captured in a CUDA graph; plain SGD asks the CPU for its rate, which none allows."""
    machine = recipe.machine
    return machine.graph and device.type == "cuda" and (machine.fused or recipe.learning.optimiser != "sgd")


def take_up(optimiser: torch.optim.Optimizer, saved: dict[str, Any]) -> None:
    """Go on with the averages and counts of a saved state, whatever device it comes from.

    Rates and ways to compute stay this run's own: they follow from the recipe, the step and the device that goes on.
    """
    param_groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": saved["state"], "param_groups": param_groups})


def set_rates(optimiser: torch.optim.Optimizer, rate: float, *, head_only: bool = False) -> None:
    """Give every group its share of this learning rate; none to what is not the head where that learns alone."""
    for group in optimiser.param_groups:
        group_rate = 0.0 if head_only and not group["head"] else rate * group["share"]
        if isinstance(group["lr"], torch.Tensor):  # a captured step reads it from where it lies
            group["lr"].fill_(group_rate)
        else:
            group["lr"] = group_rate


def check_capturable(optimiser: torch.optim.Optimizer) -> None:
    """RuntimeError where a graph would hold a rate or a count as it is now for ever, instead of reading it."""
    for group in optimiser.param_groups:
        rate, device = group["lr"], group["params"][0].device
        if not isinstance(rate, torch.Tensor) or rate.device != device:
            raise RuntimeError(f"a captured step would freeze its learning rate, which is not on {device}")
        if not group.get("capturable", True):
            raise RuntimeError("a captured step would freeze its count: the optimiser is not capturable")
        for weight in group["params"]:
            for name, value in optimiser.state.get(weight, {}).items():
                if isinstance(value, torch.Tensor) and value.device != device:
                    raise RuntimeError(f"a captured step would freeze {name}, which is not on {device}")
