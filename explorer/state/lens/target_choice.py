"""Whose attribution a person wants to see, and what of it is measured."""

from dataclasses import dataclass

PREDICTED, CHOSEN_FILTER, CLASS = "predicted", "filter", "class:"
"""The class that the network predicts, the filter in view, or `CLASS` and a class's name."""


@dataclass(frozen=True)
class TargetChoice:
    """`target` as above; a class's `score` is "probability" or "logit", a filter's `reading` "peak" or "mean"."""

    target: str = PREDICTED
    score: str = "probability"
    reading: str = "peak"
