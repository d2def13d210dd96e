"""Which filter of one network answers like which of another, from what both answer on the same pictures."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from explorer.core.comparison.comparable import same_layers
from explorer.core.comparison.compare import answers_of_indexes
from explorer.core.comparison.folder_answers import FolderAnswers, answers_of
from explorer.core.comparison.matching import (
    FEWEST,
    MatchedFilter,
    Rows,
    correlation,
    halves,
    match_anywhere,
    match_layer,
    silent,
    spoken,
)
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep
from explorer.core.tags import FilterKey

SAMPLE = 120
"""Pictures of a folder that are measured where there are no indexes of both networks."""


@dataclass(frozen=True, eq=False)
class BothAnswers:
    """What both networks answer on the same `pictures`, named in the order of the columns of their peaks.

    `same_layers` says whether layers belong together; without it a filter's match may lie in any layer.
    """

    pictures: tuple[str, ...]
    first: FolderAnswers
    second: FolderAnswers
    same_layers: bool

    def check(self) -> "BothAnswers":
        """Itself; UserError where there are too few pictures to match filters on."""
        if len(self.pictures) // 2 < FEWEST:
            raise UserError(
                f"{len(self.pictures)} pictures are too few to match filters on; it takes {2 * FEWEST} or more."
            )
        return self

    @cached_property
    def halves(self) -> tuple[Rows, Rows]:
        """The pictures on which filters are matched, and those on which the strength is measured."""
        return halves(self.pictures)

    @property
    def measured(self) -> int:
        """How many pictures the strength of a match is measured on."""
        return len(self.halves[1])

    def matches(self, layer: int) -> tuple[MatchedFilter, ...]:
        """The matches of a layer's filters, in order."""
        matched, measured = self.halves
        peaks = self.first.peaks[layer]
        if self.same_layers:
            return tuple(match_layer(layer, peaks, self.second.peaks[layer], matched, measured))
        return tuple(match_anywhere(layer, peaks, self.second.peaks, matched, measured))

    def strength(self, first: FilterKey, second: FilterKey) -> float:
        """The correlation of two filters' peaks on the pictures on which nothing was matched; NaN for none.

        1 where both are silent, NaN where one is and the other is not: what lies below zero is no answer.
        """
        measured = self.halves[1]
        rows = self.first.peaks[first.layer][first.filter], self.second.peaks[second.layer][second.filter]
        quiet = [bool(silent(peaks[None])[0]) for peaks in rows]
        if any(quiet):
            return 1.0 if all(quiet) else float("nan")
        return correlation(rows[0][measured], rows[1][measured])

    def sentence(self, first: FilterKey, second: FilterKey, *, by_answers: bool) -> str:
        """Which filter of B stands for one of A, whether it was found `by_answers`, and how strong that is."""
        sign, half = ("=", "the other half") if by_answers else ("and", "half of the pictures")
        strength = spoken(self.strength(first, second))
        sentence = f"{first} of A {sign} {second} of B, {strength} on {half} ({self.measured} pictures)"
        if self.same_layers and second != first:
            sentence += f"; with the same number {spoken(self.strength(first, first))}"
        return sentence


def of_indexes(indexes: tuple[FolderIndex, FolderIndex], networks: tuple[Network, Network]) -> BothAnswers:
    """What the indexes say of both networks on the pictures that both have.

    UserError where those are too few, or an index is that of another network.
    """
    return BothAnswers(*answers_of_indexes(indexes, networks), same_layers(*networks)).check()


@dataclass(frozen=True, eq=False)
class SampleAnswers:
    """What a network answers on `pictures`, those of a sample that could be read."""

    pictures: tuple[Path, ...]
    answers: FolderAnswers


def sample_of(folder: Path, pictures: Sequence[Path], count: int = SAMPLE) -> tuple[Path, ...]:
    """At most `count` of a folder's pictures by chance, drawn from their names, so that they are the same each time."""
    names = [path.relative_to(folder).as_posix().encode(errors="surrogateescape") for path in pictures]
    order = sorted(range(len(names)), key=lambda position: hashlib.sha256(names[position]).digest())
    return tuple(pictures[position] for position in order[:count])


def measure_sample(network: Network, pictures: Sequence[Path], on_step: OnStep) -> SampleAnswers:
    """Run a network on the pictures of a sample; UserError where none of them can be read."""
    (answers,), read, _ = answers_of((network,), pictures, on_step)
    return SampleAnswers(read, answers)


def of_samples(
    first: SampleAnswers, second: SampleAnswers, folder: Path | None = None, *, same_layers: bool
) -> BothAnswers:
    """Two samples that were measured one after the other, on the pictures that both networks were given.

    Pictures of a `folder` are named as an index of it names them, so that both are halved alike.
    """
    second_pictures = set(second.pictures)
    both = tuple(path for path in first.pictures if path in second_pictures)
    cut = []
    for sample in (first, second):
        position_of = {picture: position for position, picture in enumerate(sample.pictures)}
        rows, answers = [position_of[picture] for picture in both], sample.answers
        cut.append(
            replace(answers, peaks=tuple(layer[:, rows] for layer in answers.peaks), logits=answers.logits[rows])
        )
    names = (path.relative_to(folder).as_posix() if folder is not None else str(path) for path in both)
    return BothAnswers(tuple(names), cut[0], cut[1], same_layers).check()
