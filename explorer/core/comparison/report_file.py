"""A comparison as one CSV: a row for each filter, then one for each picture."""

import math
from pathlib import Path

from explorer.core.comparison.compare import Comparison
from explorer.core.comparison.matching import MatchedFilter
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.written_tables import write_rows

# fmt: off
COLUMNS = (
    "kind", "layer", "filter", "match", "strength", "same_number", "silent", "picture", "changed", "first", "second",
)
# fmt: on
"""`kind` is "filter" or "picture". Behind these stand both probabilities of each class: `first:NAME`, `second:NAME`."""


def report_of(comparison: Comparison) -> bytes:
    """The CSV: filters that changed most first, then pictures, those of which the networks name other classes first."""
    class_columns = [f"{side}:{name}" for name in comparison.classes for side in ("first", "second")]
    rows: list[list[object]] = [[*COLUMNS, *class_columns]]
    for match in comparison.most_changed:
        other = match.second.filter if match.second is not None else ""
        values = [match.first.layer, match.first.filter, other, *_strengths(match)]
        rows.append(["filter", *values, *[""] * (4 + len(class_columns))])
    for pair in sorted(comparison.predictions, key=lambda prediction: (not prediction.changed, -prediction.distance)):
        probabilities = [f"{value:.6g}" for of_class in pair.probabilities for value in of_class]
        cells = [pair.picture, "yes" if pair.changed else "no", pair.first, pair.second]
        rows.append(["picture", *[""] * 6, *cells, *probabilities])
    return write_rows(rows)


def write_report(path: Path, comparison: Comparison) -> None:
    """Write the CSV whole or not at all; UserError where the disk refuses."""
    try:
        replace_file(path, report_of(comparison))
    except OSError as error:
        raise cannot_write(path, error) from error


def _strengths(match: MatchedFilter) -> list[str]:
    """What is written of a match; of one that is silent, no number: its ups and downs below zero are no answer."""
    return ["", "", match.silent] if match.silent else [_number(match.strength), _number(match.same_number), ""]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4f}"
