"""Resizing of maps: as torch does it where that is what ONNX says, else by the rows and columns that ONNX names."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from trainer.networks.onnx_import.builder import Builder
from trainer.networks.onnx_import.model import Unsupported
from trainer.networks.onnx_import.operators.arguments import Inputs, Operator, constant, first, given, maps
from trainer.networks.onnx_import.values import Known, Value, axis_in

Pair = tuple[int, int]
_Places = npt.NDArray[np.float32]
_SAME_SCALE = 1e-6
"""By how much, as a part of it, a scale may differ from the quotient of two sides that it stands for in float32."""
_LARGEST = 1 << 16
_HALF = np.float32(0.5)
_NEARLY = 1e-6
"""By how much a place may miss the middle of two and count as it, as in onnxruntime."""

_PLACES: dict[str, Callable[[_Places, np.float32, int, int], _Places]] = {
    "half_pixel": lambda new, scale, side, wanted: (new + _HALF) / scale - _HALF,
    "pytorch_half_pixel": lambda new, scale, side, wanted: (new + _HALF) / scale - _HALF if wanted > 1 else 0 * new,
    "asymmetric": lambda new, scale, side, wanted: new / scale,
    "align_corners": lambda new, scale, side, wanted: (
        new * np.float32(side - 1) / np.float32(wanted - 1) if wanted > 1 else 0 * new
    ),
}
"""Where the places of a resized side lie in the old one, by ONNX's name for it."""

_ROUNDINGS: dict[str, Callable[[_Places], _Places]] = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round_prefer_floor": lambda places: np.ceil(places.astype(np.float64) - 0.5 - _NEARLY),
    "round_prefer_ceil": lambda places: np.floor(places.astype(np.float64) + 0.5 + _NEARLY),
}


def _resize(builder: Builder, inputs: Inputs) -> Value:
    value, node = maps(first(inputs), builder), builder.node
    old = (value.shape[2], value.shape[3])
    if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unsupported("it resizes maps and keeps their proportions")
    wanted, scales = _target(builder, inputs, value)
    if not 1 <= min(wanted) <= max(wanted) <= _LARGEST:
        raise Unsupported(f"it resizes maps of {old[0]} x {old[1]} to {wanted[0]} x {wanted[1]}")
    mode = node.text("mode", "nearest")
    how = node.text("coordinate_transformation_mode", "half_pixel") if builder.opset > 10 else "asymmetric"
    if wanted == old and how in _PLACES:  # as in onnxruntime, also by a scale that is not quite 1
        return value
    if mode == "nearest" and how in _PLACES:
        return _nearest(builder, value, wanted, scales or _quotients(old, wanted), how)
    if mode == "linear" and how in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        return _linear(builder, value, wanted, scales, how)
    raise Unsupported(f"it resizes maps in the mode {mode}, {how}")


def _target(builder: Builder, inputs: Inputs, value: Value) -> tuple[Pair, tuple[float, float] | None]:
    """The sides (h, w) of the resized maps, and by what they are scaled; None where that is the sides' quotient."""
    sizes, channels, old = given(inputs, 3), value.shape[1], (value.shape[2], value.shape[3])
    if sizes is not None:
        sides = _by_axis(builder, _numbers(sizes))
        if sides.get(1, channels) != channels:
            raise Unsupported("it resizes more than the sides of maps")
        return (int(sides.get(2, old[0])), int(sides.get(3, old[1]))), None
    given_scales = given(inputs, 2 if builder.opset > 10 else 1)
    stated = builder.node.attributes.get("scales", ()) if given_scales is None else constant(given_scales).tolist()
    factors = _by_axis(builder, stated)
    if factors.get(0, 1) != 1 or factors.get(1, 1) != 1:
        raise Unsupported("it resizes more than the sides of maps")
    scales = (float(factors.get(2, 1)), float(factors.get(3, 1)))
    # The product is that of float32, as in onnxruntime: 10 x 1.3 is 13, not 12.
    height, width = (int(np.float32(side) * np.float32(scale)) for side, scale in zip(old, scales, strict=True))
    whole = np.allclose(_quotients(old, (height, width)), scales, rtol=_SAME_SCALE, atol=0)
    return (height, width), None if whole else scales


