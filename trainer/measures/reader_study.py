"""Readers of pictures as points of a ROC curve."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.written_tables import read_rows

COLUMNS = ("name", "sensitivity", "specificity")


@dataclass(frozen=True)
class ReaderResult:
    """A person who judged pictures: sensitivity and specificity as shares within 0 to 1."""

    name: str
    sensitivity: float
    specificity: float


def read_readers(path: Path | str) -> tuple[ReaderResult, ...]:
    """Readers of a CSV with the columns name, sensitivity, specificity, in any order, others left aside.

    Numbers are shares if all are within 0 to 1, percentages if all carry a % sign or all but zeros are over 1.
    UserError with the line's number for anything else.
    """
    path = Path(path)
    try:
        rows = read_rows(path.read_text("utf-8-sig"))
        lines = [(line, [cell.strip() for cell in row]) for line, row in rows if any(map(str.strip, row))]
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; give a CSV with the columns {', '.join(COLUMNS)}.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV ({error}); save it as comma-separated UTF-8 text.") from error
    if len(lines) < 2:
        raise UserError(f"{path.name} names no reader; it needs the line {','.join(COLUMNS)} and one line a reader.")
    (_, head), *body = lines
    columns = [_column(head, column, path) for column in COLUMNS]
    read = [_Line.of(number, cells, columns, path) for number, cells in body]
    share = _unit(read, path)
    return tuple(ReaderResult(line.name, line.sensitivity * share, line.specificity * share) for line in read)


def _column(head: Sequence[str], column: str, path: Path) -> int:
    folded = [cell.casefold() for cell in head]
    if folded.count(column) != 1:
        fault = "no column" if column not in folded else "more than one column"
        raise UserError(f'{path.name} has {fault} "{column}" in line 1; its columns are {", ".join(head)}.')
    return folded.index(column)


@dataclass(frozen=True)
class _Line:
    number: int
    name: str
    sensitivity: float
    specificity: float
    signs: int

    @classmethod
    def of(cls, number: int, cells: Sequence[str], columns: Sequence[int], path: Path) -> "_Line":
        if len(cells) <= max(columns):
            raise UserError(f"{path.name}, line {number}, has {len(cells)} columns; it is too short.")
        name, *texts = (cells[index] for index in columns)
        values = []
        for column, text in zip(COLUMNS[1:], texts, strict=True):
            try:
                value = float(text.removesuffix("%"))
            except ValueError:
                value = float("nan")
            if not 0 <= value <= 100:
                raise UserError(
                    f'{path.name}, line {number}: {column} "{text[:40]}" is neither a share within 0 and 1 '
                    "nor a percentage."
                )
            values.append(value)
        return cls(number, name or f"line {number}", values[0], values[1], sum(text.endswith("%") for text in texts))


def _unit(lines: Sequence[_Line], path: Path) -> float:
    """What the numbers are multiplied with to be shares; UserError where shares and percentages are mixed."""
    if any(line.signs for line in lines):
        bare = next((line for line in lines if line.signs < 2), None)
        if bare:
            raise UserError(
                f"{path.name}, line {bare.number}, has a number without a % sign, while others carry one; "
                "write all in the same way."
            )
        return 0.01
    highest = max(max(line.sensitivity, line.specificity) for line in lines)
    if highest <= 1:
        return 1.0
    for line in lines:
        for value in (line.sensitivity, line.specificity):
            if 0 < value <= 1:
                raise UserError(
                    f"{path.name}, line {line.number}: {value:g} may be a share or a percentage, because others "
                    f"go up to {highest:g}; write all as shares, or all with a % sign."
                )
    return 0.01
