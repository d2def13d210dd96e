"""Which column of a table names the pictures and which say what they show: by content, by known titles, or as asked."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trainer.files.errors import UserError
from trainer.pictures.class_columns import MOST_CLASSES, Classes, ColumnQuestion, classes_by_content, is_truth
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import FORMS, NAMES, NOT_KNOWN, PARTS, ROLES, TITLES, TRUTHS, Form, folded
from trainer.pictures.name_matching import PictureNames
from trainer.pictures.table_file import TableFile

Wanted = Mapping[str, Sequence[str]]
"""Titles (or numbers) of columns by what they hold: "image", "label", or one of `ROLES`."""

_FIRST = 200
"""Rows that decide which column names the pictures, if nearly all of them do."""
_PLURALS = {"site": "sites", "sex": "sexes", "split": "parts"}


@dataclass(frozen=True)
class Columns:
    """What the columns hold, by their positions: the picture's name, its classes, and `roles` of `label_forms.ROLES`.

    `folders`: the names are those of folders that hold the pictures. `decided` is a clause that names the columns;
    `aloud`: not every one of them has a title that is known, so a person should see what was decided. `notes` are
    whole sentences.
    """

    form: str
    picture: int
    classes: Classes
    roles: Mapping[str, int]
    folders: bool = False
    decided: str = ""
    aloud: bool = False
    notes: tuple[str, ...] = field(default=())


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
    picture, folders, others = _picture_column(table, titles, rows, names, asked.get("image", [])[:1])
    form = _form(titles, picture)
    roles = {role: index for role in ROLES if (index := _role(role, titles, rows)) is not None and index != picture}
    if folders and "lesion" not in roles and titles[picture] in ROLES["lesion"]:
        roles["lesion"] = picture
    roles |= {role: columns[0] for role, columns in asked.items() if role in ROLES}
    classes = _classes_of(form, titles, rows) if form is not None and "label" not in asked else None
    if classes is None:
        form = None
        taken = {picture, *others, *roles.values()}
        classes = classes_by_content(table, titles, rows, taken, asked.get("label", []))
    for column in (picture, *classes.places):
        if table.titles.count(table.titles[column]) > 1 or titles.count(titles[column]) > 1:
            raise UserError(
                f'{table.name} has two columns "{one_line(table.titles[column])[:60]}"; remove one of them.'
            )
    notes = [
        f'Column "{one_line(table.titles[column])}" names pictures, too; '
        f"--columns image={one_line(table.titles[column])} reads those instead."
        for column in others
    ]
    if classes.neither:
        notes.append(f"A row of {table.name} without a 1 counts as {classes.neither}, as in that challenge.")
    name = "columns as asked" if asked else "by content"
    if form is not None and not asked and titles[picture] in form.pictures:
        name = form.name
    aloud = name in ("columns as asked", "by content")
    decided = _decided(table, picture, classes, roles, folders)
    return Columns(name, picture, classes, roles, folders, decided, aloud, tuple(notes))


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


def _picture_column(
    table: TableFile,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    names: PictureNames | None,
    asked: Sequence[int],
) -> tuple[int, bool, list[int]]:
    """The column with the pictures' names, whether those are names of folders, and further columns that name some."""
    ranks = list(dict.fromkeys([*(title for form in FORMS for title in form.pictures), *NAMES]))
    order = {title: rank for rank, title in enumerate(ranks)}
    by_title = sorted((order[title], column) for column, title in enumerate(titles) if title in order)
    if names is not None:
        columns = asked or range(len(titles))
        hits = _hits(rows, columns, names.named_by)
        most = max(hits.values())
        if most > 1 or (most and (len(rows) == 1 or by_title)):
            good = [column for column, count in hits.items() if count >= 0.9 * most and count]
            best = min(good, key=lambda column: (order.get(titles[column], len(order)), -hits[column], column))
            # Numbers may be names of pictures by chance; a second column counts where its names are written out.
            others = [
                column for column in good if column != best and titles[column] in order and titles[column] not in NAMES
            ]
            return best, False, others
        holders = [column for column in columns if len({row[column] for row in rows}) > len(rows) / 2]
        hits = _hits(rows, holders, names.folders_named_by)
        most = max(hits.values(), default=0)
        if most > 1 or (most and len(rows) == 1):
            return max(hits, key=lambda column: hits[column]), True, []
    if asked:
        return asked[0], False, []
    if by_title:
        return by_title[0][1], False, []
    taken = TITLES.difference(ranks)
    distinct = [column for column in range(len(titles)) if titles[column] not in taken and _all_differ(rows, column)]
    if names is not None and len(distinct) > 1:  # the numbers alone of pictures with longer names
        count = _hits(rows, distinct, names.numbered_by)
        least = max(2, 0.9 * min(len(rows), len(names.numbers)))
        distinct = [column for column in distinct if count[column] >= least] or distinct
    if len(distinct) == 1 or (distinct and not table.headed):
        return distinct[0], False, []
    if names is None and titles[0] in ROLES["lesion"]:  # rows of lesions, whose folders hold the pictures
        return 0, True, []
    raise ColumnQuestion(
        f"{table.name}: no column holds the names of {'these' if names else 'the'} pictures; say which one does with "
        f"--columns image=TITLE (there are {one_line(', '.join(table.titles))[:200]}).",
        "image",
        table.titles,
    )


def _hits(
    rows: Sequence[Sequence[str]], columns: Sequence[int], count: Callable[[Iterable[str]], int]
) -> dict[int, int]:
    """How many names each column holds: among the first rows, where that is nearly all of them, else among all."""
    for sample in (rows[:_FIRST], rows):
        hits = {column: count([row[column] for row in sample]) for column in columns}
        if max(hits.values(), default=0) >= 0.9 * len(sample):
            break
    return hits


def _all_differ(rows: Sequence[Sequence[str]], column: int) -> bool:
    cells = [row[column] for row in rows]
    return all(cells) and len(set(cells)) == len(cells)


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


def _role(role: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    by_title = next((titles.index(title) for title in ROLES[role] if title in titles), None)
    if by_title is None and role == "split":
        for column in range(len(titles)):
            if any(row[column].casefold() not in PARTS.keys() | NOT_KNOWN for row in rows[:20]):
                continue
            words = Counter(row[column].casefold() for row in rows)
            if len(words) > 1 and words.keys() <= PARTS.keys() | NOT_KNOWN and words.keys() & PARTS.keys():
                return column
    return by_title


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
