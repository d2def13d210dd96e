"""The one reader of label tables: which picture a row is about, and what it says of it, for both programs."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from trainer.pictures.class_columns import is_truth, mark
from trainer.pictures.column_choice import TIED, Columns, Wanted, choose_columns
from trainer.pictures.diagnosis_words import Spellings, class_key
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import NOT_KNOWN
from trainer.pictures.name_matching import Names, PictureNames, file_name, key_of, with_ending
from trainer.pictures.table_file import TableFile, damaged, open_table

FILLERS = frozenset({"anonymous", "anonymized", "anonymised", "anon", "undisclosed", "confidential", "withheld"})
"""What people write for a patient or lesion that is not to be told."""
_BLANK = re.compile(r"0+(\.0)?|-1(\.0)?|9{3,}|[-. ?x]+", re.IGNORECASE)
_MOST_OF_ONE = 50
"""Pictures that one patient may well have."""


class LabelRow(NamedTuple):
    """What a table says of one picture; `diagnoses` begin with the deepest known one and go up to the coarsest.

    `other` are the cells of `LabelTable.roles`, in their order.
    """

    name: str
    diagnoses: tuple[str, ...]
    other: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelTable:
    """The rows of a table by the keys of their pictures' names, and what there is to say about them.

    `form` and `decided` say how it was read; `aloud`: a person should see what was decided. `rows` holds each name
    once, also one without a diagnosis; a row of `disagreeing` names has none. `unclear` are the names of rows without
    a class or with several, `nameless` counts rows without a name; `problems` are whole sentences; `titles` are
    those of all columns.
    """

    name: str
    form: str
    decided: str
    aloud: bool
    folders: bool
    roles: tuple[str, ...]
    rows: Mapping[str, LabelRow]
    disagreeing: frozenset[str] = frozenset()
    unclear: tuple[str, ...] = ()
    nameless: int = 0
    problems: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    def value(self, row: LabelRow, role: str) -> str:
        """What the row says of a role; "" where it says nothing."""
        return row.other[self.roles.index(role)] if role in self.roles else ""


@dataclass(frozen=True)
class Pairing:
    """Which picture has which row of a table: `keys` by picture, "" where it has none."""

    table: LabelTable
    names: Names
    keys: Mapping[Path, str] = field(default_factory=dict)

    def row(self, picture: Path) -> LabelRow | None:
        """The row of a picture, also of one that was not given before."""
        key = self.keys.get(picture)
        return self.table.rows.get(self.names.key(picture) if key is None else key)

    @property
    def unused(self) -> list[str]:
        """Names, as written, that no picture has."""
        used = set(self.keys.values())
        return [row.name for key, row in self.table.rows.items() if key not in used]

    @property
    def shared(self) -> list[str]:
        """Names, as written, that several pictures have, though they are no folders'."""
        times = Counter(key for key in self.keys.values() if key and not self.table.folders)
        return [self.table.rows[key].name for key, count in times.items() if count > 1]

    @property
    def loosely(self) -> list[Path]:
        """Pictures whose name differs from the table's in leading zeros or "_downsampled"."""
        return [picture for picture, key in self.keys.items() if key and self.names.is_loose(picture)]


