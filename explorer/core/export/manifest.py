"""`manifest.csv`: one line for each map of each figure in a folder."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.figures.single import MapStatistics
from explorer.core.images import natural_key
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.written_tables import read_rows, write_rows

NAME = "manifest.csv"


@dataclass(frozen=True)
class Row:
    """One map of one figure; every field is text as it stands in the file, "" where it is not known.

    Map values are in the map's own units; `peak_row` and `peak_column` are pixels of the picture, from 0. `tags`
    are divided by semicolons. `settings` is a digest of all that decides how the figure looks, `file_digest` the
    SHA-256 of the figure's file.
    """

    file: str
    page: str
    layer: str
    layer_name: str
    filter: str
    picture: str
    picture_digest: str
    prediction: str
    probability: str
    map_min: str
    map_max: str
    map_mean: str
    positive_share: str
    peak_row: str
    peak_column: str
    scale: str
    foot: str
    peak: str
    tags: str
    network_digest: str
    settings: str
    file_digest: str


COLUMNS = tuple(field.name for field in fields(Row))


def numbers(statistics: MapStatistics, scale: Scale) -> dict[str, str]:
    """The columns of a `Row` that hold figures of the map."""
    return {
        "map_min": f"{statistics.minimum:.9g}",
        "map_max": f"{statistics.maximum:.9g}",
        "map_mean": f"{statistics.mean:.9g}",
        "positive_share": f"{statistics.positive:.6g}",
        "peak_row": str(statistics.row) if statistics.row >= 0 else "",
        "peak_column": str(statistics.column) if statistics.column >= 0 else "",
        "foot": f"{scale.foot:.9g}",
        "peak": f"{scale.peak:.9g}",
    }


def read_manifest(folder: Path) -> tuple[Row, ...]:
    """The lines of a folder's manifest, none where there is no manifest; UserError where the file is another's."""
    path = folder / NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:  # read_text would change line ends within a cell
            lines = [cells for _, cells in read_rows(file.read())]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error):
        lines = []
    if not lines or tuple(lines[0]) != COLUMNS or any(len(line) != len(COLUMNS) for line in lines[1:]):
        raise UserError(
            f"{path} was not written by this program, or was changed since; move it away, or choose another folder."
        )
    return tuple(Row(*line) for line in lines[1:])


def write_manifest(folder: Path, rows: Iterable[Row]) -> None:
    """Replace a folder's manifest whole, its lines sorted by file; UserError where it cannot be written."""
    path = folder / NAME
    content = write_rows([COLUMNS, *(astuple(row) for row in sorted(rows, key=_order))])
    try:
        replace_file(path, content, follow=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def by_file(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The lines of each file."""
    rows_by_file: dict[str, list[Row]] = {}
    for row in rows:
        rows_by_file.setdefault(row.file, []).append(row)
    return rows_by_file


def _order(row: Row) -> tuple[object, ...]:
    keys = (int(text) if text.isdecimal() else 0 for text in (row.page, row.layer, row.filter))
    return natural_key(row.file), *keys, natural_key(row.picture)