def _numbers(sizes: Value) -> list[float]:
    """The sizes that are asked for; that of the batch may depend on the batch."""
    if not isinstance(sizes, Known) or sizes.one.dim() != 1:
        raise Unsupported("it resizes more than the sides of maps")
    return [float(side) for side in sizes.one.tolist()]


def _by_axis(builder: Builder, numbers: Sequence[float]) -> dict[int, float]:
    """The numbers by the axes that the node names for them."""
    axes = [axis_in(axis, 4) for axis in builder.node.ints("axes", (0, 1, 2, 3))]
    if len(axes) != len(numbers) or len(set(axes)) != len(axes):
        raise Unsupported("it resizes more than the sides of maps")
    return dict(zip(axes, numbers, strict=True))


def _quotients(old: Pair, wanted: Pair) -> tuple[float, float]:
    return wanted[0] / old[0], wanted[1] / old[1]


def _linear(builder: Builder, value: Value, wanted: Pair, scales: tuple[float, float] | None, how: str) -> Value:
    old = (value.shape[2], value.shape[3])
    if how == "pytorch_half_pixel" and any(new == 1 != side for new, side in zip(wanted, old, strict=True)):
        raise Unsupported("it resizes maps to a side of 1 by their first places")  # torch takes the middle
    options: dict[str, object] = {"mode": "bilinear", "align_corners": how == "align_corners"}
    if builder.node.integer("antialias", 0) and any(new < side for new, side in zip(wanted, old, strict=True)):
        raise Unsupported("it resizes maps and smooths them (antialias)")  # torch's own smooths otherwise
    if scales is None or how == "align_corners":  # corners lie on corners, whatever the scale
        return builder.function(F.interpolate, value, list(wanted), **options)
    if any(new == side and scale != 1 for side, new, scale in zip(old, wanted, scales, strict=True)):
        raise Unsupported("it scales one side of maps by so little that it stays")  # torch leaves that side alone
    factors = [_factor(side, new, scale) for side, new, scale in zip(old, wanted, scales, strict=True)]
    return builder.function(F.interpolate, value, None, factors, **options)


def _factor(side: int, wanted: int, scale: float) -> float:
    """The scale, as a number with which torch finds the same side: it multiplies in float64."""
    if abs(wanted / side - scale) > _SAME_SCALE * scale:
        return scale
    return wanted / side if int(side * (wanted / side)) == wanted else math.nextafter(wanted / side, math.inf)


def _nearest(builder: Builder, value: Value, wanted: Pair, scales: tuple[float, float], how: str) -> Value:
    old = (value.shape[2], value.shape[3])
    taken = [_taken(builder, old[axis], wanted[axis], scales[axis], how) for axis in (0, 1)]
    if all(torch.equal(taken[axis], _torchs(old[axis], wanted[axis])) for axis in (0, 1)):
        return builder.function(F.interpolate, value, list(wanted), mode="nearest")
    for axis, places in ((2, taken[0]), (3, taken[1])):
        if len(places) == 1:  # a constant of one number would stand in the graph as that number
            value = builder.function(torch.narrow, value, axis, int(places), 1)
        else:
            value = builder.function(torch.index_select, value, axis, Known.of(places))
    return value


def _taken(builder: Builder, side: int, wanted: int, scale: float, how: str) -> torch.Tensor:
    """Which of the old places each of the `wanted` new ones is."""
    rounding = builder.node.text("nearest_mode", "round_prefer_floor")
    if builder.opset < 11:  # which did not say; as onnxruntime reads it
        rounding = "ceil" if scale < 1 else "floor"
    if rounding not in _ROUNDINGS:
        raise Unsupported(f"it resizes maps in the mode nearest, {rounding}")
    new = np.arange(wanted, dtype=np.float32)
    places = _ROUNDINGS[rounding](_PLACES[how](new, np.float32(scale), side, wanted))
    return torch.from_numpy(np.clip(places, 0, side - 1).astype(np.int64))


def _torchs(side: int, wanted: int) -> torch.Tensor:
    """Which of the old places each new one is in torch's mode "nearest"."""
    return F.interpolate(torch.arange(side, dtype=torch.float32)[None, None], wanted, mode="nearest")[0, 0].long()


OPERATORS: dict[str, Operator] = {"Resize": _resize, "Upsample": _resize}
