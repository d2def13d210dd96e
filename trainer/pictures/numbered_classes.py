"""Numbers that stand for classes, beside a column that says the classes in words."""

from collections import defaultdict
from collections.abc import Sequence

from trainer.pictures.class_columns import HINTS, OPINIONS, Classes, few_words
from trainer.pictures.diagnosis_words import class_key
from trainer.pictures.label_forms import DETAILS, is_known
from trainer.pictures.rival_columns import few_numbers, holds_diagnoses


def in_words(
    titles: Sequence[str], rows: Sequence[Sequence[str]], classes: Classes, taken: set[int]
) -> tuple[Classes, int | None]:
    """The classes in words where a single column says them in numbers, and a column of words that may be right as well.

    Where each number is one word and each word one number, the words are the classes; where several diagnoses share a
    number, they are the finer classes. Another column of diagnoses is that which is returned beside the classes.
    """
    if classes.one_each or classes.truths or len(classes.places) != 1 or not few_numbers(rows, classes.places[0]):
        return classes, None
    numbers = classes.places[0]
    free = [
        column
        for column in range(len(titles))
        if column not in taken and column != numbers and titles[column] not in DETAILS
    ]
    free = [column for column in free if not any(word in titles[column] for word in OPINIONS)]
    diagnoses = [column for column in free if holds_diagnoses(rows, column)]
    hinted = [column for column in free if any(hint in titles[column] for hint in HINTS) and few_words(rows, column)]
    for column in dict.fromkeys((*diagnoses, *hinted)):
        if _says(rows, column, numbers) and _says(rows, numbers, column) and _says_all(rows, column, numbers):
            return Classes((column,)), None
    for column in diagnoses:
        if _says(rows, column, numbers) and _says_all(rows, column, numbers):
            return Classes((column, numbers)), None
    return classes, next(iter(diagnoses), None)


def _says(rows: Sequence[Sequence[str]], column: int, other: int) -> bool:
    """Whether what stands in one column says what stands in the other."""
    pairs = {(class_key(row[column]), class_key(row[other])) for row in rows if _are_known(row[column], row[other])}
    return len({word for word, _ in pairs}) == len(pairs)


def _says_all(rows: Sequence[Sequence[str]], words: int, numbers: int) -> bool:
    """Whether no number has a word in some rows and none in others, which would lose their class."""
    known: dict[str, set[bool]] = defaultdict(set)
    for row in rows:
        if is_known(row[numbers]):
            known[class_key(row[numbers])].add(is_known(row[words]))
    return all(len(ways) == 1 for ways in known.values())


def _are_known(*cells: str) -> bool:
    return all(map(is_known, cells))
