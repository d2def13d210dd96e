"""Every usual arrangement of a straight line that its weights fit, the most usual first."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trainer.networks.straight_line.arrangement import Arrangement
from trainer.networks.straight_line.network import fits, place_of
from trainer.networks.straight_line.reading import Line, Unit

SIDES = (28, 32, 50, 64, 96, 112, 128, 150, 180, 200, 224, 227, 256, 299, 300, 320, 384, 512)
_USUAL_SIDES = {224: 1.0, 32: 0.7, 64: 0.7, 128: 0.7, 256: 0.6, 28: 0.1, 299: 0.4, 96: 0.5, 150: 0.4, 512: 0.2}
_MOST_UNSURE = 6


@dataclass(frozen=True)
class Proposal:
    """An arrangement and how usual it is: shares of one another, made up from what such networks look like."""

    arrangement: Arrangement
    weight: float


def proposals(line: Line, side: int | None = None) -> list[Proposal]:
    """The arrangements that fit, the most usual first, each pattern with its most usual side alone.

    `side` is that of the pictures where something says it.
    """
    best: dict[Arrangement, Proposal] = {}
    sides = {side: 1.0} if side else {length: _USUAL_SIDES.get(length, 0.25) for length in SIDES}
    for pattern, weight in _patterns(line):
        for length, usual in sides.items():
            arrangement = replace(pattern, side=length)
            if not fits(arrangement, line):
                continue
            often = 1.0 if length == 28 and line.channels == 1 else usual
            # A map that is cut off at a pool's edge is less usual than one that is halved without a rest.
            share = weight * often * (1.0 if _even(arrangement, line) else 0.25 if arrangement.same else 0.7)
            if pattern not in best or best[pattern].weight < share:
                best[pattern] = Proposal(arrangement, share)
    return sorted(best.values(), key=lambda proposal: -proposal.weight)


def other_sides(line: Line, arrangement: Arrangement) -> tuple[int, ...]:
    """The other usual sides of pictures that the same arrangement fits."""
    others = (replace(arrangement, side=side) for side in SIDES if side != arrangement.side)
    return tuple(other.side for other in others if fits(other, line))


def _even(arrangement: Arrangement, line: Line) -> bool:
    """Whether every pool halves its map without a rest."""
    if arrangement.pool != "max2" and arrangement.pool != "avg2":
        return True
    for number in arrangement.pooled:
        before = tuple(earlier for earlier in arrangement.pooled if earlier < number)
        part = Line(line.channels, line.convolutions[: number + 1], (), 0, line.tensors)
        height, _ = place_of(replace(arrangement, pooled=before), part)
        if height % 2:
            return False
    return True


def _patterns(line: Line) -> Iterator[tuple[Arrangement, float]]:
    """Everything but the side, with how usual it is."""
    large = max(line.convolutions[0].kernel)
    pools = (("max2", 1.0), ("max3", 0.1 if large < 11 else 2.0), ("avg2", 0.05))
    choices = itertools.product(_endings(line), _strides(line), _paddings(line), _activations(line))
    for (ending, a), (steps, b), (same, c), (activation, f) in choices:
        everywhere = len(steps) == len(line.convolutions)
        for pooled, d in _pools(line, ending, activated=activation != "none"):
            norm = _norm(line, pooled, ending)
            for pool, e in pools if pooled else pools[:1]:
                share = a * b * c * d * e * f * ((0.2 if pooled else 3.0) if everywhere else 1.0)
                yield Arrangement(activation, same, pool, pooled, steps, ending, 0, norm), share


def _activations(line: Line) -> list[tuple[str, float]]:
    """ReLU, or none where the one place between two convolutions may be that of a pool instead."""
    units = line.convolutions[:-1]
    lonely = bool(units) and all(unit.gap == 1 and not (unit.norm or unit.prelu) for unit in units)
    return [("relu", 1.0), *([("none", 0.1)] if lonely else [])]


def _norm(line: Line, pooled: tuple[int, ...], ending: str) -> str:
    """Where the norms stand by the numbers: behind the pool where no place is left for it behind the norm."""
    units = [unit for unit in line.convolutions if unit.norm]
    orders = {unit.order("first") for unit in units}
    if "last" not in orders:
        return "first"
    ends = _ends(line, ending)
    inside = [
        number in pooled and (unit.inner or 0) > 1 and (unit.gap is None or unit.gap - ends[number] < 1)
        for number, unit in enumerate(line.convolutions)
        if unit.norm
    ]
    return "pool" if any(inside) else "last"


def _ends(line: Line, ending: str) -> list[int]:
    """The places behind each convolution's block that what follows the convolutions takes."""
    # In one line with the fully connected layers, the last places are those of the average and the flattening.
    return [0] * (len(line.convolutions) - 1) + [2 if ending == "average" else 1]


