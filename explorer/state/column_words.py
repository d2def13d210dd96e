"""What was said of a table's columns, as `--columns` takes it."""

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.pictures.column_choice import Wanted


def column_words(columns: "Wanted | None") -> str:
    """Titles by what their columns hold as `parse_columns` reads them, whatever is written in a title; "" for none."""
    parts = [f"{role}={title}" for role, titles in (columns or {}).items() for title in titles]
    line = io.StringIO()
    if parts:
        csv.writer(line).writerow(parts)
    return line.getvalue().removesuffix("\r\n")
