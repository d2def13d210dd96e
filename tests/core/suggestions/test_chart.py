"""The chart of a suggestion: its scale, its plain values, and what is refused of a stranger's file."""

import json

import pytest

from explorer.core.report.page import rose, suggestion_chart
from explorer.core.suggestions.chart import Bar, Bars, Chart, chart_from, written

NAN = float("nan")
CHART = Chart(
    (
        Bars("effect", (Bar("here", 0.5, True, 0.25, 0.75), Bar("least", 0.125))),
        Bars("hue", (Bar("lighter", -1.5, True),)),
    ),
    (0.5, 0.25, 0.0, 0.25, 0.5, 0.5, 1.0, 0.5),
    (0.5,) * 8,
)


def test_every_bar_begins_at_zero_and_ends_within() -> None:
    effect, hue = CHART.groups

    assert [effect.at(value) for value in (0.0, 0.375, 0.75)] == [0.0, 0.5, 1.0]
    assert [hue.at(value) for value in (-1.5, 0.0)] == [0.0, 1.0]
    assert Bars("nothing", (Bar("here", 0.0), Bar("there", NAN))).at(0.0) == 0.0


def test_it_comes_back_from_plain_values() -> None:
    assert chart_from(json.loads(json.dumps(CHART.as_values(), allow_nan=False))) == CHART
    assert chart_from({}) == Chart()
    assert repr(chart_from(Chart((Bars("x", (Bar("y", NAN),)),)).as_values()).groups[0].bars[0].value) == "nan"


@pytest.mark.parametrize(
    "values",
    [
        [],
        {"groups": 3},
        {"groups": [["a"]]},
        {"groups": [["a", [["b", "c", 1, 1, True]]]]},
        {"groups": [[7, []]]},
        {"groups": [["a", [["b", 1, 1, 1, 1]]]]},
        {"groups": [["a", []]] * 1000},
        {"groups": [], "around": [1, 2]},
    ],
)
def test_anything_else_is_refused_and_drawn_nowhere(values: object) -> None:
    with pytest.raises(ValueError, match="its chart"):
        chart_from(values)
    assert suggestion_chart({"suggestion": {"chart": values}}) is None
    assert suggestion_chart({"suggestion": values}) is None


def test_petals_point_where_the_answer_is() -> None:
    own, others = rose(CHART)

    bottom = own.split("M0 0")[1 + 6]
    assert bottom.startswith("L-0.383 0.924")  # SVG counts downwards
    assert others.count("A0.500 0.500") == 8


def test_small_numbers_keep_their_digits() -> None:
    assert [written(value) for value in (0.0, 0.004321, -0.5, 12.3, NAN)] == ["0.00", "0.0043", "−0.50", "12.30", "–"]
