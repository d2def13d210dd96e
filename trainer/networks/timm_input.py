"""How timm's configurations say that pictures are prepared, and which classes a network has."""

import math
from dataclasses import replace
from typing import Any

from trainer.files.errors import UserError
from trainer.networks.candidate import Blueprint
from trainer.networks.checkpoint import InputSpec
from trainer.networks.torch_file import brief


def described(blueprint: Blueprint, settings: dict[str, Any], channels: int, *, stated: bool = True) -> Blueprint:
    """The blueprint with classes and input as the configuration gives them, and sentences about what it lacks.

    Unless it is `stated` by the file, the input is what timm's own weights expect: a proposal.
    """
    labels = settings.get("label_names")
    names = tuple(map(str, labels)) if isinstance(labels, list) and len(labels) == blueprint.classes else ()
    spec, assumed = _input(settings, channels)
    if spec is None:
        return replace(blueprint, names=names)
    note = ""
    if not stated:
        cut = "all squeezed to" if spec.resize == "squash" else f"shorter side to {spec.resize_to}, centre"
        note = (
            "The file does not say how pictures become input: proposed as for timm's own weights of this network, "
            f"{cut} {spec.size[0]} x {spec.size[1]}, with their mean and std."
        )
    return replace(
        blueprint,
        names=names,
        input=spec,
        input_note=note,
        assumed=(*blueprint.assumed, *assumed),
        fixed_size=blueprint.fixed_size or settings.get("fixed_input_size") is True,
    )


def _input(settings: dict[str, Any], channels: int) -> tuple[InputSpec | None, tuple[str, ...]]:
    """timm's way of preparing pictures: resized to size / crop_pct, and the centre cut out."""
    size, mean, std = (settings.get(key) for key in ("input_size", "mean", "std"))
    if size is None or mean is None or std is None:
        return None, ()
    try:
        height, width = int(size[1]), int(size[2])
        mean, std = tuple(map(float, mean)), tuple(map(float, std))
        resize_to = math.floor(min(height, width) / float(settings.get("crop_pct") or 0.875))
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, ZeroDivisionError) as error:
        raise UserError(f"The config.json describes no usable input ({brief(error)}).") from error
    assumed = []
    if channels == 1 and len(mean) == 3:
        mean, std = (math.fsum(mean) / 3,), (math.fsum(std) / 3,)
        assumed.append("The network takes grey pictures: mean and std are the averages of the three colours'.")
    squash = settings.get("crop_mode") == "squash"
    if settings.get("interpolation", "bilinear") != "bilinear":
        assumed.append(
            f"Pictures are resized bilinearly, not {str(settings['interpolation'])[:20]} as in the network's training."
        )
    return InputSpec((height, width), "squash" if squash else "shortest", resize_to, mean, std), tuple(assumed)
