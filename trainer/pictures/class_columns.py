"""The columns that say what a picture shows: found by what is in them, and read row by row."""

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trainer.files.errors import UserError
from trainer.pictures.diagnosis_names import read_diagnosis_names
from trainer.pictures.diagnosis_words import read_diagnoses, spelling
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import NOT_KNOWN, TRUTHS, is_no_class, part_of
from trainer.pictures.table_file import TableFile

MOST_CLASSES = 150
"""So many values a column may have whose values are classes, unless its title or somebody says so."""

# Excel writes TRUE and FALSE in the language of the person.
_TRUE = frozenset(
    {"1", "1.0", "true", "yes", "wahr", "ja", "vrai", "oui", "verdadero", "verdadeiro", "vero", "sim", "waar", "sant"}
    | {"sand", "sann", "tosi", "prawda", "tak", "pravda", "igaz", "doğru", "истина", "да"}
)
_FALSE = frozenset(
    {"0", "0.0", "false", "no", "falsch", "nein", "faux", "non", "falso", "não", "nee", "onwaar", "falskt", "falsk"}
    | {"usann", "epätosi", "fałsz", "nie", "nepravda", "hamis", "yanliş", "ложь", "нет"}
)
_MARKED = _TRUE | {"x", "y"}
_UNMARKED = _FALSE | {"n"} | NOT_KNOWN
_ROUNDING = 1e-6
"""So little the numbers of one column for each class may miss 0 and 1 by."""
OPINIONS = ("predict", "pred_", "reader", "rater", "annotator")
"""What stands in titles of columns that say what somebody, or a network, takes a picture for."""
HINTS = ("label", "class", "diagnos", "dx", "target", "categor", "disease", "lesion_type")


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
            values = [mark(row[column]) for column in self.places]
            marked = [column for column, value in zip(self.places, values, strict=True) if value == 1]
            if len(marked) == 1 and all(value in (0, 1) for value in values):
                return (titles[marked[0]],)
            filled = all(row[column].casefold() not in NOT_KNOWN for column in self.places)
            return (self.neither,) if self.neither and filled and not any(values) else ()
        words = [self._meaning(column, row[column]) if self.truths else row[column] for column in self.places]
        return tuple([word for word in words if word.casefold() not in NOT_KNOWN])

    def _meaning(self, column: int, cell: str) -> str:
        truth = self.truths.get(column)
        if truth is None:
            return cell
        low = cell.casefold()
        return truth[1] if low in _TRUE else truth[0] if low in _FALSE else cell


def mark(cell: str) -> float:
    """What a cell of one column for each class says: 1, 0 (also where it is not known), or a share between.

    ValueError where it is none of these.
    """
    low = cell.casefold()
    if low in _MARKED:
        return 1.0
    if low in _UNMARKED:
        return 0.0
    value = number(cell)
    return next((whole for whole in (0.0, 1.0) if math.isclose(value, whole, rel_tol=0, abs_tol=_ROUNDING)), value)


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
    if asked:
        marks = find_marks(titles, rows, asked) if len(asked) > 1 else []
        if set(marks) == set(asked):
            return Classes(tuple(marks), one_each=True)
        return Classes(tuple(asked), truths=_truths(titles, rows, asked))
    free = [column for column in range(len(titles)) if column not in taken]
    few = {column: values for column in free if (values := few_words(rows, column))}
    words = read_diagnoses()
    diagnoses = [column for column, cells in few.items() if mostly_diagnoses(cells)]
    marks = find_marks(titles, rows, [column for column in free if not is_no_class(titles[column])])
    if marks:
        known = sum(spelling(titles[column]) in words for column in marks) * 2 > len(marks)
        rivals = [column for column in (diagnoses if known else few) if not _says_the_same(rows, column, marks)]
        if rivals:
            raise _question(table, [*rivals, *marks], "more than one column may hold")
        return Classes(tuple(marks), one_each=True)
    yes_no = [column for column in free if is_truth(row[column] for row in rows)]
    answers = [*few, *yes_no]
    opinions = {column for column in answers if any(word in titles[column] for word in OPINIONS)}
    if diagnoses:
        # Several columns of diagnoses may be one diagnosis, said more and more coarsely.
        diagnoses.sort(key=lambda column: -len(few[column]))
        if opinions.intersection(diagnoses) and len(answers) > len(diagnoses):
            raise _question(table, sorted(answers), "more than one column may hold")
        if not _one_within_the_other(rows, diagnoses):
            raise _question(table, sorted(diagnoses), "more than one column may hold")
        return Classes(tuple(diagnoses))
    hinted = [column for column in answers if titles[column] in TRUTHS or any(hint in titles[column] for hint in HINTS)]
    likely = (
        [column for column in hinted if column in few],
        list(few),
        [column for column in hinted if column in yes_no],
        yes_no if not few else [],
    )
    for chosen in likely:
        if len(chosen) == 1 and (chosen[0] not in opinions or len(answers) == 1):
            return Classes(tuple(chosen), truths=_truths(titles, rows, chosen))
    found = "more than one column may hold" if answers else "no column holds"
    raise _question(table, (answers if opinions else few or yes_no) or free or range(len(titles)), found)


