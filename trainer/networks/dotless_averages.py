"""Averages of weights (EMA) whose names lost their dots, as a buffer's name may hold none: `model_ema.conv1weight`."""

import torch

from trainer.networks.matching import Tensors, under

_COUNTERS = {"decay", "num_updates"}
_MOST_WORDS = 32
"""First words of names among which averages are looked for; files with one have a few."""


def with_dots(tensors: Tensors) -> dict[str, torch.Tensor]:
    """The tensors with every such average under the names of the raw weights beside it.

    What an average does not hold, as the running statistics of norms, is that of the raw weights.
    """
    renamed = dict(tensors)
    words = dict.fromkeys(name.partition(".")[0] for name in tensors if "." in name)
    for word in words:
        average = {name: one for name, one in under(tensors, f"{word}.").items() if name not in _COUNTERS}
        plain = "weight" in average or any("." in name for name in average)  # a layer's own, or names as they were
        if plain or len(words) > _MOST_WORDS or not any(one.dim() == 4 for one in average.values()):
            continue
        for prefix in (*(f"{other}." for other in words if other != word), ""):
            raw = {name: one for name, one in under(tensors, prefix).items() if prefix or not name.startswith(word)}
            dotted = {name.replace(".", ""): name for name in raw}
            if len(dotted) == len(raw) and all(_is_of(raw, dotted.get(name), one) for name, one in average.items()):
                renamed = {name: one for name, one in renamed.items() if not name.startswith(f"{word}.")}
                renamed |= {f"{word}.{name}": average.get(short, raw[name]) for short, name in dotted.items()}
                break
    return renamed


def _is_of(raw: Tensors, name: str | None, tensor: torch.Tensor) -> bool:
    """Whether this may be the average of the raw weight."""
    return name is not None and raw[name].shape == tensor.shape
