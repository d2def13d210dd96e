"""The course of the learning rate: pure functions of the step, so that a resumed run needs no state of theirs."""

import math

from trainer.training.recipe import Learning

START, FALL_FROM, END = 1 / 25, 0.1, 1 / 250_000


def factor(learning: Learning, step: int, steps_per_epoch: int) -> float:
    """The share of `learning_rate` that step 0, 1, ... of the run uses, in (0, 1].

    While the head learns alone it is 1; the schedule begins with the first step of all parameters.
    """
    head_steps = steps_per_epoch * learning.head_epochs
    step -= head_steps
    if step < 0:
        return 1.0
    if learning.schedule == "one-cycle":
        return one_cycle(step, steps_per_epoch * learning.epochs - head_steps)
    if learning.schedule == "cosine":
        return warm_restarts(step / steps_per_epoch, learning.cycle, learning.cycle_factor)
    return 1.0


def one_cycle(step: int, steps: int) -> float:
    """A half cosine up from 1/25 over the first tenth, and one down to almost nothing (Smith & Topin, 2018)."""
    peak, last = FALL_FROM * steps - 1, steps - 1
    if step <= peak:
        return _between(START, 1.0, step / peak if peak else 1.0)
    return _between(1.0, END, min(1.0, (step - peak) / (last - peak)) if last > peak else 1.0)


def warm_restarts(epoch: float, cycle: int, cycle_factor: int) -> float:
    """SGDR: a half cosine from 1 to 0 over each cycle, each `cycle_factor` times as long (Loshchilov & Hutter, 2017).

    `epoch` may be a fraction: the rate falls with every step.
    """
    length = cycle
    while epoch >= length:
        epoch, length = epoch - length, length * cycle_factor
    return (1 + math.cos(math.pi * epoch / length)) / 2


def _between(first: float, last: float, share: float) -> float:
    """From `first` at 0 to `last` at 1 along a half cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2
