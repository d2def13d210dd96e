"""How a device is kept busy with many small windows: what suits a processor, and what suits a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Pace:
    """`pictures`: whole pictures at once, where the plain loop is fastest.

    `memory`: bytes that the changes of one batch of positions may take. `shared`: bytes of the largest whole map of
    one batch, beyond which batches get slower, not faster. `work`: multiply-adds of one batch, some tenths of a second,
    within which a sweep can be ended.
    `gathered`: windows are cut and put back by lists of places that lie on the device, in a few large kernels, and a
    linear layer is computed whole; else slice by slice, without copying, and cell by cell.
    `channels_last`: the memory order in which convolutions are computed. `captured`: from the second picture on, a
    sweep with the same settings is recorded as CUDA graphs and replayed.
    """

    pictures: int = 16
    memory: int = 512 << 20
    shared: int = 24 << 20
    work: int = 12 * 10**9
    gathered: bool = False
    channels_last: bool = True
    captured: bool = False


PROCESSOR = Pace()
"""Measured: convolutions are 1.1 to 1.9 times as fast with channels last; a whole map is to stay in the cache."""

GPU = Pace(
    pictures=256,
    memory=4 << 30,
    shared=2 << 30,
    work=4 * 10**12,
    gathered=True,
    channels_last=False,
    captured=True,
)
"""Measured on an H200: launching a kernel takes as long as computing a small window, so few large ones are made, and
their launches recorded (docs/benchmarks.md)."""

_IN_FORCE: ContextVar[Pace | None] = ContextVar("pace", default=None)


def pace_of(device: torch.device) -> Pace:
    """What suits a device; its memory is shared with others, so a batch gets an eighth of what is free at most."""
    if device.type != "cuda":
        return PROCESSOR
    free = torch.cuda.mem_get_info(device)[0]
    return Pace(**{**vars(GPU), "memory": max(64 << 20, min(GPU.memory, free // 8))})


@contextmanager
def paced(pace: Pace) -> Iterator[None]:
    """Compute at this pace within the block, in this thread."""
    token = _IN_FORCE.set(pace)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def pace_for(values: torch.Tensor) -> Pace:
    """The pace in force; where none is, the one that suits the device of these values."""
    return _IN_FORCE.get() or (GPU if values.is_cuda else PROCESSOR)
