"""Every setting of a recipe reaches the run: another value gives another network, or another account of it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainer.runs import CPU, cohort_in, small
from trainer.cohort.cohort import Cohort
from trainer.networks.architectures import build
from trainer.networks.checkpoint import load
from trainer.training.recipe import SETTINGS
from trainer.training.train import train

PLAIN = {
    "size": 24,
    "epochs": 1,
    "crop": "centre",
    "rotation": [0.0, 0.0],
    "flip_horizontal": False,
    "flip_vertical": False,
}
TURNED = {"rotation": [0.0, 1.0]}
SCRATCH = {"architecture": "scratch_cnn"}
STANDS = {"epochs": 3, "learning_rate": 1e-9}
"""A run whose validation AUC never gets better than after its first epoch."""

CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "size": ({}, 28),
    "resize_to": ({}, 28),
    "test_crop": ({}, "whole"),
    "mean": ({}, [0.5, 0.4, 0.3]),
    "std": ({}, [0.5, 0.4, 0.3]),
    "color_constancy": ({}, 6.0),
    "gamma": ({}, 2.0),
    "illumination": ({}, 1.0),
    "fill_corners": ({}, True),
    "fold": ({}, 1),
    "architecture": ({}, "scratch_cnn"),
    "bottleneck": (SCRATCH, 4),
    "dropout": (SCRATCH, 0.5),
    "initialisation": ({}, "glorot"),
    "weights": ({}, "start.pt"),
    "weights_key": ({"weights": "several.pt", "weights_key": "raw"}, "average"),
    "freeze_up_to": ({"weights": "start.pt"}, "features"),
    "crop": ({}, "random"),
    "rotation": ({}, [0.0, 1.0]),
    "flip_horizontal": ({}, True),
    "flip_vertical": ({}, True),
    "zoom": ({}, [1.2, 1.5]),
    "stretch": ({}, 1.5),
    "shift": ({}, 0.2),
    "fill": (TURNED, "black"),
    "brightness": ({}, [0.1, 0.2]),
    "brightness_as": ({"brightness": [0.1, 0.2]}, "multiplied"),
    "contrast": ({}, [0.1, 0.2]),
    "hue": ({}, [0.04, 0.08]),
    "saturation": ({}, [0.2, 0.5]),
    "tint": ({}, 0.3),
    "corners": ({}, 1.0),
    "mixup": ({}, 1.0),
    "cutout": ({}, 0.5),
    "loss": ({}, "bce"),
    "epochs": ({}, 2),
    "batch": ({}, 4),
    "imbalance": ({}, "weights"),
    "smoothing": ({}, 0.2),
    "optimiser": ({}, "adamw"),
    "learning_rate": ({}, 1e-2),
    "betas": ({}, [0.5, 0.9]),
    "weight_decay": ({}, 0.1),
    "clip": ({}, 1e-9),
    "depth_decay": ({"weights": "start.pt"}, 0.5),
    "head_epochs": ({"weights": "start.pt"}, 1),
    "average": ({}, 0.9),
    "schedule": ({}, "one-cycle"),
    "cycle": ({"schedule": "cosine", "epochs": 2}, 2),
    "cycle_factor": ({"schedule": "cosine", "epochs": 3}, 3),
    "chosen": (STANDS, "last"),
    "patience": (STANDS, 1),
    "seed": ({}, 1),
    "precision": ({}, "float32"),
    "half": ({}, True),
}
"""By setting: what it needs to matter, and another value. The optimisers differ where they weigh something down."""

NEEDS = {"optimiser": {"weight_decay": 0.1}}
SAME_RESULT = {
    "channels_last",
    "compile",
    "deterministic",
    "fused",
    "graph",
    "keep_every",
    "pictures_on_device",
    "prefetch",
    "save_every",
    "threshold_folds",
}
"""How a run is computed and kept; test_train.py, test_training_step.py, test_resume.py, test_kept_epochs.py and
test_cross_validation.py hold that they change no result.
"""


@pytest.fixture(autouse=True)
def no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the last epoch has tests of its own; here the run itself is looked at."""
    monkeypatch.setattr("trainer.training.finish.write_report", lambda *facts: {})
    monkeypatch.setattr("trainer.training.train.finish", lambda folder, state, *facts: state)
    monkeypatch.setattr("trainer.devices.arithmetic.computes_bfloat16", lambda device: True)  # whatever runs the test


Run = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What a run with these settings gives, each run once: weights, losses, what was kept, and how it was written."""
    folder = tmp_path_factory.mktemp("runs")
    cohort, known = uneven(cohort_in(folder)), {}
    torch.manual_seed(5)
    torch.save(build("lenet", 2, {"size": 24}).state_dict(), folder / "start.pt")
    several = {name: build("lenet", 2, {"size": 24}).state_dict() for name in ("raw", "average")}
    torch.save(several, folder / "several.pt")

    def run(settings: dict[str, Any]) -> dict[str, Any]:
        key = repr(sorted(settings.items()))
        if key not in known:
            if "weights" in settings:
                settings = settings | {"weights": str(folder / settings["weights"])}
            out = folder / f"run{len(known)}"
            state = train(cohort, small(**PLAIN | settings), out, CPU)
            written = load(out / "network.safetensors")
            known[key] = {
                "weights": {name: tensor.numpy().tobytes() for name, tensor in state.best_weights.items()},
                "epochs": [(row["loss"], row["auc"]) for row in state.history],
                "chosen": state.best_epoch,
                "input": written.input,
                "types": {tensor.dtype for tensor in written.weights.values()},
            }
        return known[key]

    return run


def uneven(cohort: Cohort) -> Cohort:
    """The same cohort with a third of one class's training pictures, and with two folds."""
    spare = np.flatnonzero((cohort.labels == 1) & (cohort.splits == "train"))[::3]
    moved = np.setdiff1d(np.flatnonzero((cohort.labels == 1) & (cohort.splits == "train")), spare)
    splits = cohort.splits.copy()
    splits[moved] = "test"
    folds = np.arange(len(cohort.labels)) // 2 % 3
    return dataclasses.replace(cohort, splits=splits, folds=folds)


def test_the_same_settings_give_the_same_run(run: Run) -> None:
    assert run({"save_every": 1.0}) == run({})


def test_every_setting_is_tried_or_said_to_change_nothing() -> None:
    assert set(CASES) | SAME_RESULT == set(SETTINGS)
    assert not set(CASES) & SAME_RESULT


@pytest.mark.parametrize("name", CASES)
def test_a_setting_reaches_the_run(run: Run, name: str) -> None:
    base, value = CASES[name]
    base = base | NEEDS.get(name, {})
    assert run(base) != run(base | {name: value})
