"""Rectifiers whose gradient goes back by another rule, wherever in a network they run.

A rectifier is intercepted as a function, so that it does not matter whether it is a module or not, runs in place, or
runs several times; no module is touched, and no other thread either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch._ops import OpOverload, OpOverloadPacket
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
    """While it is entered, rectifiers (ReLU, ReLU6, however they are written) let gradients back by a rule.

    `met` counts them.
    """

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
        values, most, in_place = rectifier
        return _Rectified.apply(values, self._rule, most, in_place)


@dataclass(frozen=True)
class _Form:
    """A function that rectifies where it is called so: its arguments after the first, and what they mean.

    `lowest` and `highest` are numbers, or the arguments that say them, with what stands for one that is left out; a
    function that gives `instead` below its lowest rectifies only where that is zero. `in_place` as well.
    """

    names: tuple[str, ...] = ()
    lowest: float | str = 0.0
    highest: float | str = torch.inf
    instead: str = ""
    in_place: bool | str = False
    left_out: tuple[tuple[str, float], ...] = ()

    def read(self, given: Mapping[str, Any]) -> tuple[float, bool] | None:
        """Where the rectifier ends and whether it works in place; None where it is none."""
        lowest, highest = (self._number(end, given) for end in (self.lowest, self.highest))
        instead = self._number(self.instead, given) if self.instead else 0.0
        in_place = bool(given.get(self.in_place, False)) if isinstance(self.in_place, str) else self.in_place
        # What ends at 1 or before holds a picture or a share within its range: it is no activation.
        rectifies = lowest == 0 and instead == 0 and highest is not None and highest > 1
        return (float(highest), in_place) if rectifies and highest is not None else None

    def _number(self, end: float | str, given: Mapping[str, Any]) -> float | None:
        """None for what is no number, such as a bound for each pixel."""
        value = end if isinstance(end, int | float) else given.get(end)
        if value is None and isinstance(end, str):
            value = dict(self.left_out).get(end)
        return float(value) if isinstance(value, int | float) else None


_CLAMP = _Form(("min", "max"), "min", "max", left_out=(("max", torch.inf),))
_CLAMP_MIN = _Form(("min",), "min")
_HARDTANH = _Form(
    ("min_val", "max_val", "inplace"),
    "min_val",
    "max_val",
    in_place="inplace",
    left_out=(("min_val", -1), ("max_val", 1)),
)
_THRESHOLD = _Form(("threshold", "value", "inplace"), "threshold", instead="value", in_place="inplace")


def _in_place(form: _Form) -> _Form:
    return replace(form, in_place=True)


_FORMS: dict[Any, _Form] = {
    F.relu: _Form(("inplace",), in_place="inplace"),
    F.relu6: _Form(("inplace",), highest=6.0, in_place="inplace"),
    F.hardtanh: _HARDTANH,
    F.hardtanh_: _in_place(_HARDTANH),
    F.threshold: _THRESHOLD,
    torch.threshold: _THRESHOLD,
    torch.threshold_: _in_place(_THRESHOLD),
}
for _name, _form in (
    ("relu", _Form()), ("clamp", _CLAMP), ("clip", _CLAMP), ("clamp_min", _CLAMP_MIN),
):  # fmt: skip
    for _where in (torch, torch.Tensor):
        _FORMS[getattr(_where, _name)] = _form
        _FORMS[getattr(_where, f"{_name}_")] = _in_place(_form)

_LARGER = frozenset({torch.maximum, torch.Tensor.maximum, torch.max, torch.Tensor.max, torch.fmax, torch.Tensor.fmax})


def _rectifier(
    function: Any, arguments: tuple[Any, ...], options: dict[str, Any]
) -> tuple[torch.Tensor, float, bool] | None:
    """What is rectified, where that ends, and whether it works in place; None where the function rectifies nothing."""
    function = _plain(function)
    if function in _LARGER:
        return _larger_than_zero((*arguments, *(options[name] for name in ("other",) if name in options)))
    form = _FORMS.get(function)
    if form is None:
        return None
    names = ("input", *form.names)
    given = dict(zip(names, arguments, strict=False)) | options
    values, read = given.get("input", given.get("self")), form.read(given)
    return (values, *read) if read is not None and isinstance(values, torch.Tensor) else None


def _plain(function: Any) -> Any:
    """The function that an operation of `torch.ops.aten` is."""
    if isinstance(function, OpOverload):
        function = function.overloadpacket
    if isinstance(function, OpOverloadPacket):
        name = function.__name__
        return getattr(torch, name, None) or getattr(F, name, None)
    return function


def _larger_than_zero(parts: tuple[Any, ...]) -> tuple[torch.Tensor, float, bool] | None:
    """The one of two tensors of which the larger of it and zero is taken; None where neither is zero everywhere."""
    if len(parts) == 2 and all(isinstance(part, torch.Tensor) for part in parts):
        for values, zero in (parts, parts[::-1]):
            fits = zero.numel() == 1 or zero.shape == values.shape
            if fits and not zero.requires_grad and not zero.any():
                return values, torch.inf, False
    return None
