"""What a cohort holds, counted: as numbers, as a text, as a figure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from trainer.cohort.cohort import PARTS, Cohort
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.errors import UserError
from trainer.files.printing import printable

NOT_KNOWN = "not known"
FIGURE_FORMATS = ("svg", "pdf", "png")

_AGES = (0, 20, 30, 40, 50, 60, 70, 80, 130)
# Okabe and Ito's colours, which colour-blind people can tell apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


@dataclass(frozen=True)
class Counts:
    """Pictures by the values of one property (rows, in order) and by class."""

    title: str
    rows: dict[str, tuple[int, ...]]


def counts_of(cohort: Cohort) -> tuple[Counts, ...]:
    """The cohort's pictures by part (and fold), diagnosis and how it was made, sex, age and site, for each class."""
    tables = [_counts(cohort, "part", [str(part) for part in cohort.splits], PARTS)]
    if cohort.folds.max() >= 0:
        tables.append(_counts(cohort, "fold", [str(fold) for fold in cohort.folds.tolist()]))
    if {*cohort.diagnoses} - {"", *cohort.classes}:
        tables.append(_counts(cohort, "diagnosis", cohort.diagnoses, most_first=True))
    for title, values in (
        ("confirmed by", cohort.confirmed),
        ("sex", cohort.sexes),
        ("age", _decades(cohort)),
        ("site", cohort.sites),
    ):
        order = [_age_name(index) for index in range(len(_AGES) - 1)] if title == "age" else ()
        if any(values):
            tables.append(_counts(cohort, title, values, order, most_first=title in ("site", "confirmed by")))
    return tuple(tables)


def _counts(
    cohort: Cohort, title: str, values: Sequence[str], order: Sequence[str] = (), *, most_first: bool = False
) -> Counts:
    rows: dict[str, list[int]] = {}
    for value, label in zip(values, cohort.labels.tolist(), strict=True):
        rows.setdefault(value or NOT_KNOWN, [0] * len(cohort.classes))[label] += 1

    def sort_key(name: str) -> tuple[bool, int, int, str]:
        rank = order.index(name) if name in order else len(order)
        return name == NOT_KNOWN, rank, -sum(rows[name]) if most_first else 0, name

    return Counts(title, {name: tuple(rows[name]) for name in sorted(rows, key=sort_key)})


def _decades(cohort: Cohort) -> list[str]:
    indices = np.digitize(np.nan_to_num(cohort.ages), _AGES[1:])
    return ["" if np.isnan(age) else _age_name(int(index)) for age, index in zip(cohort.ages, indices, strict=True)]


def _age_name(index: int) -> str:
    low, high = _AGES[index], _AGES[index + 1]
    return f"under {high}" if not index else f"{low} and over" if high == _AGES[-1] else f"{low} to {high - 1}"


def as_plain(cohort: Cohort) -> dict[str, Any]:
    """Everything that `as_text` says, and every left-out picture, in plain values."""
    return {
        "path": str(cohort.path),
        "source": cohort.source,
        "digest": cohort.digest,
        "pictures": len(cohort),
        "side": cohort.side,
        "groups": len(set(cohort.groups)),
        "lesions": len(set(cohort.lesions)),
        "classes": {name: int((cohort.labels == label).sum()) for label, name in enumerate(cohort.classes)},
        "counts": {
            table.title: {name: dict(zip(cohort.classes, numbers, strict=True)) for name, numbers in table.rows.items()}
            for table in counts_of(cohort)
        },
        "flow": cohort.flow,
        "left_out": [list(pair) for pair in cohort.left_out],
        "settings": cohort.settings,
    }


