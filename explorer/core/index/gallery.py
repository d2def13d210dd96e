"""Which pictures show what a filter answers to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from explorer.core.class_words import named_class
from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.other_surround import Surrounds
from explorer.core.tags import FilterKey

Rows = Sequence[int]
Numbers = npt.NDArray[np.float32]
Ranks = npt.NDArray[np.intp]

KINDS = ("strongest", "weakest", "tenths", "contrast", "near", "surround", "random", "class")
"""What pictures can be chosen by."""

TOO_ALIKE = 0.02
"""Pictures that are nearer to each other than this share of all pairs count as one kind of picture."""
MEASURED = 400
"""Pictures whose distances are measured for that."""
LOWEST = 0.25
"""A near miss is in this lowest share of the filter's answers, and answers nothing by itself: see `no_answer`."""
CLEARLY = 0.5
"""The share of the filter's threshold up to which an answer is none."""
AT_ONCE = 64
"""Pictures whose last hidden layer is read at once where few of many are looked for."""
LOOKED_THROUGH = 0.25
"""The strongest are looked for in this highest share of all pictures, or in 20 times as many as are wanted."""


@dataclass(frozen=True)
class GalleryPicture:
    """One picture with the filter's answer, and the `place` (row, column) of the map's highest value inside.

    `given` is the class it is known to have, "" where nobody says; `predicted` the network's most probable class with
    its `probability`, "" and NaN for a network without classes. `beside` names the strong picture that it was chosen
    for, "" where it was not chosen so, and `reason` says why it was, where that is not the same for all.
    """

    picture: str
    value: float
    place: tuple[int, int]
    given: str
    predicted: str
    probability: float
    trained_on: bool
    beside: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Gallery:
    """The pictures that were chosen, none where the filter is `silent`: where it has no answer inside, or one alike.

    `passed_over` counts the pictures that were left out because one of their kind is there already.
    """

    kind: str
    pictures: tuple[GalleryPicture, ...]
    silent: bool = False
    passed_over: int = 0


