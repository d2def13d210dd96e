"""What a run or an evaluation leaves behind: one page, its figures, and all numbers as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.cohort.cohort import Cohort
from trainer.files.atomic_files import cannot_write, replace_file, subfolder, sweep_folder
from trainer.files.errors import UserError
from trainer.files.own_files import remove_own
from trainer.files.written_tables import write_rows
from trainer.measures.bootstrap import Measure
from trainer.measures.metrics import LEVELS
from trainer.measures.roc_curves import GRID
from trainer.report.page import page
from trainer.report.run_record import Run, splits

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation

FORMAT = "feature-trainer report"
VERSION = 1
FIGURES = ("roc", "precision_recall", "confusion", "reliability", "subgroups", "learning")


def write_report(folder: Path, evaluation: "Evaluation | None", run: Run | None, cohort: Cohort) -> dict[str, Any]:
    """Write report.html, report.json, predictions.csv and figures/*.svg, *.png; report.json's numbers are returned.

    Without an evaluation, of a run that goes on, there are the learning curves only. Every file is replaced whole;
    figures of an earlier report that this one has not are removed. UserError where a file cannot be written.
    """
    from trainer.report.figures import drawn
    from trainer.report.style import encoded

    numbers = as_json(evaluation, run, cohort)
    figures = drawn(evaluation, run.history if run else (), run.chosen_epoch if run else 0)
    pictures = {name: encoded(figure, name) for name, figure in figures.items()}
    svgs = {name: svg.decode("utf-8") for name, (svg, _) in pictures.items()}
    text = page(evaluation, run, cohort, svgs)
    files = {f"figures/{name}.{kind}": content for name, both in pictures.items()
             for kind, content in zip(("svg", "png"), both, strict=True)}  # fmt: skip
    if evaluation:
        files["predictions.csv"] = write_rows(prediction_rows(evaluation))
    files["report.json"] = (json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    files["report.html"] = text.encode("utf-8")
    make_folder(folder)
    try:
        for part in (subfolder(folder), subfolder(folder, "figures")):
            sweep_folder(part)
    except OSError as error:
        raise cannot_write(folder / "figures", error) from error
    for name, content in files.items():
        try:
            replace_file(folder / name, content, follow=False)
        except OSError as error:
            raise cannot_write(folder / name, error) from error
    # A figure too many is no reason to lose a report.
    too_many = (name for name in FIGURES if name not in pictures)
    remove_own(folder / "figures" / f"{name}.{kind}" for name in too_many for kind in ("svg", "png"))
    return numbers


def make_folder(folder: Path) -> None:
    """Make a folder for a report; UserError where that cannot be."""
    try:
        subfolder(folder)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{folder} cannot be made, because a file has this name; choose another --out.") from error
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made ({error.strerror}); choose another --out.") from error


def as_json(evaluation: "Evaluation | None", run: Run | None, cohort: Cohort) -> dict[str, Any]:
    """All numbers of a report as plain values; a measure is {"value", "low", "high", "n"}, NaN is None."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "evaluation": _evaluation(evaluation) if evaluation else None,
        "run": plain(run) if run else None,
        "cohort": {
            "file": cohort.path.name,
            "source": cohort.source,
            "digest": cohort.digest,
            "classes": list(cohort.classes),
            "parts": splits(cohort),
            "flow": dict(cohort.flow),
            "left_out": [{"picture": name, "reason": reason} for name, reason in cohort.left_out],
        },
    }


def plain(value: Any) -> Any:
    """Any value of a report as JSON knows it: dataclasses as objects, arrays as lists, NaN as None."""
    if isinstance(value, Measure):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


def prediction_rows(evaluation: "Evaluation") -> Iterator[Sequence[object]]:
    """A row for each picture: its lesion, part, given and predicted class, and the probability of each class."""
    names = evaluation.classes
    yield "picture", "lesion", "split", "given", "predicted", *(f"probability {name}" for name in names)
    for part in evaluation.predictions:
        rows = zip(part.pictures, part.lesions, part.labels, part.probabilities, strict=True)
        for picture, lesion, label, shares in rows:
            texts = (f"{share:.6f}" for share in shares)
            yield picture, lesion, part.part, names[label], names[int(shares.argmax())], *texts


def _evaluation(evaluation: "Evaluation") -> dict[str, Any]:
    """The evaluation with names where the dataclasses have positions; its predictions stand in predictions.csv."""
    values: dict[str, Any] = plain(replace(evaluation, predictions=()))
    del values["predictions"]
    names = evaluation.classes
    for key in ("counts", "class_accuracy"):
        values[key] = dict(zip(names, values[key], strict=True))
    for group in values["subgroups"]:
        for key in ("counts", "accuracy"):
            group[key] = dict(zip(names, group[key], strict=True))
    for curve in [*values["curves"], *(curve for level in values["levels"] for curve in level["curves"])]:
        levels = [f"{level:.2f}" for level in LEVELS]
        curve["sensitivity_at_specificity"] = dict(zip(levels, curve.pop("sensitivities"), strict=True))
        curve["specificity_at_sensitivity"] = dict(zip(levels, curve.pop("specificities"), strict=True))
        del curve["asked"]  # stands with the readers
        low, high = curve.pop("roc_band")
        curve["roc_band"] = {"false_positive_rate": plain(GRID), "low": low, "high": high}
        low, high = curve.pop("precision_band")
        curve["precision_band"] = {"recall": plain(GRID), "low": low, "high": high}
    return values