def as_text(cohort: Cohort, shown: int = 10) -> str:
    """Tables of counts, the way from the pictures found to the pictures kept, and the first left-out pictures."""
    lines = [
        f"{cohort.path.name}: {len(cohort)} pictures of {cohort.side} x {cohort.side} from {cohort.source}, "
        f"{len(set(cohort.groups))} groups, {len(set(cohort.lesions))} lesions, digest {cohort.digest[:12]}",
    ]
    for table in counts_of(cohort):
        total = ("all", tuple(map(sum, zip(*table.rows.values(), strict=True)))) if table.title == "part" else None
        rows = [*table.rows.items(), *([total] if total else [])]
        lines += ["", *_table([table.title, *cohort.classes, "all"], [(name, *n, sum(n)) for name, n in rows])]
    lines += ["", *_table(["way here", "pictures"], list(cohort.flow.items()))]
    if cohort.left_out:
        reasons = Counter(reason for _, reason in cohort.left_out)
        lines += ["", *_table(["left out because", "pictures"], reasons.most_common())]
        first = [(printable(name, 200), printable(reason, 200)) for name, reason in cohort.left_out[:shown]]
        lines += ["", *(f"  {name}: {reason}" for name, reason in first)]
        if len(cohort.left_out) > shown:
            lines.append(f"  and {len(cohort.left_out) - shown} more; --json lists them all")
    return "\n".join(lines)


def _table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    cells = [[printable(str(cell), 60) for cell in row] for row in [titles, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]


def write_figure(cohort: Cohort, path: Path) -> None:
    """Bars of the counts, stacked by class, as SVG, PDF or PNG; UserError for another ending or a full disk."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FIGURE_FORMATS:
        raise UserError(f"{path.name} must end in .svg, .pdf or .png.")
    content = BytesIO()
    figure = _figure(cohort)
    date = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    figure.savefig(content, format=kind, dpi=150, metadata=date)
    try:
        replace_file(path, content.getvalue())
    except OSError as error:
        raise cannot_write(path, error) from error


def _figure(cohort: Cohort) -> Any:
    from matplotlib.figure import Figure

    tables = counts_of(cohort)
    heights = [len(_fitting(table)) + 2.2 for table in tables]
    figure = Figure(figsize=(7, 0.26 * sum(heights) + 0.8), layout="constrained")
    axes = figure.subplots(len(tables), 1, height_ratios=heights, squeeze=False)[:, 0]
    for table, plot in zip(tables, axes, strict=True):
        rows = _fitting(table)
        names, left = list(rows), np.zeros(len(rows))
        for class_index, name in enumerate(cohort.classes):
            values = np.array([numbers[class_index] for numbers in rows.values()])
            plot.barh(names, values, left=left, color=_COLORS[class_index % len(_COLORS)], label=name, height=0.75)
            left += values
        for row, total in enumerate(left):
            plot.annotate(f"{total:.0f}", (total, row), (3, 0), textcoords="offset points", va="center", fontsize=7)
        plot.invert_yaxis()
        plot.set_title(table.title, loc="left", fontsize=9, fontweight="bold")
        plot.tick_params(labelsize=8)
        plot.spines[["top", "right"]].set_visible(False)
        plot.margins(x=0.08)
    axes[-1].set_xlabel("pictures", fontsize=8)
    handles, labels = axes[0].get_legend_handles_labels()
    # Below, where it lies on nothing; a line holds some 80 letters.
    across = max(1, min(len(labels), 80 // (max(map(len, labels)) + 6)))
    figure.set_figheight(figure.get_figheight() + 0.18 * -(-len(labels) // across))
    figure.legend(handles, labels, loc="outside lower left", ncols=across, fontsize=8, frameon=False)
    figure.suptitle(f"{cohort.source}: {len(cohort):,} pictures", x=0.02, ha="left", fontsize=10)
    return figure


def _fitting(table: Counts, most: int = 15) -> dict[str, tuple[int, ...]]:
    """The rows that a figure has room for, the others added up."""
    rows = dict(list(table.rows.items())[:most])
    rest = list(table.rows.values())[most:]
    return rows | ({f"{len(rest)} others": tuple(map(sum, zip(*rest, strict=True)))} if rest else {})
