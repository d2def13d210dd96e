"""A step of training as one CUDA graph."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from trainer.devices.cuda_graph import on_a_side_stream, recorded
from trainer.training.data_loading import Batch

WARM_UP = 3
"""Steps before a CUDA graph is captured, in which libraries choose their kernels."""


@dataclass(frozen=True)
class _Captured:
    """The graph, where it reads its batch, and where it writes its loss."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    loss: torch.Tensor


class CapturedStep:
    """A step as one CUDA graph: launched at once, reading its batch from where it was captured.

    `check` is called before the capture and raises where something would be frozen in it.
    """

    def __init__(self, learn: Callable[[Batch], torch.Tensor], check: Callable[[], None], device: torch.device) -> None:
        self._learn, self._check, self._device = learn, check, device
        self._steps = 0
        self._captured: _Captured | None = None

    @property
    def warm(self) -> bool:
        """Whether the plain steps are done, so that the next one is captured or was."""
        return self._steps >= WARM_UP

    def __call__(self, batch: Batch) -> torch.Tensor:
        """One step; the first few run as they are, on the side stream that capturing asks for."""
        if not self.warm:
            loss = on_a_side_stream(lambda: self._learn(batch), self._device)
            self._steps += 1
            return loss
        if self._captured is None:
            self._captured = self._capture(batch)
        held = self._captured.batch
        held.pictures.copy_(batch.pictures)
        held.draws.copy_(batch.draws)
        held.targets.copy_(batch.targets)
        self._captured.graph.replay()
        return self._captured.loss.clone()

    def _capture(self, batch: Batch) -> _Captured:
        self._check()
        held = Batch(batch.pictures.clone(), batch.draws.clone(), batch.targets.clone(), batch.ready)
        graph, loss = recorded(lambda: self._learn(held), self._device)
        return _Captured(graph, held, loss)
