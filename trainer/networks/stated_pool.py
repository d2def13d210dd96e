"""The pool before the last layers that a file names in the words of timm (`global_pool`, `--gp`)."""

from dataclasses import replace

import torch
from torch import nn

from trainer.networks.candidate import Blueprint
from trainer.networks.fitting import is_timms, pool_of, replaced


class Largest(nn.Module):
    """The largest value of each map."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, 1, 1) of (N, C, h, w)."""
        return x.amax((2, 3), keepdim=True)


class AverageAndLargest(nn.Module):
    """The mean of the average and the largest value of each map, timm's "avgmax"."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, 1, 1) of (N, C, h, w)."""
        return 0.5 * (x.mean((2, 3), keepdim=True) + x.amax((2, 3), keepdim=True))


_POOLS: dict[str, type[nn.Module]] = {"max": Largest, "avgmax": AverageAndLargest}


def with_stated_pool(blueprint: Blueprint, pool: str) -> Blueprint:
    """The network with the pool of this name in the place of its average, or with a word that it is not computed.

    "avg" and "" change nothing, and neither does any pool where there are no scores.
    """
    if pool in ("", "avg") or not blueprint.classes:
        return blueprint
    path, plain = pool_of(blueprint.skeleton()), blueprint.build
    if not path or pool not in _POOLS:
        text = (
            f"The file says that maps are pooled by {pool} before the last layers, which is not computed: the scores "
            "were others; its own class opens with it (file.py:factory)."
        )
        return replace(blueprint, assumed=(*blueprint.assumed, text))

    def build() -> nn.Module:
        module = plain()
        flat = is_timms(module.get_submodule(path))
        return replaced(module, path, nn.Sequential(_POOLS[pool](), nn.Flatten(1)) if flat else _POOLS[pool]())

    text = f"Maps are pooled by {pool} before the last layers, as the file says."
    # A name of its own: what is written under an architecture's name is built without this.
    return replace(blueprint, name=f"{blueprint.name} ({pool} pool)", build=build, assumed=(*blueprint.assumed, text))
