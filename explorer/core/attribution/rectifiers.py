"""Rectifiers whose gradient goes back by another rule, wherever in a network they run.

A rectifier is intercepted as a function, so that it does not matter whether it is a module or not, runs in place, or
runs several times; no module is touched, and no other thread either.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

Rule = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Gives what goes back through a rectifier, of what arrives there and where the rectifier was open (bool)."""


def guided(arriving: torch.Tensor, was_open: torch.Tensor) -> torch.Tensor:
    """Only what is positive, and only where the rectifier was open: Springenberg et al. (2014), section 3.4."""
    return arriving.clamp(min=0) * was_open


def deconvolved(arriving: torch.Tensor, was_open: torch.Tensor) -> torch.Tensor:
    """Only what is positive, wherever the rectifier was open: Zeiler and Fergus (2014), section 2.1."""
    return arriving.clamp(min=0)


class _Rectified(torch.autograd.Function):
    """A rectifier that ends at `most`, with a rule for its gradient."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, rule: Rule, most: float, in_place: bool) -> torch.Tensor:
        ctx.rule = rule
        if in_place:
            ctx.mark_dirty(values)
        output = values.clamp_(0, most) if in_place else values.clamp(0, most)
        ctx.save_for_backward((output > 0) & (output < most))
        return output

    @staticmethod
    def backward(ctx: Any, arriving: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (was_open,) = ctx.saved_tensors
        return ctx.rule(arriving, was_open), None, None, None


class RectifiersFollow(TorchFunctionMode):
    """While it is entered, rectifiers (ReLU, ReLU6) let gradients back by a rule; `met` counts them."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._rule = rule
        self.met = 0

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        options = options or {}
        rectifier = _rectifier(function, arguments, options)
        if rectifier is None:
            return function(*arguments, **options)
        self.met += 1
        values = arguments[0] if arguments else options["input"]
        return _Rectified.apply(values, self._rule, *rectifier)


def _rectifier(function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[float, bool] | None:
    """Where a rectifier ends and whether it works in place; None where the function is none."""
    if function in (torch.relu, torch.Tensor.relu):
        return torch.inf, False
    if function in (torch.relu_, torch.Tensor.relu_):
        return torch.inf, True
    given = dict(zip(_NAMES.get(function, ()), arguments, strict=False)) | options
    if function is F.relu:
        return torch.inf, bool(given.get("inplace", False))
    if function is F.relu6:
        return 6.0, bool(given.get("inplace", False))
    if function is F.hardtanh and given.get("min_val", -1.0) == 0:
        return float(given.get("max_val", 1.0)), bool(given.get("inplace", False))
    return None


_NAMES: dict[Any, tuple[str, ...]] = {
    F.relu: ("input", "inplace"),
    F.relu6: ("input", "inplace"),
    F.hardtanh: ("input", "min_val", "max_val", "inplace"),
}
