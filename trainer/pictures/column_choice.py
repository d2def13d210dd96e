"""Which column of a table names the pictures and which say what they show: by content, by known titles, or as asked."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from trainer.files.errors import UserError
from trainer.files.written_tables import write_rows
from trainer.pictures.class_columns import MOST_CLASSES, Classes, classes_by_content, is_truth
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import FORMS, NOT_KNOWN, ROLES, TRUTHS, Form, folded, tied_role
from trainer.pictures.name_matching import PictureNames
from trainer.pictures.numbered_classes import in_words
from trainer.pictures.picture_column import PictureColumn, picture_column
from trainer.pictures.rival_columns import check_rivals, completed, holds_diagnoses
from trainer.pictures.split_columns import in_several, part_words, seeming_splits, split_column
from trainer.pictures.table_file import TableFile

Wanted = Mapping[str, Sequence[str]]
"""Titles (or numbers) of columns by what they hold: "image", "label", or one of `ROLES`."""

TIED = ("patient", "lesion", "group")
"""Roles whose pictures belong together."""
_PLURALS = {"site": "sites", "sex": "sexes", "split": "parts"}


@dataclass(frozen=True)
class Columns:
    """What the columns hold, by their positions: the picture's name, its classes, and `roles` of `label_forms.ROLES`.

    `folders`: the names are those of folders that hold the pictures. `decided` is a clause that names the columns;
    `aloud`: not every one of them has a title that is known, so a person should see what was decided. `notes` are
    whole sentences. `parts` are those of 0 and of 1 where the column of the split says them so.
    """

    form: str
    picture: int
    classes: Classes
    roles: Mapping[str, int]
    folders: bool = False
    decided: str = ""
    aloud: bool = False
    notes: tuple[str, ...] = field(default=())
    parts: tuple[str, ...] = ()


def parse_columns(text: str) -> dict[str, list[str]]:
    """What `--columns image=a,label=b` says, a part with a comma in quotes; UserError where it cannot be read."""
    roles = ("image", "label", *ROLES)
    wanted: dict[str, list[str]] = {}
    for part in filter(None, map(str.strip, next(csv.reader(io.StringIO(text, newline="")), []))):
        role, equals, title = (word.strip() for word in part.partition("="))
        if role.casefold() not in roles or not equals or not title:
            raise UserError(
                f'--columns cannot be read at "{one_line(part)[:60]}"; write it as in image=file,label=diagnosis '
                f"(there are {', '.join(roles)})."
            )
        wanted.setdefault(role.casefold(), []).append(title)
    return wanted


def column_words(wanted: Wanted) -> str:
    """The same as `parse_columns` reads it, whatever is written in a title."""
    parts = [f"{role}={title}" for role, titles in wanted.items() for title in titles]
    return write_rows([parts]).decode("utf-8").removesuffix("\n") if parts else ""


def choose_columns(table: TableFile, names: PictureNames | None, wanted: Wanted) -> Columns:
    """What the columns of a table hold; `names` are those of the pictures where they are known.

    UserError where a column that is asked for is not there, or a needed one is there twice, or where several are asked
    for what has one; ColumnQuestion where the content leaves more than one answer.
    """
    rows = table.sample()
    titles = [folded(title) for title in table.titles]
    asked = {role: [_position(table, title) for title in asked_titles] for role, asked_titles in wanted.items()}
    for role, columns in asked.items():
        if role != "label" and len(set(columns)) > 1:
            named = ", ".join(one_line(table.titles[column])[:60] for column in columns)
            raise UserError(
                f'--columns names two columns for "{role}": {named}; name one (only label may have several).'
            )
    pictures = picture_column(table, rows, names, asked.get("image", [])[:1])
    picture = pictures.position
    form = _form(titles, picture)
    roles = {role: found[0] for role in ROLES if (found := _columns_of(role, titles, rows)) and found[0] != picture}
    for role in TIED:
        if role in roles and holds_diagnoses(rows, roles[role]):
            del roles[role]
    if pictures.folders:
        roles.setdefault(tied_role(titles[picture]) or ("lesion" if "group" in roles else "group"), picture)
    roles |= {role: columns[0] for role, columns in asked.items() if role in ROLES}
    of_others = {picture, *roles.values(), *asked.get("label", [])}
    if "split" not in roles and (column := split_column(titles, rows, of_others)) is not None:
        roles["split"] = column
    unused = seeming_splits(titles, rows, of_others) if "split" not in roles else []
    taken = {picture, *pictures.others, *roles.values()}
    classes = _classes_of(form, titles, rows) if form is not None else None
    if "label" in asked:
        one_each = classes is not None and classes.one_each and {*asked["label"]} == {*classes.places}
        classes = classes if one_each else None
    elif classes is not None:
        known, classes = classes, completed(titles, rows, classes, taken)
        form = form if classes is known else None
    if classes is None:
        form = None
        classes = classes_by_content(table, titles, rows, taken, asked.get("label", []))
    numbered, words = classes, None
    if "label" not in asked:
        classes, words = in_words(titles, rows, classes, taken)
        form = form if classes is numbered else None
    _check_twice(table, (picture, *classes.places))
    if "label" not in asked:
        check_rivals(table, titles, rows, classes, taken)
    name = "columns as asked" if asked else "by content"
    if form is not None and not asked and titles[picture] in form.pictures:
        name = form.name
    aloud = name in ("columns as asked", "by content")
    decided = _decided(table, picture, classes, roles, pictures.folders)
    notes = _notes(table, rows, pictures, classes, roles, asked)
    if classes is not numbered or words is not None:
        notes.append(_about_numbers(table, numbered.places[0], classes.places[0] if words is None else words, words))
    for column in unused:
        if column not in classes.places:
            title = one_line(table.titles[column])[:60]
            notes.append(
                f'Column "{title}" looks like a split and was not used; one with the words train, validation and test '
                f"is (--columns split={title})."
            )
    split = roles.get("split")
    parts = part_words(titles[split], (row[split] for row in rows)) if split is not None else ()
    return Columns(name, picture, classes, roles, pictures.folders, decided, aloud, tuple(notes), parts)


def _about_numbers(table: TableFile, numbers: int, words: int, unused: int | None) -> str:
    """A sentence on numbers that stand for classes and a column that says them in words, which may be `unused`."""
    number, word = (one_line(table.titles[column])[:60] for column in (numbers, words))
    if unused is None:
        return f'The classes are the words of "{word}", not the numbers of "{number}" (--columns "label={number}").'
    return f'Column "{word}" holds diagnoses beside the numbers of "{number}"; --columns "label={word}" reads them.'


def _check_twice(table: TableFile, columns: Sequence[int]) -> None:
    """UserError where another column has the title of one that is needed."""
    titles = [folded(title) for title in table.titles]
    for column in columns:
        if titles.count(titles[column]) > 1:
            raise UserError(
                f'{table.name} has two columns "{one_line(table.titles[column])[:60]}"; remove one of them.'
            )


def _notes(
    table: TableFile,
    rows: Sequence[Sequence[str]],
    pictures: PictureColumn,
    classes: Classes,
    roles: Mapping[str, int],
    asked: Collection[str],
) -> list[str]:
    """Whole sentences on columns that could be read instead of those that were chosen, not `asked` for."""
    titles = [folded(title) for title in table.titles]
    notes = [
        f'Column "{one_line(table.titles[column])}" names pictures, too; '
        f"--columns image={one_line(table.titles[column])} reads those instead."
        for column in pictures.others
    ]
    for role in (role for role in TIED if role in roles and role not in asked):
        for column in _columns_of(role, titles, rows)[1:]:
            differs = any(row[column] != row[roles[role]] for row in rows if row[column])
            if titles[column] != titles[roles[role]] and differs and column not in (roles[role], pictures.position):
                notes.append(
                    f'Column "{one_line(table.titles[column])}" holds {role}s, too; '
                    f"--columns {role}={one_line(table.titles[column])} reads it instead."
                )
    parts = [table.titles[column] for column in in_several(titles)]
    if parts and "split" not in roles:
        named = ", ".join(f'"{one_line(title)[:60]}"' for title in parts)
        notes.append(
            f"The columns {named} may say a split, which is read from one column only, with the words train, "
            "validation and test (--columns split=TITLE)."
        )
    if classes.neither:
        notes.append(f"A row of {table.name} without a 1 counts as {classes.neither}, as in that challenge.")
    return notes


def _position(table: TableFile, title: str) -> int:
    """The column of a title, or of a number from 1 on; UserError where there is none."""
    titles = [folded(column_title) for column_title in table.titles]
    if folded(title) in titles:
        return titles.index(folded(title))
    if title.isdecimal() and 1 <= int(title) <= len(titles):
        return int(title) - 1
    raise UserError(
        f'{table.name} has no column "{one_line(title)[:60]}"; '
        f"its columns are {one_line(', '.join(table.titles))[:200]}."
    )


def _form(titles: Sequence[str], picture: int) -> Form | None:
    """The first form whose columns are there: with this picture's column, else with any."""
    fitting = [form for form in FORMS if sum(title in titles for title in form.classes) >= form.least]
    same = (form for form in fitting if titles[picture] in form.pictures)
    return next(same, next(iter(fitting), None))


