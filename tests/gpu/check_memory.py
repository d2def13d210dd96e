"""Too little memory, in a step and while it is captured: training goes on, with the same batches."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from tests.gpu.made import MadePictures, made_cohort, paper
from tests.gpu.proof import Proof
from trainer.devices.arithmetic import computing
from trainer.networks.architectures import ScratchCNN, initialise
from trainer.training.captured_step import WARM_UP
from trainer.training.data_loading import Batch, Preparation, blank, epoch
from trainer.training.distributed import ProcessGroup
from trainer.training.optimiser import optimiser_of
from trainer.training.recipe import Recipe
from trainer.training.train import Training, Watch
from trainer.training.training_step import Step

STEPS = 10
SHARE = 0.4
"""Of what a step is said to need. That counts what the library keeps, too: with 0.7 one still found room."""


def run(proof: Proof) -> None:
    """Each case against the same steps with all the memory that they want."""
    recipe = paper(proof.small, precision="float32")
    side = recipe.data.size * 4 // 3
    pictures = MadePictures(STEPS * recipe.learning.batch, side, proof.device)
    with computing(proof.device, deterministic=True):
        free = losses(proof, recipe, pictures, lambda step, place: None, [])
        for name, begins in (("in a step", 0), ("in capture", WARM_UP), ("after capture", WARM_UP + 2)):
            said: list[str] = []
            tight = losses(proof, recipe, pictures, Tightness(proof, recipe, side, begins), said)
            if name != "after capture" or not proof.cuda:
                proof.require(
                    f"{name}: it said so ({'; '.join(said)[:80]})", any("out of memory" in text for text in said)
                )
            far = max(abs(a / b - 1) for a, b in zip(tight, free, strict=True)) if len(tight) == len(free) else 1.0
            proof.judge(f"{name}: relative difference of {STEPS} losses", far, most=1e-2)
    evicted(proof)


class Tightness:
    """Allows a step less memory than it needs, and as much as it wants when it is over.

    Elsewhere than on a GPU the network says that there is none for its whole batch.
    """

    def __init__(self, proof: Proof, recipe: Recipe, side: int, begins: int) -> None:
        self._proof, self._begins, self._batch, self._side = proof, begins, recipe.learning.batch, side
        self._hook: torch.utils.hooks.RemovableHandle | None = None

    def __call__(self, step: Step, place: int) -> None:
        if place == self._begins and self._proof.cuda:
            device = self._proof.device
            need = step.rehearse(blank(self._batch, self._side, device))
            torch.cuda.empty_cache()
            allowed = torch.cuda.memory_reserved(device) + SHARE * need
            torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.mem_get_info(device)[1], device)
        elif place == self._begins:
            self._hook = step._module.register_forward_pre_hook(self._too_much)
        elif place == self._begins + 2 and self._proof.cuda:
            torch.cuda.set_per_process_memory_fraction(1.0, self._proof.device)

    def _too_much(self, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if len(inputs[0]) > self._batch // 2:
            raise torch.OutOfMemoryError("no memory, for the sake of the proof")


def losses(
    proof: Proof, recipe: Recipe, pictures: MadePictures, before: Callable[[Step, int], None], said: list[str]
) -> list[float]:
    """The losses of some steps of the paper's network."""
    torch.manual_seed(0)
    device, preparation = proof.device, Preparation(recipe, proof.device)
    module = ScratchCNN(bottleneck=recipe.network.bottleneck, size=recipe.data.size)
    initialise(module)
    module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    step = Step(module, optimiser_of(module, recipe, device), recipe, device, preparation, 2, say=said.append)
    found = []
    batches: list[Batch] = list(epoch(pictures, recipe, preparation, device, 1, slice(None)))
    for place, batch in enumerate(batches[:STEPS]):
        before(step, place)
        found.append(step(batch, 1e-4).item())
    return found


def evicted(proof: Proof) -> None:
    """A run whose pictures have to leave the device in its middle reaches the same weights."""
    cohort = made_cohort((64, 16, 16), 40, 40.0)
    recipe = paper(True, epochs=3, precision="float32", deterministic=True)
    reached = []
    for torn in (False, True):
        with tempfile.TemporaryDirectory() as folder, computing(proof.device, deterministic=True):
            training = Training(cohort, recipe, Path(folder), proof.device, "", Watch(), ProcessGroup())
            if torn:
                there = training._evict()
                gone = there and training.pictures.streamed
                proof.require("pictures leave the device's memory", gone or not proof.cuda)
            training.run()
            reached.append(torch.cat([weight.detach().cpu().flatten() for weight in training.module.parameters()]))
    largest = (reached[0] - reached[1]).abs().max().item()
    proof.judge("evicted pictures: largest difference of weights", largest, most=1e-6)
