"""What a network starts from: drawn weights, those of a file, or torchvision's of ImageNet."""

import difflib
from pathlib import Path
from typing import Any

from torch import nn

from trainer.files.errors import UserError
from trainer.networks.architectures import ARCHITECTURES, build, head, initialise, known
from trainer.networks.matching import Tensors, differences, matches, under
from trainer.networks.timm_catalog import new_module, pretrained
from trainer.networks.weight_files import read_weights
from trainer.training.loss import width_of
from trainer.training.recipe import Recipe


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
    of_timm = network.architecture.startswith("timm/")
    if not of_timm and network.architecture not in known():
        near = difflib.get_close_matches(network.architecture, known(), n=1, cutoff=0)
        raise UserError(f'There is no architecture "{network.architecture}"; the nearest is {near[0]}.')
    width = width_of(recipe, len(classes))
    try:
        module = (
            new_module(network.architecture.removeprefix("timm/"), width)
            if of_timm
            else build(network.architecture, width, arguments_of(recipe))
        )
    except (RuntimeError, ValueError, ZeroDivisionError) as error:
        raise UserError(
            f"{network.architecture} cannot be built for pictures of {recipe.data.size} x {recipe.data.size} ({error})."
        ) from error
    initialise(module, network.initialisation)
    origin = f"{network.architecture} with weights drawn anew ({network.initialisation})"
    if network.weights:
        their_classes: tuple[str, ...] | None = None
        if network.weights == "imagenet":
            tensors = imagenet(network.architecture)
        else:
            weights = read_weights(Path(network.weights), network.weights_key or None, "--weights-key")
            tensors, their_classes = weights.tensors, weights.checkpoint.classes if weights.checkpoint else None
        drawn = fill(
            module, tensors, network.architecture, network.weights, new_head=their_classes not in (None, classes)
        )
        part = "last layer" if drawn in ("", head(module)) else drawn
        origin = f"{network.architecture} from {network.weights}, {'but not' if drawn else 'with'} its {part}"
    freeze(module, network.freeze_up_to)
    return module, origin


def imagenet(architecture: str) -> Tensors:
    """torchvision's or timm's weights of ImageNet, from its cache or its server."""
    if architecture.startswith("timm/"):
        return pretrained(architecture.removeprefix("timm/"))
    from torchvision.models import get_model_weights

    if architecture in ARCHITECTURES:
        raise UserError(f"There are no ImageNet weights of {architecture}; leave --weights out.")
    offered = get_model_weights(architecture).DEFAULT
    try:
        weights: Tensors = offered.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"torchvision's weights of {architecture} could not be downloaded ({error}); download {offered.url} where "
            "there is a network, and give the file to --weights."
        ) from error
    return weights


def fill(module: nn.Module, tensors: Tensors, architecture: str, name: str, *, new_head: bool) -> str:
    """Put weights into the module; UserError where they are of another network.

    The answer names the part that stays as it was drawn, "" where there is none: the last layer with `new_head`, or
    the part around it that is another one in the file. Prefixes of the names and tensors that are not the network's,
    such as torchvision's auxiliary classifiers, play no part.
    """
    state, part = module.state_dict(), head(module)
    match = first = matches(state, tensors, part)[0]
    while match.problems and "." in part:
        part = part.rpartition(".")[0]
        match = matches(state, tensors, part)[0]
    if match.problems:
        raise UserError(
            f"{name} holds the weights of another network than {architecture} ({len(first.problems)} of {len(state)} "
            f"differ, the first: {first.problems[0][:120]}); give the architecture that they belong to, or other "
            "weights."
        )
    ends = match.head or {}
    new_head = new_head or part != head(module) or bool(differences(under(state, f"{part}."), ends))
    for key, value in match.tensors.items():
        state[key].copy_(value)
    for key, value in {}.items() if new_head else ends.items():
        state[f"{part}.{key}"].copy_(value)
    return part if new_head else ""


def freeze(module: nn.Module, up_to: str) -> None:
    """Keep every weight up to and with the module of this name as it is; "" freezes nothing."""
    if not up_to:
        return
    names = [name for name, _ in module.named_modules() if name]
    if up_to not in names:
        near = difflib.get_close_matches(up_to, names, n=1, cutoff=0)
        raise UserError(f'The network has no module "{up_to}" to freeze up to; the nearest is {near[0]}.')
    last = max(index for index, name in enumerate(names) if name == up_to or name.startswith(f"{up_to}."))
    for name in names[: last + 1]:
        for weight in module.get_submodule(name).parameters(recurse=False):
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in module.parameters()):
        raise UserError(f"Freezing up to {up_to} leaves nothing to train; name an earlier module.")


def set_training(module: nn.Module) -> None:
    """Training mode, except for the batch norms of frozen parts: their statistics are kept too."""
    module.train()
    for part in module.modules():
        parameters = list(part.parameters(recurse=False))
        if (
            parameters
            and isinstance(part, nn.modules.batchnorm._BatchNorm)
            and not any(w.requires_grad for w in parameters)
        ):
            part.eval()
