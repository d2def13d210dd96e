"""The networks that this program trains, by name."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class ScratchCNN(nn.Module):
    """The paper's network: blocks of two 3x3 convolutions and a max pooling, then fully connected layers.

    Van Molle et al. (2018), section 3.1: 8, 16, 32 and 64 filters, hidden layers of 2056, 1024 and 64 units,
    ReLU after each; 28,038,226 parameters for 2 classes and 224 x 224 RGB pictures in [0, 1].
    `bottleneck` > 0 puts a linear layer of that many units before the first hidden layer (a low-rank
    factorisation of its weights), which makes a network of this kind small enough to ship.
    `dropout` is the probability of dropping a hidden unit in training; the paper has none.
    Input (N, channels, size, size) float32; output (N, classes) logits.
    """

    def __init__(
        self,
        classes: int = 2,
        *,
        filters: tuple[int, ...] = (8, 16, 32, 64),
        hidden: tuple[int, ...] = (2056, 1024, 64),
        bottleneck: int = 0,
        dropout: float = 0.0,
        channels: int = 3,
        size: int = 224,
    ) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        before = channels
        for width in filters:
            for source in (before, width):
                convolutions += [nn.Conv2d(source, width, 3, padding=1), nn.ReLU(inplace=True)]
            convolutions.append(nn.MaxPool2d(2))
            before = width
        self.features = nn.Sequential(*convolutions)
        units = before * (size // 2 ** len(filters)) ** 2
        connected: list[nn.Module] = [nn.Flatten()]
        if bottleneck:
            connected.append(nn.Linear(units, bottleneck, bias=False))
            units = bottleneck
        for width in hidden:
            connected += [nn.Linear(units, width), nn.ReLU(inplace=True), nn.Dropout(dropout)]
            units = width
        connected.append(nn.Linear(units, classes))
        self.classifier = nn.Sequential(*connected)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes) of pictures (N, channels, size, size)."""
        logits: torch.Tensor = self.classifier(self.features(pictures))
        return logits


def initialise(module: nn.Module) -> None:
    """Draw He-normal weights for every ReLU layer and a plain small one for the last (He et al., 2015)."""
    layers = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    for part in layers:
        nn.init.kaiming_normal_(part.weight, nonlinearity="relu" if part is not layers[-1] else "linear")
        if part.bias is not None:
            nn.init.zeros_(part.bias)


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {"scratch_cnn": ScratchCNN}
"""Architectures by the name that stands in a checkpoint; called with `classes` and the checkpoint's arguments."""


def build(architecture: str, classes: int, arguments: dict[str, Any] | None = None) -> nn.Module:
    """Build an architecture of `ARCHITECTURES` with random weights; KeyError for an unknown name."""
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in (arguments or {}).items()}
    return ARCHITECTURES[architecture](classes, **plain)
