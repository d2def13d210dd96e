"""A processor and a GPU that start from the same weights and see the same pictures lose the same."""

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch

from tests.gpu.made import made_cohort, paper
from tests.gpu.proof import Proof
from trainer.devices.arithmetic import computing
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.training.augmentation import draw
from trainer.training.data_loading import Batch, Preparation
from trainer.training.distributed import ProcessGroup
from trainer.training.optimiser import optimiser_of
from trainer.training.train import Training, Watch
from trainer.training.training_step import Step

CPU = torch.device("cpu")
RATE = 3e-6
"""At the recipe's 1e-4, weights changed by one rounding (1e-7) give losses that differ by 1.6 % after 30 steps on the
same processor: Adam divides small gradients by themselves. At this rate they differ by 1e-5 at most, and a wrong
gradient still shows."""
EXACT = {"precision": "float32", "fused": False, "graph": False, "prefetch": False}


def run(proof: Proof) -> None:
    """Losses step by step, then what bfloat16 costs."""
    recipe = paper(proof.small, **EXACT, deterministic=True)
    size, batch, count = recipe.data.size, recipe.learning.batch, 6 if proof.small else 30
    side = size * 4 // 3
    cohort = made_cohort((4 * batch, 2, 2), side, 40.0)
    stored = torch.from_numpy(cohort.pictures(slice(0, 4 * batch))).permute(0, 3, 1, 2).contiguous()
    random = np.random.default_rng(0)
    places = [torch.from_numpy(random.permutation(len(stored))[:batch]) for _ in range(count)]
    draws = [torch.from_numpy(draw(recipe.augmentation, batch, random)) for _ in range(count)]
    torch.manual_seed(0)
    module = ScratchCNN(bottleneck=recipe.network.bottleneck, size=size)
    initialise(module)
    found: dict[str, list[float]] = {}
    for name, device in (("here", CPU), ("there", proof.device)):
        mine = copy.deepcopy(module).to(device)
        preparation = Preparation(recipe, device)
        step = Step(mine, optimiser_of(mine, recipe, device), recipe, device, preparation, 2)
        losses = []
        with computing(device, deterministic=True):
            for place, drawn in zip(places, draws, strict=True):
                targets = torch.from_numpy(cohort.labels)[place].to(device)
                pictures = stored[place].to(device)
                losses.append(step(Batch(pictures, drawn.to(device), targets, ready=False), RATE).item())
        found[name] = losses
    here, there = (np.array(found[name]) for name in ("here", "there"))
    proof.judge(f"largest relative difference of {count} losses", float(np.max(np.abs(there / here - 1))), most=1e-3)
    proof.tell("first and last loss", f"{there[0]:.3f} {there[-1]:.3f}")
    rounding(proof)


def rounding(proof: Proof) -> None:
    """AUC in bfloat16 against float32, on pictures that are not too easy: the mean of some seeds, each in both."""
    # Small, it is so easy that a few steps are enough to learn it.
    counts, strength, epochs = ((64, 32, 32), 120.0, 4) if proof.small else ((1_200, 400, 400), 10.0, 12)
    cohort = made_cohort(counts, 64, strength)
    reached = {}
    for name in ("float32", "bfloat16"):
        # Pictures that come again in the validation part say nothing of learning, but all of numbers.
        found = []
        for seed in range(1 if proof.small else 4):
            recipe = paper(True, precision=name, epochs=epochs, learning_rate=3e-4, size=48, seed=seed)
            with tempfile.TemporaryDirectory() as folder, computing(proof.device):
                training = Training(cohort, recipe, Path(folder), proof.device, "", Watch(), ProcessGroup())
                training.run()
            found.append(training.state.best_auc)
        reached[name] = float(np.mean(found))
        proof.tell(f"validation AUC in {name}, of each seed", " ".join(f"{auc:.3f}" for auc in found))
    proof.judge("mean AUC of bfloat16 less than float32's by", reached["float32"] - reached["bfloat16"], most=0.05)
