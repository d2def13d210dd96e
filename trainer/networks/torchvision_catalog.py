"""torchvision's classification networks: told apart by their state dicts, and built around one.

`python -m trainer.networks.torchvision_catalog` writes the table of signatures again for the installed torchvision.
"""

import functools
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import nn

from trainer.files.atomic_files import replace_file
from trainer.files.errors import UserError
from trainer.networks.candidate import Blueprint, on_meta
from trainer.networks.checkpoint import InputSpec
from trainer.networks.library_loading import load
from trainer.networks.matching import COUNTER, Tensors

TABLE = Path(__file__).with_name("torchvision_networks.json")
_AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}
_SKETCH = 40


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """What tells each architecture apart; `first` and `last` name its first convolution and its last layer.

    Their input channels and number of classes may differ from ImageNet's, so they are no part of the signature.
    """
    entries: dict[str, dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))["networks"]
    return entries


def candidates(tensors: Tensors) -> list[str]:
    """The architectures whose weights have exactly these names."""
    tensors = modern(tensors)
    return [name for name, entry in table().items() if _names(tensors, name, entry["first"]) == entry["names"]]


def nearest(tensors: Tensors, count: int = 5) -> list[str]:
    """The architectures that share the most names and shapes with these weights, best first."""
    own = set(_sketch((name, tuple(tensor.shape)) for name, tensor in modern(tensors).items()))
    scores: dict[str, float] = {}
    for name, entry in table().items():
        # The smallest hashes of the union are a fair sample of it (Broder 1997).
        sample = sorted(own | set(entry["sketch"]))[:_SKETCH]
        scores[name] = sum(number in own and number in set(entry["sketch"]) for number in sample) / len(sample)
    return [name for name in sorted(scores, key=lambda name: -scores[name]) if scores[name] > 0][:count]


def blueprint(name: str, tensors: Tensors, *, transform_input: bool = True) -> Blueprint:
    """How torchvision's `name` is built around these weights, with as many classes and channels as they have."""
    entry = table()[name]
    skipped = _AUXILIARY.get(name, ())
    # The auxiliary classifiers work in training only: without them a file gives one digest, with and without.
    tensors = {key: tensor for key, tensor in modern(tensors).items() if not key.startswith(skipped or "\0")}
    first, last = tensors.get(f"{entry['first']}.weight"), tensors.get(f"{entry['last']}.weight")
    channels = first.shape[1] if first is not None and first.dim() == 4 else 3
    classes = last.shape[0] if last is not None and last.dim() > 0 else 1000
    bias = f"{entry['first']}.bias" in tensors
    options: dict[str, Any] = {}
    assumed: list[str] = []
    if name in _AUXILIARY:
        options["transform_input"] = transform_input and channels == 3
        if options["transform_input"]:
            assumed.append(
                f"The network was taken to rescale its input as torchvision's own {name} does (transform_input)."
            )
    side = _picture_side(name, tensors)
    if side:
        options["image_size"] = side
    spec, text = _input(name, channels, side)
    return Blueprint(
        name=name,
        tensors=tensors,
        build=lambda: build(name, classes, channels, bias, **options),
        classes=classes,
        input=spec,
        input_note=text,
        assumed=tuple(assumed),
    )


def build(name: str, classes: int = 1000, channels: int = 3, bias: bool = False, **options: Any) -> nn.Module:
    """torchvision's network with random weights; `channels` and `bias` are those of its first convolution."""
    if name in _AUXILIARY:
        options = {"aux_logits": False, "init_weights": False} | options
    module: nn.Module = load("torchvision.models").get_model(name, weights=None, num_classes=classes, **options)
    path = table()[name]["first"] if channels != 3 or bias else ""
    if path:
        old = module.get_submodule(path)
        if not isinstance(old, nn.Conv2d):
            raise UserError(f"{name} has no convolution {path}; this version of torchvision is not known.")
        shape: dict[str, Any] = {key: getattr(old, key) for key in ("kernel_size", "stride", "padding")}
        new = nn.Conv2d(channels, old.out_channels, bias=bias or old.bias is not None, **shape)
        parent, _, child = path.rpartition(".")
        setattr(module.get_submodule(parent), child, new)
    return module