def _question(table: TableFile, columns: Iterable[int], answer: str) -> ColumnQuestion:
    choices = [table.titles[column] for column in columns]
    return ColumnQuestion(
        f"{table.name}: {answer} the classes of the pictures; say which one does with --columns label=TITLE (there "
        f"are {one_line(', '.join(choices))[:200]}).",
        "label",
        choices,
    )


def _one_within_the_other(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether of any two columns, the finer first, each diagnosis of one falls under a single one of the other.

    Opinions of two readers, or truth and prediction, may do so by chance; but they use the same words, and one of
    them stands beside another one that it is no kind of.
    """
    names = read_diagnosis_names()
    for fine, coarse in itertools.combinations(columns, 2):
        pairs = {(row[fine], row[coarse]) for row in rows}
        known = {
            (names.of(finer), names.of(coarser))
            for finer, coarser in pairs
            if finer.casefold() not in NOT_KNOWN and coarser.casefold() not in NOT_KNOWN
        }
        finer_words = {finer for finer, _ in known}
        if len(finer_words) < len(known):
            return False
        if any(coarser in finer_words and not names.is_kind(finer, coarser) for finer, coarser in known):
            return False
    return True


def mostly_diagnoses(words: Collection[str]) -> bool:
    """Whether more than half of these words are known diagnoses."""
    diagnoses = read_diagnoses()
    return sum(spelling(word) in diagnoses for word in words) * 2 > len(words)


def _says_the_same(rows: Sequence[Sequence[str]], column: int, marks: Sequence[int]) -> bool:
    """Whether the words of a column say what columns of marks say: one word for each of them."""
    pairs = set()
    for row in rows:
        marked = [place for place in marks if share(row[place]) == 1]
        if len(marked) == 1 and row[column].casefold() not in NOT_KNOWN:
            pairs.add((spelling(row[column]), marked[0]))
    return len(pairs) == len({word for word, _ in pairs}) == len({place for _, place in pairs})


def _truths(titles: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]) -> dict[int, tuple[str, str]]:
    return {
        column: TRUTHS[titles[column]]
        for column in columns
        if titles[column] in TRUTHS and is_truth(row[column] for row in rows)
    }


def find_marks(titles: Sequence[str], rows: Sequence[Sequence[str]], free: Sequence[int]) -> list[int]:
    """Columns of numbers within 0 and 1 of which a single one is 1 in nearly every row, and no other."""
    words = read_diagnoses()
    shares = [column for column in free if is_share([row[column] for row in rows])]
    named = [column for column in shares if spelling(titles[column]) in words]
    choices = [chosen for chosen in (shares, named) if len(chosen) > 1]
    fitting = {len(chosen): chosen for chosen in choices if single(rows, chosen) >= 0.9}
    return next(iter(fitting.values()), [])


def share(cell: str) -> float:
    """The same as `mark`; NaN where it is no number."""
    try:
        return mark(cell)
    except ValueError:
        return math.nan


def is_share(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are numbers within 0 and 1; one that is none is a fault to be said, not another kind."""
    words = set(cells)
    shares = {word for word in words if 0 <= share(word) <= 1}
    some = any(word.casefold() not in NOT_KNOWN for word in words)
    return some and sum(cell in shares for cell in cells) >= 0.9 * len(cells)


def single(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> float:
    """The share of rows in which a single one of these columns is 1 and the others are 0."""
    fits = 0
    for row in rows:
        marked = [value for column in columns if (value := share(row[column])) != 0]
        fits += marked == [1]
    return fits / len(rows)


def few_words(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    """The values of a column that has few of them, and words rather than numbers; else none."""
    known = [row[column] for row in rows if row[column].casefold() not in NOT_KNOWN]
    values = dict.fromkeys(known)
    if not 1 < len(values) <= MOST_CLASSES or (len(known) > 10 and len(values) > 0.5 * len(known)):
        return []
    low = {value.casefold() for value in values}
    if low <= _TRUE | _FALSE or all(map(part_of, low)):
        return []
    try:
        for value in values:
            number(value)
    except ValueError:
        return list(values)
    return []
