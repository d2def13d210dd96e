"""Names of modules, after the nodes of an ONNX file and what exporters make of a module's name."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from torch import nn

from trainer.networks.onnx_import.model import Node

LONGEST = 120
_TAILS = {"convolution", "conv2d", "biasadd", "matmul", "depthwise", "separable_conv2d"}
"""What TensorFlow appends to a layer's name for the operation inside it."""


def wished(node: Node, weight: str) -> str:
    """A dotted name for the module of a node; `weight` is the name of its first weights in the file, or "".

    That of the PyTorch module where its weights or its place tell it ("/layer1/layer1.0/conv1/Conv" is layer1.0.conv1),
    else the node's own name.
    """
    if weight.endswith(".weight") and "::" not in weight:
        return _clean(weight.removesuffix(".weight").split("."))
    if node.scope:
        return _clean(node.scope.split("."))
    parts = [part for part in node.name.split("/") if part]
    if len(parts) > 1 and (
        re.fullmatch(rf"{re.escape(node.operator)}(_\d+)?", parts[-1])
        or (weight and re.sub(r"_?\d*$", "", parts[-1]).lower() in _TAILS)
    ):
        parts.pop()
    # PyTorch writes the path of every module on the way: layer1, layer1.0, conv1.
    parts = [part for part, after in zip_longest(parts, parts[1:], fillvalue="") if not after.startswith(f"{part}.")]
    return _clean([piece for part in parts for piece in part.split(".")]) or node.operator


def _clean(parts: Sequence[str]) -> str:
    kept = [re.sub(r"[^\w\-]+", "_", part) for part in parts]
    return ".".join(part for part in kept if part)[:LONGEST].strip(".")


def add(root: nn.Module, name: str, part: nn.Module) -> str:
    """Put a module into `root` under this dotted name or the next one that is free; the name it has."""
    *outer, last = name.split(".")
    parent, path = root, ""
    for position, segment in enumerate(outer):
        child = parent._modules.get(segment)
        if child is not None and type(child) is not nn.Module:  # a layer holds no others
            last = "_".join([*outer[position:], last])
            break
        segment = _allowed(parent, segment)
        if segment not in parent._modules:
            parent.add_module(segment, nn.Module())
        parent, path = parent.get_submodule(segment), f"{path}{segment}."
    last, number = _allowed(parent, last), 1
    free = last
    while free in parent._modules:
        number += 1
        free = f"{last}_{number}"
    parent.add_module(free, part)
    return f"{path}{free}"


def _allowed(parent: nn.Module, segment: str) -> str:
    """The segment, changed where modules of torch have an attribute of this name."""
    while segment not in parent._modules and hasattr(parent, segment):
        segment += "_"
    return segment


def shared_start(names: Sequence[str]) -> str:
    """The parts that all dotted names begin with, the last part of each left out; "" where there are none."""
    split = [name.split(".")[:-1] for name in names]
    start: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        start.append(parts[0])
    return "".join(f"{part}." for part in start)
