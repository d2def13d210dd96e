"""The names of devices, as both programs take them on their command lines."""

import argparse
import re
from typing import TYPE_CHECKING

from trainer.files.errors import UserError

if TYPE_CHECKING:
    import torch

CHOICES = "auto (default) takes a GPU if there is one; else cpu, cuda, cuda:1 (the second of several) or mps"
_NAME = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


def device_argument(text: str) -> str:
    """A name as a flag takes it; whether that device is there is asked later, because torch takes a second to load."""
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a device; choose auto, cpu, cuda, cuda:1 or mps")
    return text


def find_device(name: str) -> "torch.device":
    """The device of this name; "auto" takes cuda, else mps, else cpu; UserError where it is not there."""
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in available.items() if present))
    if not _NAME.fullmatch(name):
        raise UserError(f'"{name}" is not a device; choose auto, cpu, cuda, cuda:1 or mps.')
    kind, _, number = name.partition(":")
    if not available[kind] or (kind == "cuda" and int(number or 0) >= torch.cuda.device_count()):
        present = ", ".join(kind for kind, is_available in available.items() if is_available)
        raise UserError(f"The device {name} is not there; this machine has: {present}.")
    return torch.device(name)
