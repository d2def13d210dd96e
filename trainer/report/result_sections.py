"""The results of a report's page: what was measured, section by section."""

from collections.abc import Sequence

from trainer.evaluation.evaluate import Evaluation
from trainer.measures.calibration import BINS
from trainer.measures.metrics import LEVELS
from trainer.report.html import Cell, Figures, paragraph, section, table
from trainer.report.style import spoken


def results(evaluation: Evaluation, figures: Figures) -> list[str]:
    """The sections of an evaluation, in the order of a paper."""
    made = [
        _discrimination(evaluation, figures),
        _readers(evaluation),
        _decisions(evaluation, figures),
        _calibration(evaluation, figures),
        _levels(evaluation),
        _subgroups(evaluation, figures),
    ]
    return [text for text in made if text]


def _discrimination(evaluation: Evaluation, figures: Figures) -> str:
    each = f"{evaluation.positive} against the rest" if evaluation.positive else "each class against the rest"
    bands = "; bands are pointwise 95 % intervals" if len(evaluation.curves) <= 2 else ""
    rows: list[Sequence[Cell]] = [
        (curve.name, curve.positives, curve.auc, curve.average_precision) for curve in evaluation.curves
    ]
    if not evaluation.positive:
        rows.append(("mean (macro)", evaluation.pictures, evaluation.auc, None))
    points = []
    for curve in evaluation.curves:
        for level, sensitivity, specificity in zip(LEVELS, curve.sensitivities, curve.specificities, strict=True):
            points.append((curve.name, f"{level:.0%}", sensitivity, specificity))
    return section(
        "Telling classes apart",
        figures.side_by_side(
            figures("roc", f"ROC curve, {each}{bands}."),
            figures("precision_recall", f"Precision against recall, {each}{bands}. Chance gives the class's share."),
        ),
        table(("class", "pictures", "AUC", "mean precision"), rows, "Area under the ROC curve, and mean precision"),
        table(
            ("class", "level", "sensitivity at this specificity", "specificity at this sensitivity"),
            points,
            "Thresholds are chosen on this part, and anew in every draw: what the curve offers, not a promise for one "
            "fixed threshold",
        ),
    )


def _readers(evaluation: Evaluation) -> str:
    if not evaluation.readers:
        return ""
    rows = [
        (point.reader.name, point.reader.sensitivity, point.reader.specificity, point.network)
        for point in evaluation.readers
    ]
    above = sum(point.reader.sensitivity > point.network.value for point in evaluation.readers)
    return section(
        "Readers",
        paragraph(
            f"{above} of {len(rows)} readers lie above the curve. The two are comparable only where the readers judged "
            "these very pictures."
        ),
        table(("reader", "sensitivity", "specificity", "network's sensitivity at this specificity"), rows),
    )


def _decisions(evaluation: Evaluation, figures: Figures) -> str:
    rows = [
        (name, count, found)
        for name, count, found in zip(evaluation.classes, evaluation.counts, evaluation.class_accuracy, strict=True)
    ]
    rows += [
        ("mean of the classes (balanced)", evaluation.pictures, evaluation.balanced_accuracy),
        ("all pictures", evaluation.pictures, evaluation.accuracy),
    ]
    return section(
        "Predicted classes",
        figures(
            "confusion", "Pictures by true and predicted class, the one of highest probability; % of the true class."
        ),
        table(("class", "pictures", "accuracy"), rows, "Share of each class's pictures that is predicted rightly"),
    )


def _calibration(evaluation: Evaluation, figures: Figures) -> str:
    found = evaluation.calibration
    states = [("as trained", found.before)] + ([("after temperature scaling", found.after)] if found.after else [])
    rows = [(name, state.ece, state.log_loss) for name, state in states]
    if found.temperature:
        text = (
            f"The temperature, {spoken(found.temperature)}, was fitted on the {found.temperature.n:,} pictures of the "
            "validation part."
        )
    else:
        text = found.reason
    after = ", before and after temperature scaling" if found.after else ""
    return section(
        "Calibration",
        figures(
            "reliability",
            f"Reliability{after}: mean predicted probability of {found.of} against the share for which it was so, in "
            f"{BINS} bins of equal width, with 95 % intervals; below, the pictures in each bin.",
        ),
        table(
            ("", "expected calibration error", "log loss"),
            rows,
            f"Expected calibration error in {BINS} bins of equal width. Chance alone keeps it above 0, the more the "
            "smaller the part, and lifts its interval",
        ),
        paragraph(text),
    )


def _levels(evaluation: Evaluation) -> str:
    rows = [
        (str(level.level), name, positives, auc)
        for level in evaluation.levels
        for name, positives, auc in [
            *((curve.name, curve.positives, curve.auc) for curve in level.curves),
            *([("mean (macro)", level.macro_auc.n, level.macro_auc)] if len(level.curves) > 1 else []),
        ]
    ]
    return section("Along the taxonomy", table(("level", "class", "pictures", "AUC"), rows)) if rows else ""


def _subgroups(evaluation: Evaluation, figures: Figures) -> str:
    if not evaluation.subgroups:
        return ""
    names = evaluation.classes
    of_class = names if len(names) == 2 else ()
    rows: list[Sequence[Cell]] = []
    for group in evaluation.subgroups:
        missing = "no AUC" in group.note
        name = f"{group.kind}: {group.name}" + (f" ({group.note})" if group.note and not missing else "")
        auc = f"{group.note}, n = {group.auc.n:,}" if missing else group.auc
        rows.append((name, auc, *(group.accuracy if of_class else ())))
    return section(
        "By sex, age and site",
        figures(
            "subgroups",
            "AUC of subgroups; hollow points are small ones, of under ten pictures of a class. Many comparisons: "
            "one interval in twenty misses by chance alone.",
        ),
        table(("subgroup", "AUC", *(f"{name}, predicted rightly" for name in of_class)), rows),
    )
