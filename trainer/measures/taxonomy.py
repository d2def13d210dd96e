"""Classes added up along a tree: a parent's probability is the sum of its children's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.toml_file import read_toml

DEEPEST = 50
"""Levels of a taxonomy."""


@dataclass(frozen=True)
class Taxonomy:
    """A tree over classes (Esteva et al., Nature 542:115, 2017): `parents` maps each class to the one above it.

    Level 1 holds the roots, level 2 their children, and so on; a class with nothing below it stays in every deeper
    level. `name` is the file's name.
    """

    name: str
    parents: Mapping[str, str]

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class of the tree, in the file's order."""
        return tuple(dict.fromkeys([*self.parents.values(), *self.parents]))

    @property
    def leaves(self) -> tuple[str, ...]:
        """The classes with nothing below them."""
        above = set(self.parents.values())
        return tuple(name for name in self.parents if name not in above)

    @property
    def depth(self) -> int:
        """The number of levels."""
        return max(len(self.line(name)) for name in self.leaves)

    def line(self, name: str) -> tuple[str, ...]:
        """The classes from the root down to `name`."""
        line = [name]
        while line[-1] in self.parents:
            line.append(self.parents[line[-1]])
        return tuple(reversed(line))

    def at(self, name: str, level: int) -> str:
        """The class of `level` that holds `name`; `name` itself where it stands higher."""
        line = self.line(name)
        return line[min(level, len(line)) - 1]


def read_taxonomy(path: Path | str) -> Taxonomy:
    """Read a TOML file of lines `parent = ["child", "child"]`; UserError where they make no tree."""
    path = Path(path)
    values = read_toml(path, 'write lines such as malignant = ["mel", "bcc"]')
    parents: dict[str, str] = {}
    for parent, children in values.items():
        if not isinstance(children, list) or not children or not all(isinstance(child, str) for child in children):
            raise UserError(
                f'{path.name}: "{printable(parent, 60)}" needs a list of class names, such as ["mel", "bcc"].'
            )
        for child in children:
            if child in parents:
                raise UserError(
                    f'{path.name}: "{child[:60]}" stands below "{parents[child][:60]}" and below "{parent[:60]}"; '
                    "a class can have one parent only."
                )
            parents[child] = parent
    if not parents:
        raise UserError(f'{path.name} is empty; write lines such as malignant = ["mel", "bcc"].')
    for name in parents:
        walked, place = [name], name
        while place in parents:
            place = parents[place]
            if place in walked:
                circle = " - ".join(name[:60] for name in [*walked[walked.index(place) :], place][:12])
                raise UserError(f"{path.name}: {circle} is a circle; a class cannot stand above itself.")
            walked.append(place)
            if len(walked) > DEEPEST:
                raise UserError(f"{path.name} has more than {DEEPEST} levels; leave some out.")
    return Taxonomy(path.name, parents)


@dataclass(frozen=True)
class Match:
    """How the outputs of a network and the classes of a cohort become the classes that are evaluated.

    `classes` (L) are evaluated; `members` (K, L) is 1 where output K belongs to class L, so that probabilities
    (N, K) @ members are theirs; `labels` gives for each class of the cohort its position in `classes`.
    """

    classes: tuple[str, ...]
    members: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]


def match(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy | None, level: int | None) -> Match:
    """Match a network's classes and a cohort's by name, along the taxonomy at `level` where there is one.

    UserError where a class of the cohort is none of the network's, naming both.
    """
    if taxonomy is None:
        return _matched(network, cohort, network, cohort, "")
    _all_known(taxonomy, network, cohort)
    if level is None:
        level = deepest(network, cohort, taxonomy)
    if not 1 <= level <= taxonomy.depth:
        raise UserError(f"--level {level} is none of the levels 1 to {taxonomy.depth} of {taxonomy.name}.")
    outputs, labels = ([taxonomy.at(name, level) for name in names] for names in (network, cohort))
    return _matched(outputs, labels, network, cohort, f" at level {level} of {taxonomy.name}")


def levels(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> Iterator[tuple[int, Match]]:
    """Every level at which the two match with two classes or more; a level equal to the one above it is left out."""
    before: tuple[str, ...] = ()
    for level in range(1, taxonomy.depth + 1):
        try:
            found = match(network, cohort, taxonomy, level)
        except UserError:
            return  # deeper than the network's or the cohort's classes go
        if found.classes != before and len(found.classes) > 1:
            yield level, found
        before = found.classes


def deepest(network: Sequence[str], cohort: Sequence[str], taxonomy: Taxonomy) -> int:
    """The deepest level at which the two match; 1 where there is none."""
    found = [level for level, _ in levels(network, cohort, taxonomy)]
    return found[-1] if found else 1


def _all_known(taxonomy: Taxonomy, network: Sequence[str], cohort: Sequence[str]) -> None:
    """UserError where the tree and the classes speak of different things."""
    known, tree = {*network, *cohort}, set(taxonomy.classes)
    for name, whose in [*((name, "network") for name in network), *((name, "cohort") for name in cohort)]:
        if name not in tree:
            raise UserError(f'The {whose}\'s class "{name}" does not stand in {taxonomy.name}; add it below a parent.')
    for leaf in taxonomy.leaves:
        if not known & set(taxonomy.line(leaf)):
            raise UserError(
                f'{taxonomy.name} names the class "{leaf}", which neither the network ({_some(network)}) '
                f"nor the cohort ({_some(cohort)}) knows; take it out, or correct its name."
            )
    for name in network:
        below = [other for other in network if other != name and name in taxonomy.line(other)]
        if below:
            raise UserError(
                f'{taxonomy.name} puts "{below[0]}" below "{name}", but the network predicts both side by side; '
                "take one of them out."
            )


def _matched(
    mapped: Sequence[str], mapped_cohort: Sequence[str], network: Sequence[str], cohort: Sequence[str], where: str
) -> Match:
    if missing := [name for name in mapped_cohort if name not in mapped]:
        few, tree = len(network) == 2, bool(where)
        hint = (
            "evaluate a higher --level"
            if tree
            else "give a --taxonomy that adds the classes up, or prepare the cohort anew with a table of diagnoses"
            if few or len(cohort) == 2
            else "give a --taxonomy that holds both"
        )
        raise UserError(
            f"The network's classes ({_some(network)}) and the cohort's ({_some(cohort)}) do not match{where}: "
            f'the network does not know "{missing[0]}"; {hint}.'
        )
    classes = tuple(dict.fromkeys(mapped))
    members = np.array([[float(name == column) for column in classes] for name in mapped])
    return Match(classes, members, np.array([classes.index(name) for name in mapped_cohort], np.int64))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
