"""What a person wants to have measured by occlusion."""

from dataclasses import dataclass
from typing import Any

PREDICTED, FILTER, CLASS = "predicted", "filter", "class:"
"""What is measured: the class that the network predicts, the filter in view, or `CLASS` and a class's name."""

FILLS = {
    "mean": "the picture's mean",
    "surround": "the skin around",
    "blur": "the picture blurred",
    "black": "black",
    "grey": "grey",
}
COLORS = {"black": (0.0, 0.0, 0.0), "grey": (0.5, 0.5, 0.5)}
"""Fills that are colors, (red, green, blue) in [0, 1]."""

SIZES, STRIDES = (8, 16, 24, 32, 48, 64), (4, 8, 16, 32)


@dataclass(frozen=True)
class OcclusionSettings:
    """What a sweep measures and with what patch.

    `target` as above; `score` of a class is "probability" or "logit"; `reading` of a filter's map "peak" or "mean";
    `size` and `stride` in pixels of the network's input; `fill` a key of `FILLS`.
    """

    target: str = PREDICTED
    score: str = "probability"
    reading: str = "peak"
    size: int = 16
    stride: int = 8
    fill: str = "mean"


def occluder_of(settings: OcclusionSettings) -> Any:
    """The core's occluder of these settings."""
    from explorer.core.attribution.occlusion.occluder import Occluder

    return Occluder(settings.size, settings.stride, COLORS.get(settings.fill, settings.fill))
