"""What a network answers: one score for each class, and the classes' names."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from explorer.core.errors import UserError
from trainer.networks import torchvision_catalog as tv
from trainer.networks.candidate import Question


def scores(module: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """The class scores (N, K) float32 of a batch, also where the module wraps them in a tuple or a dictionary.

    Taken are "logits" or "out" of a dictionary or a named tuple, else the first tensor. UserError where the module
    is no classifier.
    """
    return unwrapped(module(batch), len(batch))


def unwrapped(out: object, pictures: int) -> torch.Tensor:
    """The class scores (N, K) float32 in what a module answered for N pictures; see `scores`."""
    if isinstance(out, Mapping):
        named = [out[key] for key in ("logits", "out") if key in out]
        out = _first_tensor([*named, *out.values()])
    elif not isinstance(out, torch.Tensor):
        named = [getattr(out, key) for key in ("logits", "out") if hasattr(out, key)]
        out = _first_tensor([*named, *(out if isinstance(out, tuple | list) else ())])
    if not isinstance(out, torch.Tensor):
        raise UserError("The network's answer holds no tensor; it must be one score for each class.")
    table = out.reshape(pictures, -1) if out.dim() < 2 and out.numel() == pictures else out
    if table.dim() > 2 and table.shape[2:].numel() == 1:
        table = table.flatten(1)
    if table.dim() != 2 or len(table) != pictures or not table.shape[1]:
        raise UserError(
            f"The network answers with a tensor of {tuple(out.shape)}, not with one score for each class; give a "
            "function that returns a classifier (--architecture file.py:factory)."
        )
    return table.float()


def class_names(
    architecture: str, outputs: int, given: Sequence[str] | None, said: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a network's classes, and sentences about what was proposed.

    `given` by the person wins, then the first of `said` (by the file or the code) with a name for each output, then
    ImageNet's for 1000 outputs of a known architecture, then plain numbers. Question where `given` has another number.
    """
    if given is not None:
        if len(given) != outputs:
            raise Question(
                f"{len(given)} classes were named, but the network has {outputs} outputs; name as many "
                "(--classes a,b).",
                "classes",
            )
        return tuple(given), ()
    unused = next((names for names in said if names and len(names) != outputs), ())
    aside = (f"{len(unused)} class names were found and not used: the network has {outputs} outputs.",)
    assumed = aside if unused else ()
    for names in said:
        if len(names) == outputs:
            return tuple(names), assumed
    if outputs == 1000 and (architecture in tv.table() or architecture.startswith("timm/")):
        text = "The file does not name its classes: proposed ImageNet's 1000 categories (--classes)."
        return tv.imagenet(), (*assumed, text)
    last = f' to "class {outputs - 1}"' if outputs > 1 else ""
    text = f'The file does not name its classes ({outputs} outputs): proposed "class 0"{last} (--classes).'
    return tuple(f"class {number}" for number in range(outputs)), (*assumed, text)


def _first_tensor(values: Sequence[object]) -> object:
    return next((value for value in values if isinstance(value, torch.Tensor)), None)
