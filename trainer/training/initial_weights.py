"""What a network starts from: drawn weights, those of a file, or torchvision's of ImageNet."""

import copy
import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from trainer.devices.memory import out_of_memory
from trainer.files.errors import UserError
from trainer.networks.architectures import ARCHITECTURES, build, head, initialise, known
from trainer.networks.imagenet_weights import check_offered, imagenet
from trainer.networks.matching import Match, Tensors, differences, matches, under
from trainer.networks.timm_catalog import new_module
from trainer.networks.torch_file import SAVE_AGAIN, brief
from trainer.networks.weight_files import Weights, read_weights, several
from trainer.training.loss import width_of
from trainer.training.recipe import Recipe


def arguments_of(recipe: Recipe) -> dict[str, Any]:
    """The arguments of the recipe's architecture, as they stand in a checkpoint."""
    network = recipe.network
    if network.architecture == "scratch_cnn":
        return {"bottleneck": network.bottleneck, "dropout": network.dropout, "size": recipe.data.size}
    return {"size": recipe.data.size} if network.architecture in ARCHITECTURES else {}


class Start(NamedTuple):
    """A network that is ready to train, a sentence on what it starts from, and what of it was drawn anew.

    `head` names the module that was, "" where it was the layer that gives the classes at most.
    """

    module: nn.Module
    origin: str
    head: str = ""


def started(recipe: Recipe, classes: tuple[str, ...], *, fetch: bool = True) -> Start:
    """The recipe's network, drawn from torch's global generator.

    Without `fetch`, weights of ImageNet stay where they are: the network is as drawn, all else as if they were there.
    UserError for an unknown architecture, a size that it does not take, weights of another one, or a module to freeze
    that is not there or that would stay as it was drawn.
    """
    network = recipe.network
    module = _built(recipe, width_of(recipe, len(classes)))
    if network.weights == "imagenet":
        check_offered(network.architecture)
    _check_size(module, recipe)
    initialise(module, network.initialisation)
    if not network.weights:
        freeze(module, network.freeze_up_to)
        return Start(module, f"{network.architecture} with weights drawn anew ({network.initialisation})")
    drawn = head(module)
    if network.weights != "imagenet":
        weights = read_weights(_file(network.weights), network.weights_key or None, "--weights-key")
        new_head = weights.checkpoint is not None and weights.checkpoint.classes != classes
        drawn = fill(module, weights, network.architecture, new_head=new_head)
    elif fetch:
        weights = Weights(network.weights, network.weights, dict(imagenet(network.architecture)))
        drawn = fill(module, weights, network.architecture, new_head=True)
    part = "last layer" if drawn in ("", head(module)) else drawn
    freeze(module, network.freeze_up_to, drawn)
    origin = f"{network.architecture} from {network.weights}, {'but not' if drawn else 'with'} its {part}"
    return Start(module, origin, "" if drawn == head(module) else drawn)


def _built(recipe: Recipe, width: int) -> nn.Module:
    """The recipe's architecture with `width` outputs; UserError where there is none of its name or size."""
    name, size = recipe.network.architecture, recipe.data.size
    if name.startswith("timm/"):
        return new_module(name.removeprefix("timm/"), width)
    if name not in known():
        near = difflib.get_close_matches(name, known(), n=1, cutoff=0)
        raise UserError(f'There is no architecture "{name}"; the nearest is {near[0]}.')
    try:
        return build(name, width, arguments_of(recipe))
    except (RuntimeError, ValueError, ZeroDivisionError) as error:
        raise UserError(f"{name} cannot be built for pictures of {size} x {size} ({error}).") from error


_TOO_SMALL = ("Kernel size can't be greater", "Output size is too small")


def _check_size(module: nn.Module, recipe: Recipe) -> None:
    """UserError where the network cannot learn from pictures of the recipe's size; the module is left as it is."""
    name, size = recipe.network.architecture, recipe.data.size
    pictures = torch.zeros(min(2, recipe.learning.batch), 3, size, size)
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            copy.deepcopy(module).train()(pictures)
    except Exception as error:  # whatever a network's own code raises
        if isinstance(error, RuntimeError) and out_of_memory(error):
            raise
        if "more than 1 value per channel" in str(error):
            raise UserError(
                f"{name} has batch norms that learn nothing from a single picture of {size} x {size}; raise --batch."
            ) from error
        too_small = any(words in str(error) for words in _TOO_SMALL)
        reason = "they are too small for its layers" if too_small else brief(error)
        advice = "raise --size (and --resize-to, where it is smaller)" if too_small else "give another --size"
        raise UserError(f"{name} does not take pictures of {size} x {size}: {reason}; {advice}.") from error


