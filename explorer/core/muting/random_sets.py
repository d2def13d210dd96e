"""Sets of other filters of the same layers that are as relevant as the muted ones, each once."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.tags import FilterKey

Numbers = npt.NDArray[np.float64]
Places = tuple[int, ...]

TRIES = 20
"""Random orders for each set that is wanted, after which no more are looked for."""
MOST_STEPS = 500_000
"""Steps after which the sets that are possible are not counted any further."""
LEAST_RELEVANCE = 0.9
"""Of the muted filters' relevance: a layer whose other filters carry less lends its muted ones too."""


@dataclass(frozen=True)
class RandomSets:
    """Different `sets` of filters, and the share of all relevance that each carries.

    None holds all of the muted filters, or none but them. With `complete`, no others are possible. `lent` (0..1) is the
    share of muted filters in them, on average.
    """

    sets: tuple[tuple[FilterKey, ...], ...]
    shares: tuple[float, ...]
    complete: bool
    lent: float


def random_sets(keys: Sequence[FilterKey], filters: npt.NDArray[np.void], draws: int, seed: int = 0) -> RandomSets:
    """Up to `draws` different random sets of filters of the same layers with about the same share of relevance.

    In each layer the filters that are not muted come in random order, and as many of the first are taken as bring the
    sum of their relevance nearest to that of the muted ones; silent ones are passed over. A set may so have more or
    fewer filters. `filters` are the rows of an index; without relevance in it as many filters are taken. A layer whose
    other filters are too few, or carry too little, lends its muted ones too. Where fewer sets are possible than are
    wanted, all of them are taken.
    """
    rng = np.random.default_rng(seed)
    relevance = np.nan_to_num(filters["relevance"].astype(np.float64))
    total = float(relevance.sum())
    wanted = {(key.layer, key.filter) for key in keys}
    is_muted = np.array([(int(row["layer"]), int(row["filter"])) in wanted for row in filters], bool)
    muted = tuple(np.flatnonzero(is_muted).tolist())
    layers = [
        _Layer.of(np.flatnonzero(filters["layer"] == layer), is_muted, relevance, filters["silent"])
        for layer in sorted({key.layer for key in keys})
    ]
    found: dict[Places, None] = {}
    for _ in range(TRIES * draws):
        if len(found) == draws:
            break
        drawn = tuple(place for layer in layers for place in layer.drawn(rng))
        if _differ(drawn, muted):
            found[drawn] = None
    complete = False
    if len(found) < draws:
        possible = _possible(layers, draws + 1)
        if possible is not None:
            found = dict.fromkeys(one for one in possible if _differ(one, muted))
            complete = len(found) <= draws
    sets = list(found)[:draws]
    shares = [float(relevance[list(one)].sum()) / total if total > 0 else math.nan for one in sets]
    lent = float(np.mean([is_muted[list(one)].mean() for one in sets])) if sets else 0.0
    names = [FilterKey(int(row["layer"]), int(row["filter"])) for row in filters]
    return RandomSets(tuple(tuple(names[place] for place in one) for one in sets), tuple(shares), complete, lent)


@dataclass(frozen=True)
class _Layer:
    """The rows (N) that may stand for a layer's `muted` rows, the most relevant first, and their relevance (N).

    `aim` is the sum that is wanted, None where the number of filters is.
    """

    rows: npt.NDArray[np.intp]
    relevance: Numbers
    muted: int
    aim: float | None

    @classmethod
    def of(
        cls,
        rows: npt.NDArray[np.intp],
        is_muted: npt.NDArray[np.bool_],
        relevance: Numbers,
        silent: npt.NDArray[np.bool_],
    ) -> "_Layer":
        muted = rows[is_muted[rows]]
        others = rows[~is_muted[rows] & ~silent[rows]]
        aim = float(relevance[muted].sum())
        if len(others) < len(muted) or relevance[others].sum() < LEAST_RELEVANCE * aim:
            others = rows[is_muted[rows] | ~silent[rows]]
        others = others[np.argsort(-relevance[others], kind="stable")]
        return cls(others, relevance[others], len(muted), aim if aim > 0 else None)

    def drawn(self, rng: np.random.Generator) -> list[int]:
        """One set of rows, sorted."""
        order = rng.permutation(len(self.rows))
        count = self.muted
        if self.aim is not None:
            count = int(np.abs(np.cumsum(self.relevance[order]) - self.aim).argmin()) + 1
        return sorted(self.rows[order[:count]].tolist())

    def possible(self, most: int) -> list[list[int]] | None:
        """Every set that can be drawn; None where there are more than `most` or counting them takes too long."""
        if self.aim is None:
            if math.comb(len(self.rows), self.muted) > most:
                return None
            return [
                sorted(self.rows[list(one)].tolist())
                for one in itertools.combinations(range(len(self.rows)), self.muted)
            ]
        places = _nearest_sums(self.relevance.tolist(), self.aim, most)
        return None if places is None else [sorted(self.rows[list(one)].tolist()) for one in places]


def _differ(one: Places, other: Places) -> bool:
    """Whether neither holds the other: a set with all of the muted filters, or of none but them, is no other set."""
    return not (set(one) <= set(other) or set(one) >= set(other))


def _possible(layers: Sequence[_Layer], most: int) -> list[Places] | None:
    """Every set of rows over all layers, at most `most`."""
    of_layers = [layer.possible(most) for layer in layers]
    known = [sets for sets in of_layers if sets is not None]
    if len(known) < len(layers) or math.prod(map(len, known)) > most:
        return None
    return [tuple(itertools.chain.from_iterable(one)) for one in itertools.product(*known)]


def _nearest_sums(relevance: Sequence[float], aim: float, most: int) -> list[Places] | None:
    """Every set of places that some order takes: `relevance` falls, and no order's sum comes nearer to `aim` before.

    A set is taken where its sum is nearer than without its largest member, and as near as with the largest of those
    outside: with these two last and next, its order is one that ends there. None as in `_Layer.possible`.
    """
    count = len(relevance)
    rest = [*itertools.accumulate(reversed(relevance), initial=0.0)][::-1]
    found: list[Places] = []
    stack: list[tuple[int, Places, float, int]] = [(0, (), 0.0, count)]
    steps = 0
    while stack:
        steps += 1
        if steps > MOST_STEPS or len(found) > most:
            return None
        place, members, total, outside = stack.pop()
        largest = relevance[members[0]] if members else 0.0
        next_one = relevance[outside] if outside < count else math.inf
        if len(members) > 1 and abs(total - aim) >= abs(total - largest - aim) and total >= aim:
            continue  # with more it is farther still
        if outside < count and abs(total + rest[place] + next_one - aim) < abs(total + rest[place] - aim):
            continue  # with all that comes it is still too little
        if place < count:
            stack.append((place + 1, members, total, min(outside, place)))
            stack.append((place + 1, (*members, place), total + relevance[place], outside))
        elif members and (len(members) == 1 or abs(total - aim) < abs(total - largest - aim)):
            found.append(members)
    return found
