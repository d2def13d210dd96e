"""Find the architecture that a set of weights belongs to, from its names and shapes."""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from trainer.files.errors import UserError
from trainer.networks import torchvision_catalog as tv
from trainer.networks.architectures import ARCHITECTURES, build
from trainer.networks.candidate import Blueprint, Question, refuse
from trainer.networks.checkpoint import Checkpoint, InputSpec
from trainer.networks.matching import Tensors
from trainer.networks.timm_catalog import timm_blueprint
from trainer.networks.weight_files import Weights

OPTION = "--architecture NAME or file.py:factory"
_MOST_ITEMS, _LARGEST = 64, 2**24


def known() -> tuple[str, ...]:
    """Every architecture that can be named, apart from timm's and a person's own."""
    return (*ARCHITECTURES, *tv.table())


def find(weights: Weights) -> Blueprint:
    """The one architecture that fits the weights; Question where several do, or none."""
    fitting = [found for variant in weights.variants() for found in _candidates(variant)]
    names = tuple(dict.fromkeys(found.name for found in fitting))
    if len(names) > 1:
        raise Question(
            f"{weights.file}: the weights fit {' and '.join(names)} equally; say which it is ({OPTION}).",
            "architecture",
            names,
        )
    if fitting:
        text = f"The architecture {names[0]} was found from the names and shapes of the weights."
        return replace(fitting[0], file=weights.file, assumed=(text, *fitting[0].assumed))
    shortest = list(weights.variants())[-1]
    own = ("scratch_cnn",) if {key.partition(".")[0] for key in shortest} == {"features", "classifier"} else ()
    close = (*tv.nearest(shortest), *own)
    inside = ", ".join(key[:60] for key in list(shortest)[:3])
    raise Question(
        f"{weights.file}: the weights ({len(shortest)} of them: {inside} ...) fit no known architecture; "
        f"nearest: {', '.join(close) or 'none'}; say which it is ({OPTION}).",
        "architecture",
        close,
    )


def named(name: str, weights: Weights) -> Blueprint:
    """The architecture that the person named, around the weights; UserError where they do not fit it."""
    if name.startswith("timm/"):
        return replace(timm_blueprint(name.removeprefix("timm/"), weights.tensors, weights.config), file=weights.file)
    if name not in known():
        close = tuple(difflib.get_close_matches(name, known(), n=5, cutoff=0.5))
        near = f"; nearest: {', '.join(close)}" if close else ""
        raise Question(f'There is no architecture "{name}"{near} ({OPTION}).', "architecture", close)
    best: list[str] | None = None
    for variant in weights.variants():
        found = _OURS[name](variant) if name in _OURS else tv.blueprint(name, variant)
        problems = found.differences() if found else ["their names or shapes are not those of convolution blocks"]
        if found and not problems:
            return replace(found, file=weights.file)
        if best is None or len(problems) < len(best):
            best = problems
    refuse(weights.file, name, best or [])
    raise UserError(f"{weights.file}: the weights do not fit {name}; name another architecture ({OPTION}).")


def described(checkpoint: Checkpoint, name: str) -> Blueprint:
    """The network that one of our own checkpoints describes; UserError where description and weights disagree."""
    count = len(checkpoint.classes)
    if checkpoint.architecture in ARCHITECTURES:
        arguments = _plausible(checkpoint.architecture_arguments, name)
        found = Blueprint(
            name=checkpoint.architecture,
            tensors=checkpoint.weights,
            build=lambda: build(checkpoint.architecture, count, arguments),
            classes=count,
        )
    elif checkpoint.architecture in tv.table():
        own = checkpoint.architecture_arguments.get("transform_input", False)
        found = tv.blueprint(checkpoint.architecture, checkpoint.weights, transform_input=own is True)
    else:
        raise Question(
            f'{name} holds the architecture "{checkpoint.architecture[:60]}", which this version does not know; '
            f"update it, or name another ({OPTION}).",
            "architecture",
            (),
        )
    if found.classes != count or not count:
        raise UserError(f"{name} names {count} classes, but its network has {found.classes} outputs; save it again.")
    return replace(found, file=name, names=checkpoint.classes, input=checkpoint.input, input_note="", assumed=())


def from_config(weights: Weights) -> Blueprint:
    """The network of a folder that timm or the Hugging Face hub wrote."""
    name = weights.config.get("architecture")
    if not isinstance(name, str):
        inside = weights.config.get("architectures") or weights.config.get("model_type") or "an unknown network"
        inside = ", ".join(map(str, inside)) if isinstance(inside, list) else str(inside)
        raise UserError(
            f"{weights.file} is a network of the transformers library ({inside[:80]}), which this program does not "
            "build; give a function that returns it as a module (--architecture file.py:factory)."
        )
    return replace(timm_blueprint(name, weights.tensors, weights.config), file=weights.file)


