"""Several processes that train one network: what `torchrun` starts, and nothing beyond what it asks for."""

import contextlib
import gc
import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import distributed as dist
from torch import nn

from trainer.files.errors import UserError

_SET = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What `torchrun` sets, all of it; clusters set some of these names for every job, alone or not."""


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those that train together; alone, it is the first of one."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that measures, writes and speaks."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """This process's part of a batch; UserError where it cannot be divided evenly."""
        if batch % self.size:
            raise UserError(
                f"A batch of {batch} pictures cannot be divided among {self.size} processes; change --batch."
            )
        per_process = batch // self.size
        return slice(self.rank * per_process, (self.rank + 1) * per_process)

    def wrapped(self, module: nn.Module, device: torch.device) -> nn.Module:
        """The module with gradients that are averaged over all processes."""
        if self.size == 1:
            return module
        return nn.parallel.DistributedDataParallel(module, [device] if device.type == "cuda" else None)

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        """The mean over all processes."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
            value /= self.size
        return value

    def broadcast(self, value: float, device: torch.device) -> float:
        """What the first process says, in all of them."""
        if self.size == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64, device=device)
        dist.broadcast(tensor, 0)
        return tensor.item()


@contextlib.contextmanager
def joined(device: torch.device) -> Iterator[tuple[ProcessGroup, torch.device]]:
    """The processes that `torchrun` started, and this one's device; alone without `torchrun`.

    UserError where what it sets makes no sense.
    """
    if not all(os.environ.get(name) for name in _SET):
        yield ProcessGroup(), device
        return
    numbers = {name: os.environ[name] for name in _SET if name != "MASTER_ADDR"}
    if not all(text.isdecimal() for text in numbers.values()):
        assignments = ", ".join(f"{name}={text}" for name, text in numbers.items())
        raise UserError(
            f"The environment holds {assignments}, which torchrun would not set; unset these to train alone."
        )
    if device.type == "cuda":
        number = int(os.environ["LOCAL_RANK"])
        if number >= torch.cuda.device_count():
            raise UserError(
                f"There are more processes than GPUs here ({torch.cuda.device_count()}); lower --nproc-per-node."
            )
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    # What DistributedDataParallel imports later would keep the group of that moment in its functions' defaults.
    importlib.import_module("torch.distributed.nn.functional")
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size()), device
    finally:
        dist.destroy_process_group()
        # The parts of a run point at each other and hold the group. Its threads have to be gone when the interpreter
        # ends: one that releases a tensor then aborts the process.
        gc.collect()
