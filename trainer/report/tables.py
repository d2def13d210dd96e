"""The tables of a report's page: what stands in their cells. How they look stands in `resources/report`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from trainer.cohort.cohort import Cohort
from trainer.evaluation.evaluate import Evaluation
from trainer.measures.bootstrap import Measure
from trainer.measures.calibration import BINS
from trainer.measures.metrics import LEVELS
from trainer.measures.percent import percent
from trainer.measures.spoken import spoken
from trainer.report.run_record import Run, splits

Cell = str | int | float | Measure | None

MOST_LISTED = 2000
"""Left-out pictures that are listed on the page; all of them stand in report.json."""


@dataclass(frozen=True)
class Table:
    """A table of the page; nothing is drawn where it has no rows."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether something else than text stands in it."""
        return [any(not isinstance(row[column], str) for row in self.rows) for column in range(len(self.head))]


def tables(evaluation: Evaluation | None, run: Run | None, cohort: Cohort) -> SimpleNamespace:
    """Every table of the page by its name."""
    by_name = _of_cohort(cohort)
    if run:
        by_name |= _of_training(run)
    if evaluation:
        by_name |= _of_results(evaluation)
    return SimpleNamespace(**by_name)


def written(cell: Cell) -> str:
    """A value as text: measures with interval and n, whole numbers with separators."""
    if isinstance(cell, Measure):
        return f"{spoken(cell)}, n = {cell.n:,}"
    if cell is None:
        return "–"
    if isinstance(cell, bool | str):
        return str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"


def _of_cohort(cohort: Cohort) -> dict[str, Table]:
    counted = splits(cohort)
    rows: list[Sequence[Cell]] = []
    for name in cohort.classes:
        counts = [counted[split][name] for split in counted]
        rows.append((name, *counts, sum(counts)))
    all_of = [sum(by_class.values()) for by_class in counted.values()]
    rows.append(("all", *all_of, sum(all_of)))
    return {
        "flow": Table(("step", "pictures"), list(cohort.flow.items()), "Cohort flow"),
        "splits": Table(("class", *counted, "all"), rows, "Pictures by class and part"),
        "left_out": Table(("left out", "because"), cohort.left_out[:MOST_LISTED]),
    }


def _of_training(run: Run) -> dict[str, Table]:
    measured = [
        ("epochs", str(len(run.history))),
        ("chosen epoch", str(run.chosen_epoch or "")),
        ("time", _duration(run.seconds) if run.seconds else ""),
        ("pictures/s", f"{run.pictures_per_second:,.0f}" if run.pictures_per_second else ""),
        ("seed", "" if run.seed is None else str(run.seed)),
        ("device", run.device),
        *((name.replace("_", " "), "on" if on else "off") for name, on in run.arithmetic.items()),
        *_versions(run.versions),
    ]
    return {
        "training": Table(("", "training"), [row for row in measured if row[1]]),
        "settings": Table(("setting", "value"), setting_rows(run.settings)),
    }


def _of_results(evaluation: Evaluation) -> dict[str, Table]:
    return {
        **_of_curves(evaluation),
        "readers": Table(
            ("reader", "sensitivity", "specificity", "network's sensitivity at this specificity"),
            [(point.reader.name, point.reader.sensitivity, point.reader.specificity, point.network)
             for point in evaluation.readers],
        ),
        "decisions": Table(
            ("class", "pictures", "accuracy"),
            [
                *zip(evaluation.classes, evaluation.counts, evaluation.class_accuracy, strict=True),
                ("mean of the classes (balanced)", evaluation.pictures, evaluation.balanced_accuracy),
                ("all pictures", evaluation.pictures, evaluation.accuracy),
            ],
            "Share of each class's pictures that is predicted rightly",
        ),
        "threshold": _threshold(evaluation),
        "calibration": _calibration(evaluation),
        "taxonomy": Table(("level", "class", "pictures", "AUC"), list(_levels(evaluation))),
        "subgroups": _subgroups(evaluation),
        "measured": Table(
            ("", "evaluation"),
            [
                ("bootstrap", f"{evaluation.draws:,} draws of lesions, seed {evaluation.seed}, percentile interval"),
                ("device", evaluation.device),
                (
                    "time of the network",
                    f"{_duration(evaluation.seconds)}, {evaluation.pictures_per_second:,.0f} pictures/s",
                ),
                *((f"network: {name}", _setting(value)) for name, value in evaluation.network.items()),
                *_versions(evaluation.versions),
            ],
        ),
    }  # fmt: skip