def _candidates(tensors: Tensors) -> Iterable[Blueprint]:
    for read in _OURS.values():
        ours = read(tensors)
        if ours and not ours.differences():
            yield ours
    for name in tv.candidates(tensors):
        try:
            found = tv.blueprint(name, tensors)
            if not found.differences():
                yield found
        except UserError:
            # One of several that share these names; where it is the only one, its own words are of more use.
            if len(tv.candidates(tensors)) == 1:
                raise


def _scratch(tensors: Tensors) -> Blueprint | None:
    """The paper's network, its arguments read off the shapes; None where the weights are not of this kind."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    convolutions = _numbered(shapes, "features", 4)
    connected = _numbered(shapes, "classifier", 2)
    if not convolutions or len(convolutions) % 2 or not connected or connected[0][0] != 1:
        return None
    filters = tuple(shape[0] for _, shape in convolutions[::2])
    channels, columns = convolutions[0][1][1], connected[0][1][1]
    bottleneck = 0 if "classifier.1.bias" in shapes else connected[0][1][0]
    widths = [shape[0] for _, shape in connected[1 if bottleneck else 0 :]]
    side = math.isqrt(columns // filters[-1]) if filters[-1] else 0
    if not widths or side * side * (filters[-1] or 1) != columns or len(filters) > _MOST_ITEMS or not side:
        return None
    size = side * 2 ** len(filters)
    arguments = {
        "filters": filters,
        "hidden": tuple(widths[:-1]),
        "bottleneck": bottleneck,
        "channels": channels,
        "size": size,
    }
    if channels not in (1, 3) or size > 8192:
        return None
    return Blueprint(
        name="scratch_cnn",
        tensors=tensors,
        build=lambda: build("scratch_cnn", widths[-1], arguments),
        classes=widths[-1],
        input=InputSpec((size, size), "squash", size, (0.0,) * channels, (1.0,) * channels),
        input_note=(
            f"The file does not say how pictures become input: proposed {size} x {size} "
            f"{'grey' if channels == 1 else 'RGB'} in [0, 1], from the size of the first fully connected layer."
        ),
    )


def _lenet(tensors: Tensors) -> Blueprint | None:
    """LeNet, the size of its pictures read off the first fully connected layer; None for weights of another kind."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    convolutions, connected = _numbered(shapes, "features", 4), _numbered(shapes, "classifier", 2)
    if [place for place, _ in convolutions] != [0, 3] or [place for place, _ in connected] != [1, 3, 5]:
        return None
    channels, columns, classes = convolutions[0][1][1], connected[0][1][1], connected[2][1][0]
    size = 4 * math.isqrt(columns // 16) + 12
    if channels not in (1, 3) or size > 8192:
        return None
    return Blueprint(
        name="lenet",
        tensors=tensors,
        build=lambda: build("lenet", classes, {"channels": channels, "size": size}),
        classes=classes,
        input=InputSpec((size, size), "squash", size, (0.0,) * channels, (1.0,) * channels),
        input_note=(
            f"The file does not say how pictures become input: proposed {size} x {size} "
            f"{'grey' if channels == 1 else 'RGB'} in [0, 1], from the size of the first fully connected layer."
        ),
    )


_OURS = {"scratch_cnn": _scratch, "lenet": _lenet}
"""How the arguments of each of the trainer's own architectures are read off its weights."""


def _numbered(shapes: dict[str, tuple[int, ...]], part: str, dimensions: int) -> list[tuple[int, tuple[int, ...]]]:
    """(number, shape) of the weights `part`.N.weight in order; empty where one has not so many dimensions."""
    found = {
        int(match[1]): shapes[key] for key in shapes if (match := re.fullmatch(rf"{part}\.(\d{{1,4}})\.weight", key))
    }
    return sorted(found.items()) if all(len(shape) == dimensions for shape in found.values()) else []


def _plausible(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    """The arguments if they are small plain values: a constructor would loop over giant ones before it failed."""
    for value in arguments.values():
        items = value if isinstance(value, list) else [value]
        if len(items) > _MOST_ITEMS or not all(
            isinstance(item, bool | int | float | str) and (isinstance(item, str) or abs(item) <= _LARGEST)
            for item in items
        ):
            raise UserError(f"{name}: the arguments of the architecture in it are not plausible; save it again.")
    return arguments
