"""Tables of labels as people have them: their encodings, delimiters and faults."""

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

from trainer.files.errors import UserError

Row = dict[str, str]
"""Cells by the column's title in lower case, without spaces around either."""

MOST_COLUMNS, MOST_CELLS = 10_000, 20_000_000
_MAX_BYTES = 500_000_000


def read_table(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Column titles in lower case and the rows of a CSV, whether its delimiter is comma, semicolon or tab.

    UTF-8, UTF-16 with its mark, else Windows-1252. UserError where the file cannot be read, is no text, has rows of
    another length than its header, two columns of one title, or no rows.
    """
    text = _text(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    titles: tuple[str, ...] = ()
    rows: list[Row] = []
    try:
        for cells in lines:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not titles:
                titles = tuple(cell.casefold() for cell in cells)
                if len(titles) > MOST_COLUMNS:
                    raise UserError(f"{path.name} has {len(titles):,} columns; keep those of picture and class.")
                twice = sorted(title for title, times in Counter(titles).items() if title and times > 1)
                if twice:
                    raise UserError(f'{path.name} has two columns "{twice[0][:60]}"; remove one of them.')
            elif len(cells) < len(titles) or any(cells[len(titles) :]):
                raise csv.Error(f"{len(cells)} columns, not {len(titles)}")
            else:
                rows.append(dict(zip(titles, cells, strict=False)))
                if len(rows) * len(titles) > MOST_CELLS:
                    raise UserError(
                        f"{path.name} has more than {MOST_CELLS:,} cells; keep the columns of picture and class."
                    )
    except csv.Error as error:
        raise UserError(
            f"{path.name} is damaged in line {lines.line_num} ({error}); correct it or save it again."
        ) from error
    if not rows:
        raise UserError(f"{path.name} has no rows; choose the whole file.")
    return titles, rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path.name} is too large for a table of labels; choose the CSV of the pictures.")
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give a CSV file to --labels.") from error
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UserError(f"{path.name} is not a text file; give the CSV with the labels to --labels.")
