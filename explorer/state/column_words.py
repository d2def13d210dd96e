"""What was said of a table's columns, as `--columns` takes it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.pictures.column_choice import Wanted

_QUOTE = '"'


def column_words(columns: "Wanted | None") -> str:
    """Titles by what their columns hold as `parse_columns` reads them, whatever is written in a title; "" for none."""
    parts = [f"{role}={title}" for role, titles in (columns or {}).items() for title in titles]
    return ",".join(_quoted(part) if any(mark in part for mark in ',"\r\n') else part for part in parts)


def _quoted(part: str) -> str:
    return f"{_QUOTE}{part.replace(_QUOTE, _QUOTE * 2)}{_QUOTE}"
