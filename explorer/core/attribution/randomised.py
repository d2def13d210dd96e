"""The same network with shuffled weights: what a lens shows of it cannot come from what was learned.

Adebayo et al. (2018), section 3: a lens that shows the same on random weights says nothing of the trained network.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from explorer.core.arrays import Map
from explorer.core.network.opening import Network, weights_digest

SEED = 0

LITTLE, MUCH = 0.2, 0.6
"""Rank correlations up to which two maps are called nothing alike, and from which on much alike."""


def shuffled(network: Network, seed: int = SEED) -> Network:
    """A network whose weights are those of `network`, each tensor's values in a random order that is always the same.

    Weights stay where they are in size, so that maps keep about their scale; norms keep their statistics.
    """
    module = network.copy().module
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in module.parameters():
            order = torch.randperm(weights.numel(), generator=random).to(weights.device)
            weights.copy_(weights.reshape(-1)[order].reshape(weights.shape))
    name = f"{network.name} (shuffled weights)"
    return dataclasses.replace(network, module=module, name=name, digest=weights_digest(module))


@dataclasses.dataclass(frozen=True)
class LikeShuffled:
    """How much a lens's maps are like those on shuffled weights, over pictures: the median, lowest and highest of
    `rank_correlation`; `nothing` counts the pictures of which it showed nothing on one of the two."""

    pictures: int
    nothing: int
    median: float | None
    lowest: float | None
    highest: float | None

    @classmethod
    def of(cls, correlations: Sequence[float | None]) -> "LikeShuffled":
        """Of one number for each picture; None or NaN where it showed nothing."""
        values = np.array(
            [correlation for correlation in correlations if correlation is not None and not np.isnan(correlation)]
        )
        summary = (float(np.median(values)), float(values.min()), float(values.max())) if len(values) else (None,) * 3
        return cls(len(correlations), len(correlations) - len(values), *summary)

    @property
    def of_one(self) -> str:
        """Of one picture, in words."""
        if self.median is None:
            return "On the weights that were learned, or on shuffled ones, it shows nothing."
        verdict = (
            "nothing alike" if abs(self.median) < LITTLE else "much alike" if self.median > MUCH else "in part alike"
        )
        return f"On shuffled weights, beside: {verdict} (rank correlation {_two(self.median)})."

    @property
    def sentence(self) -> str:
        """In words; 1 would be the same map."""
        nothing = f"; of {self.nothing:,} nothing was shown" if self.nothing else ""
        if self.median is None:
            return f"Nothing was shown of {self.pictures:,} pictures, here or on shuffled weights."
        pictures = f"{self.pictures:,} picture{'s' * (self.pictures != 1)}"
        return (
            f"Rank correlation with the map on the weights that were learned: median {_two(self.median)} "
            f"({_two(self.lowest)} to {_two(self.highest)}) over {pictures}{nothing}; 1 would be the same map."
        )


def _two(value: float | None) -> str:
    """Two digits, and no minus before what rounds to nothing."""
    return f"{round(value or 0.0, 2) + 0.0:.2f}"


def rank_correlation(first: Map, second: Map) -> float:
    """Spearman's correlation of the sizes of two maps (H, W), from -1 to 1; NaN where one of them is flat."""
    from scipy.stats import spearmanr

    if np.ptp(np.abs(first)) == 0 or np.ptp(np.abs(second)) == 0:
        return float("nan")
    return float(spearmanr(np.abs(first).ravel(), np.abs(second).ravel()).statistic)
