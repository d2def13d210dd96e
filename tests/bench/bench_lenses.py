"""Lenses that follow gradients against a bare pass forward and back, and against captum's on the same network."""

from collections.abc import Callable

import torch
import torchvision
from torch import nn

from explorer.core.attribution import attribute
from explorer.core.network.opening import Network
from tests.bench.bench_occlusion import PICTURE, opened
from tests.bench.row import Row, side_by_side
from trainer.networks.architectures import ScratchCNN, initialise

REPEATS = 15


def measure() -> list[Row]:
    """Ratios of ours to the bare pass (at most), and of captum's to ours (at least)."""
    torch.manual_seed(0)
    paper = ScratchCNN()
    initialise(paper)
    return [*_rows("the paper's CNN", paper), *_rows("ResNet-18", torchvision.models.resnet18())]


def _rows(name: str, module: nn.Module) -> list[Row]:
    from captum.attr import LayerGradCam, Saliency

    network = opened(module.eval().requires_grad_(False))
    picture = network.input.prepare(PICTURE)[None]
    last = network.module.get_submodule(network.layers[-1].module)
    rows = []
    for lens, most, captum in (
        ("grad-cam", 1.15, lambda: LayerGradCam(network.module, last).attribute(picture, target=0)),
        ("saliency", 1.1, lambda: Saliency(network.module).attribute(picture.requires_grad_(), target=0)),
    ):
        rows.append(_against(f"{lens} of {name}", network, lens, lambda: _bare(network), most, at_most=True))
        rows.append(_against(f"{lens} of {name} / captum", network, lens, captum, 0.95, at_most=False))
    return rows


def _against(
    what: str, network: Network, lens: str, other: Callable[[], object], target: float, *, at_most: bool
) -> Row:
    ours, theirs = side_by_side(lambda: attribute(network, PICTURE, lens, target="class:0"), other, REPEATS)
    return Row(what, ours, theirs, ours / theirs if at_most else theirs / ours, target, at_most)


def _bare(network: Network) -> torch.Tensor:
    """The picture prepared, one pass forward and one back."""
    picture = network.input.prepare(PICTURE)[None].requires_grad_()
    (found,) = torch.autograd.grad(network.module(picture)[0, 0], picture)
    return found
