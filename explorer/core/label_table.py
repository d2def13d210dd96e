"""The tables of classes that people have: their encodings, delimiters, forms and faults."""

import codecs
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from csv import Error as CsvError
from csv import reader
from pathlib import Path
from typing import NamedTuple

from explorer.core.errors import UserError
from explorer.core.images import shown

ONE_HOT = frozenset({"mel", "nv", "bcc", "ak", "akiec", "bkl", "df", "vasc", "scc", "unk"})
ISIC_CLASSES = ("benign_malignant", *(f"diagnosis_{level}" for level in range(1, 6)), "diagnosis")
MAX_BYTES = 200_000_000
MOST_COLUMNS, MOST_ROWS = 10_000, 5_000_000


class Table(NamedTuple):
    """The rows of a CSV as written: (name of a picture, class), "" for a class that is missing or not single.

    `form` says which of the known forms it has; `problems` are whole sentences.
    """

    form: str
    rows: list[tuple[str, str]]
    problems: tuple[str, ...]


class _Form(NamedTuple):
    title: str
    delimiter: str
    header: list[str]
    picture: int
    classes: list[int]  # one column that names the class, or one column for each class


def read_table(path: Path, column: str = "") -> Table:
    """The rows of a CSV of one of the forms that `labels.read_labels` lists; UserError as it says."""
    name = shown(path.name or str(path))
    text, problem = _text(path, name)
    form = _form(name, text, column)
    if len(form.header) > MOST_COLUMNS:
        raise UserError(f"{name} has {len(form.header):,} columns; keep those of picture and class.")
    rows = list(itertools.islice(_rows(name, text, form), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise UserError(f"{name} has more than {MOST_ROWS:,} rows; choose the CSV that belongs to the pictures.")
    if not rows:
        raise UserError(f"{name} has a header but no rows; choose the whole file.")
    return Table(form.title, rows, (problem,) if problem else ())


def _text(path: Path, name: str) -> tuple[str, str]:
    """The file's text, and what there is to say about its encoding."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{name} is too large for a table of classes; choose the CSV that belongs to the pictures.")
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{name} does not exist; choose the CSV with the classes again.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{name} cannot be read ({reason}); choose a CSV file that you may read.") from error
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


def _form(name: str, text: str, column: str) -> _Form:
    """The form of the CSV, with the delimiter that makes sense of its header."""
    headers = {delimiter: _header(text, delimiter) for delimiter in (",", ";", "\t")}
    for delimiter, header in headers.items():
        low = [title.casefold() for title in header]
        recognised = _recognised(low, column)
        if recognised:
            title, picture, classes = recognised
            times = Counter(low)
            for needed in (picture, *classes):
                if times[needed] > 1:
                    raise UserError(f'{name} has two columns "{shown(needed)}"; remove one of them.')
            return _Form(title, delimiter, header, low.index(picture), [low.index(needed) for needed in classes])
    wanted = "isic_id and diagnosis_1, image_id and dx, image and label, or image and MEL, NV, .."
    if column:
        wanted = f'"{shown(column)}" and isic_id, image_id or image'
    longest = max(headers.values(), key=lambda header: len(header))
    begins = shown(", ".join(longest))[:80] or "nothing"
    raise UserError(f"{name} needs the columns {wanted}; its header begins with: {begins}.")


def _header(text: str, delimiter: str) -> list[str]:
    try:
        rows = reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
        return [title.strip() for title in next((row for row in rows if any(row)), [])]
    except CsvError:
        return []


def _recognised(header: list[str], column: str) -> tuple[str, str, list[str]] | None:
    """Title, the picture's column and the class's columns of a header in lower case; None where it is unknown."""
    if column:
        named = [name for name in ("isic_id", "image_name", "image_id", "image") if name in header]
        return (f"column {column}", named[0], [column.casefold()]) if named and column.casefold() in header else None
    if "image_id" in header and "dx" in header:
        return "HAM10000", "image_id", ["dx"]
    classes = [name for name in ISIC_CLASSES if name in header]
    for name in ("isic_id", "image_name"):
        if name in header and classes:
            return f"ISIC archive, column {classes[0]}", name, classes[:1]
    if "image" in header and "label" in header:
        return "image and label", "image", ["label"]
    marks = [name for name in header if name in ONE_HOT]
    return ("one column for each class", "image", marks) if "image" in header and len(marks) > 1 else None


def _rows(name: str, text: str, form: _Form) -> Iterator[tuple[str, str]]:
    rows = reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True, skipinitialspace=True)
    line, width, header_seen = 1, len(form.header), False
    titles = [form.header[at] for at in form.classes]
    try:
        for row in rows:
            if any(row):
                if header_seen:
                    if len(row) < width or any(row[width:]):
                        raise CsvError(f"{len(row)} columns, not {width}")
                    cells = [row[at].strip() for at in form.classes]
                    yield row[form.picture].strip(), cells[0] if len(cells) == 1 else _marked(titles, cells)
                header_seen = True
            line = rows.line_num + 1
    except (CsvError, ValueError) as error:
        reason = shown(str(error))[:100]
        raise UserError(f"{name} is damaged in line {line} ({reason}); correct it or save it again.") from error


def _marked(classes: list[str], cells: list[str]) -> str:
    """The class whose cell is 1 where all others are 0 or empty, else ""; ValueError where a cell is no number."""
    values = [float(cell) if cell else 0.0 for cell in cells]
    return classes[values.index(1)] if sorted(values) == [0.0] * (len(values) - 1) + [1.0] else ""
