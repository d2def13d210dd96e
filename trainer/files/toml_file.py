"""Read the small TOML files that people write: recipes, tables of diagnoses, taxonomies."""

import tomllib
from pathlib import Path
from typing import Any

from trainer.files.errors import UserError
from trainer.files.printing import printable

LARGEST, MOST_DOTS = 512 * 1024, 200
"""Bytes of a file, and dots in one of its lines: tomllib takes the square of a key's length in time and memory."""


def read_toml(path: Path, advice: str) -> dict[str, Any]:
    """The content of a TOML file; UserError where it is none or far too large, ending with the advice."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("it is far too large")
        return parse_toml(content.decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; {advice}.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); {advice}.") from error
    except ValueError as error:  # also numbers of thousands of digits, and bytes that are no UTF-8
        raise UserError(f"{path} cannot be read as TOML ({printable(str(error), 200)}); {advice}.") from error


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a text of TOML; ValueError where it is none, or made to take the parser's time or memory."""
    text = text.replace("\r\n", "\n")
    crowded = next((number for number, line in enumerate(text.split("\n"), 1) if line.count(".") > MOST_DOTS), 0)
    if crowded:
        raise ValueError(f"line {crowded} has more than {MOST_DOTS} dots; break it into several")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it has brackets in brackets without end") from error
