"""Read safetensors files, in bounded time: the one door for those of this program and for everybody else's."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from trainer.files.errors import UserError

MOST_TENSORS = 20_000
"""Tensors that are read; the largest networks that pictures are shown to have some thousands."""
LONGEST_NAME = 1000
LARGEST_HEAD = 32 * 2**20
"""Bytes of names, shapes and metadata; what the networks of this program say of themselves takes a few million."""


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors by name, in memory of their own, and the metadata of a safetensors file; UserError for any other."""
    try:
        with path.open("rb") as file:
            if int.from_bytes(file.read(8), "little") > LARGEST_HEAD:
                raise ValueError("its head is too large")
        with safe_open(str(path), framework="pt") as file:
            names = file.keys()
            if len(names) > MOST_TENSORS:
                raise UserError(
                    f"{path.name} holds {len(names):,} tensors, more than any network here can have "
                    f"({MOST_TENSORS:,}); save the network's weights alone."
                )
            check_names(names, path.name)
            # A copy: the tensors would otherwise be pages of a file that may change or vanish.
            return {name: file.get_tensor(name).clone() for name in names}, file.metadata() or {}
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist.") from error
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        message = str(error).strip().partition("\n")[0][:120]
        raise UserError(f"{path.name} is not a whole safetensors file ({message}); copy or save it again.") from error


def check_names(names: list[str], file: str) -> None:
    """UserError where a name of a tensor is none: no module has such a one, and nobody could read it."""
    longest = max(names, key=len, default="")
    if len(longest) > LONGEST_NAME:
        raise UserError(
            f"{file} holds a weight whose name has {len(longest):,} characters ({longest[:40]} ...); save it again "
            "with the names of its modules."
        )