def _endings(line: Line) -> list[tuple[str, float]]:
    side = math.isqrt(line.per_place)
    if not line.connected:
        return [("average", 1.0)]
    if line.per_place == 1:
        return [("average", 1.0), ("flatten", 0.05)]
    if side * side != line.per_place or side > 8:
        return [("flatten", 1.0)]
    # Only large networks (AlexNet, VGG) take the average of a few places.
    return [("flatten", 1.0), ("average", 0.3 if side in (6, 7) and len(line.convolutions) >= 5 else 0.02)]


def _strides(line: Line) -> list[tuple[tuple[tuple[int, int], ...], float]]:
    large = max(line.convolutions[0].kernel)
    strides: list[tuple[tuple[tuple[int, int], ...], float]] = [((), 1.0)]
    if large >= 5:
        strides.append((((0, 2),), 2.0 if large == 7 else 0.1))
    if large == 11:
        strides.append((((0, 4),), 4.0))
    if len(line.convolutions) > 1 and all(unit.kernel[0] > 1 for unit in line.convolutions):
        strides.append((tuple((number, 2) for number in range(len(line.convolutions))), 0.15))
    return strides


def _paddings(line: Line) -> list[tuple[bool, float]]:
    largest = max(max(unit.kernel) for unit in line.convolutions)
    if largest == 1:
        return [(True, 1.0)]
    return [(True, 1.0), (False, 0.5)] if largest == 3 else [(True, 0.8), (False, 0.7)]


def _pools(line: Line, ending: str, *, activated: bool = True) -> list[tuple[tuple[int, ...], float]]:
    """After which convolutions pools may stand: as the numbers in the names say, and by the usual patterns."""
    units = line.convolutions
    answers = [_told(unit, end, activated) for unit, end in zip(units, _ends(line, ending), strict=True)]
    free = [number for number, answer in enumerate(answers) if answer is None]
    sure = [number for number, answer in enumerate(answers) if answer]
    unsure = sure[-_MOST_UNSURE:]
    shares: dict[tuple[int, ...], float] = {}
    for chosen, share in _usual(units, free, sure):
        for dropped in itertools.chain.from_iterable(
            itertools.combinations(unsure, count) for count in range(len(unsure) + 1)
        ):
            # A place for two modules without weights may hold dropout instead of a pool.
            pooled = tuple(sorted({*chosen, *sure} - {*dropped}))
            shares[pooled] = max(shares.get(pooled, 0.0), share * 0.1 ** len(dropped))
    return list(shares.items())


def _told(unit: Unit, end: int, activated: bool) -> bool | None:
    """Whether a pool follows a unit by the numbers of the names; None where they do not say it.

    `end` is the number of places that what follows the convolutions takes; `activated` where one is an activation's.
    """
    inner = unit.inner or 0
    if unit.gap is None:
        return True if inner > 1 else None
    places = inner + max(unit.gap - end, 0) if inner else unit.gap - end
    return places - (1 if activated and not unit.prelu else 0) >= 1


def _usual(units: Sequence[Unit], free: list[int], sure: list[int]) -> list[tuple[tuple[int, ...], float]]:
    """The usual ways to put pools after the free convolutions; `sure` are those after which one stands."""
    if not free:
        return [((), 1.0)]
    if len(free) == 1 and len(units) > 1:  # the end of a numbered line goes on as the line did
        regular = _goes_on(sure, free[0])
        return [((free[0],), 1.0 if regular else 0.3), ((), 0.3 if regular else 1.0)]
    widths = [unit.outputs for unit in units]
    ends = [number for number in free if number == len(units) - 1 or widths[number + 1] != widths[number]]
    sizes = [b - a for a, b in itertools.pairwise([-1, *ends])]
    blocks = 1.2 if len(ends) > 1 and min(sizes) > 1 else 0.4 if len(ends) > 1 else 0.15
    ways: list[tuple[Sequence[int], float]] = [
        (free, 1.0),
        (ends, blocks),
        (free[:-1], 0.4),
        (ends[:-1], blocks / 3),
        ((), 0.3),
        (free[1::2], 0.5 if len(free) > 3 else 0.3),
        (free[2::3], 0.3),
        (free[1:], 0.1),
        (free[::2], 0.1),
    ]
    ways += [(free[:count], 0.1) for count in range(1, len(free))]
    ways += [(free[count:], 0.05) for count in range(1, len(free))]
    best: dict[tuple[int, ...], float] = {}
    for pooled, share in ways:
        best[tuple(pooled)] = max(best.get(tuple(pooled), 0.0), share)
    return list(best.items())


def _goes_on(sure: list[int], last: int) -> bool:
    """Whether a pool after the last convolution would follow at the distance of those before."""
    if not sure:
        return False
    step = sure[-1] - sure[-2] if len(sure) > 1 else sure[0] + 1
    return last - sure[-1] >= step
