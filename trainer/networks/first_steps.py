"""How a network of one's own normalises pictures before its body: by buffers of means, or by a norm of the colors."""

import math
import re
from collections import OrderedDict
from dataclasses import replace

import torch
from torch import nn

from trainer.networks.candidate import Blueprint
from trainer.networks.file_metadata import MEAN, STD, is_bgr
from trainer.networks.matching import COUNTER, Tensors
from trainer.networks.written_values import numbers_of, scale_of

_RAW_LARGEST, _RAW_SPREAD = 1.0, 0.2
"""Averages and variances of colors that were given in [0, 1]."""


def with_first_steps(blueprint: Blueprint, tensors: Tensors, stated: bool) -> Blueprint:
    """The network with what normalises its pictures in the file, or with a word on a norm that is not computed.

    `tensors` are the weights under the names of `blueprint.foreign`; `stated` where the file says the values beside.
    """
    blueprint = blueprint if stated else _with_values(blueprint, tensors)
    blueprint = _with_convolution(blueprint, tensors)
    norms = {}
    for name in blueprint.foreign:
        path, _, leaf = name.rpartition(".")
        whole = leaf == "running_mean" and name in tensors and f"{path}.running_var" in tensors
        if whole and blueprint.input is not None and tensors[name].numel() == blueprint.input.channels:
            norms[path] = {key.rpartition(".")[2]: key for key in tensors if key.rpartition(".")[0] == path}
    if len(norms) != 1:
        return blueprint
    ((path, names),) = norms.items()
    return _with_norm(blueprint, path, {leaf: tensors[key] for leaf, key in names.items()}, next(iter(tensors)))


