"""One step of training, and what can be switched on to make it fast.

With `precision` float32 and everything else off it is the plain loop that every other way is measured against.
"""

import contextlib
import copy
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from trainer.devices.arithmetic import number_type
from trainer.devices.compiling import compiled
from trainer.devices.memory import out_of_memory, release
from trainer.files.errors import UserError
from trainer.training.augmentation import COLUMNS, mix_up
from trainer.training.captured_step import CapturedStep
from trainer.training.data_loading import Batch, Pictures, Preparation
from trainer.training.loss import Loss
from trainer.training.optimiser import captures, check_capturable, set_rates
from trainer.training.recipe import Recipe

Say = Callable[[str], None]


class Step:
    """One step of the optimiser on one batch: a call gives the mean loss of the batch, on the device.

    Where the memory is too small, `evict` is asked for what else it holds (it says whether there was any); then the
    step is no longer captured; then the batch is computed in halves, quarters ... whose gradients are added up. `say`
    is told so; the step is the same but for rounding (and batch norms, which see the smaller parts). A try that had no
    memory leaves no trace: no picture is counted, and the statistics of batch norms are as they were before it.
    `over_processes` gives the mean of a number over all processes that train together.
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
        evict: Callable[[], bool] = lambda: False,
        over_processes: Callable[[torch.Tensor], torch.Tensor] = lambda value: value,
    ) -> None:
        self._module, self._optimiser, self._recipe, self._device = module, optimiser, recipe, device
        self._classes, self._say, self._alone = classes, say, alone
        self._loss_of = Loss(recipe, classes, class_weights, device)
        self._evict, self._over_processes, self._parts = evict, over_processes, 1
        quick = recipe.machine.compile
        self._network = compiled(module.__call__) if quick else module
        self._augmented = compiled(preparation.augmented) if quick else preparation.augmented
        self._whole, self._changing = bool(optimiser.state), False
        self._buffers = KeptBuffers(module)
        self.right = torch.zeros((), device=device)
        """How many pictures got their own class as the most probable one, since somebody set it to 0."""
        self._graph = self._uncaptured() if alone and captures(recipe, device) else None

    def __call__(self, batch: Batch, rate: float, *, head_only: bool = False) -> torch.Tensor:
        """Learn from one batch at this learning rate; with `head_only` the last layer alone."""
        set_rates(self._optimiser, rate, head_only=head_only)
        return self._with_room(lambda: (self._graph or self._learn)(batch), len(batch.targets))

    def rehearse(self, batch: Batch) -> int:
        """Bytes that a step on such a batch takes on a GPU beyond what lies there; nothing is learnt. 0 elsewhere."""
        if self._device.type != "cuda":
            return 0
        saved_buffers = [buffer.clone() for buffer in self._module.buffers()]
        release(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        before = torch.cuda.memory_reserved(self._device)
        with torch.random.fork_rng([self._device]):
            self._with_room(lambda: self._gradients(batch)[0], len(batch.targets))
        most = torch.cuda.max_memory_reserved(self._device) - before
        self._optimiser.zero_grad(set_to_none=True)
        for buffer, saved in zip(self._module.buffers(), saved_buffers, strict=True):
            buffer.copy_(saved)
        release(self._device)
        weights = sum(weight.nbytes for weight in self._module.parameters() if weight.requires_grad)
        return most + (0 if self._whole else 2 * weights)  # the optimiser's averages are still to come

    def piece(self, pictures: int) -> int:
        """How many of so many pictures go through the network at a time."""
        return -(-pictures // self._parts)

    def _uncaptured(self) -> CapturedStep:
        return CapturedStep(self._learn, lambda: check_capturable(self._optimiser), self._device)

    def _with_room(self, work: Callable[[], torch.Tensor], pictures: int) -> torch.Tensor:
        """What the work gives, done again with less memory for as long as there is too little."""
        while True:
            # A capture changes no buffer, and what is captured has its memory already.
            changing = self._alone and not (self._graph and self._graph.warm)
            if changing:
                self._buffers.keep()
            try:
                return work()
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
            # Outside of `except`, because the exception holds the frames, and they hold the memory.
            if changing:
                self._buffers.restore()
            self._make_room(pictures)

    def _make_room(self, pictures: int) -> None:
        graph = self._graph
        # One kernel changes all or nothing, and a capture changes nothing.
        if self._changing and self._whole and not self._recipe.machine.fused and not (graph and graph.warm):
            raise UserError("The memory ran out while the weights were being changed; lower --batch, or use --fused.")
        self._changing = False
        self._optimiser.zero_grad(set_to_none=True)
        if not self._whole:
            self._optimiser.state.clear()  # averages that were begun, and not all of them
        self._graph = self._uncaptured() if graph else None  # what is captured from now on differs
        release(self._device)
        if not self._alone:
            raise UserError("A process ran out of memory; lower --batch, or use more processes.")
        if self._evict():
            self._say("out of memory: the pictures stay in the machine's own memory from now on")
        elif graph and graph.warm:
            self._graph = None
            self._say("out of memory: the step is no longer captured in a CUDA graph")
        elif self._parts >= pictures:
            raise UserError("The memory is too small for a single picture; use a smaller network or --size.")
        else:
            self._parts *= 2
            self._say(
                f"out of memory: batches of {pictures} are now computed in {self._parts} parts of "
                f"{self.piece(pictures)}, whose gradients are added up"
            )

    def _learn(self, batch: Batch) -> torch.Tensor:
        loss, right = self._gradients(batch)
        clip = self._recipe.learning.clip
        if clip:
            nn.utils.clip_grad_norm_(self._module.parameters(), clip)
        self._changing = True
        self._optimiser.step()
        self._changing, self._whole = False, True
        self.right += right
        return loss

    def _gradients(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss, whose gradients are added up over the parts of the batch, and how many pictures are right.

        With class weights it is divided by the sum of the pictures' weights, as PyTorch's mean is, that of the whole
        batch: processes whose gradients are averaged divide by the mean of their sums.
        """
        self._optimiser.zero_grad(set_to_none=True)
        total = len(batch.targets)
        weights = self._loss_of.divisor(batch.targets)
        divisor = total if weights is None else self._over_processes(weights)
        losses, counts = [], []
        for start in range(0, total, self.piece(total)):
            part = slice(start, start + self.piece(total))
            summed, right = self._loss(batch.pictures[part], batch.draws[part], batch.targets[part], batch.ready)
            loss = summed / divisor
            loss.backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
            counts.append(right)
        return torch.stack(losses).sum(), torch.stack(counts).sum()

    def _loss(
        self, pictures: torch.Tensor, draws: torch.Tensor, classes: torch.Tensor, ready: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum of the pictures' losses, so that parts and processes add up to the whole, and how many are right."""
        inputs = pictures if ready else self._augmented(pictures, draws)
        targets = classes
        if self._recipe.augmentation.mixup:
            share = draws[:, COLUMNS.index("mixup")]
            inputs, targets = mix_up(inputs, F.one_hot(classes, self._classes).float(), share)
        with precision(self._recipe, self._device):
            outputs = self._network(inputs)
        return self._loss_of.summed(outputs.float(), targets), self._loss_of.right(outputs.detach(), classes)


class KeptBuffers:
    """What a module keeps besides its weights, the statistics of batch norms above all, as it once was.

    Copied with one launch for each kind of number, into memory that is held: to restore it takes none.
    """

    def __init__(self, module: nn.Module) -> None:
        by_kind: dict[torch.dtype, list[torch.Tensor]] = {}
        for buffer in module.buffers():
            by_kind.setdefault(buffer.dtype, []).append(buffer)
        self._pairs = [(of_kind, [*map(torch.empty_like, of_kind)]) for of_kind in by_kind.values()]

    @torch.no_grad()
    def keep(self) -> None:
        """Copy them as they are now."""
        for buffers, kept in self._pairs:
            torch._foreach_copy_(kept, buffers)

    @torch.no_grad()
    def restore(self) -> None:
        """Let them be as they were kept."""
        for buffers, kept in self._pairs:
            torch._foreach_copy_(buffers, kept)


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
            slow, fast = ([*map(torch.Tensor.detach, module.parameters())] for module in (self.module, self._source))
            torch._foreach_lerp_(slow, fast, 1 - decay)
            for buffer, source in zip(self.module.buffers(), self._source.buffers(), strict=True):
                buffer.copy_(source)


def outputs_in_training(
    module: nn.Module, pictures: Pictures, preparation: Preparation, recipe: Recipe, device: torch.device, size: int
) -> npt.NDArray[np.float32]:
    """Outputs (n, width) of a part in the numbers of the run, `size` pictures at a time, or fewer where they must.

    The report's are float32.
    """
    module.eval()
    answers: list[torch.Tensor] = []
    start = 0
    with torch.inference_mode(), precision(recipe, device):
        while start < len(pictures):
            try:
                answers.append(module(preparation.unchanged(pictures.part(start, start + size))).float())
                start += size
                continue
            except RuntimeError as error:
                if size == 1 or not out_of_memory(error):
                    raise
            release(device)
            size //= 2
    outputs: npt.NDArray[np.float32] = torch.cat(answers).cpu().numpy()
    return outputs


def precision(recipe: Recipe, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Autocast to bfloat16 where the recipe asks for it and the device has it."""
    half = number_type(recipe.machine.precision, device) is torch.bfloat16
    # A captured step must not read the weights that an earlier cast left behind.
    return torch.autocast(device.type, torch.bfloat16, enabled=half, cache_enabled=not recipe.machine.graph)
