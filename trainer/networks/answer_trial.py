"""What a network answers to the pictures with which it is tried when it is opened."""

from collections.abc import Callable

import torch
from torch import nn

from trainer.networks.input_spec import InputSpec
from trainer.networks.output_spec import parts_of

Run = Callable[[nn.Module, torch.Tensor], object]
"""Runs a module on a picture (1, C, H, W) and gives what it answers."""

_PROBES = (1.0, 100.0, -100.0)
"""Times noise: pictures on which no logit stays within [0, 1]."""
_REPEATS = 4
UNSTEADY = (
    "The network answers differently each time to one and the same picture (as with a dropout that is on in use: "
    "F.dropout without training=self.training); no number of it can be relied on."
)


def plain_run(module: nn.Module, picture: torch.Tensor) -> object:
    """One pass without gradients."""
    with torch.inference_mode():
        return module(picture)


def is_unsteady(module: nn.Module, picture: torch.Tensor) -> bool:
    """Whether one and the same picture gets several answers in one pass."""
    try:
        answer = plain_run(module, picture.repeat(_REPEATS, 1, 1, 1))
    except Exception:  # made for one picture at a time
        return False
    tables = [answer] if isinstance(answer, torch.Tensor) else list(parts_of(answer).values())
    rows = [table.float() for table in tables if isinstance(table, torch.Tensor) and table.shape[:1] == (_REPEATS,)]
    return not all(torch.allclose(row, row[:1].expand_as(row), rtol=1e-3, atol=1e-4, equal_nan=True) for row in rows)


def is_scoreless(answer: object) -> bool:
    """Whether a network gives its maps alone, and no class scores (1, 0)."""
    return isinstance(answer, torch.Tensor) and answer.dim() == 2 and answer.shape[1] == 0


def answers_to_noise(module: nn.Module, picture: torch.Tensor, input: InputSpec) -> list[object]:
    """What the network answers to noise, first with the gradients that tell what was done last, where it has any."""
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0)).to(picture.device)
    noise /= min(*input.std, 1.0)  # numbers of 0 to 255 are looked at as such
    answers = [plain_run(module, noise * factor) for factor in _PROBES]
    try:
        with torch.inference_mode(False), torch.enable_grad():
            answers[0] = module(noise.clone().requires_grad_())
    except Exception:  # made to be asked only, as code with out= or weights of an inference mode
        pass
    return answers
