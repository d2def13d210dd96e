"""A tree of diagnoses, and the files that people write it in."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.toml_file import read_toml
from trainer.files.written_tables import read_rows

DEEPEST = 50
"""Levels of a taxonomy."""
_WAY = 'write lines such as malignant = ["mel", "bcc"], or a CSV with the columns name,parent'


@dataclass(frozen=True)
class Taxonomy:
    """A tree over classes (Esteva et al., Nature 542:115, 2017): `parents` maps each class to the one above it.

    Level 1 holds the roots, level 2 their children, and so on; a class with nothing below it stays in every deeper
    level. `name` is the file's name; `alone` are roots with nothing below them.
    """

    name: str
    parents: Mapping[str, str]
    alone: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class of the tree, in the file's order."""
        return tuple(dict.fromkeys([*self.parents.values(), *self.parents, *self.alone]))

    @property
    def leaves(self) -> tuple[str, ...]:
        """The classes with nothing below them."""
        above = set(self.parents.values())
        return (*(name for name in self.parents if name not in above), *self.alone)

    @property
    def depth(self) -> int:
        """The number of levels."""
        return max(len(self.line(name)) for name in self.leaves)

    @property
    def roots(self) -> tuple[str, ...]:
        """The classes with nothing above them."""
        return tuple(name for name in self.classes if name not in self.parents)

    def below(self, name: str) -> tuple[str, ...]:
        """The classes right below `name`, in the file's order."""
        return tuple(child for child, parent in self.parents.items() if parent == name)

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
    """Read a TOML file of lines `parent = ["child", "child"]`, or a CSV file with the columns name and parent.

    A name of the CSV without a parent stands at the top. UserError where they make no tree.
    """
    path = Path(path)
    pairs = _of_csv(path) if path.suffix.casefold() == ".csv" else _of_toml(path)
    return tree(path.name, pairs)


def tree(name: str, pairs: Iterable[tuple[str, str]]) -> Taxonomy:
    """The tree of pairs (child, parent or "") that the file `name` holds; UserError where they make none."""
    parents: dict[str, str] = {}
    roots = []
    for child, parent in pairs:
        if not parent:
            roots.append(child)
            continue
        if parents.get(child, parent) != parent:
            raise UserError(
                f'{name}: "{child[:60]}" stands below "{parents[child][:60]}" and below "{parent[:60]}"; '
                "a class can have one parent only."
            )
        parents[child] = parent
    alone = tuple(root for root in dict.fromkeys(roots) if root not in {*parents, *parents.values()})
    if not parents and not alone:
        raise UserError(f"{name} is empty; {_WAY}.")
    for child in parents:
        walked, node = [child], child
        while node in parents:
            node = parents[node]
            if node in walked:
                circle = " - ".join(name[:60] for name in [*walked[walked.index(node) :], node][:12])
                raise UserError(f"{name}: {circle} is a circle; a class cannot stand above itself.")
            walked.append(node)
            if len(walked) > DEEPEST:
                raise UserError(f"{name} has more than {DEEPEST} levels; leave some out.")
    return Taxonomy(name, parents, alone)


def _of_toml(path: Path) -> Iterable[tuple[str, str]]:
    for parent, children in read_toml(path, 'write lines such as malignant = ["mel", "bcc"]').items():
        if not isinstance(children, list) or not children or not all(isinstance(child, str) for child in children):
            raise UserError(
                f'{path.name}: "{printable(parent, 60)}" needs a list of class names, such as ["mel", "bcc"].'
            )
        for child in children:
            yield child, parent


def _of_csv(path: Path) -> Iterable[tuple[str, str]]:
    try:
        rows = [[cell.strip() for cell in row] for _, row in read_rows(path.read_text("utf-8-sig")) if any(row)]
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; {_WAY}.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV ({error}); save it as comma-separated UTF-8 text.") from error
    titles = [title.casefold() for title in rows[0]] if rows else []
    if "name" not in titles or "parent" not in titles:
        raise UserError(f"{path.name} has no columns name and parent in line 1; {_WAY}.")
    name, parent = titles.index("name"), titles.index("parent")
    for row in rows[1:]:
        if len(row) <= max(name, parent):
            raise UserError(f"{path.name}: a line is too short ({printable(','.join(row), 60)}); it needs name,parent.")
        if row[name]:
            yield row[name], row[parent]