def _of_curves(evaluation: Evaluation) -> dict[str, Table]:
    areas: list[Sequence[Cell]] = [
        (curve.name, curve.positives, curve.auc, curve.average_precision) for curve in evaluation.curves
    ]
    if not evaluation.positive:
        areas.append(("mean (macro)", evaluation.pictures, evaluation.auc, None))
    points = [
        (curve.name, percent(level), sensitivity, specificity)
        for curve in evaluation.curves
        for level, sensitivity, specificity in zip(LEVELS, curve.sensitivities, curve.specificities, strict=True)
    ]
    return {
        "areas": Table(
            ("class", "pictures", "AUC", "mean precision"), areas, "Area under the ROC curve, and mean precision"
        ),
        "levels_of_curves": Table(
            ("class", "level", "sensitivity at this specificity", "specificity at this sensitivity"),
            points,
            "Thresholds are chosen on this part, and anew in every draw: what the curve offers, not a promise for one "
            "fixed threshold",
        ),
    }


def _calibration(evaluation: Evaluation) -> Table:
    calibration = evaluation.calibration
    states = [("as trained", calibration.before)] + (
        [("after temperature scaling", calibration.after)] if calibration.after else []
    )
    return Table(
        ("", "expected calibration error", "log loss"),
        [(name, state.ece, state.log_loss) for name, state in states],
        f"Expected calibration error in {BINS} bins of equal width. Chance alone keeps it above 0, the more the "
        "smaller the part, and lifts its interval",
    )


def _threshold(evaluation: Evaluation) -> Table:
    head = ("part", "sensitivity", "specificity", "balanced accuracy", "true positive", "false positive",
            "true negative", "false negative")  # fmt: skip
    threshold = evaluation.threshold
    if threshold is None:
        return Table(head, [])
    rows = [
        (f"{point.part}, {role}", point.sensitivity, point.specificity, point.balanced_accuracy,
         point.true_positives, point.false_positives, point.true_negatives, point.false_negatives)
        for point, role in threshold.points
    ]  # fmt: skip
    origin = threshold.kept.origin if threshold.kept else f"chosen by {threshold.criterion}"
    caption = f"Called {threshold.positive} from a probability of {threshold.value:.4f} on, {origin}"
    return Table(head, rows, caption)


def _levels(evaluation: Evaluation) -> Iterable[Sequence[Cell]]:
    for level in evaluation.levels:
        for curve in level.curves:
            yield str(level.level), curve.name, curve.positives, curve.auc
        if len(level.curves) > 1:
            yield str(level.level), "mean (macro)", level.macro_auc.n, level.macro_auc


def _subgroups(evaluation: Evaluation) -> Table:
    of_class = evaluation.classes if len(evaluation.classes) == 2 else ()
    rows: list[Sequence[Cell]] = []
    for group in evaluation.subgroups:
        missing = "no AUC" in group.note
        name = f"{group.kind}: {group.name}" + (f" ({group.note})" if group.note and not missing else "")
        auc = f"{group.note}, n = {group.auc.n:,}" if missing else group.auc
        rows.append((name, auc, *(group.accuracy if of_class else ())))
    return Table(("subgroup", "AUC", *(f"{name}, predicted rightly" for name in of_class)), rows)


def _versions(versions: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"version of {name}", text) for name, text in versions.items()]


def setting_rows(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Every setting and its value, as text."""
    return [(name, _setting(value)) for name, value in settings.items()]


def _setting(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_setting(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
