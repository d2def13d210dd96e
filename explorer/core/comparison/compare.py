"""Two networks compared over a folder: filters, and predictions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.class_words import named_class
from explorer.core.comparison.comparable import not_comparable, same_layers
from explorer.core.comparison.folder_answers import FolderAnswers, answers_of
from explorer.core.comparison.matching import FEWEST, MatchedFilter, halves, match_layer, match_numbers
from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.shared_folder import shared_folder
from trainer.pictures.folder_walk import list_folder

ANSWERS, NUMBER = "answers", "number"
"""Ways to say which filter of the second network is which of the first."""


@dataclass(frozen=True)
class PredictionPair:
    """What both networks say of a picture: the class of each, and both probabilities of every class that both have."""

    picture: str
    first: str
    second: str
    probabilities: tuple[tuple[float, float], ...]

    @property
    def changed(self) -> bool:
        """Whether they name different classes."""
        return self.first != self.second

    @property
    def distance(self) -> float:
        """By how much the probabilities differ most."""
        return max((abs(second - first) for first, second in self.probabilities), default=0.0)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks over the same pictures.

    `matches` has a line for each filter of the first network, in order, and none where the layers are not those of one
    architecture; they were matched on `matched_on` pictures and measured on the `measured_on` others (or by their
    numbers: then on none, and measured on the same others). `classes` are
    those that both have; `predictions` are in the order of `pictures`. `notes` are sentences about what could not be
    compared, or read.
    """

    pictures: tuple[str, ...]
    classes: tuple[str, ...]
    matches: tuple[MatchedFilter, ...]
    matched_on: int
    measured_on: int
    predictions: tuple[PredictionPair, ...]
    notes: tuple[str, ...]

    @property
    def changed(self) -> tuple[PredictionPair, ...]:
        """The pictures of which they name different classes, those with the largest difference first."""
        return tuple(sorted((pair for pair in self.predictions if pair.changed), key=lambda pair: -pair.distance))

    @property
    def most_changed(self) -> tuple[MatchedFilter, ...]:
        """The filters, those of which least is `kept` first; last those that answer alike to all or fell silent.

        What is silent in both networks has not changed: its strength is 1.
        """
        return tuple(sorted(self.matches, key=lambda match: (math.isnan(match.kept), match.kept)))


def compare(
    first: Network,
    second: Network,
    images: Path | str | Sequence[Path],
    *,
    match: str = ANSWERS,
    indexes: tuple[FolderIndex, FolderIndex] | None = None,
    on_step: OnStep | None = None,
) -> Comparison:
    """Compare two networks on a folder of pictures, or on some pictures.

    Filters are matched, layer by layer, on one half of the pictures, and the strength of each match is measured on the
    other: the best of 64 is high by chance. With `match` "number" those of the same number are.
    `indexes` are those of both networks over the folder, where there are some, from which the pictures that both have
    are taken; nothing is computed then. Pictures are named by their paths below the folder that all share. UserError
    where there is no picture.
    """
    if indexes is not None:
        pictures, *answers = answers_of_indexes(indexes, (first, second))
        changed = len(indexes[0].rows.keys() & indexes[1].rows.keys()) - len(pictures)
        note = f"{counted(changed, 'picture')} of the same name with another content in the two indexes left out."
        notes: tuple[str, ...] = (note,) if changed else ()
    else:
        paths, root, left_out = _paths(images)
        network_answers, read, unreadable = answers_of((first, second), paths, on_step or no_step)
        answers, notes = list(network_answers), (*left_out, *unreadable)
        absolute = [path.absolute() for path in read]
        pictures = tuple((path.relative_to(root) if root is not None else path).as_posix() for path in absolute)
    notes += not_comparable(first, second)
    numbered, alike = match == NUMBER, same_layers(first, second)
    return _compared(pictures, (answers[0], answers[1]), notes, alike=alike, numbered=numbered)


def answers_of_indexes(
    indexes: tuple[FolderIndex, FolderIndex], networks: tuple[Network, Network]
) -> tuple[tuple[str, ...], FolderAnswers, FolderAnswers]:
    """The pictures that two indexes have in common, and what each network answers on them; UserError for none.

    UserError too for an index of another network.
    """
    for index, network in zip(indexes, networks, strict=True):
        index.check(network)
    before, after = (dict(zip(index.pictures, index.digests, strict=True)) for index in indexes)
    named = [name for name in before if name in after]
    pictures = tuple(name for name in named if before[name] == after[name])
    if not pictures:
        content = f": those of the same name ({len(named):,}) have another content" if named else ""
        raise UserError(f"The two indexes have no picture in common{content}; make both of one folder.")
    return pictures, FolderAnswers.of_index(indexes[0], pictures), FolderAnswers.of_index(indexes[1], pictures)


def _paths(images: Path | str | Sequence[Path]) -> tuple[Sequence[Path], Path | None, tuple[str, ...]]:
    """The pictures, the folder below which all lie (None on several drives), and a sentence for each thing left out."""
    if not isinstance(images, Path | str):
        try:
            return images, shared_folder(images), ()
        except UserError:  # they are compared all the same, and have no names in common
            return images, None, ()
    folder = Path(images)
    if folder.is_file():
        raise UserError(f"{folder} is a file; networks are compared on a folder of pictures.")
    listing = list_folder(folder).check()
    return listing.pictures, folder.absolute(), (*listing.unreadable, *listing.notes)


def _compared(
    pictures: tuple[str, ...],
    both: tuple[FolderAnswers, FolderAnswers],
    notes: tuple[str, ...],
    *,
    alike: bool,
    numbered: bool,
) -> Comparison:
    """The comparison of what both answered; they have the same layers where they are `alike`."""
    matches: list[MatchedFilter] = []
    (first, second), (matched, measured) = both, halves(pictures)
    if not alike:
        notes += ("No filter is matched, only the predictions are compared.",)
    elif len(matched) < FEWEST:
        notes += (f"{len(pictures)} pictures are too few to match filters on; take {2 * FEWEST} or more.",)
    else:
        for layer, peaks in enumerate(zip(first.peaks, second.peaks, strict=True)):
            matches += (
                match_numbers(layer, *peaks, measured) if numbered else match_layer(layer, *peaks, matched, measured)
            )
    classes = tuple(name for name in first.classes if name in second.classes)
    predictions = _predictions(pictures, classes, first, second) if classes else ()
    matched_on = 0 if numbered else len(matched)
    return Comparison(pictures, classes, tuple(matches), matched_on, len(measured), predictions, notes)


def _predictions(
    pictures: tuple[str, ...], classes: tuple[str, ...], first: FolderAnswers, second: FolderAnswers
) -> tuple[PredictionPair, ...]:
    columns = [[answers.classes.index(name) for name in classes] for answers in (first, second)]
    both_probabilities = [answers.probabilities for answers in (first, second)]
    shared = [probabilities[:, column] for probabilities, column in zip(both_probabilities, columns, strict=True)]
    named = [[named_class(answers.classes, row)[0] for row in answers.probabilities] for answers in (first, second)]
    return tuple(
        PredictionPair(
            picture,
            named[0][row],
            named[1][row],
            tuple(zip(shared[0][row].tolist(), shared[1][row].tolist(), strict=True)),
        )
        for row, picture in enumerate(pictures)
    )
