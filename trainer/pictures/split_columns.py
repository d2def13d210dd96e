"""The column of a table that says the part of each picture (train, validation, test), and those that seem to."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from trainer.pictures.class_columns import HINTS, is_truth
from trainer.pictures.label_forms import PARTS, TITLES, flagged_part, is_known, part_of

_SEEMS = re.compile(
    r"(?:cv|k|test|val|outer|inner|stratified)?_?folds?(?:_?(?:id|no|nr|number|idx|index))?"
    r"|usage|set|phase|(?:data(?:set)?|my|official)_?split|split_?(?:id|no|number|name|type)"
)
"""Titles of columns that look like a split."""
_MOST_PARTS = 50


def split_column(titles: Sequence[str], rows: Sequence[Sequence[str]], taken: Collection[int]) -> int | None:
    """The column whose words are parts, all or most of them; else the only one of 0 and 1 that is called is_train.

    Other words in it will be asked about, not ignored.
    """
    words = {column: _words(rows, column) for column in range(len(titles)) if column not in taken}
    for column, found in words.items():
        if len(found) > 1 and any(map(part_of, found)) and all(part_of(word) for word in found if is_known(word)):
            return column
    for column, found in words.items():
        if titles[column] in TITLES or any(hint in titles[column] for hint in HINTS):
            continue
        known = {word: count for word, count in found.items() if is_known(word)}
        parts = [word for word in known if part_of(word)]
        learnt_from = any(part_of(word) == "train" for word in parts)
        if learnt_from and len(known) > 1 and 2 * sum(known[word] for word in parts) > sum(known.values()):
            return column
    if in_several(titles):
        return None
    flags = [column for column in words if part_words(titles[column], (row[column] for row in rows))]
    return flags[0] if len(flags) == 1 else None


def part_words(title: str, cells: Iterable[str]) -> tuple[str, ...]:
    """What 0 and 1 mean in a column called such as is_train; () where it is another one."""
    part = flagged_part(title)
    if not part or not is_truth(cells):
        return ()
    return ("test" if part == "train" else "train", part)


def seeming_splits(titles: Sequence[str], rows: Sequence[Sequence[str]], taken: Collection[int]) -> list[int]:
    """The columns that look like a split by their titles, and hold few values."""
    seeming = [column for column in range(len(titles)) if column not in taken and _SEEMS.fullmatch(titles[column])]
    return [column for column in seeming if 1 < sum(map(is_known, _words(rows, column))) <= _MOST_PARTS]


def in_several(titles: Sequence[str]) -> list[int]:
    """The columns of a split that has one for each part; [] where there are not several."""
    columns = [column for column, title in enumerate(titles) if title in PARTS or flagged_part(title)]
    return columns if len(columns) > 1 else []


def _words(rows: Sequence[Sequence[str]], column: int) -> Counter[str]:
    """How often each word stands in a column; nothing where its first rows are of all kinds."""
    if len({row[column] for row in rows[:200]}) > _MOST_PARTS:
        return Counter()
    return Counter(row[column].casefold() for row in rows)
