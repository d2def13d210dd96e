"""One self-describing safetensors file per network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as serialise

from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.safetensors_file import read_tensors
from trainer.networks.input_spec import Box, InputSpec

__all__ = ["Box", "Checkpoint", "InputSpec", "load", "save"]

FORMAT = "feature-map-explorer network"
VERSION = 4
"""What earlier programs would leave out has its version: 2 where the input is preprocessed by color constancy or gamma
alone, 3 by light or corners, or where the outputs are no plain logits, 4 with a field of view; all others are
written as 1.
"""
DESCRIPTION = "network"
"""The key of the metadata under which a network describes itself."""
SEEN_DIGITS = 12
"""As many hexadecimal digits of the SHA-256 of each picture it was trained or chosen on are kept."""
SECOND_CLASS = "logit-of-second-class"
OUTPUTS = ("logits", "independent-logits", SECOND_CLASS)
"""What outputs are: compared by softmax, each for itself by a sigmoid, or one, that of the second of two classes."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds: weights, and everything that is needed to build and feed the network.

    `weights` maps parameter names to tensors of any floating dtype; `training` holds plain values only:
    cohort, recipe, seed, versions and measured figures. `outputs` is one of `OUTPUTS`.
    """

    architecture: str
    classes: tuple[str, ...]
    input: InputSpec
    weights: dict[str, torch.Tensor]
    architecture_arguments: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    outputs: str = OUTPUTS[0]


def save(path: Path | str, checkpoint: Checkpoint, *, follow: bool = True) -> None:
    """Write a checkpoint; the file at `path` is replaced whole or not at all; UserError where it cannot be.

    A link at `path` is followed, or without `follow` replaced.
    """
    description = {
        "format": FORMAT,
        "version": _version(checkpoint),
        "architecture": checkpoint.architecture,
        "architecture_arguments": checkpoint.architecture_arguments,
        "classes": list(checkpoint.classes),
        "input": checkpoint.input.to_dict(),
        "training": checkpoint.training,
        "licence": checkpoint.licence,
        **({"outputs": checkpoint.outputs} if checkpoint.outputs != OUTPUTS[0] else {}),
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.weights.items()}
    try:
        content = serialise(weights, metadata={DESCRIPTION: json.dumps(description)})
        replace_file(Path(path), content, follow=follow)
    except OSError as error:
        raise cannot_write(Path(path), error) from error


def _version(checkpoint: Checkpoint) -> int:
    if checkpoint.input.field_of_view:
        return 4
    if checkpoint.outputs != OUTPUTS[0] or checkpoint.input.illumination or checkpoint.input.fill_corners:
        return 3
    return 2 if checkpoint.input.preprocesses else 1


def load(path: Path | str) -> Checkpoint:
    """Read a checkpoint; UserError where the file is not one, is cut short, or describes no usable network."""
    weights, metadata = read_tensors(Path(path))
    return described(Path(path), weights, metadata)


def described(path: Path, weights: dict[str, torch.Tensor], metadata: Mapping[str, str]) -> Checkpoint:
    """The checkpoint of weights and metadata that `path` holds; UserError as `load` says."""
    if DESCRIPTION not in metadata:
        raise UserError(f"{path.name} holds weights but no description of a network; name its architecture.")
    try:
        values = json.loads(metadata[DESCRIPTION])
        if values["format"] != FORMAT or not isinstance(values["version"], int):
            raise KeyError("format")
        if values["version"] > VERSION:
            raise UserError(f"{path.name} was written by a newer version of this program; update it to open the file.")
        classes = values["classes"]
        if not isinstance(classes, list) or not all(isinstance(name, str) and len(name) <= 1000 for name in classes):
            raise ValueError("its classes are no names")
        return Checkpoint(
            architecture=str(values["architecture"]),
            architecture_arguments=dict(values["architecture_arguments"]),
            classes=tuple(classes),
            input=InputSpec.from_dict(values["input"]),
            weights=weights,
            training=_training(values["training"]),
            licence=str(values["licence"]),
            outputs=_outputs(values.get("outputs", OUTPUTS[0]), len(classes)),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        detail = printable(f"{type(error).__name__}: {error}", 120)
        raise UserError(f"{path.name}: the description of the network in it is damaged ({detail}).") from error


def seen_digests(training: Mapping[str, Any]) -> frozenset[str] | None:
    """The first `SEEN_DIGITS` digits of the digests of what a network was trained or chosen on; None where unknown."""
    seen = training.get("seen")
    return frozenset(str(digest)[:SEEN_DIGITS] for digest in seen) if isinstance(seen, list | tuple) else None


def _outputs(outputs: object, classes: int) -> str:
    """What a checkpoint says of its outputs; ValueError where that is nothing known."""
    if outputs not in OUTPUTS or (outputs == SECOND_CLASS and classes != 2):
        raise ValueError("its outputs are nothing that is known")
    return str(outputs)


_KINDS: dict[str, type | tuple[type, ...]] = {
    "cohort": dict,
    "recipe": dict,
    "versions": dict,
    "epochs": list,
    "seen": list,
    "seconds": (int, float),
    "pictures_per_second": (int, float),
}


def _training(values: object) -> dict[str, Any]:
    """What a checkpoint says of its training; ValueError where a part that is read later is of another kind."""
    if not isinstance(values, dict):
        raise ValueError("its training is no table")
    for name, kind in _KINDS.items():
        if values.get(name) is not None and not isinstance(values[name], kind):
            raise ValueError(f"the {name} of its training are of another kind")
    return values
