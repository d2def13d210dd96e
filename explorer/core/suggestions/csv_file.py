"""Suggestions as a CSV of their own, never in the tags: one row for each filter."""

import codecs
import csv
import json
import math
from pathlib import Path
from typing import Any

from explorer.core.errors import UserError
from explorer.core.suggestions.chart import chart_from
from explorer.core.suggestions.suggestion import HeldOut, Suggestion, Suggestions
from explorer.core.tags import FilterKey
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.written_tables import read_rows, write_rows

COLUMNS = (
    "layer", "filter", "tag", "detail", "strength", "reason", "runners_up", "p", "n", "concept", "times", "effect",
    "low", "high", "changes", "iou", "held_out", "held_out_low", "held_out_high", "held_out_p", "held_out_n", "chart",
)  # fmt: skip
"""`tag` is empty where nothing is clear; `p` is the corrected one; `held_out` the effect on pictures not used.
`chart` is JSON.
"""
OLDER = COLUMNS[:-1]
"""What was written before there were charts."""
BETWEEN = " | "
NUMBERS = ("strength", "times", "effect", "low", "high", "p", "iou")
HELD_OUT = {"held_out": "effect", "held_out_low": "low", "held_out_high": "high", "held_out_p": "p"}


def is_suggestions(head: bytes) -> bool:
    """Whether bytes are the beginning of a file of suggestions, damaged or not."""
    return head.removeprefix(codecs.BOM_UTF8).startswith(b",".join(name.encode() for name in COLUMNS[:6]))


def write_suggestions(path: Path | str, suggestions: Suggestions) -> None:
    """Write them whole or not at all; UserError where the disk refuses."""
    rows = [COLUMNS, *(_cells(row) for row in suggestions.rows)]
    try:
        replace_file(Path(path), write_rows(rows))
    except OSError as error:
        raise cannot_write(Path(path), error) from error


def read_suggestions(path: Path | str) -> Suggestions:
    """Read what `write_suggestions` wrote; UserError, with file and line, where it is something else."""
    path = Path(path)
    try:
        (_, head), *rows = read_rows(path.read_text("utf-8-sig"))
        if tuple(head[: len(COLUMNS)]) not in (COLUMNS, OLDER):
            raise ValueError(f"its first line is not {','.join(COLUMNS)}")
        return Suggestions(tuple(_row(dict(zip(head, cells, strict=True)), line) for line, cells in rows))
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"The suggestions {path} cannot be read: {error}; make them again.") from error


def _cells(row: Suggestion) -> list[object]:
    attributes = [
        name
        for name in COLUMNS
        if name not in ("layer", "filter", "runners_up", "chart") and not name.startswith("held_out")
    ]
    values = {name: getattr(row, name) for name in attributes}
    values |= {"layer": row.key.layer, "filter": row.key.filter, "runners_up": BETWEEN.join(row.runners_up)}
    values |= {name: getattr(row.held_out, field) for name, field in HELD_OUT.items()}
    values |= {name: f"{values[name]:.4g}" if math.isfinite(values[name]) else "" for name in (*NUMBERS, *HELD_OUT)}
    values |= {"held_out_n": row.held_out.n, "chart": json.dumps(row.chart.as_values(), ensure_ascii=False)}
    return [values[name] for name in COLUMNS]


def _row(cells: dict[str, str], line: int) -> Suggestion:
    try:
        values: dict[str, Any] = {name: _number(cells[name]) for name in NUMBERS}
        key = FilterKey(int(cells["layer"]), int(cells["filter"]))
        values |= {name: cells[name] for name in ("tag", "detail", "reason", "concept", "changes")}
        others = tuple(cells["runners_up"].split(BETWEEN)) if cells["runners_up"] else ()
        held_out_values = {field: _number(cells[name]) for name, field in HELD_OUT.items()}
        held_out = HeldOut(**held_out_values, n=int(cells["held_out_n"]))
        chart = chart_from(json.loads(cells.get("chart") or "{}"))
        return Suggestion(key, n=int(cells["n"]), runners_up=others, held_out=held_out, chart=chart, **values)
    except ValueError as error:
        raise ValueError(f"line {line}: {error}") from error


def _number(cell: str) -> float:
    """NaN where there is none; files written earlier may have infinite ones."""
    value = float(cell or "nan")
    return value if math.isfinite(value) else math.nan
