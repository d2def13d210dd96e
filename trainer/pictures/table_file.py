"""A table in a text file as people have it: its encoding, its delimiter, its header, and its faults."""

import codecs
import io
import itertools
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from csv import Error as CsvError
from csv import reader
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from trainer.files.errors import UserError
from trainer.files.written_tables import read_cell
from trainer.pictures.file_names import one_line
from trainer.pictures.foreign_files import PICTURE_ENDINGS
from trainer.pictures.label_forms import CLASS_WORDS, PICTURE_TITLES, TITLES, folded

MAX_BYTES = 500_000_000
MOST_COLUMNS, MOST_ROWS = 10_000, 5_000_000
SAMPLE_CELLS = 2_000_000
"""Cells at the top of a table that are looked at to tell what its columns hold."""

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 20
"""Rows at the top that decide about delimiter and header."""
_SEP_LINE = re.compile(r'"?sep=([^"\r\n ]?)[" \t]*(\r\n|\r|\n)', re.IGNORECASE)
"""Excel's line above a table: its delimiter, "" where it names none that a table can have, and the line's end."""


@dataclass(frozen=True)
class TableFile:
    """A table whose rows are read one after the other; `titles` as written, "column 1" .. where it has no header.

    `problems` are whole sentences about how the file was read. `_before` lines of the file stand before `_text`.
    """

    name: str
    titles: tuple[str, ...]
    problems: tuple[str, ...]
    _text: str
    _delimiter: str
    headed: bool
    _before: int = 0

    @cached_property
    def _top(self) -> tuple[list[int], list[list[str]], Iterator[tuple[int, list[str]]]]:
        """The lines and cells of the rows that are looked at, and the rows behind them, which are read later, once."""
        most = max(_LOOKED_AT, SAMPLE_CELLS // len(self.titles))
        lines: list[int] = []
        top_rows: list[list[str]] = []
        rest = self._read()
        for line, cells in itertools.islice(rest, most):
            lines.append(line)
            top_rows.append(cells)
        return lines, top_rows, rest

    def sample(self) -> list[list[str]]:
        """The cells of the first rows, in most tables of all."""
        return self._top[1]

    def rows(self) -> Iterable[tuple[int, list[str]]]:
        """The line in which a row begins, and its cells without spaces around; UserError as `open_table`.

        They are read once: what `sample` has looked at is not read again, and the rows behind it come to who asks
        first.
        """
        lines, top_rows, rest = self._top
        return itertools.chain(zip(lines, top_rows, strict=True), rest)

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        """The line in which a row begins, and its cells without spaces around; as many as there are titles.

        UserError where a row is damaged, has another length than the header, or there are too many.
        """
        rows = _records(self._text, self._delimiter)
        line, width, skip, count = 1 + self._before, len(self.titles), self.headed, 0
        try:
            for row in rows:
                if any(row):
                    if not skip:
                        if len(row) < width or any(row[width:]):
                            raise CsvError(f"{len(row)} columns, not {width}")
                        count += 1
                        if count > MOST_ROWS:
                            raise UserError(
                                f"{self.name} has more than {MOST_ROWS:,} rows; choose the CSV that belongs to the "
                                "pictures."
                            )
                        yield line, [read_cell(cell.strip()) for cell in row[:width]]
                    skip = False
                line = rows.line_num + 1 + self._before
        except CsvError as error:
            raise damaged(self.name, line, error) from error


def damaged(name: str, line: int, reason: object) -> UserError:
    """The sentence for a row that cannot be read."""
    return UserError(f"{name} is damaged in line {line} ({one_line(str(reason))[:100]}); correct it or save it again.")


def open_table(path: Path, pictures_in: Callable[[Sequence[str]], int] | None = None) -> TableFile:
    """A table with two columns or more, delimited by comma, semicolon, tab or bar.

    UTF-8, UTF-16 with its mark, else Windows-1252. Its first row is a header unless `pictures_in` finds names of
    pictures among its cells, or it looks like the rows below. Excel's line `sep=;` is heeded.
    UserError where the file cannot be read, is no text, has one column, or far too many.
    """
    name = one_line(path.name or str(path))
    text, problem = _text(path, name)
    sep_line = _SEP_LINE.match(text)
    if sep_line:
        text = text[sep_line.end() :]
    marks = (sep_line[1],) if sep_line and sep_line[1] else _DELIMITERS
    tops = {mark: _top(text, mark) for mark in marks}
    delimiter = max(tops, key=lambda mark: _fitness(tops[mark]))
    top = tops[delimiter]
    if above := _above_header(tops.values()):
        raise UserError(
            f'{name} has a first line ("{one_line(above)[:60]}") above its header; remove what stands there.'
        )
    if not top or len(top[0]) < 2:
        begins = one_line(", ".join(top[0]))[:80] if top else "nothing"
        raise UserError(
            f"{name} needs a column with the names of the pictures and one with their classes; its header begins with: "
            f"{begins}."
        )
    if len(top[0]) > MOST_COLUMNS:
        raise UserError(f"{name} has {len(top[0]):,} columns; keep those of picture and class.")
    headed = _headed(top, pictures_in)
    titles = tuple(top[0]) if headed else tuple(f"column {number}" for number in range(1, len(top[0]) + 1))
    table = TableFile(name, titles, (problem,) if problem else (), text, delimiter, headed, int(bool(sep_line)))
    if not table.sample():
        raise UserError(f"{name} has a header but no rows; choose the whole file.")
    return table


def _records(text: str, delimiter: str) -> Any:
    """The reader of the standard library, which knows its `line_num`."""
    return reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)


