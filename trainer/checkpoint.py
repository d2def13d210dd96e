"""One self-describing safetensors file per network."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise

from trainer.errors import UserError
from trainer.files import cannot_write, replace_file
from trainer.input_spec import Box, InputSpec

__all__ = ["Box", "Checkpoint", "InputSpec", "load", "save"]

FORMAT = "feature-map-explorer network"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds: weights, and everything that is needed to build and feed the network.

    `weights` maps parameter names to tensors of any floating dtype; `training` holds plain values only:
    cohort, recipe, seed, versions and measured figures.
    """

    architecture: str
    classes: tuple[str, ...]
    input: InputSpec
    weights: dict[str, torch.Tensor]
    architecture_arguments: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""


def save(path: Path | str, checkpoint: Checkpoint, *, follow: bool = True) -> None:
    """Write a checkpoint; the file at `path` is replaced whole or not at all; UserError where it cannot be.

    A link at `path` is followed, or without `follow` replaced.
    """
    description = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": checkpoint.architecture,
        "architecture_arguments": checkpoint.architecture_arguments,
        "classes": list(checkpoint.classes),
        "input": asdict(checkpoint.input),
        "training": checkpoint.training,
        "licence": checkpoint.licence,
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.weights.items()}
    try:
        content = serialise(weights, metadata={"network": json.dumps(description)})
        replace_file(Path(path), content, follow=follow)
    except OSError as error:
        raise cannot_write(Path(path), error) from error


def load(path: Path | str) -> Checkpoint:
    """Read a checkpoint; UserError where the file is not one, is cut short, or describes no usable network."""
    path = Path(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            text = (file.metadata() or {}).get("network")
            weights = {name: file.get_tensor(name) for name in file.keys()} if text else {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path.name} is not a whole safetensors file ({error}); copy or save it again.") from error
    if text is None:
        raise UserError(f"{path.name} holds weights but no description of a network; name its architecture.")
    try:
        values = json.loads(text)
        if values["format"] != FORMAT or not isinstance(values["version"], int):
            raise KeyError("format")
        if values["version"] > VERSION:
            raise UserError(f"{path.name} was written by a newer version of this program; update it to open the file.")
        return Checkpoint(
            architecture=str(values["architecture"]),
            architecture_arguments=dict(values["architecture_arguments"]),
            classes=tuple(str(name) for name in values["classes"]),
            input=InputSpec.from_dict(values["input"]),
            weights=weights,
            training=dict(values["training"]),
            licence=str(values["licence"]),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path.name}: the description of the network in it is damaged ({error!r}).") from error