def read_label_table(path: Path, pictures: Sequence[Path] | None = None, columns: Wanted | None = None) -> Pairing:
    """The rows of a table, and which picture has which; without pictures, they are found later.

    Which columns hold names and classes is decided by what is in them, or by `columns`.
    UserError where the file cannot be read, is damaged, or the columns cannot be told.
    """
    names = PictureNames(pictures) if pictures else None
    table = open_table(path, names.named_by if names else None)
    chosen = choose_columns(table, names, columns or {})
    problems = [*table.problems, *chosen.notes]
    rows = _without_fillers(table, chosen, _rows(table, chosen, problems), problems)
    rows = _one_spelling(chosen, rows, problems)
    twins = _twins(rows, names) if names and not chosen.folders else frozenset()
    merged, disagreeing, nameless = _merged(rows, tuple(chosen.roles), twins, problems)
    finder = Names(merged, names, folders=chosen.folders, twins=twins)
    keys = {picture: finder.key(picture) for picture in pictures or ()}
    numbered = [picture for picture, key in keys.items() if key and finder.is_numbered(picture)]
    if numbered:
        problems.append(
            f"{len(numbered):,} pictures were found by the number in their names alone, "
            f"{one_line(numbered[0].name)} as {one_line(merged[keys[numbered[0]]].name)[:60]} first."
        )
    elsewhere = [picture for picture, key in keys.items() if key and finder.is_elsewhere(picture)]
    if elsewhere:
        were = (
            "picture was found by its file name" if len(elsewhere) == 1 else "pictures were found by their file names"
        )
        them = "it in another folder" if len(elsewhere) == 1 else "them in other folders"
        problems.append(
            f"{len(elsewhere):,} {were} alone: the table has {them}, "
            f"{one_line(merged[keys[elsewhere[0]]].name)[:90]} first."
        )
    read = LabelTable(
        table.name,
        chosen.form,
        chosen.decided,
        chosen.aloud,
        chosen.folders,
        tuple(chosen.roles),
        merged,
        disagreeing,
        tuple(row.name for row in rows if row.name and not row.diagnoses),
        nameless,
        tuple(problems),
        tuple(table.titles),
    )
    return Pairing(read, finder, keys)


def _rows(table: TableFile, chosen: Columns, problems: list[str]) -> list[LabelRow]:
    role_columns, titles, classes = tuple(chosen.roles.values()), table.titles, chosen.classes
    split = tuple(chosen.roles).index("split") if chosen.parts else -1
    rows = []
    words: Counter[str] = Counter()
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    spellings = Spellings()
    for line, cells in table.rows():
        class_cells = tuple([cells[column] for column in classes.places])
        diagnoses = seen.get(class_cells)
        if diagnoses is None:
            row = [*cells]
            for column in classes.places:
                if not classes.one_each and column not in classes.truths:
                    row[column] = spellings.first(cells[column], column)
            try:
                diagnoses = seen.setdefault(class_cells, classes.diagnoses(row, titles))
            except ValueError as error:
                raise damaged(table.name, line, error) from error
        if not diagnoses and not classes.one_each:
            words[next(filter(None, class_cells), "")] += 1
        other = [cells[column] for column in role_columns]
        if chosen.parts and is_truth([other[split]]):
            other[split] = chosen.parts[mark(other[split]) == 1]
        rows.append(LabelRow(cells[chosen.picture], diagnoses, tuple(other)))
    not_known = [f'"{one_line(word)[:40]}" ({count:,})' for word, count in words.items() if word]
    if not_known:
        problems.append(f"These words count as not known, not as a class: {', '.join(not_known)}.")
    if alike := spellings.several():
        problems.append(f"These words are taken as one class each: {', '.join(alike)}.")
    return rows


def _twins(rows: Sequence[LabelRow], names: PictureNames) -> frozenset[str]:
    """File names that stand in rows with different endings, and are pictures with different endings."""
    written: dict[str, set[str]] = {}
    for row in rows if names.twins else ():
        stem = file_name(key_of(row.name))
        if stem in names.twins and with_ending(row.name) != key_of(row.name):
            written.setdefault(stem, set()).add(file_name(with_ending(row.name)))
    return frozenset(stem for stem, endings in written.items() if len(endings) > 1)


