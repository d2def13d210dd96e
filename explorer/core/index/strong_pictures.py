"""On how many pictures a filter is strong, and which class these have more often than the others: one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from explorer.core.index.folder_index import FolderIndex
from explorer.core.tags import FilterKey
from trainer.measures.percent import percent

STRONG = 0.25
"""How far a strong answer lies from the 0.999 quantile of the filter's values inside to the highest of them."""
ENOUGH, ENOUGH_OF_A_CLASS = 5, 3
"""Strong pictures of known class, and of one class, from which on something is said of it."""
IN_PERCENT = 20
"""Strong pictures of known class from which on shares are said in percent."""
Z = 1.96


@dataclass(frozen=True)
class StrongPictures:
    """`count` of `pictures` have an answer above `threshold`.

    `name` is the class that is most over-represented among the strong pictures of known class: `share` of them against
    `share_of_all`; "" where none is beyond chance. `known` strong pictures were counted for that, of `compared` in all:
    without those that the network was trained or chosen on, which are `trained_on` of the strong ones and `left_out` of
    all.
    """

    count: int
    pictures: int
    threshold: float
    name: str
    share: float
    share_of_all: float
    known: int
    trained_on: int
    compared: int
    left_out: int
    silent: bool = False
    of_training: bool = False

    def sentence(self) -> str:
        """All of it in words."""
        if self.silent:
            return f"silent on all {self.pictures:,} pictures, the edge left out"
        beginning = f"strong on {self.count:,} of {self.pictures:,} pictures"
        if not self.count:
            return beginning
        if self.name:
            share = percent(self.share) if self.known >= IN_PERCENT else f"{round(self.share * self.known)}"
            of_all = f"{percent(self.share_of_all)} of {self._all}"
            return f"{beginning}; {share} of {self._these} are {self.name} ({of_all})"
        if self.known >= ENOUGH:  # not that none goes with the answer: one may be rare among these
            return f"{beginning}; no class is clearly more frequent among {self._these} than among {self._all}"
        if self.trained_on:
            few = f"only {self.known:,}" if self.known else "none"
            return f"{beginning}; of these {few} of known class that the network was not trained on"
        return beginning

    @property
    def _these(self) -> str:
        """The strong pictures that were counted."""
        without_class = self.known < self.count - self.trained_on
        if self.trained_on:
            of_class = "of known class " if without_class else ""
            return f"the {self.known:,} of these {of_class}that the network was not trained on"
        few = self.name and self.known < IN_PERCENT
        return f"the {self.known:,} of known class" if without_class or few else "these"

    @property
    def _all(self) -> str:
        """What they were compared with."""
        if self.compared == self.pictures:
            return f"all {self.compared:,}{', also those of its training' if self.of_training else ''}"
        if self.trained_on:
            return f"all {self.compared:,} such pictures"
        why = "that the network was not trained on" if self.left_out else "of known class"
        return f"all {self.compared:,} {why}{', also those of its training' if self.of_training else ''}"


def strong_pictures(
    index: FolderIndex, key: FilterKey, *, given: Sequence[str] | None = None, trained_on: bool = False
) -> StrongPictures:
    """Where the answer inside is more than a quarter of the way from the 0.999 quantile inside to the highest value.

    Both are of the map's values on the sample and frozen, so that a picture that is strong remains so when others are
    added; what lies below zero is no answer. A quantile alone would not do: one value in 1,000 is nearly one on every
    picture of a 28 x 28 map.
    A class is named where the lower end of its share's 95 % interval (Wilson, J. Am. Stat. Assoc. 22:209, 1927) is
    above its share of all. `given` says the classes (N) in other words than the index does.
    """
    values, filter_row = index.answers(key, "inside"), index.filters()[index.row(key)]
    low, high = float(filter_row["q999_inside"]), float(filter_row["highest_inside"])
    threshold = max(0.0, low + STRONG * (high - low))
    words = np.array(index.given if given is None else given, dtype=object)
    left_out = np.zeros(len(values), bool) if trained_on else index.trained_on
    found = strong_of(values, threshold, words, left_out, silent=bool(filter_row["silent"]))
    return replace(found, of_training=trained_on and bool(index.trained_on.any()))


def strong_of(
    values: npt.NDArray[np.floating],
    threshold: float,
    given: npt.NDArray[np.object_],
    left_out: npt.NDArray[np.bool_],
    *,
    silent: bool = False,
) -> StrongPictures:
    """The same of answers (N), the class of each picture (N) and which are left out of what is said of classes (N)."""
    strong = np.zeros(len(values), bool) if silent else values > threshold
    counted = (given != "") & ~left_out & np.isfinite(values)
    known = int((strong & counted).sum())
    best, share, share_of_all = "", float("nan"), float("nan")
    if known >= ENOUGH:
        candidates = []
        for name in sorted(set(given[counted])):
            of_all = float((given[counted] == name).mean())
            of_strong = float((given[strong & counted] == name).mean())
            if of_strong * known >= ENOUGH_OF_A_CLASS and lower_end(of_strong, known) > of_all:
                candidates.append((of_strong - of_all, str(name), of_strong, of_all))
        _, best, share, share_of_all = max(candidates, default=(0.0, best, share, share_of_all))
    return StrongPictures(
        count=int(strong.sum()),
        pictures=len(values),
        threshold=threshold,
        name=best,
        share=share,
        share_of_all=share_of_all,
        known=known,
        trained_on=int((strong & left_out).sum()),
        compared=int(counted.sum()),
        left_out=int(left_out.sum()),
        silent=silent,
    )


def lower_end(share: float, number: int) -> float:
    """The lower end of Wilson's 95 % interval of a share among so many."""
    middle = share + Z * Z / (2 * number)
    half = Z * np.sqrt(share * (1 - share) / number + Z * Z / (4 * number * number))
    return float((middle - half) / (1 + Z * Z / number))