def _with_values(blueprint: Blueprint, tensors: Tensors) -> Blueprint:
    """The network with the mean and std of its input from buffers beside its body."""
    found = {
        (path, kind): name
        for name in blueprint.foreign
        for path, _, leaf in [name.rpartition(".")]
        for kind, keys in (("mean", MEAN), ("std", STD))
        if re.sub("[_-]", "", leaf).lower() in keys and name in tensors
    }
    pairs = [
        (name, found[path, "std"]) for (path, kind), name in found.items() if kind == "mean" and (path, "std") in found
    ]
    if len(pairs) != 1 or blueprint.input is None:
        return blueprint
    names, spec = pairs[0], blueprint.input
    mean, std = (numbers_of(tensors[name]) for name in names)
    if mean is None or std is None or len(mean) != len(std) or len(mean) not in (1, spec.channels) or min(std) <= 0:
        return blueprint
    scale, step = scale_of(mean, std), -1 if is_bgr(mean) else 1
    values = [tuple(number / scale for number in one[::step]) * (spec.channels // len(one)) for one in (mean, std)]
    shown = [", ".join(f"{number:.4g}" for number in one) for one in values]
    text = (
        f"The file holds by what its network normalises pictures ({' and '.join(names)}): mean {shown[0]}, std "
        f"{shown[1]}{', of values from 0 to 255 there' if scale != 1 else ''}. They were taken for its input's; how "
        f"pictures are resized it does not say: proposed {spec.size[0]} x {spec.size[1]}."
    )
    return replace(
        blueprint,
        input=replace(spec, mean=values[0], std=values[1]),
        input_note=text,
        foreign=tuple(name for name in blueprint.foreign if name not in names),
        bgr=names[0] if step < 0 else "",
    )


def _with_convolution(blueprint: Blueprint, tensors: Tensors) -> Blueprint:
    """The network behind the 1 x 1 convolution that makes its colors of other pictures, where the file has it first.

    With a word on one that is not computed: of a larger one, no file says the padding.
    """
    path = next(iter(tensors)).rpartition(".")[0]
    weight, bias = tensors.get(f"{path}.weight"), tensors.get(f"{path}.bias")
    spec = blueprint.input
    if weight is None or spec is None or weight.dim() != 4 or f"{path}.weight" not in blueprint.foreign:
        return blueprint
    gives, takes, *kernel = weight.shape
    if gives != spec.channels:
        return blueprint
    if kernel != [1, 1] or takes not in (1, 3):
        text = (
            f"A convolution of {takes} channels to {gives} ({path}, {kernel[0]} x {kernel[1]}) stands before the body "
            "in the file and is not computed: where it stands there in the network, its input, its maps and its scores "
            "are others; its own class opens with it (file.py:factory)."
        )
        return replace(blueprint, assumed=(*blueprint.assumed, text))
    plain, names = blueprint.build, [name for name in blueprint.foreign if name.rpartition(".")[0] == path]

    def build() -> nn.Module:
        first = nn.Conv2d(takes, gives, 1, bias=bias is not None)
        return nn.Sequential(OrderedDict([("first", first), ("body", plain())]))

    kind = "grey" if takes == 1 else "RGB"
    note = (
        f"The file does not say how pictures become input: proposed {spec.size[0]} x {spec.size[1]} {kind}, normalised "
        f"as for {blueprint.name}."
    )
    if takes == gives:
        note = blueprint.input_note
    else:
        mean, std = (math.fsum(values) / len(values) for values in (spec.mean, spec.std))
        spec = replace(spec, mean=(round(mean, 4),) * takes, std=(round(std, 4),) * takes)
    text = (
        f"The 1 x 1 convolution of {takes} channels to {gives} ({path}) was taken to stand before {blueprint.name}, as "
        "in the order of the file."
    )
    return replace(
        blueprint,
        tensors={
            **{f"first.{name.rpartition('.')[2]}": tensors[name] for name in names},
            **{f"body.{name}": tensor for name, tensor in blueprint.tensors.items()},
        },
        build=build,
        input=spec,
        input_note=note,
        assumed=(*blueprint.assumed, text),
        foreign=tuple(name for name in blueprint.foreign if name not in names),
    )


def _with_norm(blueprint: Blueprint, path: str, parts: dict[str, torch.Tensor], first: str) -> Blueprint:
    """The network behind the norm, where the file holds it in front of all else."""
    spec = blueprint.input
    assert spec is not None
    channels = spec.channels
    fits = set(parts) <= {"weight", "bias", "running_mean", "running_var", COUNTER}
    if not fits or blueprint.classes == channels or first.rpartition(".")[0] != path:
        text = (
            f"A norm of {channels} values ({path}) is not computed: where it stands before the body, the maps are not "
            "the network's; its own class opens with it (file.py:factory)."
        )
        return replace(blueprint, assumed=(*blueprint.assumed, text))
    plain = blueprint.build
    means, spreads = parts["running_mean"].tolist(), parts["running_var"].tolist()
    raw = min(means) >= 0 and 0.05 < max(means) <= _RAW_LARGEST and max(spreads) < _RAW_SPREAD
    wide = max(map(abs, means)) > 3

    def build() -> nn.Module:
        norm = nn.BatchNorm2d(channels, affine="weight" in parts)
        return nn.Sequential(OrderedDict([("first", norm), ("body", plain())]))

    text = f"The norm of the colors ({path}) was taken to stand before {blueprint.name}, as in the order of the file."
    note = blueprint.input_note
    if raw or wide:
        side = f"{spec.size[0]} x {spec.size[1]}"
        scale = "0 to 255" if wide else "0 to 1"
        note = (
            f"By that norm's averages it takes values from {scale}: these are given to it, not normalised before; how "
            f"pictures are resized the file does not say: proposed {side}."
        )
        spec = replace(spec, mean=(0.0,) * channels, std=(1 / 255 if wide else 1.0,) * channels)
    return replace(
        blueprint,
        tensors={
            **{f"first.{leaf}": tensor for leaf, tensor in parts.items()},
            **{f"body.{name}": tensor for name, tensor in blueprint.tensors.items()},
        },
        build=build,
        input=spec,
        input_note=note,
        assumed=(*blueprint.assumed, text),
        foreign=tuple(name for name in blueprint.foreign if name.rpartition(".")[0] != path),
    )
