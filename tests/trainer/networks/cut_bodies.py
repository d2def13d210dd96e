"""torchvision's networks as people cut them: their parts numbered or renamed, alone or with other last layers."""

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


CUT_AT = {
    "alexnet": (1, 256),
    "convnext_tiny": (1, 768),
    "densenet121": (1, 1024),
    "efficientnet_b0": (1, 1280),
    "efficientnet_v2_s": (1, 1280),
    "googlenet": (16, 1024),
    "inception_v3": (18, 2048),
    "mnasnet0_5": (1, 1280),
    "mobilenet_v2": (1, 1280),
    "mobilenet_v3_small": (1, 576),
    "regnet_y_400mf": (2, 440),
    "resnet18": (8, 512),
    "resnet34": (8, 512),
    "shufflenet_v2_x0_5": (6, 1024),
    "squeezenet1_1": (1, 512),
    "swin_t": (3, 768),
    "vgg11": (1, 512),
    "vgg16_bn": (1, 512),
}
"""The children before the pool, and the maps that they give."""


def body_of(name: str) -> nn.Sequential:
    """The network's children before its pool."""
    auxiliary = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    whole = torchvision.models.get_model(name, weights=None, **auxiliary)
    return nn.Sequential(*list(whole.children())[: CUT_AT[name][0]])


class Sequence(nn.Sequential):
    """The parts, a pool and a linear layer, in one sequence."""

    def __init__(self, name: str, classes: int) -> None:
        last = nn.Linear(CUT_AT[name][1], classes)
        super().__init__(*body_of(name).children(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)


class OwnClass(nn.Module):
    """The parts in a sequence under a name of one's own, and an MLP."""

    def __init__(self, name: str, classes: int) -> None:
        super().__init__()
        width = CUT_AT[name][1]
        self.backbone = body_of(name)
        self.fc = nn.Sequential(nn.Dropout(), nn.Linear(width, 16), nn.ReLU(), nn.Linear(16, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.fc(self.backbone(x).mean((2, 3)))
        return answer


class Renamed(nn.Module):
    """Each part under a name of one's own."""

    def __init__(self, name: str, classes: int) -> None:
        super().__init__()
        for number, part in enumerate(body_of(name)):
            self.add_module(f"block{number}", part)
        self.out = nn.Linear(CUT_AT[name][1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *parts, last = self.children()
        for part in parts:
            x = part(x)
        answer: torch.Tensor = last(x.mean((2, 3)))
        return answer


def width_of(name: str) -> int:
    """The number of maps that reach its last layers."""
    return CUT_AT.get(name, (0, 2048))[1]


def fastai(name: str, classes: int) -> nn.Sequential:
    """The body and the last layers as fastai's vision_learner puts them together."""
    double = 2 * width_of(name)
    pools = [BothPools(), nn.Flatten(), nn.BatchNorm1d(double), nn.Dropout(0.25), nn.Linear(double, 512, bias=False)]
    last = [nn.ReLU(), nn.BatchNorm1d(512), nn.Dropout(0.5), nn.Linear(512, classes, bias=False)]
    body = body_of(name) if name in CUT_AT else cut(name, 2)
    return nn.Sequential(body, nn.Sequential(*pools, *last))