def _file(weights: str) -> Path:
    """The file that --weights names; UserError where it is a misspelt word for ImageNet's."""
    path = Path(weights)
    if not path.exists() and difflib.get_close_matches(weights.casefold(), ["imagenet"], n=1, cutoff=0.8):
        raise UserError(f"There is no file {weights}; did you mean --weights imagenet?")
    return path


def fill(module: nn.Module, weights: Weights, architecture: str, *, new_head: bool) -> str:
    """Put weights into the module; UserError where they are of another network, OpeningQuestion where of several.

    The answer names the part that stays as it was drawn, "" where there is none: the last layer with `new_head`, or
    the part around it that is another one in the file. Prefixes of the names and tensors that are not the network's,
    such as torchvision's auxiliary classifiers, play no part.
    """
    if weights.graph:
        raise UserError(
            f"{weights.file} is an ONNX file, whose weights do not start a training; {SAVE_AGAIN} That file does."
        )
    state, last = module.state_dict(), head(module)
    steps = last.split(".")
    parts = [".".join(steps[:depth]) for depth in range(len(steps), 0, -1)]
    found = {part: matches(state, weights.tensors, part) for part in parts}
    fitting: dict[str, tuple[str, Match]] = {}  # by what stands before the names; the smallest part first
    for part, candidates in found.items():
        for match in candidates:
            if not match.problems and weights.wants(match.prefix):
                fitting.setdefault(match.prefix, (part, match))
    if len(fitting) > 1:
        raise several(weights, fitting)
    if not fitting:
        raise _of_another(found[last][0].problems, state, weights.file, architecture)
    ((part, match),) = fitting.values()
    ends = match.head or {}
    new_head = new_head or part != last or bool(differences(under(state, f"{part}."), ends))
    taken = {**match.tensors, **({} if new_head else {f"{part}.{key}": value for key, value in ends.items()})}
    broken = [key for key, value in taken.items() if not bool(value.isfinite().all())]
    if broken:
        raise UserError(
            f"{weights.file}: {len(broken)} of the weights hold NaN or infinite numbers (first {broken[0][:80]}): "
            "nothing can be learned from them; give weights of before the training failed."
        )
    for key, value in taken.items():
        state[key].copy_(value)
    return part if new_head else ""


def _of_another(problems: Sequence[str], state: Tensors, file: str, architecture: str) -> UserError:
    """What is said of weights that do not fit, by what differs: problems are those of `matching.differences`."""
    statistics = [key for key in state if key.endswith((".running_mean", ".running_var"))]
    if statistics and sorted(problems) == sorted(f"{key} is missing" for key in statistics):
        return UserError(
            f"{file} holds {architecture} without the statistics of its batch norms ({statistics[0]} ...): they are no "
            f"parameters, but part of its state; {SAVE_AGAIN}"
        )
    first = next(key for key, tensor in state.items() if tensor.dim() == 4)
    channels = re.fullmatch(rf"{re.escape(first)} is \(\d+, (\d+), .*", problems[0]) if len(problems) == 1 else None
    if channels and int(channels[1]) != state[first].shape[1]:
        return UserError(
            f"{file} holds {architecture} for pictures of {channels[1]} channels, and it is trained on RGB here; give "
            "weights for three."
        )
    return UserError(
        f"{file} holds the weights of another network than {architecture} ({len(problems)} of {len(state)} differ, the "
        f"first: {problems[0][:120]}); give the architecture that they belong to, or other weights."
    )


def freeze(module: nn.Module, up_to: str, drawn: str = "") -> None:
    """Keep every weight up to and with the module of this name as it is; "" freezes nothing.

    UserError where there is no such module, where that keeps a weight of the part that was `drawn` anew, and where it
    leaves nothing to train.
    """
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
    if drawn and not all(weight.requires_grad for weight in module.get_submodule(drawn).parameters()):
        raise UserError(
            f"Freezing up to {up_to} would keep layers as they were drawn at random: the weights that are loaded are "
            f"not those of {drawn}; name a module before it."
        )


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
