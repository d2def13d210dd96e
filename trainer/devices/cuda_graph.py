"""Work that a GPU does again and again, recorded once and launched at once."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch

Answer = TypeVar("Answer")


def on_a_side_stream(work: Callable[[], Answer], device: torch.device) -> Answer:
    """Do work as recording asks for it to have been done before, so that libraries have chosen their kernels."""
    side, current = torch.cuda.Stream(device), torch.cuda.current_stream(device)  # type: ignore[no-untyped-call]
    side.wait_stream(current)
    try:
        with torch.cuda.stream(side):
            return work()
    finally:  # also where it failed: what was begun may still write into what is put right now
        current.wait_stream(side)


def recorded(work: Callable[[], Answer], device: torch.device, pool: Any = None) -> tuple[torch.cuda.CUDAGraph, Answer]:
    """The graph of some work, and where it writes its answer; the work itself is not done by this.

    RuntimeError where it cannot be recorded, or runs out of memory; then the device is as it was.
    """
    graph, current = torch.cuda.CUDAGraph(), torch.cuda.current_stream(device)
    # One of this device: torch keeps one for all, of the device that recorded first.
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    try:
        # Other threads, such as the one that prepares batches, go on meanwhile.
        with torch.cuda.graph(graph, pool=pool, stream=side, capture_error_mode="thread_local"):
            answer = work()
    finally:
        torch.cuda.set_stream(current)  # a recording that fails to end leaves its own behind
    return graph, answer
