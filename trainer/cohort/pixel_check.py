"""Whether the pictures in a cohort's file are still those that `prepare` wrote."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.cohort.cohort import Cohort, open_cohort
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.files.wording import listed

SAMPLE = 64
"""Pictures that are looked at before work begins: 17 MB of 300 x 300 pixels."""


def pixel_digest(rgb: npt.NDArray[np.uint8]) -> str:
    """16 hex digits over a stored picture (side, side, 3): enough to see that something changed it, no more."""
    return hashlib.blake2b(rgb.tobytes(), digest_size=8).hexdigest()


def changed_pictures(cohort: Cohort, positions: Iterable[int], on_step: OnStep = no_step) -> list[str]:
    """Names of the pictures at these positions whose pixels are others than were written."""
    todo, changed = list(positions), []
    for done, position in enumerate(todo, 1):
        if pixel_digest(cohort.pictures([position])[0]) != cohort.pixels[position]:
            changed.append(cohort.names[position])
        on_step(done, len(todo))
    return changed


def open_checked(path: Path | str) -> Cohort:
    """A cohort to work with; besides what `open_cohort` refuses, UserError where pictures of a sample were changed.

    The sample is spread evenly over the file. Files of earlier versions hold nothing to check pixels by.
    """
    cohort = open_cohort(path)
    if cohort.pixels:
        looked_at = np.unique(np.linspace(0, len(cohort) - 1, min(SAMPLE, len(cohort))).round().astype(int)).tolist()
        if changed := changed_pictures(cohort, looked_at):
            raise were_changed(cohort, changed, len(looked_at))
    return cohort


def were_changed(cohort: Cohort, changed: list[str], looked_at: int) -> UserError:
    """What to say of changed pictures, and what to do."""
    return UserError(
        f"{cohort.path}: {len(changed):,} of {looked_at:,} pictures that were looked at have other pixels than prepare "
        f"wrote ({listed(changed, 3)}); copy the file again from its source, or prepare the cohort again "
        "(describe --check looks at all of them)."
    )
