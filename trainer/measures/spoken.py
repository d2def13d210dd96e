"""Measured numbers as people read them, with their 95 % intervals, in one way wherever they stand."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.measures.bootstrap import Measure


def spoken(measure: "Measure", digits: int = 3) -> str:
    """A measure with its interval: "0.882 [0.852, 0.911]"."""
    if not math.isfinite(measure.value):
        return "not defined"
    return f"{signed(measure.value, digits).lstrip('+')} {within(measure.low, measure.high, digits)}"


def change(difference: "Measure", digits: int = 3) -> str:
    """A difference, with its sign, and its interval: "+0.012 [-0.004, 0.028]"."""
    if not math.isfinite(difference.value):
        return "not defined"
    return f"{signed(difference.value, digits)} {within(difference.low, difference.high, digits)}"


def within(low: float, high: float, digits: int = 3) -> str:
    """An interval: "[0.852, 0.911]"."""
    if not math.isfinite(low):
        return "(no interval)"
    return f"[{signed(low, digits).lstrip('+')}, {signed(high, digits).lstrip('+')}]"


def signed(value: float, digits: int = 3) -> str:
    """A number with its sign; what rounds to nothing has none."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text


def ordinal(number: float) -> str:
    """1st, 2nd, 3rd, 4th ... of a number that is rounded first."""
    whole = round(number)
    ending = "th" if 10 <= whole % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{ending}"
