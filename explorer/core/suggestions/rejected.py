"""What a person rejected of the suggestions, kept beside them: a row for each filter with the words turned down."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from explorer.core.errors import UserError
from explorer.core.tags import FilterKey
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.file_locks import turn
from trainer.files.written_tables import read_rows, write_rows

COLUMNS = ("layer", "filter", "rejected")


def write_rejected(path: Path | str, rejected: Mapping[FilterKey, str]) -> None:
    """Write them whole or not at all; UserError where the disk refuses."""
    rows = [COLUMNS, *((key.layer, key.filter, words) for key, words in sorted(rejected.items()))]
    try:
        replace_file(Path(path), write_rows(rows))
    except OSError as error:
        raise cannot_write(Path(path), error) from error


def change_rejected(path: Path | str, changes: Iterable[tuple[FilterKey, str]]) -> dict[FilterKey, str]:
    """Lay changes, a filter and the words turned down for it ("" = none any more), over what the file says; all that it
    says then. UserError as for reading and writing; then it is unchanged."""
    path = Path(path)
    try:
        with turn(path):
            before = read_rejected(path)
            rejected = {key: words for key, words in {**before, **dict(changes)}.items() if words}
            if rejected != before:
                write_rejected(path, rejected)
            return rejected
    except OSError as error:
        raise cannot_write(path, error) from error


def read_rejected(path: Path | str) -> dict[FilterKey, str]:
    """The words that were rejected for each filter, none where there is no such file; UserError where it is another."""
    path = Path(path)
    if not path.exists():
        return {}
    try:
        (_, head), *rows = read_rows(path.read_text("utf-8-sig"))
        if tuple(head) != COLUMNS:
            raise ValueError(f"its first line is not {','.join(COLUMNS)}")
        return {FilterKey(int(layer), int(filter)): words for _, (layer, filter, words) in rows}
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"What was rejected, {path}, cannot be read: {error}; remove it to begin anew.") from error
