"""The columns that say what a picture shows: found by what is in them, and read row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trainer.files.errors import UserError
from trainer.pictures.diagnosis_words import read_diagnoses, spelling
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import NOT_KNOWN, PARTS, TRUTHS
from trainer.pictures.table_file import TableFile

MOST_CLASSES = 150
"""So many values a column may have whose values are classes, unless its title or somebody says so."""

_TRUE, _FALSE = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})
_HINTS = ("label", "class", "diagnos", "dx", "target", "categor", "disease", "lesion_type")


class ColumnQuestion(UserError):  # noqa: N818 - nothing went wrong
    """A column that only the person can name: `about` "image" or "label", `choices` the titles that there are."""

    def __init__(self, text: str, about: str, choices: Sequence[str]) -> None:
        super().__init__(text)
        self.about, self.choices = about, tuple(choices)


@dataclass(frozen=True)
class Classes:
    """Positions of the columns that say what a picture shows, the deepest diagnosis first.

    `one_each`: one column for each class, of which a single one holds a 1; `neither` is the class of a row without any.
    `truths`: what 0 and 1 mean in a column.
    """

    places: tuple[int, ...]
    one_each: bool = False
    neither: str = ""
    truths: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def diagnoses(self, row: Sequence[str], titles: Sequence[str]) -> tuple[str, ...]:
        """What a row says, the deepest diagnosis first; () where there is none, or not a single one.

        ValueError where one column for each class holds a cell that is no number.
        """
        if self.one_each:
            values = [number(row[column]) if row[column] else 0.0 for column in self.places]
            marked = [column for column, value in zip(self.places, values, strict=True) if value == 1]
            if len(marked) == 1 and all(value in (0, 1) for value in values):
                return (titles[marked[0]],)
            return (self.neither,) if self.neither and not any(values) else ()
        words = [self._meaning(column, row[column]) if self.truths else row[column] for column in self.places]
        return tuple([word for word in words if word.casefold() not in NOT_KNOWN])

    def _meaning(self, column: int, cell: str) -> str:
        truth = self.truths.get(column)
        if truth is None:
            return cell
        low = cell.casefold()
        return truth[1] if low in _TRUE else truth[0] if low in _FALSE else cell


def number(cell: str) -> float:
    """A cell as a number, whose decimal mark may be a comma; ValueError where it is none."""
    try:
        return float(cell)
    except ValueError:
        if "," not in cell:
            raise
        return float(cell.replace(",", ".", 1))


def is_truth(cells: Iterable[str]) -> bool:
    """Whether the known cells of a column say yes or no only."""
    known = {cell.casefold() for cell in cells} - NOT_KNOWN
    return bool(known) and known <= _TRUE | _FALSE


def classes_by_content(
    table: TableFile,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    taken: set[int],
    asked: Sequence[int] = (),
) -> Classes:
    """The columns that hold classes among those that are not `taken` for something else, or the ones `asked` for.

    Numbers of which a single one in each row is 1; else a column with few values, diagnoses before other words; else
    one with 0 and 1. ColumnQuestion where there is none, or more than one answer.
    """
    free = [column for column in range(len(titles)) if column not in taken] if not asked else list(asked)
    if len(asked) == 1:
        return Classes(tuple(asked), truths=_truths(titles, rows, asked))
    words = read_diagnoses()
    marks = _marks(titles, rows, free, words)
    if marks:
        return Classes(tuple(marks), one_each=True)
    if asked:
        return Classes(tuple(asked), truths=_truths(titles, rows, asked))
    few = {column: values for column in free if (values := _few(rows, column))}
    diagnoses = [
        column for column, cells in few.items() if sum(spelling(word) in words for word in cells) * 2 > len(cells)
    ]
    # Several columns of diagnoses are one diagnosis, said more and more coarsely.
    diagnoses.sort(key=lambda column: -len(few[column]))
    if diagnoses:
        return Classes(tuple(diagnoses))
    hinted = [column for column in few if any(hint in titles[column] for hint in _HINTS)]
    for chosen in (hinted, list(few)):
        if len(chosen) == 1:
            return Classes(tuple(chosen))
    yes_no = [column for column in free if is_truth(row[column] for row in rows)]
    named = [column for column in yes_no if titles[column] in TRUTHS or any(hint in titles[column] for hint in _HINTS)]
    for chosen in (named, yes_no if not few else []):
        if len(chosen) == 1:
            return Classes(tuple(chosen), truths=_truths(titles, rows, chosen))
    choices = [table.titles[column] for column in (few or yes_no or free or range(len(titles)))]
    many = "more than one column may hold" if few or yes_no else "no column holds"
    raise ColumnQuestion(
        f"{table.name}: {many} the classes of the pictures; say which one does with --columns label=TITLE (there "
        f"are {one_line(', '.join(choices))[:200]}).",
        "label",
        choices,
    )


def _truths(titles: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]) -> dict[int, tuple[str, str]]:
    return {
        column: TRUTHS[titles[column]]
        for column in columns
        if titles[column] in TRUTHS and is_truth(row[column] for row in rows)
    }


def _marks(
    titles: Sequence[str], rows: Sequence[Sequence[str]], free: Sequence[int], words: Mapping[str, str]
) -> list[int]:
    """Columns of numbers within 0 and 1 of which a single one is 1 in nearly every row, and no other."""
    shares = [column for column in free if _is_share([row[column] for row in rows])]
    named = [column for column in shares if spelling(titles[column]) in words]
    choices = [chosen for chosen in (shares, named) if len(chosen) > 1]
    fitting = {len(chosen): chosen for chosen in choices if _single(rows, chosen) >= 0.9}
    return next(iter(fitting.values()), [])


def _is_share(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are numbers within 0 and 1; one that is none is a fault to be said, not another kind."""
    good = 0
    for cell in cells:
        try:
            good += 0 <= (number(cell) if cell else 0.0) <= 1
        except ValueError:
            continue
    return good >= 0.9 * len(cells) and any(cells)


def _single(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> float:
    """The share of rows in which a single one of these columns is 1 and the others are 0."""
    fits = 0
    for row in rows:
        marked = [row[column] for column in columns if row[column] not in ("", "0", "0.0", "0,0")]
        fits += len(marked) == 1 and marked[0] in ("1", "1.0", "1,0")
    return fits / len(rows)


def _few(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    """The values of a column that has few of them, and words rather than numbers; else none."""
    known = [row[column] for row in rows if row[column].casefold() not in NOT_KNOWN]
    values = dict.fromkeys(known)
    if not 1 < len(values) <= MOST_CLASSES or (len(known) > 10 and len(values) > 0.5 * len(known)):
        return []
    low = {value.casefold() for value in values}
    if low <= _TRUE | _FALSE or low <= PARTS.keys():
        return []
    try:
        for value in values:
            number(value)
    except ValueError:
        return list(values)
    return []
