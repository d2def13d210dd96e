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
    known = ("image", "label", *ROLES)
    found: dict[str, list[str]] = {}
    for part in filter(None, map(str.strip, next(csv.reader(io.StringIO(text, newline="")), []))):
        role, equals, title = (word.strip() for word in part.partition("="))
        if role.casefold() not in known or not equals or not title:
            raise UserError(
                f'--columns cannot be read at "{one_line(part)[:60]}"; write it as in image=file,label=diagnosis '
                f"(there are {', '.join(known)})."
            )
        found.setdefault(role.casefold(), []).append(title)
    return found


def choose_columns(table: TableFile, names: PictureNames | None, wanted: Wanted) -> Columns:
    """What the columns of a table hold; `names` are those of the pictures where they are known.

    UserError where a column that is asked for is not there, or a needed one is there twice; ColumnQuestion where the
    content leaves more than one answer.
    """
    rows = table.sample()
    titles = [folded(title) for title in table.titles]
    asked = {role: [_position(table, title) for title in said] for role, said in wanted.items()}
    picture, folders, others = _picture_column(table, titles, rows, names, asked.get("image", [])[:1])
    form = _form(titles, picture)
    roles = {role: found for role in ROLES if (found := _role(role, titles, rows)) is not None and found != picture}
    if folders and "lesion" not in roles and titles[picture] in ROLES["lesion"]:
        roles["lesion"] = picture
    roles |= {role: places[0] for role, places in asked.items() if role in ROLES}
    classes = _classes_of(form, titles, rows) if form is not None and "label" not in asked else None
    if classes is None:
        form = None
        taken = {picture, *others, *roles.values()}
        classes = classes_by_content(table, titles, rows, taken, asked.get("label", []))
    for place in (picture, *classes.places):
        if table.titles.count(table.titles[place]) > 1 or titles.count(titles[place]) > 1:
            raise UserError(f'{table.name} has two columns "{one_line(table.titles[place])[:60]}"; remove one of them.')
    notes = [
        f'Column "{one_line(table.titles[place])}" names pictures, too; '
        f"--columns image={one_line(table.titles[place])} reads those instead."
        for place in others
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
    titles = [folded(known) for known in table.titles]
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
    order = {title: place for place, title in enumerate(ranks)}
    by_title = sorted((order[title], place) for place, title in enumerate(titles) if title in order)
    if names is not None:
        places = asked or range(len(titles))
        hits = _hits(rows, places, names.named_by)
        most = max(hits.values())
        if most > 1 or (most and (len(rows) == 1 or by_title)):
            good = [place for place, count in hits.items() if count >= 0.9 * most and count]
            best = min(good, key=lambda place: (order.get(titles[place], len(order)), -hits[place], place))
            # Numbers may be names of pictures by chance; a second column counts where its names are written out.
            others = [
                place for place in good if place != best and titles[place] in order and titles[place] not in NAMES
            ]
            return best, False, others
        holders = [place for place in places if len({row[place] for row in rows}) > len(rows) / 2]
        hits = _hits(rows, holders, names.folders_named_by)
        most = max(hits.values(), default=0)
        if most > 1 or (most and len(rows) == 1):
            return max(hits, key=lambda place: hits[place]), True, []
    if asked:
        return asked[0], False, []
    if by_title:
        return by_title[0][1], False, []
    taken = TITLES.difference(ranks)
    distinct = [place for place in range(len(titles)) if titles[place] not in taken and _all_differ(rows, place)]
    if names is not None and len(distinct) > 1:  # the numbers alone of pictures with longer names
        count = _hits(rows, distinct, names.numbered_by)
        least = max(2, 0.9 * min(len(rows), len(names.numbers)))
        distinct = [place for place in distinct if count[place] >= least] or distinct
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
    rows: Sequence[Sequence[str]], places: Sequence[int], count: Callable[[Iterable[str]], int]
) -> dict[int, int]:
    """How many names each column holds: among the first rows, where that is nearly all of them, else among all."""
    for some in (rows[:_FIRST], rows):
        hits = {place: count([row[place] for row in some]) for place in places}
        if max(hits.values(), default=0) >= 0.9 * len(some):
            break
    return hits


def _all_differ(rows: Sequence[Sequence[str]], place: int) -> bool:
    cells = [row[place] for row in rows]
    return all(cells) and len(set(cells)) == len(cells)


def _form(titles: Sequence[str], picture: int) -> Form | None:
    """The first form whose columns are there: with this picture's column, else with any."""
    fitting = [form for form in FORMS if sum(title in titles for title in form.classes) >= form.least]
    same = (form for form in fitting if titles[picture] in form.pictures)
    return next(same, next(iter(fitting), None))


def _classes_of(form: Form, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Classes | None:
    """The form's columns; None where they hold nothing, or free text that is another one in each of many rows."""
    if form.one_each:
        places = tuple(place for place, title in enumerate(titles) if title in form.classes)
    else:
        places = tuple(titles.index(title) for title in form.classes if title in titles)
        known = [row[place] for row in rows for place in places[-1:] if row[place]]
        nothing = not any(row[place] for row in rows for place in places)
        if nothing or len(set(known)) > max(MOST_CLASSES, 0.9 * len(known)):
            return None
    meanings = {**TRUTHS, **form.truths}
    truths = {
        place: meanings[titles[place]]
        for place in places
        if titles[place] in meanings and is_truth(row[place] for row in rows)
    }
    return Classes(places, form.one_each, form.neither, truths)


def _role(role: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    by_title = next((titles.index(title) for title in ROLES[role] if title in titles), None)
    if by_title is None and role == "split":
        for place in range(len(titles)):
            if any(row[place].casefold() not in PARTS and row[place] for row in rows[:20]):
                continue
            words = Counter(row[place].casefold() for row in rows)
            if len(words) > 1 and words.keys() <= PARTS.keys() | NOT_KNOWN and words.keys() & PARTS.keys():
                return place
    return by_title


def _decided(table: TableFile, picture: int, classes: Classes, roles: Mapping[str, int], folders: bool) -> str:
    def titled(place: int) -> str:
        return f'"{one_line(table.titles[place])[:60]}"'

    if len(classes.places) > 8:
        named = f"{titled(classes.places[0])} and {len(classes.places) - 1} more"
    else:
        named = ", ".join(map(titled, classes.places))
    said = [
        f"{'folders of pictures' if folders else 'pictures'} by column {titled(picture)}",
        f"classes by {named}",
        *(f"{_PLURALS.get(role, role + 's')} by {titled(place)}" for role, place in roles.items()),
    ]
    return ", ".join(said)