def _top(text: str, delimiter: str) -> list[list[str]]:
    """The first rows, as far as they can be read with this delimiter."""
    rows: list[list[str]] = []
    try:
        for row in itertools.islice((row for row in _records(text, delimiter) if any(row)), _LOOKED_AT):
            rows.append([read_cell(cell.strip()) for cell in row])
    except CsvError:
        pass
    return rows


def _fitness(top: Sequence[Sequence[str]]) -> tuple[int, float, int]:
    """How well a delimiter fits: known titles, rows of one length, and how many columns there are."""
    if not top:
        return 0, 0.0, 0
    width = len(top[0])
    even = sum(len(row) == width for row in top) / len(top) if width > 1 else 0.0
    return len({folded(title) for title in top[0][:100]} & TITLES), even, width


def _above_header(tops: Iterable[Sequence[Sequence[str]]]) -> str:
    """What a line says that stands above titles and is none itself, as the title of a study; "" where there is none."""
    for top in tops:
        header = next(
            (row for row in top if len(row) > 1 and any(folded(cell) in PICTURE_TITLES for cell in row)), None
        )
        above = top[: top.index(header)] if header and all(header) else []
        filled = [[cell for cell in row if cell] for row in above]
        if above and all(len(cells) == 1 and folded(cells[0]) not in TITLES for cells in filled):
            return filled[0][0]
    return ""


def _headed(top: Sequence[Sequence[str]], pictures_in: Callable[[Sequence[str]], int] | None) -> bool:
    """Whether the first row holds titles."""
    first = top[0]
    below = [[row[column] for row in top[1:] if column < len(row)] for column in range(len(first))]
    if any(_is_file(cell) for cell in first) or _goes_on(first, below, pictures_in):
        return False
    if any(folded(cell) in PICTURE_TITLES for cell in first):
        return True
    # Some classes of pictures ("nv") are titles elsewhere, names of pictures are none.
    if any(re.search(r"\d", cell) and _shape(cell) in map(_shape, below[column]) for column, cell in enumerate(first)):
        return False
    if any(folded(cell) in TITLES and not _is_class(cell, below[column]) for column, cell in enumerate(first)):
        return True
    if pictures_in is not None and pictures_in(first):
        return False
    if any(folded(cell) in TITLES for cell in first):  # a class, as those below it
        return False
    return not any(cell and cell in below[column] for column, cell in enumerate(first))


def _is_file(cell: str) -> bool:
    stem, dot, ending = cell.rpartition(".")
    return bool(stem and dot) and ending.casefold() in PICTURE_ENDINGS


def _goes_on(
    first: Sequence[str], below: Sequence[Sequence[str]], pictures_in: Callable[[Sequence[str]], int] | None
) -> bool:
    """Whether the first row names a picture in the column in which most of the rows below do."""
    if pictures_in is None:
        return False
    counts = [pictures_in(cells) for cells in below]
    column = max(range(len(first)), key=counts.__getitem__)
    return 2 * counts[column] > len(below[column]) and bool(pictures_in([first[column]]))


def _is_class(cell: str, below: Sequence[str]) -> bool:
    """Whether a cell that is a title elsewhere is a class here, since classes stand below it."""
    return folded(cell) in CLASS_WORDS and any(folded(word) in CLASS_WORDS for word in below)


def _shape(cell: str) -> str:
    """A cell with every digit alike, as the names of pictures are; beside letters also however many there are."""
    return re.sub(r"\d+" if re.search(r"[^\W\d]", cell) else r"\d", "0", cell)


def _text(path: Path, name: str) -> tuple[str, str]:
    """The file's text, and what there is to say about its encoding."""
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise UserError(f"{name} is no plain file; choose a CSV file.")  # a device may have no end
        if status.st_size > MAX_BYTES:
            raise UserError(f"{name} is too large for a table of classes; choose the CSV that belongs to the pictures.")
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{name} does not exist; choose the CSV with the classes again.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{name} cannot be read ({reason}); choose a CSV file that you may read.") from error
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UserError(f"{name} is not a text file but a workbook; save its sheet as CSV and choose that.")
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return _checked(name, raw.decode("utf-16" if wide else "utf-8-sig")), ""
    except UnicodeDecodeError as error:
        if wide:
            raise _no_text(name, raw[: error.start].count(b"\n")) from error
    try:
        problem = f"{name} is not UTF-8 and was read as Windows-1252; check names and classes with accents."
        return _checked(name, raw.decode("cp1252")), problem
    except UnicodeDecodeError as error:
        raise _no_text(name, raw[: error.start].count(b"\n")) from error


def _checked(name: str, text: str) -> str:
    if "\0" in text:
        raise _no_text(name, text[: text.index("\0")].count("\n"))
    return text


def _no_text(name: str, lines_before: int) -> UserError:
    return UserError(f"{name} is not a text file (line {lines_before + 1}); choose the CSV with the classes.")
