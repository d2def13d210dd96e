"""One step of training, and what can be switched on to make it fast.

With `precision` float32 and everything else off it is the plain loop that every other way is measured against.
"""

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from trainer.augment import COLUMNS, mix_up
from trainer.batches import Batch, Pictures, Preparation
from trainer.errors import UserError
from trainer.recipe import Recipe

Say = Callable[[str], None]
_WARM_UP = 3
"""Steps before a CUDA graph is captured, in which libraries choose their kernels."""


def median_frequency(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Weights of classes with these counts (K): median(counts) / counts (Eigen & Fergus, 2015, section 4.3)."""
    weights: npt.NDArray[np.float64] = np.median(counts) / counts
    return weights


def optimiser_of(module: nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    """The recipe's optimiser; each part of the network is a group whose `share` of the rate grows with its depth."""
    learning, machine = recipe.learning, recipe.machine
    parts: dict[str, list[nn.Parameter]] = {}
    for name, weight in module.named_parameters():
        if weight.requires_grad:
            parts.setdefault(name.partition(".")[0], []).append(weight)
    fused = machine.fused and device.type in ("cpu", "cuda")
    captured = captures(recipe, device)
    highest = learning.learning_rate
    groups: list[dict[str, Any]] = [
        {
            "params": weights,
            "share": learning.depth_decay ** (len(parts) - 1 - place),
            # A captured step reads the rate from where it lies: a place for each group.
            "lr": torch.tensor(highest, device=device) if captured else highest,
        }
        for place, weights in enumerate(parts.values())
    ]
    decay = learning.weight_decay
    if learning.optimiser == "sgd":
        first = learning.betas[0]
        return torch.optim.SGD(groups, highest, first, weight_decay=decay, nesterov=first > 0, fused=fused)
    kind = torch.optim.AdamW if learning.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, highest, learning.betas, weight_decay=decay, fused=fused, capturable=captured)


def captures(recipe: Recipe, device: torch.device) -> bool:
    """Whether the step can be captured in a CUDA graph; plain SGD asks the CPU for its rate, which none allows."""
    machine = recipe.machine
    return machine.graph and device.type == "cuda" and (machine.fused or recipe.learning.optimiser != "sgd")


