"""What an ONNX file says about its pictures and its classes, and what it leaves open."""

from dataclasses import dataclass
from typing import Any

import torch

from trainer.files.errors import UserError
from trainer.networks.input_spec import InputSpec
from trainer.networks.onnx_import.model import Model, Node, Port
from trainer.networks.written_values import parsed, scale_of

SIZES = ("input_size", "img_size", "image_size", "imgsz")
CHANNELS_FIRST, CHANNELS_LAST = (0, 1, 2, 3), (0, 2, 3, 1)
_PASSING = ("Cast", "Identity", "Transpose")
_MOVING = ("Slice", "Split", "Gather", "Concat", "Squeeze", "Unsqueeze", "Reshape", "Resize", "Pad", "ReverseSequence")
"""Operators that put numbers elsewhere, as Keras does to turn RGB into BGR; a resize keeps their scale."""
_LARGEST = 1e6
"""Of what is a mean or a standard deviation."""


@dataclass(frozen=True)
class Pictures:
    """The input that takes pictures: `channels`, its `sides` (h, w) where they are fixed, and the `order` of its axes.

    `bytes_inside` where the graph itself scales numbers of 0 to 255.
    """

    port: str
    channels: int
    sides: tuple[int | None, int | None]
    order: tuple[int, ...]
    bytes_inside: bool


def pictures_of(model: Model) -> Pictures:
    """How a file takes pictures; UserError where it takes none."""
    ports = [port for port in model.inputs if not is_training_switch(port)]
    if len(ports) != 1:
        names = ", ".join(map(_port_text, ports[:6])) or "none"
        small = [port for port in ports if (port.sides is not None and len(port.sides) != 4) or _is_row(port)]
        raise UserError(
            f"{model.file} takes {len(ports)} inputs ({names}); only networks of one picture are opened. "
            + (
                "Give the others fixed values before the export, or wrap the network in one that does."
                if len(ports) - len(small) != 1
                else f"{', '.join(port.name[:40] for port in small[:4])} may be values that belong into the file: "
                "export it with the weights inside"
                + (
                    ". Keras' model.export leaves out those of a Normalization layer: put keras.layers.Rescaling((1 / "
                    "std).tolist(), (-mean / std).tolist()) in its place, or write model.export(FOLDER), then python "
                    "-m tf2onnx.convert --saved-model FOLDER --output network.onnx. keras.applications.ConvNeXt...: "
                    "build it with include_preprocessing=False."
                    if any("normalization" in port.name.lower() for port in small)
                    else ' (Keras: model.export(PATH, format="onnx")).'
                )
            )
        )
    port = ports[0]
    sides = port.sides if port.sides is not None else (None,) * 4
    if len(sides) != 4:
        raise UserError(
            f"{model.file} takes a tensor of {len(sides)} axes ({port.name[:40]}), not pictures (N, channels, height, "
            "width)."
        )
    first, last = sides[1], sides[3]
    if (first in (1, 3)) != (last in (1, 3)):
        order = CHANNELS_FIRST if first in (1, 3) else CHANNELS_LAST
    else:
        order = CHANNELS_LAST if _turned_first(model, port.name) else CHANNELS_FIRST
    by_axis = dict(zip(order, sides, strict=True))  # the axis of (N, C, h, w) for each that the file speaks of
    channels = by_axis[1] or _channels(model)
    if channels not in (1, 3):
        raise UserError(
            f"{model.file} takes {channels or 'an unknown number of'} channels; only RGB and grey pictures can be "
            "shown to a network."
        )
    return Pictures(port.name, channels, (by_axis[2], by_axis[3]), order, _scales_bytes(model, port))


def is_training_switch(port: Port) -> bool:
    """Whether an input only says whether the network is being trained, as Keras' learning phase."""
    return port.kind == "BOOL" and port.sides is not None and all(side == 1 for side in port.sides)


def _port_text(port: Port) -> str:
    sides = " x ".join(str(side or "any") for side in port.sides or ())
    return f"{port.name[:40]}{f' of {sides}' if sides else ''}"


def _is_row(port: Port) -> bool:
    """Whether an input of four axes is one number for each channel."""
    return port.sides is not None and sum(side != 1 for side in port.sides) <= 1


def _turned_first(model: Model, name: str) -> bool:
    """Whether the first change of the axes turns (N, h, w, C) into (N, C, h, w)."""
    for node in model.nodes:
        if name in node.inputs:
            if node.operator == "Transpose":
                return node.ints("perm") == (0, 3, 1, 2)
            if node.operator not in (*_PASSING, "Mul", "Add", "Sub", "Div"):
                return False
            name = node.outputs[0]
    return False


