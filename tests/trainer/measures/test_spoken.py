"""Numbers with their intervals are written in one way."""

import re

from hypothesis import given
from hypothesis import strategies as st

from trainer.measures.bootstrap import Measure
from trainer.measures.spoken import change, signed, spoken, within

NAN = float("nan")
NUMBERS = st.floats(-1e6, 1e6)


def test_a_measure_and_a_difference() -> None:
    assert spoken(Measure(0.8821, 0.8518, 0.9111, 500)) == "0.882 [0.852, 0.911]"
    assert change(Measure(0.0121, -0.0042, 0.0281, 500)) == "+0.012 [-0.004, 0.028]"
    assert change(Measure(-0.00004, -0.0042, 0.00004, 500), 2) == "0.00 [0.00, 0.00]"


def test_what_has_no_interval_says_so() -> None:
    assert spoken(Measure(0.5, NAN, NAN, 2), 2) == "0.50 (no interval)"
    assert spoken(Measure(NAN, NAN, NAN, 0)) == change(Measure(NAN, NAN, NAN, 0)) == "not defined"


@given(low=NUMBERS, high=NUMBERS, digits=st.integers(1, 6))
def test_an_interval_can_be_read_back_to_its_digits(low: float, high: float, digits: int) -> None:
    text = within(low, high, digits)
    assert "-0." + "0" * digits + "," not in text
    ends = [float(end) for end in text[1:-1].split(", ")]
    assert ends == [round(low, digits), round(high, digits)]


@given(value=NUMBERS, digits=st.integers(1, 6))
def test_only_nothing_has_no_sign(value: float, digits: int) -> None:
    assert bool(re.match("[-+]", signed(value, digits))) == (round(value, digits) != 0)
