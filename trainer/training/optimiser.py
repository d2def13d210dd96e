"""The optimiser of a run: its groups and rates, and how it is taken up again on whatever device goes on."""

from typing import Any

import torch
from torch import nn

from trainer.training.recipe import Recipe


def optimiser_of(module: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    """The recipe's optimiser; each part of the network is a group whose `share` of the rate grows with its depth."""
    learning, machine = recipe.learning, recipe.machine
    parts: dict[str, list[nn.Parameter]] = {}
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            parts.setdefault(name.partition(".")[0], []).append(weight)
    fused = machine.fused and device.type in ("cpu", "cuda")
    captured = captures(recipe, device)
    highest = learning.learning_rate
    groups: list[dict[str, Any]] = [
        {
            "params": weights,
            "share": learning.depth_decay ** (len(parts) - 1 - place),
            # A captured step reads the rate from where it lies: a place for each group.
            "lr": torch.tensor(highest, device=device) if captured else highest,
        }
        for place, weights in enumerate(parts.values())
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
    own = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": saved["state"], "param_groups": own})


def set_rates(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of this learning rate."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], torch.Tensor):  # a captured step reads it from where it lies
            group["lr"].fill_(rate * group["share"])
        else:
            group["lr"] = rate * group["share"]


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
