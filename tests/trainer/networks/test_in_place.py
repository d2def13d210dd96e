"""A network that changes its input in place is given a copy, so that whoever asks it keeps the picture."""

from pathlib import Path

import pytest
import torch

from trainer.networks.opening import open_model

CODE = """
import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


class Changing(Plain):
    def forward(self, x):
        x.sub_(0.5).div_(0.2)
        return super().forward(x)


class Activated(Plain):
    def forward(self, x):
        return super().forward(nn.functional.relu_(x)).softmax(1)


def patched():
    network = Plain()
    forward = network.forward
    network.forward = lambda x: forward(x.mul_(2))
    return network
"""


@pytest.mark.parametrize("kind", ["Changing", "Activated", "patched"])
def test_the_picture_that_was_given_stays_and_has_its_gradient(kind: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(CODE)
    torch.manual_seed(0)
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "fc.weight": (2, 4), "fc.bias": (2,)}
    torch.save({name: torch.randn(shape) for name, shape in shapes.items()}, tmp_path / "net.pt")
    found = open_model(tmp_path / "net.pt", architecture=f"{tmp_path / 'own.py'}:{kind}")
    picture = torch.rand(1, 3, 16, 16)
    before = picture.clone()
    leaf = picture.requires_grad_()
    first = found.module(leaf)
    first.sum().backward()
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.detach(), before)
    torch.testing.assert_close(found.module(leaf), first)
    graph = torch.fx.symbolic_trace(found.module) if kind != "patched" else found.module
    torch.testing.assert_close(graph(leaf), first)
