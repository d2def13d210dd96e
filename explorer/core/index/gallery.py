"""Which pictures show what a filter answers to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.class_words import named_class
from explorer.core.errors import UserError
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.other_surround import Surrounds
from explorer.core.tags import FilterKey

Rows = Sequence[int]
Numbers = npt.NDArray[np.float32]

KINDS = ("strongest", "weakest", "tenths", "contrast", "near", "surround", "random", "class")
"""What pictures can be chosen by."""

TOO_ALIKE = 0.02
"""Pictures that are nearer to each other than this share of all pairs count as one kind of picture."""
MEASURED = 400
"""Pictures whose distances are measured for that."""
NO_ANSWER = 0.25
"""Where a filter's answer is in this lowest share of its answers, it has none as its answers go."""
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
    """The pictures that were chosen, none where the filter is `silent`: one that answers alike everywhere.

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
    surrounds: Surrounds | None = None,
    seed: int = 0,
) -> Gallery:
    """Choose about `n` pictures of a kind (one of `KINDS`); `by` as in `FolderIndex.answers`.

    "strongest", "weakest" and "class" take the highest (lowest) answers in their order and pass over a picture that is
    too alike to one taken before: the same file, or nearer to it by the last hidden layer than the `TOO_ALIKE` quantile
    of the distances between the `MEASURED` pictures with the smallest digests, which are as good as drawn at random
    and remain nearly the same when pictures are added. Only pictures with an answer above zero are strong, and, but for
    "class", only those of the upper half.
    "tenths" are the pictures at every tenth of the ranks, the highest first. "contrast" are pairs: a strong picture,
    then the one in the filter's lower half that is most like it by the last hidden layer; for "near" it is the most
    alike of the same given class in the lowest `NO_ANSWER`; each once. For "surround" it is the most alike of all
    pictures whose surround is clearly another by `surrounds` (of the index's pictures, in their order), whatever the
    filter answers there. `given` says the classes (N) in other words than the index does; `seed` draws "random".
    UserError for a kind that there is not, or without the surrounds that it needs.
    """
    if kind not in KINDS:
        raise UserError(f'Pictures cannot be chosen by "{kind}"; there are {", ".join(KINDS)}.')
    if index.filters()[index.row(key)]["silent"]:
        return Gallery(kind, (), silent=True)
    if kind == "surround" and surrounds is None:
        raise UserError("Pictures of another surround cannot be chosen before the surrounds are measured.")
    choice = _Choice(index, index.answers(key, by), tuple(index.given if given is None else given))
    partners: dict[int, int] = {}
    if kind == "strongest":
        rows: Rows = choice.strongest(n)
    elif kind == "weakest":
        rows = choice.spread(choice.ranks[::-1], n)
    elif kind == "tenths":
        steps = 11 if len(choice.ranks) else 0
        tenths = np.linspace(0, len(choice.ranks) - 1, steps).round().astype(int)
        rows = [int(choice.ranks[rank]) for rank in sorted(set(tenths))]
    elif kind == "random":
        rows = [int(row) for row in np.random.default_rng(seed).permutation(len(choice.ranks))[:n]]
    elif kind == "class":
        names = sorted(set(choice.given) - {""}, key=lambda name: (-choice.given.count(name), name))
        per_class = max(2, n // max(1, len(names)))
        rows = [row for name in names for row in choice.strongest(per_class, of=name)]
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
    """The filter's answers (N) and what is known of the pictures; `ranks` are their rows, the highest answer first."""

    def __init__(self, index: FolderIndex, values: Numbers, given: tuple[str, ...]) -> None:
        self.values, self.given, self.digests = values, given, index.digests
        self.embedding = index.embedding
        # Equal answers in the order of digests: as good as drawn, where the order of names would be one of time.
        order = np.lexsort((np.array(self.digests), -values))
        self.ranks: npt.NDArray[np.intp] = order[np.isfinite(values[order])]
        self.too_alike = too_alike(self.embedding, self.digests)
        self.passed_over = 0

    def strongest(self, n: int, of: str | None = None) -> Rows:
        """The strongest pictures of different kinds, of one class or of all."""
        upper = self.ranks if of is not None else self.ranks[: (len(self.ranks) + 1) // 2]
        strong = [int(row) for row in upper if self.values[row] > 0 and of in (None, self.given[row])]
        return self.spread(strong[: max(20 * n, round(LOOKED_THROUGH * len(strong)))], n)

    def spread(self, order: Iterable[int], n: int) -> Rows:
        """The first `n` in an order of which no two are too alike."""
        taken: list[int] = []
        for row in order:
            if len(taken) == n:
                break
            if self._has_kin(int(row), taken):
                self.passed_over += 1
            else:
                taken.append(int(row))
        return taken

    def partners(self, n: int, same_class: bool, surrounds: Surrounds | None) -> dict[int, int]:
        """Pictures, each with the strong one that it is most alike to: weak ones, or those of another surround."""
        share = 1.0 if surrounds is not None else NO_ANSWER if same_class else 0.5
        weak = [int(row) for row in self.ranks[len(self.ranks) - int(len(self.ranks) * share) :]]
        partners: dict[int, int] = {}
        if not self.embedding.shape[1]:
            return partners
        strongest = self.strongest(n)
        for strong in strongest:
            taken = partners.keys() | (strongest if surrounds is not None else {strong})
            free = [row for row in weak if row not in taken]
            if surrounds is not None:
                other = surrounds.others(strong)
                free = [row for row in free if other[row]]
            if same_class:
                free = [row for row in free if self.given[row] == self.given[strong] != ""]
            if free:
                partners[free[int(self._distances(strong, free).argmin())]] = strong
        return partners

    def _has_kin(self, row: int, taken: list[int]) -> bool:
        if any(self.digests[row] == self.digests[other] for other in taken):
            return True
        return bool(taken) and bool((self._distances(row, taken) < self.too_alike).any())

    def _distances(self, row: int, others: Rows) -> npt.NDArray[np.floating]:
        distances: npt.NDArray[np.floating] = np.linalg.norm(self.embedding[others] - self.embedding[row], axis=1)
        return distances


def too_alike(embedding: Numbers, digests: Sequence[str]) -> float:
    """The distance below which two pictures count as one kind, see `gallery`; 0 where nothing is known of that."""
    if not embedding.shape[1] or len(embedding) < 2:
        return 0.0
    sample = embedding[np.argsort(np.array(digests))[:MEASURED]].astype(np.float64)
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
