"""What a network starts from: drawn weights, those of a file, or torchvision's of ImageNet."""

import difflib
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainer.files.errors import UserError
from trainer.networks.architectures import ARCHITECTURES, build, head, initialise, known
from trainer.networks.checkpoint import DESCRIPTION, described
from trainer.networks.safetensors_file import read_tensors
from trainer.networks.torch_file import brief, read_pickle
from trainer.training.recipe import Recipe

State = dict[str, torch.Tensor]


def arguments_of(recipe: Recipe) -> dict[str, Any]:
    """The arguments of the recipe's architecture, as they stand in a checkpoint."""
    network = recipe.network
    if network.architecture == "scratch_cnn":
        return {"bottleneck": network.bottleneck, "dropout": network.dropout, "size": recipe.data.size}
    return {"size": recipe.data.size} if network.architecture in ARCHITECTURES else {}


def started(recipe: Recipe, classes: tuple[str, ...]) -> tuple[nn.Module, str]:
    """The recipe's network, ready to train, and a sentence on what it starts from.

    Drawn from torch's global generator. UserError for an unknown architecture, weights of another one, or a module
    to freeze that is not there.
    """
    network = recipe.network
    if network.architecture not in known():
        near = difflib.get_close_matches(network.architecture, known(), n=1, cutoff=0)
        raise UserError(f'There is no architecture "{network.architecture}"; the nearest is {near[0]}.')
    try:
        module = build(network.architecture, len(classes), arguments_of(recipe))
    except (RuntimeError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            f"{network.architecture} cannot be built for pictures of {recipe.data.size} x {recipe.data.size} ({error})."
        ) from error
    initialise(module, network.initialisation)
    says = f"{network.architecture} with weights drawn anew ({network.initialisation})"
    if network.weights:
        if network.weights == "imagenet":
            found, theirs = imagenet(network.architecture), None
        else:
            found, theirs = read(Path(network.weights))
        kept = fill(module, found, network.architecture, network.weights, new_head=theirs not in (None, classes))
        says = f"{network.architecture} from {network.weights}, {'with' if kept else 'but not'} its last layer"
    freeze(module, network.freeze_up_to)
    return module, says


def read(path: Path) -> tuple[State, tuple[str, ...] | None]:
    """The tensors of a checkpoint or of any state dict, and its classes where it says them; never runs code."""
    if not path.is_file():
        raise UserError(f"{path} does not exist; give a file of weights to --weights.")
    try:
        if path.suffix == ".safetensors":
            tensors, metadata = read_tensors(path)
            if DESCRIPTION not in metadata:
                return tensors, None
            return tensors, described(path, tensors, metadata).classes
        content = read_pickle(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or brief(error)}).") from error
    return tensors_in(content, path.name), None


def tensors_in(content: object, name: str) -> State:
    """The state dict in what a training script saved; UserError where there is none."""
    for key in ("state_dict", "model_state_dict", "model", "net", "weights"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    tensors = (
        {str(key).removeprefix("module."): value for key, value in content.items() if isinstance(value, torch.Tensor)}
        if isinstance(content, dict)
        else {}
    )
    if not tensors:
        raise UserError(f"{name} holds no weights by name; save the network's state dict and give that to --weights.")
    return tensors


def imagenet(architecture: str) -> State:
    """torchvision's weights of ImageNet, from its cache or its server."""
    from torchvision.models import get_model_weights

    if architecture in ARCHITECTURES:
        raise UserError(f"There are no ImageNet weights of {architecture}; leave --weights out.")
    try:
        weights: State = get_model_weights(architecture).DEFAULT.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"torchvision's weights of {architecture} could not be downloaded ({error}); download them where there "
            "is a network and give the file to --weights."
        ) from error
    return weights


def fill(module: nn.Module, found: State, architecture: str, name: str, *, new_head: bool) -> bool:
    """Put weights into the module; whether the last layer came along too. UserError where they are of another network.

    The last layer stays as it was drawn with `new_head`, or where the file's has another size.
    """
    own = module.state_dict()
    last = head(module)
    # torchvision's auxiliary classifiers, and counters that old files lack, play no part.
    found = {key: value for key, value in found.items() if key in own or not key.startswith(("AuxLogits.", "aux"))}
    counters = {key for key in own if key.endswith("num_batches_tracked")}
    fits = {key: tuple(value.shape) == tuple(own[key].shape) for key, value in found.items() if key in own}
    ends = {key for key in own if key.startswith(f"{last}.")}
    new_head = new_head or not all(fits.get(key, False) for key in ends)
    wrong = [
        *(key for key in own if key not in found and key not in counters and key not in ends),
        *(key for key in found if key not in own and key not in ends),
        *(key for key, fitting in fits.items() if not fitting and key not in ends),
    ]
    if wrong:
        raise UserError(
            f"{name} holds the weights of another network than {architecture} ({len(wrong)} of {len(own)} differ, "
            f"the first is {wrong[0][:60]}); give the architecture that they belong to, or other weights."
        )
    for key, value in found.items():
        if key not in ends or not new_head:
            own[key].copy_(value)
    return not new_head


def freeze(module: nn.Module, up_to: str) -> None:
    """Keep every weight up to and with the module of this name as it is; "" freezes nothing."""
    if not up_to:
        return
    names = [name for name, _ in module.named_modules() if name]
    if up_to not in names:
        near = difflib.get_close_matches(up_to, names, n=1, cutoff=0)
        raise UserError(f'The network has no module "{up_to}" to freeze up to; the nearest is {near[0]}.')
    last = max(place for place, name in enumerate(names) if name == up_to or name.startswith(f"{up_to}."))
    for name in names[: last + 1]:
        for weight in module.get_submodule(name).parameters(recurse=False):
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in module.parameters()):
        raise UserError(f"Freezing up to {up_to} leaves nothing to train; name an earlier module.")


def set_training(module: nn.Module) -> None:
    """Training mode, except for the batch norms of frozen parts: their statistics are kept too."""
    module.train()
    for part in module.modules():
        own = list(part.parameters(recurse=False))
        if own and isinstance(part, nn.modules.batchnorm._BatchNorm) and not any(w.requires_grad for w in own):
            part.eval()
