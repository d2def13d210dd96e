"""Maps and scores on the device are those of a processor."""

import numpy as np
import torch

from explorer.core.attribution.occlusion.live_patch import LivePatch
from explorer.core.attribution.occlusion.occluder import Occluder
from explorer.core.maps.activations import record
from explorer.core.network.opening import Network
from tests.gpu.pairs import apart, pairs
from tests.gpu.proof import Proof
from trainer.evaluation.inference import logits_of

MOST = 1e-4


def run(proof: Proof) -> None:
    """The maps of each network."""
    for name, here, there in pairs(proof):
        maps(proof, name, here, there, here.input.size[0])


def maps(proof: Proof, name: str, here: Network, there: Network, side: int) -> None:
    """All maps, a patch that is dragged, and many pictures at once."""
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (8 if proof.small else 512, side, side, 3), np.uint8)
    wanted, found = record(here, pictures[0]), record(there, pictures[0])
    far = max(apart(found.maps[index], wanted.maps[index]) for index in wanted.maps)
    proof.judge(f"{name}: largest difference of all maps", far, most=MOST)
    proof.judge(f"{name}: largest difference of logits", apart(found.logits, wanted.logits), most=MOST)
    count = 4 if proof.small else 100
    took = proof.seconds(lambda: [record(there, picture) for picture in pictures[:count]])
    proof.tell(f"{name}: pictures recorded", count / took, "pictures/s")
    covering = [LivePatch(network, pictures[0]).at(Occluder(16, 8), 24, 40) for network in (here, there)]
    proof.judge(f"{name}: a dragged patch", apart(covering[1].logits, covering[0].logits), most=MOST)
    dragged = LivePatch(there, pictures[0])
    took = proof.seconds(lambda: [dragged.at(Occluder(16, 8), 24, left) for left in range(count)])
    proof.tell(f"{name}: a step of a dragged patch", took / count * 1000, "ms")
    logits = logits_of(there.module, pictures, there.input, proof.device, batch=128)
    few = logits_of(here.module, pictures[:8], here.input, torch.device("cpu"))
    proof.judge(f"{name}: logits of many pictures", apart(logits[:8], few), most=MOST)
    took = proof.seconds(lambda: logits_of(there.module, pictures, there.input, proof.device, batch=128))
    proof.tell(f"{name}: pictures classified", len(pictures) / took, "pictures/s")
