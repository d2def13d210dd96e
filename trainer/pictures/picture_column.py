"""Which column of a table names the pictures: by what is in it, by its title, or as asked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trainer.pictures.class_columns import ColumnQuestion
from trainer.pictures.file_names import one_line
from trainer.pictures.foreign_files import PICTURE_ENDINGS
from trainer.pictures.label_forms import FORMS, NAMES, ROLES, TITLES, folded, tied_role
from trainer.pictures.name_matching import PictureNames, key_of, loose
from trainer.pictures.table_file import TableFile

_FIRST = 200
"""Rows that decide which column names the pictures, if nearly all of them do."""
_LIKELIEST = dict.fromkeys([*(title for form in FORMS for title in form.pictures), *NAMES])
_RANKS = {title: rank for rank, title in enumerate(_LIKELIEST)}
"""Titles of columns that name pictures, the likeliest first."""
_HOLDERS = (*ROLES["lesion"], *ROLES["patient"], *ROLES["group"])
"""Titles of columns whose cells may be names of folders, the likeliest first."""
_INDEX = re.compile("|index|unnamed:_[0-9]+")


@dataclass(frozen=True)
class PictureColumn:
    """The position of the column with the pictures' names; `others` are columns that name pictures, too.

    `folders`: the names are those of folders that hold the pictures.
    """

    position: int
    folders: bool = False
    others: tuple[int, ...] = ()


def picture_column(
    table: TableFile, rows: Sequence[Sequence[str]], names: PictureNames | None, asked: Sequence[int] = ()
) -> PictureColumn:
    """The column with the pictures' names, those that are `asked` for before others; `names` where they are known.

    ColumnQuestion where there is none, or more than one answer.
    """
    titles = [folded(title) for title in table.titles]
    by_title = sorted((_RANKS[title], column) for column, title in enumerate(titles) if title in _RANKS)
    if names is not None:
        columns = asked or range(len(titles))
        chosen = _by_names(table, titles, rows, _hits(rows, columns, names.named_by), titled=bool(by_title))
        chosen = chosen or _by_folders(table, titles, rows, columns, names)
        if chosen:
            return chosen
    if asked:
        return PictureColumn(asked[0])
    if by_title:
        return PictureColumn(by_title[0][1])
    return _by_difference(table, titles, rows, names)


def _by_names(
    table: TableFile,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    hits: Mapping[int, int],
    *,
    titled: bool,
) -> PictureColumn | None:
    """The column whose cells name pictures, by how many (`hits`); None where they are too few to tell.

    Numbers may be names of pictures by chance: a column that is known for something else gives way, and so do bare
    numbers where another column holds names with endings. A second column is said where it names other pictures.
    """
    most = max(hits.values())
    if not (most > 1 or (most and (len(rows) == 1 or titled))):
        return None
    plain = {column: count for column, count in hits.items() if not _holds_something_else(titles[column])}
    if 2 * max(plain.values(), default=0) >= most:
        hits, most = plain, max(plain.values())
    good = [column for column, count in hits.items() if count and count >= 0.9 * most]
    written_out = {column for column in good if _have_endings(rows, column)}
    rank = {column: (_RANKS.get(titles[column], len(_RANKS)), column not in written_out) for column in good}
    best = min(good, key=lambda column: (rank[column], -hits[column], column))
    _ask_between(table, titles, rows, [column for column in good if rank[column] == rank[best]])
    others = [
        column
        for column in good
        if column != best
        and (
            (titles[column] in _RANKS and titles[column] not in NAMES)
            or (column in written_out and not _same_names(rows, best, column))
        )
    ]
    return PictureColumn(best, others=tuple(others))


def _holds_something_else(title: str) -> bool:
    known = title in TITLES and title not in _RANKS
    return known or _INDEX.fullmatch(title) is not None or bool(tied_role(title))


def _have_endings(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows[:_FIRST] if row[column]]
    return 2 * sum(cell.rpartition(".")[2].casefold() in PICTURE_ENDINGS for cell in cells) > len(cells)


def _same_names(rows: Sequence[Sequence[str]], one: int, other: int) -> bool:
    return all(loose(key_of(row[one])) == loose(key_of(row[other])) for row in rows[:_FIRST] if row[one] and row[other])


def _by_folders(
    table: TableFile,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: Iterable[int],
    names: PictureNames,
) -> PictureColumn | None:
    """The column whose cells name folders that hold pictures; None where there is none."""
    holders = [column for column in columns if len({row[column] for row in rows}) > len(rows) / 2]
    hits = _hits(rows, holders, names.folders_named_by)
    most = max(hits.values(), default=0)
    if not (most > 1 or (most and len(rows) == 1)):
        return None
    rank = {title: place for place, title in enumerate(_HOLDERS)}
    good = sorted(
        (column for column in hits if hits[column] == most),
        key=lambda column: rank.get(titles[column], len(rank)),
    )
    _ask_between(table, titles, rows, [column for column in good if titles[column] not in rank or column == good[0]])
    return PictureColumn(good[0], folders=True)


def _ask_between(
    table: TableFile, titles: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]
) -> None:
    """ColumnQuestion where columns of different titles name different pictures, or folders."""
    differing = [column for column in columns[1:] if not _same_names(rows, columns[0], column)]
    if any(titles[column] != titles[columns[0]] for column in differing):
        named = ", ".join(f'"{one_line(table.titles[column])[:60]}"' for column in (columns[0], *differing[:7]))
        raise ColumnQuestion(
            f"{table.name}: the columns {named} name pictures, and not the same ones; say which one does with "
            "--columns image=TITLE.",
            "image",
            table.titles,
        )


def _by_difference(
    table: TableFile, titles: Sequence[str], rows: Sequence[Sequence[str]], names: PictureNames | None
) -> PictureColumn:
    """The only column in which every row has a cell of its own; ColumnQuestion where there is none, or several."""
    taken = TITLES.difference(_RANKS)
    distinct = [column for column in range(len(titles)) if titles[column] not in taken and _all_differ(rows, column)]
    if names is not None and len(distinct) > 1:  # the numbers alone of pictures with longer names
        count = _hits(rows, distinct, names.numbered_by)
        least = max(2, 0.9 * min(len(rows), len(names.numbers)))
        distinct = [column for column in distinct if count[column] >= least] or distinct
    if len(distinct) == 1 or (distinct and not table.headed):
        return PictureColumn(distinct[0])
    if names is None and titles[0] in ROLES["lesion"]:  # rows of lesions, whose folders hold the pictures
        return PictureColumn(0, folders=True)
    raise ColumnQuestion(
        f"{table.name}: no column holds the names of {'these' if names else 'the'} pictures; say which one does with "
        f"--columns image=TITLE (there are {one_line(', '.join(table.titles))[:200]}).",
        "image",
        table.titles,
    )


def _hits(
    rows: Sequence[Sequence[str]], columns: Iterable[int], count: Callable[[Iterable[str]], int]
) -> dict[int, int]:
    """How many names each column holds: among the first rows, where that is nearly all of them, else among all."""
    columns = list(columns)
    for sample in (rows[:_FIRST], rows):
        hits = {column: count([row[column] for row in sample]) for column in columns}
        if max(hits.values(), default=0) >= 0.9 * len(sample):
            break
    return hits


def _all_differ(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows]
    return all(cells) and len(set(cells)) == len(cells)
