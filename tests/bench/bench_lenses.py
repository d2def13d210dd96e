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
STEPS = 8


def measure() -> list[Row]:
    """Ratios of ours to the bare pass (at most), and of captum's to ours (at least)."""
    torch.manual_seed(0)
    paper = ScratchCNN()
    initialise(paper)
    return [*_rows("the paper's CNN", paper), *_rows("ResNet-18", torchvision.models.resnet18())]


def _rows(name: str, module: nn.Module) -> list[Row]:
    from captum.attr import LayerGradCam, Saliency

    network = opened(module.eval().requires_grad_(False))
    last = network.module.get_submodule(network.layers[-1].module)
    cam, gradient = LayerGradCam(network.module, last), Saliency(network.module)
    rows = []
    for lens, most, captum in (
        ("grad-cam", 1.15, lambda: cam.attribute(_picture(network), target=0)),
        ("saliency", 1.1, lambda: gradient.attribute(_picture(network), target=0)),
    ):
        rows.append(_against(f"{lens} of {name}", network, lens, lambda: _bare(network), most, at_most=True))
        rows.append(_against(f"{lens} of {name} / captum", network, lens, captum, 0.95, at_most=False))
    return [*rows, _class_model(name, network)]


def _class_model(name: str, network: Network) -> Row:
    """Steps of the class model, of which the last only measures, against as many bare passes forward and back."""

    def climb() -> object:
        return attribute(network, PICTURE, "class-model", target="class:0", steps=STEPS - 1)

    def pass_by_pass() -> object:
        return [_gradient(network, torch.zeros(1, 3, *network.input.size).requires_grad_()) for _ in range(STEPS)]

    ours, bare = side_by_side(climb, pass_by_pass, REPEATS)
    return Row(f"class model step of {name}", ours / STEPS, bare / STEPS, ours / bare, 1.2, at_most=True)


def _against(
    what: str, network: Network, lens: str, other: Callable[[], object], target: float, *, at_most: bool
) -> Row:
    ours, theirs = side_by_side(lambda: attribute(network, PICTURE, lens, target="class:0"), other, REPEATS)
    return Row(what, ours, theirs, ours / theirs if at_most else theirs / ours, target, at_most)


def _picture(network: Network) -> torch.Tensor:
    """The prepared picture: what a lens is given is a picture as it was read."""
    return network.input.prepare(PICTURE)[None].requires_grad_()


def _bare(network: Network) -> torch.Tensor:
    """One pass forward and one back."""
    return _gradient(network, _picture(network))


def _gradient(network: Network, picture: torch.Tensor) -> torch.Tensor:
    (found,) = torch.autograd.grad(network.module(picture)[0, 0], picture)
    return found
