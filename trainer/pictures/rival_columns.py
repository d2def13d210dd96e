"""Columns beside those that were taken for the classes: such as belong to them, and such as contradict them."""

import re
from collections.abc import Collection, Iterable, Sequence

from trainer.pictures.class_columns import (
    MOST_CLASSES,
    Classes,
    ColumnQuestion,
    few_words,
    find_marks,
    is_share,
    mostly_diagnoses,
    number,
    share,
    single,
)
from trainer.pictures.diagnosis_names import read_diagnosis_names
from trainer.pictures.diagnosis_words import class_key, read_diagnoses, spelling
from trainer.pictures.file_names import one_line
from trainer.pictures.label_forms import DETAILS, is_known, is_no_class
from trainer.pictures.table_file import TableFile

_ENOUGH = 0.9
"""The share of rows that have a single 1 where columns are one for each class."""
_FIRST = 200
"""Rows that decide whether a column is worth a closer look."""
_SAYS_CLASSES = re.compile(
    r"(?:.+_)?(?:diagnosis|diagnose|dx|histology|histopathology|histologie|pathology|disease)(?:[._]?\d+)?"
    r"|(?:final_|true_)?(?:label|class|target|truth)(?:[._]?\d+)?"
)
"""Titles of columns whose words are classes, also where none of them is a known diagnosis."""
_SAYS_NUMBERS = re.compile(r"(?:final_|true_)?(?:label|class|target|truth)|(?:is_)?(?:malignant|benign)")
"""Titles of columns whose numbers are classes."""


def completed(titles: Sequence[str], rows: Sequence[Sequence[str]], classes: Classes, taken: set[int]) -> Classes:
    """The classes with the columns of 0 and 1 that belong to them: those that are 1 where none of them is.

    A form in which a row without a 1 is something is that of another table, where more columns complete its rows.
    """
    if not classes.one_each and not (len(classes.places) == 1 and classes.truths):
        return classes
    more = [
        column
        for column in range(len(titles))
        if column not in taken and column not in classes.places and not is_no_class(titles[column])
    ]
    more = [column for column in more if is_share([row[column] for row in rows])]
    if not classes.one_each and (finer := _marked_diagnoses(titles, rows, more)):
        return Classes(tuple(finer), one_each=True)
    left = [row for row in rows if not any(share(row[column]) for column in classes.places)]
    apart = [
        column
        for column in more
        if any(share(row[column]) == 1 for row in left)
        and sum(share(row[column]) == 1 for row in rows) == sum(share(row[column]) == 1 for row in left)
    ]
    diagnoses = read_diagnoses()
    named = [column for column in apart if spelling(titles[column]) in diagnoses]
    if not classes.one_each and not (named and spelling(titles[classes.places[0]]) in diagnoses):
        return classes  # a flag that is the contrary of another is no class
    for chosen in (apart, named, *([column] for column in apart)):
        places = tuple(sorted({*classes.places, *chosen}))
        if chosen and single(rows, places) >= _ENOUGH:
            return Classes(places, one_each=True)
    if named and classes.one_each:
        return Classes(tuple(sorted({*classes.places, *named})), one_each=True)
    return classes


def check_rivals(
    table: TableFile, titles: Sequence[str], rows: Sequence[Sequence[str]], classes: Classes, taken: set[int]
) -> None:
    """ColumnQuestion where another column says other classes of the same pictures.

    Where one column's classes follow from the other's, they say the same, more and less finely.
    """
    free = [column for column in range(len(titles)) if column not in taken and column not in classes.places]
    words = [column for column in free if titles[column] not in DETAILS and _says_words(titles[column], rows, column)]
    numbers = [column for column in free if _SAYS_NUMBERS.fullmatch(titles[column]) and few_numbers(rows, column)]
    marks = [] if classes.one_each else _marked_diagnoses(titles, rows, free)
    said = [_said(classes, row, titles) for row in rows] if words or numbers or marks else []
    for column in words:
        pairs = {(word, row[column]) for word, row in zip(said, rows, strict=True) if is_known(row[column])}
        if _contradict(pairs, classes.neither, marked=classes.one_each):
            raise _contradiction(table, classes.places, column)
    for column in numbers:
        # Of several columns of diagnoses, a coarser one may be what the number says.
        cells = [said] if classes.one_each else [[row[place] for row in rows] for place in classes.places]
        if all(_undetermined(zip(words, (row[column] for row in rows), strict=True)) for words in cells):
            raise _contradiction(table, classes.places, column)
    if marks:
        marked = Classes(tuple(marks), one_each=True)
        if _undetermined((word, _said(marked, row, titles)) for word, row in zip(said, rows, strict=True)):
            raise _contradiction(table, classes.places, *marks)


