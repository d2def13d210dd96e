"""Maps and scores on the device are those of a processor."""

import copy
from dataclasses import replace

import numpy as np
import torch
import torchvision

from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.maps.activations import record
from explorer.core.network.hooked_layers import trace_layers
from explorer.core.network.opening import Network
from tests.gpu.proof import Proof
from trainer.evaluation.inference import logits_of
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.networks.input_spec import InputSpec

MOST = 1e-4


def run(proof: Proof) -> None:
    """The paper's network and one with batch norms."""
    side = 64 if proof.small else 224
    for name in ("the paper's CNN", "resnet18"):
        torch.manual_seed(0)
        module = (
            ScratchCNN(size=side, bottleneck=8 if proof.small else 0)
            if name != "resnet18"
            else torchvision.models.resnet18(weights=None, num_classes=2)
        )
        if name != "resnet18":
            initialise(module)
        module = module.eval().requires_grad_(False)
        layers = trace_layers(module, torch.zeros(1, 3, side, side))
        spec = InputSpec((side, side), "squash", side)
        here = Network(module, spec, ("a", "b"), layers, "", torch.device("cpu"), name, name)
        there = replace(here, module=copy.deepcopy(module).to(proof.device), device=proof.device)
        maps(proof, name, here, there, side)


def maps(proof: Proof, name: str, here: Network, there: Network, side: int) -> None:
    """All maps, a patch that is dragged, and many pictures at once."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (8 if proof.small else 512, side, side, 3), np.uint8)
    wanted, found = record(here, pictures[0]), record(there, pictures[0])
    far = max(_far(found.maps[index], wanted.maps[index]) for index in wanted.maps)
    proof.judge(f"{name}: largest difference of all maps", far, most=MOST)
    proof.judge(f"{name}: largest difference of logits", _far(found.logits, wanted.logits), most=MOST)
    count = 4 if proof.small else 100
    took = proof.seconds(lambda: [record(there, picture) for picture in pictures[:count]])
    proof.tell(f"{name}: pictures recorded", count / took, "pictures/s")
    covering = [LivePatch(network, pictures[0]).at(Occluder(16, 8), 24, 40) for network in (here, there)]
    proof.judge(f"{name}: a dragged patch", _far(covering[1].logits, covering[0].logits), most=MOST)
    dragged = LivePatch(there, pictures[0])
    took = proof.seconds(lambda: [dragged.at(Occluder(16, 8), 24, left) for left in range(count)])
    proof.tell(f"{name}: a step of a dragged patch", took / count * 1000, "ms")
    logits = logits_of(there.module, pictures, there.input, proof.device, batch=128)
    few = logits_of(here.module, pictures[:8], here.input, torch.device("cpu"))
    proof.judge(f"{name}: logits of many pictures", _far(logits[:8], few), most=MOST)
    took = proof.seconds(lambda: logits_of(there.module, pictures, there.input, proof.device, batch=128))
    proof.tell(f"{name}: pictures classified", len(pictures) / took, "pictures/s")


def _far(found: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference as a share of the largest value."""
    return float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-12))
