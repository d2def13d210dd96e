"""Networks that lie on a processor and on the device, and how far their answers are apart."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
import torchvision

from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from tests.gpu.proof import Proof
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec


def pairs(proof: Proof) -> Iterator[tuple[str, Network, Network]]:
    """The paper's network and one with batch norms and shortcuts: its name, here, and on the device."""
    side = 64 if proof.small else 224
    for name in ("the paper's CNN", "resnet18"):
        if proof.late:
            proof.tell(f"{name}: not begun, the time is up", "")
            continue
        torch.manual_seed(0)
        if name == "resnet18":
            module: torch.nn.Module = torchvision.models.resnet18(weights=None, num_classes=2)
        else:
            module = ScratchCNN(size=side, bottleneck=8 if proof.small else 0)
            initialise(module)
        module = module.eval().requires_grad_(False)
        layers = trace_layers(module, torch.zeros(1, 3, side, side))
        spec = InputSpec((side, side), "squash", side)
        here = Network(module, spec, ("a", "b"), layers, "", torch.device("cpu"), name, name)
        yield name, here, replace(here, module=copy.deepcopy(module).to(proof.device), device=proof.device)


def apart(found: npt.NDArray[np.floating], wanted: npt.NDArray[np.floating], share: float = 1.0) -> float:
    """The largest difference of this share of all values, as a share of the largest value."""
    return float(np.quantile(np.abs(found - wanted), share) / max(np.abs(wanted).max(), 1e-12))
