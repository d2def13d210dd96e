"""The lines of the proof's table, and the files that keep them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """A measured value, its bound in words, and whether it holds; None where it is not judged."""

    check: str
    what: str
    value: float | str
    unit: str = ""
    bound: str = ""
    holds: bool | None = None


def line(row: Row) -> str:
    """A row of the table."""
    value = f"{row.value:.4g}" if isinstance(row.value, float | int) else row.value
    verdict = {True: "ok", False: "WRONG", None: ""}[row.holds]
    return f"{row.check:10} {row.what:66} {value:>10} {row.unit:10} {row.bound:16} {verdict}".rstrip()


def write(path: Path, content: Any) -> None:
    """Replace a JSON file whole, so that a run that is cut leaves what it knew."""
    part = path.with_name(f"{path.name}~")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(path)
