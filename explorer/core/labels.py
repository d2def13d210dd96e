"""Classes of pictures, from a table or from the names of their folders, as `trainer.pictures` reads both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer.pictures.class_folders import class_folders
from trainer.pictures.column_choice import Wanted
from trainer.pictures.file_names import one_line
from trainer.pictures.label_table import Pairing, read_label_table


@dataclass(frozen=True)
class Labels:
    """The class of each picture, as far as it is known.

    `source` says where the classes come from and is empty where there are none. `counts` are pictures per class
    where the pictures were given, else names in the CSV; sorted by class. `problems` are whole sentences. `titles` are
    the table's columns where it was not plain which of them to take, () elsewhere. `written` are all classes of the
    table in order of the alphabet, those of pictures that are not here too; () without a table.
    """

    source: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    _known: Mapping[Path, str] = field(default_factory=dict, repr=False)
    _pairing: Pairing | None = field(default=None, repr=False)

    def of(self, path: Path | str) -> str:
        """The class of the picture at `path`, "" where it is unknown; a picture not given before is matched too."""
        path = Path(path)
        label = self._known.get(path)
        if label is None and self._pairing:
            row = self._pairing.row(path)
            label = _class(row.diagnoses) if row else ""
        return label or ""

    def lesion(self, path: Path | str) -> str:
        """The name of the lesion that the picture at `path` shows, "" where the table does not say."""
        row = self._pairing.row(Path(path)) if self._pairing else None
        return self._pairing.table.value(row, "lesion") if self._pairing and row else ""


def read_labels(csv: Path | str, pictures: Sequence[Path] | None = None, columns: Wanted | None = None) -> Labels:
    """The classes in a table, in whichever of its columns they are; of several diagnoses the coarsest.

    A row names a picture by its file name, the end of its path, or its folder, as `label_table` says. `columns` says
    what holds the pictures and the classes where that is not to be found out. Rows of one picture that disagree give
    it no class. What has no counterpart is counted in the problems, once `pictures` are given. UserError where the
    file cannot be read, is damaged, or does not tell what its columns hold.
    """
    pairing = read_label_table(Path(csv), pictures, columns)
    table = pairing.table
    problems = list(table.problems)
    if table.aloud:
        problems.insert(0, f"{table.name} was read {table.form}: {table.decided}.")
    _report(problems, [""] * table.nameless, "row|rows", "without the name of a picture")
    _report(problems, table.unclear, "row|rows", "without a class, or with several")
    unsure = [table.rows[key].name for key in table.rows if key in table.disagreeing]
    _report(problems, unsure, "picture|pictures", "with rows that disagree, so without a class")
    of_key = {key: _class(row.diagnoses) for key, row in table.rows.items()}
    label_of = {picture: of_key.get(key, "") for picture, key in pairing.keys.items()}
    if pictures is not None:
        _report(problems, pairing.shared, "name|names", "with several pictures")
        loosely = [picture.name for picture in pairing.loosely]
        _report(problems, loosely, "picture|pictures", "found without leading zeros or _downsampled in their names")
        unknown = [picture.name for picture, label in label_of.items() if not label]
        if label_of and not unknown and pairing.unused:  # a whole archive's table names thousands more: no trouble
            predicate = "is of another picture" if len(pairing.unused) == 1 else "are of other pictures"
            more = f"{len(pairing.unused):,} more in the table {predicate}"
            problems.append(f"All {len(label_of):,} pictures have a class; {more}.")
        else:
            _report(problems, pairing.unused, "name|names", "in the table without a picture here")
        _report(problems, unknown, "picture|pictures", "without a class")
    counts = Counter(filter(None, of_key.values() if pictures is None else label_of.values()))
    titles, written = table.titles if table.aloud else (), tuple(sorted({*of_key.values()} - {""}))
    return Labels(
        f"{table.name}, {table.form}", dict(sorted(counts.items())), tuple(problems), titles, written, label_of, pairing
    )


def folder_labels(folder: Path | str, pictures: Sequence[Path]) -> Labels:
    """The name of the folder that holds each picture, as its class; no labels where folders are no classes."""
    folder = Path(folder)
    by_folder = class_folders(folder, pictures)
    counts = Counter(by_folder.classes.values())
    problems = list(by_folder.notes)
    if by_folder.doubt:
        problems.append(f"{by_folder.doubt[0].upper()}{by_folder.doubt[1:]}; open the table of their classes (Ctrl+L).")
    if len(counts) < 2:
        return Labels(problems=tuple(problems))
    _report(problems, [picture.name for picture in by_folder.outside], "picture|pictures", "in no class folder")
    source = f"folders in {folder.name or folder}"
    return Labels(source, dict(sorted(counts.items())), tuple(problems), _known=by_folder.classes)


def _class(diagnoses: Sequence[str]) -> str:
    return diagnoses[-1] if diagnoses else ""


def _report(problems: list[str], items: Sequence[str], noun: str, description: str) -> None:
    if items:
        first = f" (the first: {one_line(items[0])})" if items[0] else ""
        problems.append(f"{len(items):,} {noun.split('|')[len(items) > 1]} {description}{first}.")