def _channels(model: Model) -> int:
    for node in model.nodes:
        if node.operator == "Conv" and len(node.inputs) > 1 and node.inputs[1] in model.tensors:
            weight = model.tensors[node.inputs[1]]
            return int(weight.shape[1]) * node.integer("group", 1) if weight.dim() > 1 else 0
    return 0


def _scales_bytes(model: Model, port: Port) -> bool:
    """Whether the first arithmetic on the input is that for numbers of 0 to 255."""
    if port.kind == "UINT8":
        return True
    constants = dict(model.tensors)
    for node in model.nodes:
        if node.operator == "Constant" and isinstance(node.attributes.get("value"), torch.Tensor):
            constants[node.outputs[0]] = node.attributes["value"]
    unchanged = {port.name}  # the picture's own numbers, in whatever order
    for node in model.nodes:
        if not unchanged & set(node.inputs) or node.operator in ("Shape", "Size"):
            continue
        numbers = next((constants[other].float() for other in node.inputs if other in constants), torch.empty(0))
        zero = numbers.numel() and bool((numbers == 0).all())
        if node.operator in (*_PASSING, *_MOVING) or (zero and node.operator == "Add"):
            unchanged.update(node.outputs)
        elif numbers.numel():
            return _for_bytes(node, numbers)
        else:
            break
    return False


def _for_bytes(node: Node, numbers: torch.Tensor) -> bool:
    low, high = float(numbers.abs().min()), float(numbers.abs().max())
    if node.operator == "Mul":
        return low > 0.003 and high < 0.03  # 1/255, 1/127.5, and 1/(255 x 0.225)
    if node.operator == "Div":
        return low > 30 and high < 300
    return node.operator in ("Add", "Sub") and 2 < high < 300


def input_of(model: Model, pictures: Pictures) -> tuple[InputSpec | None, str]:
    """How pictures become the input, and a sentence about what was proposed; None where the size is not known."""
    notes = {key.lower(): parsed(text) for key, text in model.notes.items()}
    height, width = pictures.sides
    own_spec = notes.get("input")
    if isinstance(own_spec, dict) and _numbers(own_spec.get("mean"), pictures.channels) is not None:
        try:
            return InputSpec.from_dict(own_spec), ""  # of a file that this program wrote
        except UserError as error:
            raise UserError(f"{model.file}: {error}") from error
    size = next((sides for key in SIZES if (sides := _sides(notes.get(key)))), None)
    if size is not None:
        height, width = height or size[0], width or size[1]
    mean, std = (_numbers(notes.get(key), pictures.channels) for key in ("mean", "std"))
    if height is None or width is None:
        return None, ""
    try:
        if mean is None or std is None:
            return input_of_size(pictures, height, width)
        scale = scale_of(mean, std)
        mean, std = (tuple(number / scale for number in numbers) for numbers in (mean, std))
        return InputSpec((height, width), "squash", min(height, width), mean, std), ""
    except UserError as error:
        raise UserError(f"{model.file}: {error}") from error


def input_of_size(pictures: Pictures, height: int, width: int) -> tuple[InputSpec, str]:
    """The input of this size that is proposed where nothing says how numbers are scaled, and the sentence about it."""
    factor, kind = 1 / 255 if pictures.bytes_inside else 1.0, "RGB" if pictures.channels == 3 else "grey"
    numbers = (
        "its network scales numbers of 0 to 255 itself: proposed these"
        if pictures.bytes_inside
        else "the file does not say how their numbers are scaled: proposed [0, 1]"
    )
    note = f"Pictures are {height} x {width} {kind}, and {numbers} (--input)."
    channels = pictures.channels
    spec = InputSpec((height, width), "squash", min(height, width), (0.0,) * channels, (factor,) * channels)
    return spec, note


def _sides(value: object) -> tuple[int, int] | None:
    sides: list[Any] = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(sides) < 2 or not all(type(side) is int and 1 <= side <= 8192 for side in sides[-2:]):
        return None
    return int(sides[-2]), int(sides[-1])


def _numbers(value: object, channels: int) -> tuple[float, ...] | None:
    if not isinstance(value, list | tuple) or len(value) != channels:
        return None
    if not all(type(number) in (int, float) and abs(number) <= _LARGEST for number in value):
        return None
    return tuple(map(float, value))