def _merged(
    rows: Sequence[LabelRow], roles: Sequence[str], twins: frozenset[str], problems: list[str]
) -> tuple[dict[str, LabelRow], frozenset[str], int]:
    """One row for each name, the names whose rows disagree, and how many rows have no name.

    A row without a class, or without a word of a role, says nothing against others; two words of a role are said.
    """
    merged: dict[str, LabelRow] = {}
    disagreeing: set[str] = set()
    differing: dict[str, dict[str, str]] = {role: {} for role in roles}
    nameless = 0
    for row in rows:
        key = key_of(row.name)
        if twins and file_name(key) in twins:
            key = with_ending(row.name)
        known = merged.setdefault(key, row)
        if not key:
            nameless += 1
        elif known is not row:
            if row.diagnoses and known.diagnoses and not _alike(row.diagnoses, known.diagnoses):
                disagreeing.add(key)
            for role, first, later in zip(roles, known.other, row.other, strict=True):
                if first and later and not _alike([first], [later]):
                    differing[role].setdefault(key, known.name)
            other = tuple(first or later for first, later in zip(known.other, row.other, strict=True))
            merged[key] = known._replace(diagnoses=known.diagnoses or row.diagnoses, other=other)
    merged.pop("", None)
    for key in disagreeing:
        merged[key] = merged[key]._replace(diagnoses=())
    for role, names in differing.items():
        if names:
            pictures = "1 picture has" if len(names) == 1 else f"{len(names):,} pictures have"
            first = one_line(next(iter(names.values())))[:60]
            problems.append(f"{pictures} rows with another {role} ({first} first); the first row counts.")
    return merged, frozenset(disagreeing), nameless


def _alike(some: Sequence[str], others: Sequence[str]) -> bool:
    return some == others or [*map(class_key, some)] == [*map(class_key, others)]


def _without_fillers(table: TableFile, chosen: Columns, rows: list[LabelRow], problems: list[str]) -> list[LabelRow]:
    """The rows without words that mean "not known"; one that stands for everybody, such as "0", is no patient."""
    empty: dict[int, set[str]] = {}
    for index, role in enumerate(chosen.roles):
        words = Counter(row.other[index] for row in rows)
        empty[index] = {word for word in words if word.casefold() in NOT_KNOWN}
        for word, count in words.items() if role in TIED else ():
            not_known = bool(word) and word in empty[index] and count > 1
            if not_known or (word not in empty[index] and _is_filler(word, count, len(rows))):
                empty[index].add(word)
                problems.append(
                    f'"{one_line(word)[:40]}" stands in {count:,} of {len(rows):,} rows of column '
                    f'"{one_line(table.titles[chosen.roles[role]])[:60]}": it is no {role}, and counts as not known.'
                )
    if not any(words - {""} for words in empty.values()):
        return rows
    return [
        row._replace(other=tuple("" if cell in empty[index] else cell for index, cell in enumerate(row.other)))
        for row in rows
    ]


def _one_spelling(chosen: Columns, rows: list[LabelRow], problems: list[str]) -> list[LabelRow]:
    """The rows with each patient, lesion and group as it is written first, as classes are."""
    written: dict[int, dict[str, str]] = {}
    for index, role in enumerate(chosen.roles):
        words = dict.fromkeys(row.other[index] for row in rows) if role in TIED else {}
        spellings = Spellings()
        first = {word: spellings.first(word) for word in words if word}
        if several := spellings.several():
            written[index] = first
            subject = f"1 {role} is" if len(several) == 1 else f"{len(several):,} {role}s are"
            end = "; it counts as one." if len(several) == 1 else " first; each counts as one."
            problems.append(f"{subject} written in several ways, {several[0]}{end}")
    if not written:
        return rows
    return [
        row._replace(other=tuple(written.get(index, {}).get(cell, cell) for index, cell in enumerate(row.other)))
        for row in rows
    ]


def _is_filler(word: str, count: int, rows: int) -> bool:
    """Whether a name of a patient or lesion is none: a word that says so, one for everybody, or 0 or -1 for many.

    A small table may be that of one patient.
    """
    if count < 2:
        return False
    blank = _BLANK.fullmatch(word) is not None
    everybody = count > _MOST_OF_ONE and count >= 0.9 * rows
    return word.casefold() in FILLERS or everybody or (blank and count >= 0.2 * rows)
