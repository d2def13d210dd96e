"""The filters that a network uses most, what was said of them, and how much that is of its decision."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.core.counting import counted
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.words import spellings
from trainer.measures.percent import percent

DECISIVE = 0.9
"""Share of |relevance| that a work list has to carry."""
DIGITS = 1
"""Behind the point of a share in percent."""


@dataclass(frozen=True)
class WorkList:
    """`filters`, the one with most |relevance| first, carry `carried` (0..1) of all |relevance| of `total` filters.

    `shares` (0..1) of all |relevance| by word, whatever its case, the largest first; one of several words of a filter
    gets an equal part. `unnamed` is what remains of `carried`; `named` counts the filters with a word, `elsewhere`
    those with a word that are not in the list. `own` (0..1) is what each of `filters` carries alone.
    """

    filters: tuple[FilterKey, ...]
    total: int
    carried: float
    named: int
    shares: tuple[tuple[str, float], ...]
    unnamed: float
    elsewhere: int = 0
    own: tuple[float, ...] = ()

    @cached_property
    def places(self) -> dict[FilterKey, int]:
        """Where each filter stands in the list, from 0: asked for with every filter that is walked."""
        return {key: place for place, key in enumerate(self.filters)}

    def place_of(self, key: FilterKey) -> str:
        """Which of the list a filter is, and what it carries, in words; "" where it is none of them."""
        place = self.places.get(key)
        if place is None:
            return ""
        share = percent(self.own[place], DIGITS)
        return f"{key} carries {share}, place {place + 1:,} of {len(self.filters):,}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON form: counts and shares, and the sentence."""
        return {
            "filters": len(self.filters),
            "total": self.total,
            "carried": self.carried,
            "named": self.named,
            "shares": [{"word": word, "share": share} for word, share in self.shares],
            "unnamed": self.unnamed,
            "sentence": str(self),
        }

    def __str__(self) -> str:
        return self._sentence

    @cached_property
    def _sentence(self) -> str:
        if not self.filters:
            return ""
        all_filters = counted(self.total, "filter")
        first = f"{len(self.filters):,} of {all_filters} carry {percent(self.carried, DIGITS)} of the decision"
        parts = [*self.shares, ("unnamed", self.unnamed)] if self.unnamed > 0 else self.shares
        rounded = adding_up([share for _, share in parts], self.carried)
        words = (f"{word} {percent(share, DIGITS)}" for (word, _), share in zip(parts, rounded, strict=True))
        shares = f": {', '.join(words)}"
        if self.named:
            return f"{first}; {self.named:,} named{shares}"
        verb = "is" if self.elsewhere == 1 else "are"
        others = f"; {self.elsewhere:,} with a tag {verb} not among them" if self.elsewhere else ""
        return f"{first}; none of them has a tag yet{others}"


def adding_up(shares: Sequence[float], whole: float) -> list[float]:
    """Shares (0..1) of a whole, rounded to as many digits as are said, so that they add up to the rounded whole.

    Those that lose most by rounding down are rounded up (largest remainders, Hamilton, 1792).
    """
    units = 10 ** (2 + DIGITS)
    exact = [share * units for share in shares]
    rounded = [math.floor(share) for share in exact]
    missing = round(whole * units) - sum(rounded)
    by_remainder = sorted(range(len(exact)), key=lambda place: rounded[place] - exact[place])
    for place in by_remainder[: max(missing, 0)]:
        rounded[place] += 1
    return [share / units for share in rounded]


def work_list(filters: npt.NDArray[np.void], book: TagBook, *, share: float = DECISIVE) -> WorkList:
    """The fewest filters of an index that carry this share (0..1) of all |relevance|, with what was said of them.

    `filters` has the columns of `schema.FILTERS`; where no relevance was computed the list is empty.
    """
    weights = np.nan_to_num(filters["relevance"].astype(np.float64), nan=0.0)
    total = weights.sum()
    if not total > 0:
        return WorkList((), len(filters), 0.0, 0, (), 0.0)
    order = np.argsort(-weights, kind="stable")
    sums = np.cumsum(weights[order]) / total
    order = order[: int(np.searchsorted(sums, share - 1e-9)) + 1]
    keys = [FilterKey(int(filters["layer"][row]), int(filters["filter"][row])) for row in order]
    shares: defaultdict[str, float] = defaultdict(float)
    named, unnamed, spelled = 0, 0.0, spellings(book)
    for key, weight in zip(keys, weights[order] / total, strict=True):
        words = {spelled[tag.tag.casefold()] for tag in book.tags(key)}
        named += bool(words)
        unnamed += 0.0 if words else float(weight)
        for word in words:
            shares[word] += float(weight) / len(words)
    by_size = tuple(sorted(shares.items(), key=lambda part: (-part[1], part[0])))
    listed = set(keys)
    elsewhere = sum(key not in listed for key in book)
    carried, own = float(sums[len(order) - 1]), tuple(map(float, weights[order] / total))
    return WorkList(tuple(keys), len(filters), carried, named, by_size, unnamed, elsewhere, own)
