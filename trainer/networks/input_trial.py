"""Whether a network runs on a picture, and what to say where it does not."""

import inspect
from pathlib import Path

import torch
from torch import nn

from trainer.files.errors import UserError
from trainer.networks import user_architecture
from trainer.networks.candidate import Blueprint, OpeningQuestion
from trainer.networks.checkpoint import InputSpec
from trainer.networks.torch_file import brief

SIDES = (28, 32, 64, 96, 128, 192, 224, 256, 299, 384, 512)
"""Sides of pictures that are tried where nothing says the size, in pixels."""
_MOST_MEMORY = 8 * 2**30


def channels_of(module: nn.Module) -> int:
    """The channels that the first convolution of a module takes; 3 where it has none."""
    first = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    return first.in_channels if first is not None else 3


def picture_channels(module: nn.Module) -> int:
    """The channels of pictures for a module: those of its first convolution, 3 where no pictures have so many."""
    channels = channels_of(module)
    return channels if channels in (1, 3) else 3


def tried_input(module: nn.Module, name: str, path: Path) -> InputSpec:
    """An input of 224 x 224 where the module takes it; OpeningQuestion where others run."""
    if not any(isinstance(part, nn.Conv2d) for part in module.modules()):
        raise UserError(f"{name} has no convolutional layer (Conv2d) to look at.")
    channels = picture_channels(module)
    error = _fails(module, channels, 224)
    if error is not None and channels_of(module) not in (1, 3):
        raise UserError(
            f"{name} takes {channels_of(module)} channels; only RGB and grey pictures can be shown to a network: let "
            "its forward(self, picture) make the others of the picture's three."
        ) from error
    if error is not None:
        why = user_architecture.explain(path, error)
        if advice := _not_the_size(module, error, why):
            raise UserError(f"{name}: {advice}") from error
        fitting = _fitting(module, channels)
        if not fitting:
            raise UserError(
                f"{name} runs on no picture of {SIDES[0]} x {SIDES[0]} to {SIDES[-1]} x {SIDES[-1]} ({why}); its "
                f"forward pass has to take pictures (N, {channels}, height, width): mend it there."
            ) from error
        raise OpeningQuestion(
            f"{name} does not run on a picture of 224 x 224 ({why}); say which size it takes (--input; these run: "
            f"{', '.join(fitting)}).",
            "input",
            fitting,
        )
    return InputSpec(mean=(0.0,) * channels, std=(1.0,) * channels)


def running_sizes(module: nn.Module) -> tuple[str, ...]:
    """The usual sizes of pictures on which a module runs, as `--input` takes them, 224 x 224 first."""
    channels = channels_of(module)
    start = "grey:" if channels == 1 else ""
    sizes = [] if channels not in (1, 3) else [start + size for size in _fitting(module, channels)]
    return tuple(sorted(sizes, key=lambda size: not size.endswith("224x224")))


def explained(
    error: Exception, module: nn.Module, spec: InputSpec, file: str, architecture: str, code: str
) -> UserError:
    """Why a network did not run on a picture of this input, with what helps; `code` is `file.py:factory` or ""."""
    why = user_architecture.explain(user_architecture.split(code)[0], error) if code else brief(error)
    if advice := _not_the_size(module, error, why):
        return UserError(f"{file}: {advice}")
    size, channels = f"{spec.size[0]} x {spec.size[1]}", channels_of(module)
    start = f"{file} ({architecture}) does not run on a picture of {size} with {spec.channels} channels ({why})"
    if channels != spec.channels and channels in (1, 3):
        word = "grey" if channels == 1 else "rgb"
        return UserError(f"{start}; it takes {channels}: say --input {word}:{spec.size[0]}x{spec.size[1]}.")
    fitting = _fitting(module.to("cpu"), channels)
    if fitting:
        return OpeningQuestion(f"{start}; these sizes run: {', '.join(fitting)} (--input).", "input", fitting)
    return UserError(f"{start}, nor on other sizes; name another architecture (--architecture).")


def refuse_giant(blueprint: Blueprint, spec: InputSpec, name: str) -> None:
    """UserError where one picture's maps would not fit in memory: a file's input size may be anything."""
    needed = 0

    def count(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal needed
        needed += 4 * output.numel()

    try:
        skeleton = blueprint.skeleton().eval()
        for part in skeleton.modules():
            if isinstance(part, nn.Conv2d):
                part.register_forward_hook(count)
        with torch.inference_mode():
            skeleton(torch.empty(1, spec.channels, *spec.size, device="meta"))
    except Exception:  # the real run says better why it fails
        needed = needed or 0
    if not needed or needed > _MOST_MEMORY:
        raise UserError(
            f"{name}: its maps for a picture of {spec.size[0]} x {spec.size[1]} would take {needed / 2**30:.0f} GB; "
            "give a smaller size (--input)."
        )


def _not_the_size(module: nn.Module, error: Exception, why: str) -> str:
    """What to do about an error that no other size of picture would mend; "" for others."""
    text = str(error)
    needed = [
        name
        for name, parameter in inspect.signature(type(module).forward).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if isinstance(error, TypeError) and len(needed) > 2:
        return (
            f"the network takes {len(needed) - 1} inputs ({', '.join(needed[1:])}), and only the picture can be shown "
            f"to it ({why}); give the network a forward(self, picture) that uses fixed values for the others, such as "
            "their means, in a class of its own, and name that class (--architecture file.py:class)."
        )
    if any(word in text for word in ("CUDA", "cuda", "NVIDIA")):
        return (
            f"its code moves something to a GPU by itself ({why}); take the device of its weights there: "
            "x.to(next(self.parameters()).device) instead of x.cuda()."
        )
    return ""


def _fitting(module: nn.Module, channels: int) -> tuple[str, ...]:
    return tuple(f"{side}x{side}" for side in SIDES if _fails(module, channels, side) is None)


def _fails(module: nn.Module, channels: int, side: int) -> Exception | None:
    """What the module raises on a picture of this size."""
    try:
        with torch.inference_mode():
            module(torch.zeros(1, channels, side, side))
    except Exception as error:  # a person's own forward pass raises what it likes
        return error
    return None
