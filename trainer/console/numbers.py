"""Numbers of a command line, for argparse: whoever gives something else reads what is wanted."""

import argparse
import math
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def _reader(kind: Callable[[str], Number], wanted: str, fits: Callable[[Number], bool]) -> Callable[[str], Number]:
    """What makes a number of a text; argparse's own error where it is none, or does not fit."""

    def read(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text[:60]!r} is not {wanted}")
        return value

    return read


whole_number = _reader(int, "a whole number", lambda number: True)
zero_or_more = _reader(int, "a whole number of 0 or more", lambda number: number >= 0)
at_least_one = _reader(int, "a whole number of 1 or more", lambda number: number >= 1)

any_number = _reader(float, "a number", math.isfinite)
not_negative = _reader(float, "a number of 0 or more", lambda number: 0 <= number < math.inf)
positive = _reader(float, "a number above 0", lambda number: 0 < number < math.inf)
share = _reader(float, "a number from 0 to 1", lambda number: 0 <= number <= 1)
decay = _reader(float, "a number from 0 to below 1", lambda number: 0 <= number < 1)
