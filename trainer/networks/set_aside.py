"""What is said of weights in a file that are none of the network's."""

import re
from collections.abc import Mapping, Sequence

import torch

from trainer.networks.matching import Tensors, prefixes_of

IGNORED = ("AuxLogits", "aux1", "aux2")
"""Parts that torchvision's networks have in training only."""
_LEARNED = re.compile(
    r"(^|[._])(p|temp|temperature|(logit_|layer_)?scales?|tau|alpha|beta|gamma|running_mean|ia3_\w+)$"
    r"|(^|[._])lora_|att(n|ention)[^.]*\."
)
_OF_LOSS = re.compile(r"criteri|loss|metrics?\.|(^|[._])ema\b")

_FEWEST, _MOST_OF_IT = 4, 0.9
"""Weights of the smallest network, and the share of a network's weights that make a copy of it."""


def set_aside(foreign: Sequence[str], tensors: Tensors, own: Tensors) -> tuple[str, ...]:
    """Sentences that name the weights that are none of the network's, out of a file's; none where there are none.

    Convolutions among them were at work when the network was trained: without them it says something else. Other
    copies of the network (`own` are its weights, under its own names), as an average beside the raw weights, were not.
    """
    copies = _copies(foreign, tensors, own)
    ignored = (*(f"{part}." for part in IGNORED), *copies)
    unused = [name for name in foreign if not name.startswith(ignored)]
    said: tuple[str, ...] = ()
    if copies:
        shown = ", ".join(prefix.rstrip(".")[:60] for prefix in copies[:4])
        said = (f"The file holds the same network with other weights too, under {shown}, which was not opened.",)
    return (*said, *_said_of(unused, tensors))


def _copies(foreign: Sequence[str], tensors: Tensors, own: Tensors) -> list[str]:
    """What stands before the names of other networks like this one: most of its weights, in the same shapes."""
    beside = {name: tensors[name] for name in foreign if name in tensors}
    if len(own) < _FEWEST:
        return []
    prefixes = prefixes_of(max(own, key=len), beside)
    return [prefix for prefix in prefixes if prefix and _share(own, beside, prefix) > _MOST_OF_IT]


def _share(own: Tensors, beside: Tensors, prefix: str) -> float:
    there = [
        name for name, one in own.items() if f"{prefix}{name}" in beside and beside[prefix + name].shape == one.shape
    ]
    return len(there) / len(own)


def _said_of(unused: Sequence[str], tensors: Tensors) -> tuple[str, ...]:
    if not unused:
        return ()
    more = f" and {len(unused) - 4} more" if len(unused) > 4 else ""
    shown = ", ".join(name[:60] for name in unused[:4])
    subject = "tensor in the file is" if len(unused) == 1 else "tensors in the file are"
    sentence = f"{len(unused)} {subject} none of the network's and set aside: {shown}{more}."
    present = [name for name in unused if name in tensors]
    convolutions = any(_is_convolution(name, tensors[name]) for name in present)
    if convolutions or any(_is_learned(name, tensors[name]) for name in present):
        sentence += (
            f" There are {'convolutions' if convolutions else 'learned parts'} among them: what was trained has more "
            "parts than this network. Where they led to the classes, its scores were others; its own class opens with "
            "them (file.py:factory)."
        )
    return (sentence,)


def beside(extras: Mapping[str, object], file: str) -> tuple[str, ...]:
    """A sentence on learned parts that stand beside the weights of a file, as the temperature of a calibration."""
    found = {
        name: value
        for name, value in extras.items()
        if (isinstance(value, torch.Tensor) and _is_learned(name, value))
        or (isinstance(value, float | int) and name.lower() in ("temp", "temperature") and value != 1)
    }
    if not found:
        return ()
    parts = [f"{name[:60]}{_value(value)}" for name, value in list(found.items())[:4]]
    return (
        f"{', '.join(parts)} beside the weights in {file} {'is' if len(found) == 1 else 'are'} not computed: where the "
        "outputs go through it, the scores were others; its own class opens with it (file.py:factory).",
    )


def _value(value: object) -> str:
    number = value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value
    return f" ({number:.4g})" if isinstance(number, float | int) else ""


def _is_learned(name: str, tensor: torch.Tensor) -> bool:
    """Whether this is by its name a part that changes what goes through it: a pool's power, a temperature, a scale."""
    return tensor.is_floating_point() and _LEARNED.search(name) is not None and not _OF_LOSS.search(name)


def _is_convolution(name: str, tensor: torch.Tensor) -> bool:
    """Whether these are the weights of a convolution: a metric may count in four dimensions, too."""
    return tensor.dim() == 4 and tensor.is_floating_point() and name.rpartition(".")[2] == "weight"