def modern(tensors: Tensors) -> Tensors:
    """The weights under today's names: torchvision's own files of DenseNets and ViTs still have older ones."""
    return {
        re.sub(
            r"(\.mlp)\.linear_([12])\.",
            lambda found: f"{found[1]}.{3 * (int(found[2]) - 1)}.",
            re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", name),
        ): tensor
        for name, tensor in tensors.items()
    }


@functools.cache
def imagenet() -> tuple[str, ...]:
    """ImageNet's 1000 categories in the order of torchvision's outputs."""
    return tuple(load("torchvision.models").ResNet18_Weights.DEFAULT.meta["categories"])


def _input(name: str, channels: int, side: int) -> tuple[InputSpec, str]:
    """What torchvision's default weights expect, and a sentence about it; grey takes the colours' averages."""
    preset = load("torchvision.models").get_model_weights(name).DEFAULT.transforms()
    cut, shorter = int(preset.crop_size[0]), int(preset.resize_size[0])
    if side and side != cut:
        cut = shorter = side
    mean, std = tuple(map(float, preset.mean)), tuple(map(float, preset.std))
    if channels == 1:
        mean, std = (round(math.fsum(mean) / 3, 4),), (round(math.fsum(std) / 3, 4),)
    elif channels != 3:
        raise UserError(f"This {name} takes {channels} channels; only RGB and grey pictures can be shown to a network.")
    spec = InputSpec((cut, cut), "shortest", shorter, mean, std)
    return spec, (
        f"The file does not say how pictures become input: proposed as for torchvision's {name}, shorter side to "
        f"{shorter}, centre {cut} x {cut}{', grey' if channels == 1 else ''}, normalised as ImageNet."
    )


def _picture_side(name: str, tensors: Tensors) -> int:
    """The input size that a vision transformer's position embedding was made for; 0 for other networks."""
    places, patches = tensors.get("encoder.pos_embedding"), tensors.get("conv_proj.weight")
    if not name.startswith("vit_") or places is None or patches is None or places.dim() != 3 or patches.dim() != 4:
        return 0
    return math.isqrt(max(0, places.shape[1] - 1)) * patches.shape[2]


def _names(names: Iterable[str], architecture: str, first: str) -> str:
    skipped = _AUXILIARY.get(architecture, ()) or "\0"
    kept = (name for name in names if not name.startswith(skipped) and name != f"{first}.bias")
    return hashlib.sha256("\n".join(sorted(name for name in kept if not name.endswith(COUNTER))).encode()).hexdigest()[
        :16
    ]


def _sketch(entries: Iterable[tuple[str, tuple[int, ...]]]) -> list[int]:
    hashes = {zlib.crc32(f"{name} {shape}".encode()) for name, shape in entries if not name.endswith(COUNTER)}
    return sorted(hashes)[:_SKETCH]


def make_table() -> dict[str, dict[str, Any]]:
    """The signatures of every classification network of the installed torchvision; takes some seconds."""
    import torchvision
    from torchvision.models import get_model, list_models

    entries = {}
    for name in sorted(list_models(module=torchvision.models)):
        options = {"aux_logits": False, "init_weights": False} if name in _AUXILIARY else {}
        with on_meta():
            module = get_model(name, weights=None, **options)
            other = get_model(name, weights=None, num_classes=7, **options).state_dict()
        state = module.state_dict()
        first = next(key for key, part in module.named_modules() if isinstance(part, nn.Conv2d))
        last = next(key for key in state if state[key].shape != other[key].shape).rpartition(".")[0]
        fixed = [(key, tuple(state[key].shape)) for key in state if not key.startswith((f"{first}.", f"{last}."))]
        entries[name] = {
            "first": first,
            "last": last,
            "names": _names(state, name, first),
            "sketch": _sketch(fixed),
        }
    return entries


if __name__ == "__main__":
    rows = ",\n".join(f'"{name}": {json.dumps(entry)}' for name, entry in make_table().items())
    replace_file(TABLE, ('{"networks": {\n' + rows + "\n}}\n").encode())
