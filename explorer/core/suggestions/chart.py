"""What speaks for a suggestion as a small chart: a few groups of bars, and the answer around the lesion."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NAN = float("nan")
LONGEST = 80
"""Characters of a title or a name that are read from a file."""
MOST = 12
"""Groups, and bars of one, that are read from a file."""
SIDES = 8


@dataclass(frozen=True)
class Bar:
    """`value` of `what`, with its 95 % interval where there is one (else NaN).

    `speaks` tells what speaks for the suggestion from what it is compared with.
    """

    what: str
    value: float
    speaks: bool = False
    low: float = NAN
    high: float = NAN


@dataclass(frozen=True)
class Bars:
    """Bars of one scale, which holds 0."""

    title: str
    bars: tuple[Bar, ...]

    def at(self, value: float) -> float:
        """Where a value lies between the ends of the scale: 0 to 1."""
        values = [end for bar in self.bars for end in (bar.value, bar.low, bar.high) if math.isfinite(end)]
        low, high = min(values, default=0.0), max(values, default=0.0)
        low, high = min(low, 0.0), max(high, 0.0)
        return (min(max(value, low), high) - low) / (high - low) if high > low else 0.0


@dataclass(frozen=True)
class Chart:
    """`groups` of bars; `around` the mean answer in the eight sectors of the rim, 0 right and 2 top, of the pictures
    themselves, `around_others` on other pictures' rims; both empty where there is no lesion in it.
    """

    groups: tuple[Bars, ...] = ()
    around: tuple[float, ...] = ()
    around_others: tuple[float, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in words, a line for each group."""
        lines = [
            f"{group.title}: {'; '.join(f'{bar.what} {written(bar.value)}' for bar in group.bars)}"
            for group in self.groups
        ]
        if self.around:
            lines.append(f"around the lesion from the right over the top: {', '.join(map(written, self.around))}")
        return tuple(lines)

    def as_values(self) -> dict[str, Any]:
        """Plain values for JSON; {} for an empty chart."""
        if not self.groups and not self.around:
            return {}
        groups = [
            [group.title, [[bar.what, *map(_short, (bar.value, bar.low, bar.high)), bar.speaks] for bar in group.bars]]
            for group in self.groups
        ]
        around, others = ([_short(value) for value in values] for values in (self.around, self.around_others))
        return {"groups": groups} | ({"around": around, "around_others": others} if around else {})


def chart_from(values: object) -> Chart:
    """A chart from `as_values`; ValueError for anything else. A file may come from a stranger."""
    if values == {}:
        return Chart()
    if not isinstance(values, dict) or not isinstance(values.get("groups"), list) or len(values["groups"]) > MOST:
        raise ValueError("its chart is none")
    around, others = (_sectors(values.get(name, [])) for name in ("around", "around_others"))
    return Chart(tuple(_group(group) for group in values["groups"]), around, others)


def written(value: float) -> str:
    """A number of a chart, as it stands beside its bar."""
    if math.isnan(value):
        return "–"
    digits = f"{value:.2f}" if 0.1 <= abs(value) < 100 or value == 0 else f"{value:.2g}"
    return digits.replace("-", "−")


def _group(values: object) -> Bars:
    if not isinstance(values, list) or len(values) != 2 or not isinstance(values[1], list) or len(values[1]) > MOST:
        raise ValueError("a group of its chart is none")
    return Bars(_word(values[0]), tuple(_bar(bar) for bar in values[1]))


def _bar(values: object) -> Bar:
    if not isinstance(values, list) or len(values) != 5 or not isinstance(values[4], bool):
        raise ValueError("a bar of its chart is none")
    value, low, high = map(_number, values[1:4])
    return Bar(_word(values[0]), value, values[4], low, high)


def _sectors(values: object) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) not in (0, SIDES):
        raise ValueError("its chart has no eight sectors")
    return tuple(map(_number, values))


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a name of its chart is no text")
    return value[:LONGEST]


def _number(value: object) -> float:
    if value is None:
        return NAN
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a value of its chart is no number")
    return float(value) if math.isfinite(value) else NAN


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None


def fractions(values: Sequence[float], others: Sequence[float]) -> tuple[list[float], list[float]]:
    """Radii (0 to 1) of two rows of sectors on one scale; what is not known is 0."""
    clean = [[max(value, 0.0) if math.isfinite(value) else 0.0 for value in row] for row in (values, others)]
    most = max((value for row in clean for value in row), default=0.0) or 1.0
    first, second = ([value / most for value in row] for row in clean)
    return first, second
