"""The trainer's own architectures, with their arguments read off the shapes of weights."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from trainer.networks.architectures import build
from trainer.networks.candidate import Blueprint
from trainer.networks.checkpoint import InputSpec
from trainer.networks.matching import Tensors, compared, prefixes_of, under

_MOST_ITEMS = 64
_PARTS = ("features", "classifier")


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
        fixed_size=True,
    )


def _lenet(tensors: Tensors) -> Blueprint | None:
    """LeNet, the size of its pictures read off the first fully connected layer; None for weights of another kind."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    convolutions, connected = _numbered(shapes, "features", 4), _numbered(shapes, "classifier", 2)
    if [number for number, _ in convolutions] != [0, 3] or [number for number, _ in connected] != [1, 3, 5]:
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
        fixed_size=True,
    )


def _numbered(shapes: dict[str, tuple[int, ...]], part: str, dimensions: int) -> list[tuple[int, tuple[int, ...]]]:
    """(number, shape) of the weights `part`.N.weight in order; empty where one has not so many dimensions."""
    by_number = {
        int(match[1]): shapes[key] for key in shapes if (match := re.fullmatch(rf"{part}\.(\d{{1,4}})\.weight", key))
    }
    return sorted(by_number.items()) if all(len(shape) == dimensions for shape in by_number.values()) else []


def _everywhere(read: Callable[[Tensors], Blueprint | None]) -> Callable[[Tensors], Iterator[Blueprint]]:
    """Read the shapes under every prefix where the first convolution stands."""

    def reading(tensors: Tensors) -> Iterator[Blueprint]:
        for prefix in prefixes_of("features.0.weight", tensors):
            own = {name: tensor for name, tensor in under(tensors, prefix).items() if name.startswith(_PARTS)}
            blueprint = read(own)
            if blueprint is not None:
                match = compared(blueprint.skeleton().state_dict(), tensors, prefix, "")
                yield replace(blueprint, prefix=prefix, foreign=match.foreign, problems=match.problems)

    return reading


OURS = {"scratch_cnn": _everywhere(_scratch), "lenet": _everywhere(_lenet)}
"""By name: every way in which weights may be those of the architecture."""
