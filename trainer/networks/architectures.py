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
        in_channels = channels
        for width in filters:
            for source in (in_channels, width):
                convolutions += [nn.Conv2d(source, width, 3, padding=1), nn.ReLU(inplace=True)]
            convolutions.append(nn.MaxPool2d(2))
            in_channels = width
        self.features = nn.Sequential(*convolutions)
        units = in_channels * (size // 2 ** len(filters)) ** 2
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


class LeNet(nn.Module):
    """LeNet-5 with ReLU and max pooling: 5 x 5 convolutions of 6 and 16 filters, then 120 and 84 units.

    LeCun et al. (1998), section II.B, whose input is 32 x 32; here `size` is free.
    Input (N, channels, size, size) float32; output (N, classes) logits.
    """

    def __init__(self, classes: int = 2, *, channels: int = 3, size: int = 32) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(channels, 6, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        )
        side = ((size - 4) // 2 - 4) // 2
        if side < 1:
            raise ValueError(f"LeNet needs pictures of 16 x 16 or more, not {size} x {size}")
        self.classifier = nn.Sequential(
            *(nn.Flatten(), nn.Linear(16 * side * side, 120), nn.ReLU(inplace=True)),
            *(nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, classes)),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes) of pictures (N, channels, size, size)."""
        logits: torch.Tensor = self.classifier(self.features(pictures))
        return logits


def initialise(module: nn.Module, how: str = "he") -> None:
    """Draw the weights anew: "he" (2015) for ReLU layers and a plain small last one, "glorot" (2010), or "torch".

    "torch" leaves what PyTorch drew when the module was built.
    """
    if how == "torch":
        return
    layers = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    for part in layers:
        if how == "glorot":
            nn.init.xavier_uniform_(part.weight)
        else:
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu" if part is not layers[-1] else "linear")
        if part.bias is not None:
            nn.init.zeros_(part.bias)


ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {"scratch_cnn": ScratchCNN, "lenet": LeNet}
"""Our architectures by the name that stands in a checkpoint; called with `classes` and the checkpoint's arguments."""

AUXILIARY = ("googlenet", "inception_v3")
"""torchvision's that have auxiliary classifiers."""


def known() -> tuple[str, ...]:
    """The names that `build` takes: ours, and torchvision's classification networks."""
    import torchvision

    return (*ARCHITECTURES, *torchvision.models.list_models(module=torchvision.models))


def build(architecture: str, classes: int, arguments: dict[str, Any] | None = None) -> nn.Module:
    """Build a network with random weights; KeyError for a name that is not `known`.

    torchvision's come without auxiliary classifiers, which our training does not use.
    """
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in (arguments or {}).items()}
    if architecture in ARCHITECTURES:
        return ARCHITECTURES[architecture](classes, **options)
    if architecture not in known():
        raise KeyError(architecture)
    import torchvision

    if architecture in AUXILIARY:
        options |= {"aux_logits": False, "init_weights": True}
    module: nn.Module = torchvision.models.get_model(architecture, weights=None, num_classes=classes, **options)
    return module


def head(module: nn.Module) -> str:
    """The name of the layer that gives the classes: the last convolution or linear layer."""
    names: list[str] = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    return names[-1]
