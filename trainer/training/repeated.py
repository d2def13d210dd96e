"""One recipe trained several times, over folds and seeds, each in a folder of its own, and what they share."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from trainer.cohort.cohort import Cohort
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.errors import UserError
from trainer.files.written_tables import write_rows
from trainer.report.comparison import Compared, comparison_page, summary_rows
from trainer.training.distributed import ProcessGroup
from trainer.training.recipe import Recipe
from trainer.training.run_folder import RunFolder, is_finished, run_folders
from trainer.training.train import Watch, train

_FIGURES = ("auc", "balanced_accuracy", "accuracy")


@dataclass(frozen=True)
class Planned:
    """One run of several: its folder's name, and its recipe."""

    name: str
    recipe: Recipe


def planned(recipe: Recipe, cohort: Cohort, *, all_folds: bool, seeds: int) -> tuple[Planned, ...]:
    """The runs: every fold of the cohort, or the recipe's own parts, each with `seeds` seeds from the recipe's on.

    UserError where the cohort has no folds, or fewer than one seed is asked for.
    """
    if seeds < 1:
        raise UserError(f"--seeds {seeds} is too few; give 1 or more.")
    folds = [recipe.data.fold]
    if all_folds:
        cohort.fold(0)  # says so where there are none
        folds = list(range(int(cohort.folds.max()) + 1))
    first = recipe.learning.seed
    return tuple(
        Planned(
            "-".join(([f"fold-{fold}"] if all_folds else []) + ([f"seed-{seed}"] if seeds > 1 else [])) or "run",
            replace(recipe, data=replace(recipe.data, fold=fold), learning=replace(recipe.learning, seed=seed)),
        )
        for fold in folds
        for seed in range(first, first + seeds)
    )


def train_all(
    cohort: Cohort,
    runs: Sequence[Planned],
    out: Path,
    device: torch.device,
    *,
    licence: str = "",
    watch: Watch | None = None,
    world: ProcessGroup | None = None,
) -> tuple[Compared, ...]:
    """Train every run that is not finished, going on with an interrupted one, and compare those that are.

    `out` gets a folder for each run, and after each one runs.html, runs.csv and runs.json anew. UserError before
    any work where a folder holds a run of other settings or pictures.
    """
    watch, world = watch or Watch(), world or ProcessGroup()
    if (out / "settings.toml").exists():
        raise UserError(f"{out} holds a single run; choose another --out for several.")
    folders = run_folders(out, [run.name for run in runs])
    digests = [(cohort.fold(run.recipe.data.fold) if run.recipe.data.fold >= 0 else cohort).digest for run in runs]
    # Decided before any process begins to write, so that all of them decide alike.
    left = []
    for run, folder, digest in zip(runs, folders, digests, strict=True):
        if is_finished(folder, run.recipe, digest):
            continue
        RunFolder(folder, run.recipe, digest, write=False)  # complains of another run
        left.append((run, folder))
    for number, (run, folder) in enumerate(left, len(runs) - len(left) + 1):
        watch.say(f"run {number} of {len(runs)}: {run.name}")
        train(cohort, run.recipe, folder, device, licence=licence, watch=watch, world=world)
        if world.first:
            _write(out, runs, folders, cohort)
    return _write(out, runs, folders, cohort) if world.first else ()


def _write(out: Path, runs: Sequence[Planned], folders: Sequence[Path], cohort: Cohort) -> tuple[Compared, ...]:
    done = tuple(
        _compared(run, folder)
        for run, folder in zip(runs, folders, strict=True)
        if (folder / "report.json").exists() and not (folder / "resume.pt").exists()
    )
    rows = list(summary_rows(done))
    content = {
        "runs.csv": write_rows(rows),
        "runs.json": (json.dumps([vars(run) for run in done], indent=1, ensure_ascii=False) + "\n").encode(),
        "runs.html": comparison_page(done, len(runs), cohort, runs[0].recipe.flat()).encode("utf-8"),
    }
    for name, written in content.items():
        try:
            replace_file(out / name, written, follow=False)
        except OSError as error:
            raise cannot_write(out / name, error) from error
    return done


def _compared(run: Planned, folder: Path) -> Compared:
    """What a finished run's report.json says; UserError where it is damaged."""
    path = folder / "report.json"
    try:
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        evaluation = report["evaluation"]
        threshold = evaluation["threshold"] or {}
        return Compared(
            name=run.name,
            fold=run.recipe.data.fold,
            seed=run.recipe.learning.seed,
            epoch=int(report["run"]["chosen_epoch"]),
            pictures=int(evaluation["pictures"]),
            auc=evaluation["auc"],
            figures={
                **{name.replace("_", " "): evaluation[name]["value"] for name in _FIGURES},
                "calibration error": evaluation["calibration"]["before"]["ece"]["value"],
                **{
                    f"{name} at the threshold": threshold["applied_to"][name]["value"]
                    for name in ("sensitivity", "specificity")
                    if threshold
                },
            },
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read; delete {folder} to train this run again.") from error