def _classes_of(form: Form, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Classes | None:
    """The form's columns; None where they hold nothing, or free text that is another one in each of many rows."""
    if form.one_each:
        columns = tuple(column for column, title in enumerate(titles) if title in form.classes)
    else:
        columns = tuple(titles.index(title) for title in form.classes if title in titles)
        cells = [row[column] for row in rows for column in columns[-1:] if row[column]]
        nothing = not any(row[column] for row in rows for column in columns)
        if nothing or len(set(cells)) > max(MOST_CLASSES, 0.9 * len(cells)):
            return None
    meanings = {**TRUTHS, **form.truths}
    truths = {
        column: meanings[titles[column]]
        for column in columns
        if titles[column] in meanings and is_truth(row[column] for row in rows)
    }
    return Classes(columns, form.one_each, form.neither, truths)


def _columns_of(role: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns with a title of a role: those with anything in them, the likeliest first; else those without."""
    columns = [column for known in ROLES[role] for column, title in enumerate(titles) if title == known]
    for column, title in enumerate(titles):
        # A number of its own for each row may be that of the row.
        if column not in columns and tied_role(title) == role and len({row[column] for row in rows}) < len(rows):
            columns.append(column)
    return [column for column in columns if any(row[column].casefold() not in NOT_KNOWN for row in rows)] or columns


def _decided(table: TableFile, picture: int, classes: Classes, roles: Mapping[str, int], folders: bool) -> str:
    def titled(column: int) -> str:
        return f'"{one_line(table.titles[column])[:60]}"'

    if len(classes.places) > 8:
        named = f"{titled(classes.places[0])} and {len(classes.places) - 1} more"
    else:
        named = ", ".join(map(titled, classes.places))
    clauses = [
        f"{'folders of pictures' if folders else 'pictures'} by column {titled(picture)}",
        f"classes by {named}",
        *(f"{_PLURALS.get(role, role + 's')} by {titled(column)}" for role, column in roles.items()),
    ]
    return ", ".join(clauses)
