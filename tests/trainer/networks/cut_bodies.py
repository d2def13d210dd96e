"""torchvision's ResNets as people cut them: a body of numbered children, alone or with other last layers behind."""

import torch
import torchvision
from torch import nn


class BothPools(nn.Module):
    """The largest value of each map, and the average."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([nn.functional.adaptive_max_pool2d(x, 1), nn.functional.adaptive_avg_pool2d(x, 1)], 1)


class OwnHead(nn.Module):
    """A cut body with a linear layer of one's own behind."""

    def __init__(self, name: str, classes: int) -> None:
        super().__init__()
        self.features = cut(name)
        self.fc = nn.Linear(width_of(name), classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.fc(self.features(x).flatten(1))
        return answer


def cut(name: str, left: int = 1) -> nn.Sequential:
    """The network's children without the last `left`."""
    return nn.Sequential(*list(torchvision.models.get_model(name).children())[:-left])


def width_of(name: str) -> int:
    """The number of maps that reach its last layers."""
    return 512 if name in ("resnet18", "resnet34") else 2048


def fastai(name: str, classes: int) -> nn.Sequential:
    """The body and the last layers as fastai's vision_learner puts them together."""
    double = 2 * width_of(name)
    pools = [BothPools(), nn.Flatten(), nn.BatchNorm1d(double), nn.Dropout(0.25), nn.Linear(double, 512, bias=False)]
    last = [nn.ReLU(), nn.BatchNorm1d(512), nn.Dropout(0.5), nn.Linear(512, classes, bias=False)]
    return nn.Sequential(cut(name, 2), nn.Sequential(*pools, *last))
