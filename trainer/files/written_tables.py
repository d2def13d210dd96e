"""The CSV that this program writes, and reads again: a spreadsheet runs nothing in it, and every text comes back.

Label tables that people bring are read by `trainer.pictures.table_file`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet would take for a formula, behind any apostrophes: with one more it is text there."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_QUOTED = re.compile(r'[",;\t\r\n]|^\s|\s$')


def write_rows(rows: Iterable[Iterable[object]]) -> bytes:
    """The rows as UTF-8 with commas, a line each; a cell that a spreadsheet would run begins with an apostrophe."""
    return "".join(f"{_line([_written(str(cell)) for cell in row])}\n" for row in rows).encode("utf-8", "replace")


def read_rows(text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each row, without the apostrophes of `write_rows`.

    csv.Error, which names the line, where quotes are not closed or stand within a cell.
    """
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in table:
            yield start, [read_cell(cell) for cell in cells]
            start = table.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {table.line_num}: {error}") from error


def _written(cell: str) -> str:
    return f"'{cell}" if _RUNS.match(cell) and not _NUMBER.fullmatch(cell) else cell


def read_cell(cell: str) -> str:
    """A cell as it was before `write_rows` wrote it, or a spreadsheet in the same way."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


def _line(cells: list[str]) -> str:
    if cells == [""]:
        return '""'  # else the line would be empty, and no row
    quote = '"'
    return ",".join(f'"{cell.replace(quote, quote * 2)}"' if _QUOTED.search(cell) else cell for cell in cells)