class Step:
    """One step of the optimiser on one batch: a call gives the mean loss of the batch, on the device.

    Where the memory is too small for a batch, it is computed in halves, quarters ... whose gradients are added up,
    and `say` is told so; the step is the same but for rounding (and batch norms, which see the smaller parts).
    """

    def __init__(
        self,
        module: nn.Module,
        optimiser: torch.optim.Optimizer,
        recipe: Recipe,
        device: torch.device,
        preparation: Preparation,
        classes: int,
        class_weights: npt.NDArray[np.float64] | None = None,
        say: Say = print,
        *,
        alone: bool = True,
    ) -> None:
        self._module, self._optimiser, self._recipe, self._device = module, optimiser, recipe, device
        self._preparation, self._classes, self._say, self._alone = preparation, classes, say, alone
        self._weights = None if class_weights is None else torch.from_numpy(class_weights).float().to(device)
        self._parts = 1
        self._graph = _Graph(self._learn) if alone and captures(recipe, device) else None

    def __call__(self, batch: Batch, rate: float) -> torch.Tensor:
        """Learn from one batch at this learning rate."""
        for group in self._optimiser.param_groups:
            if isinstance(group["lr"], torch.Tensor):  # a captured step reads it from where it lies
                group["lr"].fill_(rate * group["share"])
            else:
                group["lr"] = rate * group["share"]
        while True:
            try:
                return self._graph(batch) if self._graph else self._learn(batch)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
            # Outside of `except`, because the exception holds the frames, and they hold the memory.
            self._halve(len(batch.targets))

    def piece(self, pictures: int) -> int:
        """How many of so many pictures go through the network at a time."""
        return -(-pictures // self._parts)

    def _halve(self, pictures: int) -> None:
        self._optimiser.zero_grad(set_to_none=True)
        self._graph = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if not self._alone:
            raise UserError("A process ran out of memory; lower --batch, or use more processes.")
        if self._parts >= pictures:
            raise UserError("The memory is too small for a single picture; use a smaller network or --size.")
        self._parts *= 2
        self._say(
            f"out of memory: batches of {pictures} are now computed in {self._parts} parts of "
            f"{self.piece(pictures)}, whose gradients are added up"
        )

    def _learn(self, batch: Batch) -> torch.Tensor:
        learning = self._recipe.learning
        self._optimiser.zero_grad(set_to_none=True)
        total = len(batch.targets)
        losses = []
        for start in range(0, total, self.piece(total)):
            some = slice(start, start + self.piece(total))
            loss = self._loss(batch.pictures[some], batch.draws[some], batch.targets[some], batch.ready) / total
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        if learning.clip:
            nn.utils.clip_grad_norm_(self._module.parameters(), learning.clip)
        self._optimiser.step()
        return torch.stack(losses).sum()

    def _loss(self, pictures: torch.Tensor, draws: torch.Tensor, classes: torch.Tensor, ready: bool) -> torch.Tensor:
        """The sum of the pictures' losses: dividing it by the batch makes parts and processes add up to the whole."""
        inputs = pictures if ready else self._preparation.augmented(pictures, draws)
        targets = classes
        if self._recipe.augmentation.mixup:
            share = draws[:, COLUMNS.index("mixup")]
            inputs, targets = mix_up(inputs, F.one_hot(classes, self._classes).float(), share)
        with precision(self._recipe, self._device):
            logits = self._module(inputs)
        smoothing = self._recipe.learning.smoothing
        return F.cross_entropy(logits.float(), targets, self._weights, reduction="sum", label_smoothing=smoothing)


class _Graph:
    """A step as one CUDA graph: launched at once, reading its batch from where it was captured."""

    def __init__(self, learn: Callable[[Batch], torch.Tensor]) -> None:
        self._learn = learn
        self._steps = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._batch: Batch | None = None
        self._loss = torch.empty(())

    def __call__(self, batch: Batch) -> torch.Tensor:
        """One step; the first few run as they are, on the side stream that capturing asks for."""
        if self._steps < _WARM_UP:
            self._steps += 1
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                loss = self._learn(batch)
            torch.cuda.current_stream().wait_stream(side)
            return loss
        if self._graph is None or self._batch is None:
            self._graph = torch.cuda.CUDAGraph()
            self._batch = Batch(batch.pictures.clone(), batch.draws.clone(), batch.targets.clone(), batch.ready)
            # The thread that prepares batches goes on meanwhile.
            with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                self._loss = self._learn(self._batch)
        self._batch.pictures.copy_(batch.pictures)
        self._batch.draws.copy_(batch.draws)
        self._batch.targets.copy_(batch.targets)
        self._graph.replay()
        return self._loss.clone()


class Average:
    """The moving average of a network's weights; without a decay, the network itself."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._source, self._decay = module, decay
        self.module = copy.deepcopy(module).requires_grad_(False).eval() if decay else module

    def follow(self, step: int) -> None:
        """Take in the weights after step 1, 2, ...; the statistics of batch norms are taken as they are."""
        if not self._decay:
            return
        # Early on the average would still be made of random weights: let it follow quickly.
        decay = min(self._decay, step / (step + 10))
        with torch.no_grad():
            slow, fast = ([*map(torch.Tensor.detach, of.parameters())] for of in (self.module, self._source))
            torch._foreach_lerp_(slow, fast, 1 - decay)
            for kept, new in zip(self.module.buffers(), self._source.buffers(), strict=True):
                kept.copy_(new)


def logits_in_training(
    module: nn.Module, pictures: Pictures, preparation: Preparation, recipe: Recipe, device: torch.device, size: int
) -> npt.NDArray[np.float32]:
    """Logits (n, classes) of a part in the numbers of the run, `size` pictures at a time; the report's are float32."""
    module.eval()
    answers = []
    with torch.inference_mode(), precision(recipe, device):
        for start in range(0, len(pictures), size):
            some = pictures.fetch(torch.arange(start, min(start + size, len(pictures))))
            answers.append(module(preparation.unchanged(some)).float())
    found: npt.NDArray[np.float32] = torch.cat(answers).cpu().numpy()
    return found


def precision(recipe: Recipe, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 where the recipe asks for it."""
    half = recipe.machine.precision == "bfloat16"
    # A captured step must not read the weights that an earlier cast left behind.
    return torch.autocast(device.type, torch.bfloat16, enabled=half, cache_enabled=not recipe.machine.graph)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the machine itself, had no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
