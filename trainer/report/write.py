"""What a run or an evaluation leaves behind: one page, its figures, and all numbers as JSON."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.cohort.cohort import Cohort
from trainer.files.atomic_files import cannot_write, replace_file, subfolder, sweep_folder
from trainer.files.errors import UserError
from trainer.measures.bootstrap import Measure
from trainer.measures.metrics import LEVELS
from trainer.measures.roc_curves import GRID

if TYPE_CHECKING:
    from trainer.evaluation.evaluate import Evaluation

FORMAT = "feature-trainer report"
VERSION = 1
FIGURES = ("roc", "precision_recall", "confusion", "reliability", "subgroups", "learning")


@dataclass(frozen=True)
class Run:
    """What a finished or running training knows of itself.

    `settings` are all settings as plain values; `history` holds a dict for each epoch with epoch, loss, auc
    (validation), validation_loss, learning_rate, pictures_per_second, seconds, as far as they are known.
    `chosen_epoch` counts from 1, 0 = none yet; `seconds` and `pictures_per_second` are of the training, 0 = not known.
    `arithmetic` says of a GPU whether it rounded to TF32, tried its kernels, and took the same ones in every run.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    chosen_epoch: int = 0
    seconds: float = 0.0
    pictures_per_second: float = 0.0
    device: str = ""
    arithmetic: dict[str, bool] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    seed: int | None = None

    @classmethod
    def of_training(cls, training: Mapping[str, Any]) -> "Run | None":
        """The run that a checkpoint's `training` describes; None where it tells of no epochs and no recipe."""
        history = [{**row, "epoch": row.get("epoch", row.get("number"))} for row in _rows(training.get("epochs"))]
        settings = training.get("recipe")
        if not history and not isinstance(settings, dict):
            return None
        speeds = [float(row["pictures_per_second"]) for row in history if row.get("pictures_per_second")]
        chosen, seed = training.get("chosen_epoch"), training.get("seed")
        return cls(
            settings=dict(settings) if isinstance(settings, dict) else {},
            history=history,
            chosen_epoch=chosen if isinstance(chosen, int) else 0,
            seconds=float(training.get("seconds") or sum(float(row.get("seconds") or 0) for row in history)),
            pictures_per_second=float(training.get("pictures_per_second") or (np.median(speeds) if speeds else 0)),
            device=str(training.get("device", "")),
            arithmetic={str(name): bool(on) for name, on in dict(training.get("arithmetic") or {}).items()},
            versions={str(name): str(value) for name, value in dict(training.get("versions") or {}).items()},
            seed=seed if isinstance(seed, int) else None,
        )


def write_report(folder: Path, evaluation: "Evaluation | None", run: Run | None, cohort: Cohort) -> dict[str, Any]:
    """Write report.html, report.json and figures/*.svg, *.png into `folder`; the numbers of report.json are returned.

    Without an evaluation, of a run that goes on, there are the learning curves only. Every file is replaced whole;
    figures of an earlier report that this one has not are removed. UserError where a file cannot be written.
    """
    from trainer.report.figures import drawn
    from trainer.report.page import page
    from trainer.report.style import encoded

    numbers = as_json(evaluation, run, cohort)
    made = drawn(evaluation, run.history if run else (), run.chosen_epoch if run else 0)
    pictures = {name: encoded(figure, name) for name, figure in made.items()}
    svgs = {name: svg.decode("utf-8") for name, (svg, _) in pictures.items()}
    text = page(evaluation, run, cohort, svgs)
    files = {f"figures/{name}.{kind}": content for name, both in pictures.items()
             for kind, content in zip(("svg", "png"), both, strict=True)}  # fmt: skip
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
    for name in FIGURES:
        if name not in pictures:
            for kind in ("svg", "png"):
                with contextlib.suppress(OSError):  # a figure too many is no reason to lose a report
                    (folder / "figures" / f"{name}.{kind}").unlink(missing_ok=True)
    return numbers


def make_folder(folder: Path) -> None:
    """Make a folder for a report; UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
            "parts": parts(cohort),
            "flow": dict(cohort.flow),
            "left_out": [{"picture": name, "reason": reason} for name, reason in cohort.left_out],
        },
    }


def parts(cohort: Cohort) -> dict[str, dict[str, int]]:
    """Pictures by part and class."""
    return {
        part: {
            name: int(((cohort.splits == part) & (cohort.labels == place)).sum())
            for place, name in enumerate(cohort.classes)
        }
        for part in ("train", "validation", "test")
    }


def plain(value: Any) -> Any:
    """Any value of a report as JSON knows it: dataclasses as objects, arrays as lists, NaN as None."""
    if isinstance(value, Measure):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)


def _evaluation(evaluation: "Evaluation") -> dict[str, Any]:
    """The evaluation with names where the dataclasses have positions."""
    values: dict[str, Any] = plain(evaluation)
    names = evaluation.classes
    for of in ("counts", "class_accuracy"):
        values[of] = dict(zip(names, values[of], strict=True))
    for group in values["subgroups"]:
        for of in ("counts", "accuracy"):
            group[of] = dict(zip(names, group[of], strict=True))
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


def _rows(value: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
