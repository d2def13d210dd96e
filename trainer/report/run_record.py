"""What a report tells of a training, and of the cohort's splits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainer.cohort.cohort import Cohort


@dataclass(frozen=True)
class Run:
    """What a finished or running training knows of itself.

    `settings` are all settings as plain values; `history` holds a dict for each epoch with epoch, loss, auc
    (validation), validation_loss, accuracy, validation_accuracy, learning_rate, pictures_per_second, seconds, and the
    `course` within the epoch (lists of epoch, learning_rate and loss), as far as they are known.
    `chosen_epoch` counts from 1, 0 = none yet; `seconds` and `pictures_per_second` are of the training, 0 = not known.
    `arithmetic` says of a GPU whether it rounded to TF32, tried its kernels, and took the same ones in every run.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    chosen_epoch: int = 0
    seconds: float = 0.0
    pictures_per_second: float = 0.0
    device: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    arithmetic: dict[str, bool] = field(default_factory=dict)

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


def splits(cohort: Cohort) -> dict[str, dict[str, int]]:
    """Pictures by split and class."""
    return {
        part: {
            name: int(((cohort.splits == part) & (cohort.labels == label)).sum())
            for label, name in enumerate(cohort.classes)
        }
        for part in ("train", "validation", "test")
    }


def _rows(value: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
