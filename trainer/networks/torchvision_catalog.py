"""torchvision's classification networks: told apart by their state dicts, and built around one.

`python -m trainer.networks.torchvision_catalog` writes the table of signatures again for the installed torchvision.
"""

import functools
import json
import math
from pathlib import Path
from typing import Any

from torch import nn

from trainer.files.atomic_files import replace_file
from trainer.files.errors import UserError
from trainer.networks.candidate import Blueprint, on_meta
from trainer.networks.checkpoint import InputSpec
from trainer.networks.fitting import fit
from trainer.networks.library_loading import load
from trainer.networks.matching import Tensors, under
from trainer.networks.signatures import body_of, order_of, signature

TABLE = Path(__file__).with_name("torchvision_networks.json")
AS_GIVEN = ":transform_input=False"
"""After the name of a network that may rescale its input: that it does not."""
_AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}
_SKETCH = 40


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """The signatures of all of them."""
    entries: dict[str, dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))["networks"]
    return entries


def blueprint(name: str, given: Tensors, prefix: str = "", *, transform_input: bool = True) -> Blueprint:
    """How torchvision's `name` is built around the weights under `prefix`, with as many classes and channels."""
    entry = table()[name]
    skipped = _AUXILIARY.get(name, ())
    # The auxiliary classifiers work in training only: without them a file gives one digest, with and without.
    given = {key: tensor for key, tensor in given.items() if not key.removeprefix(prefix).startswith(skipped or "\0")}
    tensors = under(given, prefix)
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
                f"The network was taken to rescale its input as torchvision's pretrained {name} does; built with "
                "weights=None, or by timm, it does not (transform_input), and has other scores: --architecture "
                f"{name}{AS_GIVEN}"
            )
    side = _picture_side(name, tensors)
    if side:
        options["image_size"] = side
    spec, text = proposed_input(name, channels, side)
    fitted = fit(lambda: build(name, classes, channels, bias, **options), entry["last"], given, prefix)
    return Blueprint(
        name=name,
        tensors=fitted.tensors,
        build=fitted.build,
        classes=fitted.classes,
        input=spec,
        input_note=text,
        assumed=(*assumed, *fitted.assumed),
        prefix=prefix,
        foreign=fitted.foreign,
        problems=fitted.problems,
        fixed_size=bool(side),
        heads=fitted.heads,
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


def reading_of(name: str) -> tuple[str, bool]:
    """The network's name, and whether it rescales its input, in "inception_v3:transform_input=False"."""
    plain = name.removesuffix(AS_GIVEN)
    return (plain, False) if plain != name and plain in _AUXILIARY else (name, True)


@functools.cache
def imagenet() -> tuple[str, ...]:
    """ImageNet's 1000 categories in the order of torchvision's outputs."""
    return tuple(load("torchvision.models").ResNet18_Weights.DEFAULT.meta["categories"])


def proposed_input(name: str, channels: int, side: int = 0) -> tuple[InputSpec, str]:
    """What torchvision's default weights expect, and a sentence about it; grey takes the colours' averages."""
    preset = load("torchvision.models").get_model_weights(name).DEFAULT.transforms()
    cut, shorter = int(preset.crop_size[0]), int(preset.resize_size[0])
    if side and side != cut:
        cut = shorter = side
    mean, std = tuple(map(float, preset.mean)), tuple(map(float, preset.std))
    if channels == 1:
        mean, std = (round(math.fsum(mean) / 3, 4),), (round(math.fsum(std) / 3, 4),)
    elif channels != 3:
        raise UserError(
            f"This {name} takes {channels} channels; only RGB and grey pictures can be shown to a network. Its own "
            "class opens where its forward makes the other channels of the picture's (file.py:factory)."
        )
    spec = InputSpec((cut, cut), "shortest", shorter, mean, std)
    return spec, (
        f"The file does not say how pictures become input: proposed as for torchvision's {name}, shorter side to "
        f"{shorter}, centre {cut} x {cut}{', grey' if channels == 1 else ''}, normalised as ImageNet."
    )


def _picture_side(name: str, tensors: Tensors) -> int:
    """The input size that a vision transformer's position embedding was made for; 0 for other networks."""
    position, patches = tensors.get("encoder.pos_embedding"), tensors.get("conv_proj.weight")
    if not name.startswith("vit_") or position is None or patches is None or position.dim() != 3 or patches.dim() != 4:
        return 0
    return math.isqrt(max(0, position.shape[1] - 1)) * patches.shape[2]


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
        last = next(key for key in state if state[key].shape != other[key].shape).rpartition(".")[0]
        row = signature(module, last, _SKETCH)
        entries[name] = {**row, "order": order_of(state, body_of(state, row["first"], last))}
    return entries


if __name__ == "__main__":
    rows = ",\n".join(f'"{name}": {json.dumps(entry)}' for name, entry in make_table().items())
    replace_file(TABLE, ('{"networks": {\n' + rows + "\n}}\n").encode())