def holds_diagnoses(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column holds few words, most of them known diagnoses."""
    return mostly_diagnoses(few_words(rows[:_FIRST], column)) and mostly_diagnoses(few_words(rows, column))


def _says_words(title: str, rows: Sequence[Sequence[str]], column: int) -> bool:
    return holds_diagnoses(rows, column) or (
        _SAYS_CLASSES.fullmatch(title) is not None and len(few_words(rows, column)) > 1
    )


def _marked_diagnoses(titles: Sequence[str], rows: Sequence[Sequence[str]], free: Sequence[int]) -> list[int]:
    diagnoses = read_diagnoses()
    return find_marks(titles, rows, [column for column in free if spelling(titles[column]) in diagnoses])


def few_numbers(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column holds whole numbers alone, and few of them."""
    values = {row[column] for row in rows if is_known(row[column])}
    if not 1 < len(values) <= MOST_CLASSES:
        return False
    try:
        return all(number(value).is_integer() for value in values)
    except (ValueError, OverflowError):
        return False


def _said(classes: Classes, row: Sequence[str], titles: Sequence[str]) -> str:
    """The finest class that a row says; "" where it says none."""
    try:
        return next(iter(classes.diagnoses(row, titles)), "")
    except ValueError:  # said where the rows are read
        return ""


def _contradict(pairs: Collection[tuple[str, str]], neither: str, *, marked: bool) -> bool:
    """Whether the classes of one column and the words of another cannot both be right."""
    names = read_diagnosis_names()
    if marked and any(not word for word, _ in pairs):
        return True  # a word where no column is 1
    known = {(names.of(word), names.of(other)) for word, other in pairs if word}
    if _undetermined(known):
        return True
    some, others = {word for word, _ in known}, {other for _, other in known}
    for word, other in known:
        same = names.is_kind(word, other) or names.is_kind(other, word)
        if not same and word in others and other in some:
            return True
        if word == names.of(neither) and not same and _is_no(neither, other):
            return True
    return False


def _is_no(diagnosis: str, word: str) -> bool:
    """Whether a word is a known diagnosis that this one does not fall under."""
    diagnoses = read_diagnoses()
    return word in diagnoses and word != diagnoses.get(spelling(diagnosis))


def _undetermined(pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether neither of two columns says what the other one is."""
    known = {(class_key(word), class_key(other)) for word, other in pairs if is_known(word) and is_known(other)}
    return len({word for word, _ in known}) < len(known) > len({other for _, other in known})


def _contradiction(table: TableFile, places: Sequence[int], *others: int) -> ColumnQuestion:
    some, more = ([one_line(table.titles[column])[:60] for column in columns] for columns in (places, others))
    named = [", ".join(f'"{title}"' for title in titles[:8]) + " .." * (len(titles) > 8) for titles in (some, more)]
    ways = [",".join(f"label={title}" for title in titles) for titles in (more, some)]
    return ColumnQuestion(
        f"{table.name}: {named[0]} and {named[1]} say different classes of the same pictures; say which is right with "
        f"--columns {ways[0]} or --columns {ways[1]}.",
        "label",
        [table.titles[column] for column in (*places, *others)],
    )