def gallery(
    index: FolderIndex,
    key: FilterKey,
    kind: str = "strongest",
    n: int = 12,
    *,
    by: str = "inside",
    given: Sequence[str] | None = None,
    lesions: Mapping[str, str] | None = None,
    surrounds: Surrounds | None = None,
    seed: int = 0,
) -> Gallery:
    """Choose about `n` pictures of a kind (one of `KINDS`); `by` as in `FolderIndex.answers`.

    No kind has two pictures of one file, or of one lesion where `lesions` says it, by picture (else the index).
    "strongest", "weakest" and "class" take the highest (lowest) answers in their order and pass over a picture that is
    too alike to one taken before: nearer to it by the last hidden layer than the `TOO_ALIKE` quantile
    of the distances between the `MEASURED` pictures with the smallest digests, which are as good as drawn at random
    and remain nearly the same when pictures are added. Only pictures with a value above zero inside are strong, and,
    but for "class", only those of the upper half.
    "tenths" are the pictures at every tenth of the ranks, the highest first. "contrast" are pairs: a strong picture,
    then the one in the filter's lower half that is most like it by the last hidden layer; for "near" it is the most
    alike of the same given class of those in the lowest `LOWEST` with `no_answer`; each once. For "surround" it is the
    most alike of all pictures whose surround is clearly another by `surrounds` (of the index's pictures, in their
    order), whatever the filter answers there. `given` says the classes (N) in other words than the index does; `seed`
    draws "random". UserError for a kind that there is not, or without the surrounds that it needs.
    """
    if kind not in KINDS:
        raise UserError(f'Pictures cannot be chosen by "{kind}"; there are {", ".join(KINDS)}.')
    if index.filters()[index.row(key)]["silent"]:
        return Gallery(kind, (), silent=True)
    if kind == "surround" and surrounds is None:
        raise UserError("Pictures of another surround cannot be chosen before the surrounds are measured.")
    choice = _Choice(index, key, by, index.given if given is None else given, lesions)
    partners: dict[int, int] = {}
    if kind == "strongest":
        rows: Rows = choice.strongest(n)
    elif kind == "weakest":
        rows = choice.spread(choice.ranks[::-1], n)
    elif kind == "tenths":
        rows = choice.tenths()
    elif kind == "random":
        rows = choice.random(n, seed)
    elif kind == "class":
        names = sorted(set(choice.given) - {""}, key=lambda name: (-choice.given.count(name), name))
        per_class = max(2, n // max(1, len(names)))
        rows = []
        for name in names:
            rows = [*rows, *choice.strongest(per_class, of=name, beside=rows)]
    else:
        partners = choice.partners(
            n // 2, same_class=kind == "near", surrounds=surrounds if kind == "surround" else None
        )
        rows = [row for weak, strong in partners.items() for row in (strong, weak)]
    peak_places = index.places(key)
    return Gallery(
        kind,
        tuple(_picture(index, choice, row, peak_places[row], partners.get(row), surrounds) for row in rows),
        passed_over=choice.passed_over,
    )


class _Choice:
    """The filter's answers (N) and what is known of the pictures; `ranks` are their rows, the highest answer first.

    `answered` (N) says where a value inside is above zero: what is above a threshold may lie below.
    """

    def __init__(
        self,
        index: FolderIndex,
        key: FilterKey,
        by: str,
        given: Sequence[str],
        lesions: Mapping[str, str] | None,
    ) -> None:
        self._index, self._key = index, key
        self.values, self.given = index.answers(key, by), tuple(given)
        self.answered = index.answers(key, "inside") > 0
        digests, known = index.digests, index.lesions if lesions is None else lesions
        self._file = _codes(digests)
        self._lesion = _codes([known.get(picture, "") or f"\0{picture}" for picture in index.pictures])
        # Equal answers in the order of digests: as good as drawn, where the order of names would be one of time.
        order = np.lexsort((np.array(digests), -self.values))
        self.ranks: Ranks = order[np.isfinite(self.values[order])]
        self.passed_over = 0

    @cached_property
    def _limit(self) -> float:
        return too_alike(self._index)

    def strongest(self, n: int, of: str | None = None, beside: Rows = ()) -> list[int]:
        """The strongest pictures of different kinds, of one class or of all; none shows what those `beside` show."""
        upper = self.ranks if of is not None else self.ranks[: (len(self.ranks) + 1) // 2]
        answered = self.answered & (self.values > 0)
        strong = [int(row) for row in upper if answered[row] and of in (None, self.given[row])]
        return self.spread(strong[: max(20 * n, round(LOOKED_THROUGH * len(strong)))], n, beside)

    def spread(self, order: Rows | Ranks, n: int, beside: Rows = ()) -> list[int]:
        """The first `n` in an order of which no two are too alike, nor show one thing, nor what those `beside` show."""
        taken: list[int] = []
        places: list[Numbers] = []
        for row, place in self._placed(order):
            if len(taken) == n:
                break
            near = bool(places) and bool((np.linalg.norm(np.array(places) - place, axis=1) < self._limit).any())
            if near or self._is_shown(row, [*beside, *taken]):
                self.passed_over += 1
            else:
                taken.append(row)
                places.append(place)
        return taken

    def tenths(self) -> list[int]:
        """The pictures at every tenth of the ranks, or at the nearest rank to it that shows nothing that is there."""
        last = len(self.ranks) - 1
        taken: dict[int, int] = {}
        for tenth in sorted(set(np.linspace(0, last, 11).round().astype(int).tolist())) if last >= 0 else ():
            near = sorted(
                range(max(0, tenth - last // 20), min(last, tenth + last // 20) + 1), key=lambda rank: abs(rank - tenth)
            )
            free = (rank for rank in near if not self._is_shown(int(self.ranks[rank]), taken.values()))
            rank = next(free, None)
            if rank is not None:
                taken[rank] = int(self.ranks[rank])
        return [taken[rank] for rank in sorted(taken)]

    def random(self, n: int, seed: int) -> list[int]:
        """Pictures as they are drawn, whatever the filter answers."""
        taken: list[int] = []
        for row in np.random.default_rng(seed).permutation(len(self.values)).tolist():
            if len(taken) == n:
                break
            if np.isfinite(self.values[row]) and not self._is_shown(row, taken):
                taken.append(row)
        return taken

    def partners(self, n: int, same_class: bool, surrounds: Surrounds | None) -> dict[int, int]:
        """Pictures, each with the strong one that it is most alike to: weak ones, or those of another surround."""
        share = 1.0 if surrounds is not None else LOWEST if same_class else 0.5
        weak = self.ranks[len(self.ranks) - int(len(self.ranks) * share) :]
        if same_class:
            weak = weak[no_answer(self._index, self._key)[weak]]
        partners: dict[int, int] = {}
        if not self._index.hidden.width:
            return partners
        strongest = self.strongest(n)
        weak = weak[~self._shown(weak, strongest)]
        classes = np.array(self.given, dtype=object)[weak]
        for strong, distances in zip(strongest, self._index.hidden.distances(strongest, weak), strict=True):
            free = ~self._shown(weak, partners)
            if surrounds is not None:
                free &= surrounds.others(strong)[weak]
            if same_class:
                free &= (classes == self.given[strong]) & (classes != "")
            if free.any():
                partners[int(weak[np.where(free, distances, np.inf).argmin()])] = strong
        return partners

    def _placed(self, order: Rows | Ranks) -> Iterator[tuple[int, Numbers]]:
        """Each row in an order with its answers in the last hidden layer, read some at a time."""
        for start in range(0, len(order), AT_ONCE):
            rows = [int(row) for row in order[start : start + AT_ONCE]]
            yield from zip(rows, self._index.hidden.of(rows), strict=True)

    def _shown(self, rows: Ranks, taken: Collection[int]) -> npt.NDArray[np.bool_]:
        """Whether each of some pictures (n,) is the same file as one of those `taken`, or shows the same lesion."""
        there = np.array(list(taken), np.intp)
        of_file = np.isin(self._file[rows], self._file[there])
        return np.asarray(of_file | np.isin(self._lesion[rows], self._lesion[there]))

    def _is_shown(self, row: int, taken: Collection[int]) -> bool:
        return bool(self._shown(np.array([row], np.intp), taken)[0])


def _codes(words: Sequence[str]) -> Ranks:
    """A number for each word (N,), the same for the same."""
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(word, len(codes)) for word in words], np.intp)


def no_answer(index: FolderIndex, key: FilterKey) -> npt.NDArray[np.bool_]:
    """Whether a filter has no answer inside (N,): none above 0, or at most half of its threshold on the sample."""
    threshold = float(index.filters()[index.row(key)]["q995_inside"])
    none: npt.NDArray[np.bool_] = index.answers(key, "inside") <= max(0.0, CLEARLY * threshold)
    return none


def too_alike(index: FolderIndex) -> float:
    """The distance below which two pictures count as one kind, see `gallery`; 0 where nothing is known of that."""
    sample = index.hidden.of(np.argsort(np.array(index.digests))[:MEASURED]).astype(np.float64)
    if not sample.shape[1] or len(sample) < 2:
        return 0.0
    squares = (sample**2).sum(axis=1)
    distances = np.sqrt(np.maximum(0, squares[:, None] + squares - 2 * sample @ sample.T))
    return float(np.quantile(distances[np.triu_indices(len(sample), 1)], TOO_ALIKE))


def _picture(
    index: FolderIndex,
    choice: _Choice,
    row: int,
    place: npt.NDArray[np.int64],
    beside: int | None,
    surrounds: Surrounds | None,
) -> GalleryPicture:
    predicted, probability = named_class(index.classes, index.probabilities[row])
    return GalleryPicture(
        picture=index.pictures[row],
        value=float(choice.values[row]),
        place=(int(place[0]), int(place[1])),
        given=choice.given[row],
        predicted=predicted,
        probability=probability,
        trained_on=bool(index.trained_on[row]),
        beside="" if beside is None else index.pictures[beside],
        reason="" if beside is None or surrounds is None else surrounds.words(row, than=beside),
    )
