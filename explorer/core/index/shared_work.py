"""Several processes or machines that make one index: each its share of the pictures, the first joins them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from explorer.core.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class SharedWork:
    """Which of `size` processes this one is, counted from 0; they wait for each other through torch.distributed."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this one measures the scales and joins the parts."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.size == 1

    def mine(self, items: Sequence[T]) -> list[T]:
        """This one's share."""
        return list(items[self.rank :: self.size])

    def wait(self) -> None:
        """Wait until all have come here."""
        if not self.alone:
            import torch.distributed

            torch.distributed.barrier()


ALONE = SharedWork()


def own_device(name: str) -> str:
    """The device of this process where one of this `name` was asked for: under torchrun each takes a GPU of its own.

    UserError where torchrun started more processes here than there are GPUs.
    """
    if name not in ("auto", "cuda") or int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return name
    import torch

    if not torch.cuda.is_available():
        return name
    number, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= gpus:
        raise UserError(f"There are more processes than GPUs here ({gpus}); lower --nproc-per-node.")
    return f"cuda:{number}"


@contextmanager
def shared_by_torchrun() -> Iterator[SharedWork]:
    """The share of a process that torchrun started; alone where it did not."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    import torch.distributed

    # Only words are exchanged, never tensors: gloo does that on every machine.
    torch.distributed.init_process_group("gloo")
    try:
        yield SharedWork(torch.distributed.get_rank(), size)
    finally:
        torch.distributed.destroy_process_group()
