"""How much memory a device has left, and what it says when there is none."""

import os

import torch

_SAYS = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""What libraries below torch say; a capture that ran out of memory may end with another error, that holds the first."""


def free_memory(device: torch.device) -> int:
    """Bytes that are free on the device; 0 where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, a Mac not this name
        return 0


def release(device: torch.device) -> None:
    """Give back what torch keeps for later; call it outside of `except`, whose exception holds frames and memory."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def out_of_memory(error: BaseException | None) -> bool:
    """Whether a device, or the machine itself, had no memory left: this error, or one that led to it."""
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError):
            return True
        if isinstance(error, RuntimeError) and any(text in str(error) for text in _SAYS):
            return True
        error = error.__cause__ or error.__context__
    return False
