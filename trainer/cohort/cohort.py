"""A cohort: pictures decoded once, with their classes, groups and parts, in one file (docs/cohort.md)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.cohort import hdf5_file as cohort_file
from trainer.cohort.validation import PARTS
from trainer.files.errors import UserError

__all__ = ["PARTS", "Cohort", "open_cohort", "parts_of_folds", "seal_cohort"]


@dataclass(frozen=True)
class Cohort:
    """An opened cohort of N pictures; the pictures stay on the disk.

    `names` are paths relative to the pictures' folder with "/"; `labels` (N) are positions in `classes`;
    `splits` (N) are "train", "validation" or "test"; `groups` (patient, else lesion, else near-duplicates joined)
    never stand on two sides, unless a given split tore them; `lesions` are what a bootstrap draws; `digests` are
    SHA-256 in hexadecimal of the picture files. "" and NaN in `diagnoses`, `sexes`, `sites` and `ages` (years) mean
    not known; `folds` (N) are -1 where there are none. `left_out` holds (picture, reason), `flow` the counts from the
    pictures found to the pictures kept, in order; `settings` what `prepare` was told. `seal` is the file's checksum.
    `confirmed` says how diagnoses were made, such as "histo"; "" and () mean not known. `pixels` are digests of the
    stored pictures (pixel_check.py), () where the file's version had none.
    """

    path: Path
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    splits: npt.NDArray[np.str_]
    groups: tuple[str, ...]
    lesions: tuple[str, ...]
    digests: tuple[str, ...]
    diagnoses: tuple[str, ...]
    sexes: tuple[str, ...]
    sites: tuple[str, ...]
    ages: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int64]
    left_out: tuple[tuple[str, str], ...]
    flow: dict[str, int]
    source: str
    side: int
    settings: dict[str, Any] = field(default_factory=dict)
    seal: str = ""
    confirmed: tuple[str, ...] = ()
    pixels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def field_of_view(self) -> float:
        """The margin around each lesion that was kept of its picture; 0 = whole pictures."""
        value = self.settings.get("field_of_view", 0)
        return float(value) if isinstance(value, int | float) else 0.0

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hexadecimal over every picture's name, digest, class and part."""
        rows = zip(self.names, self.digests, self.labels, self.splits, strict=True)
        lines = [f"{name}\t{digest}\t{self.classes[label]}\t{part}\n" for name, digest, label, part in rows]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def positions(self, part: str) -> npt.NDArray[np.intp]:
        """Positions of the pictures of "train", "validation" or "test"; UserError where there are none."""
        if part not in PARTS:
            raise UserError(f'A cohort has the parts {", ".join(PARTS)}, not "{part}".')
        positions = np.flatnonzero(self.splits == part)
        if not len(positions):
            raise UserError(f"{self.path.name} has no {part} pictures; prepare it again with another split.")
        return positions

    def fold(self, number: int) -> "Cohort":
        """The same cohort with fold `number` (0 ..) as test part and the next fold for validation.

        UserError where the cohort was not split into folds, or has fewer.
        """
        count = int(self.folds.max()) + 1
        if count < 2:
            raise UserError(f"{self.path.name} was not split into folds; prepare it again with --folds 5.")
        if not 0 <= number < count:
            raise UserError(f"{self.path.name} has the folds 0 to {count - 1}, not {number}.")
        return replace(self, splits=parts_of_folds(self.folds, number))

    def confirmed_by(self, words: Sequence[str], part: str) -> "Cohort":
        """The same cohort whose `part` has only pictures with diagnoses made in these ways, by their first letters.

        UserError where there are none.
        """
        prefixes = tuple(word.strip().casefold() for word in words if word.strip())
        fits = np.array([bool(prefixes) and value.startswith(prefixes) for value in self.confirmed], np.bool_)
        inside = self.splits == part
        if not len(fits) or not (fits & inside).any():
            ways = sorted({value for value in self.confirmed if value})
            raise UserError(
                f"No {part} picture of {self.path.name} has a diagnosis confirmed by {', '.join(words)[:60]}; "
                + (f"there are {', '.join(ways)[:200]}." if ways else "it does not say how diagnoses were made.")
            )
        return replace(self, splits=np.where(inside & ~fits, "", self.splits))

    def pictures(self, positions: npt.NDArray[np.intp] | Sequence[int] | slice) -> npt.NDArray[np.uint8]:
        """The pictures at these positions, (n, side, side, 3) uint8 RGB, read from the disk.

        UserError where the file has gone or was replaced since the cohort was opened.
        """
        return np.array(self._store[positions])

    @cached_property
    def _store(self) -> npt.NDArray[np.uint8]:
        return cohort_file.pictures_of(self.path, len(self), self.side, self.seal)

    def __getstate__(self) -> dict[str, Any]:
        """Without the mapped pictures, which pickling would read whole into memory."""
        return {name: value for name, value in vars(self).items() if name != "_store"}


def parts_of_folds(folds: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.str_]:
    """The parts (N) where fold `number` is the test part and the next one, after the last the first, validation."""
    count = int(folds.max()) + 1
    parts = np.where(folds == number, "test", "train")
    return np.where(folds == (number + 1) % count, "validation", parts) if count > 2 else parts


def open_cohort(path: Path | str) -> Cohort:
    """Read everything of a cohort but its pictures.

    UserError where the file is missing, no cohort, cut short, damaged, or written by a newer version.
    """
    path = Path(path)
    columns, attributes, seal = cohort_file.read(path)
    cohort = Cohort(
        path=path,
        classes=tuple(attributes["classes"]),
        names=tuple(columns["name"]),
        labels=columns["label"],
        splits=np.array(columns["split"], dtype=np.str_),
        groups=tuple(columns["group"]),
        lesions=tuple(columns["lesion"]),
        digests=tuple(columns["digest"]),
        diagnoses=tuple(columns["diagnosis"]),
        sexes=tuple(columns["sex"]),
        sites=tuple(columns["site"]),
        ages=columns["age"],
        confirmed=tuple(columns["confirmed"]),
        pixels=tuple(columns["pixels"]) if any(columns["pixels"]) else (),
        folds=columns["fold"],
        left_out=tuple(zip(columns["left_out_name"], columns["left_out_reason"], strict=True)),
        flow=dict(attributes["flow"]),
        source=attributes["source"],
        side=attributes["side"],
        settings=attributes["settings"],
        seal=seal,
    )
    if cohort.digest != attributes["digest"]:
        raise cohort_file.damaged(path, "its digest is not that of its pictures, classes and parts")
    return cohort


def seal_cohort(part: Path, cohort: Cohort) -> None:
    """Turn a file of decoded pictures, one for each case of the cohort, into the whole cohort at `cohort.path`."""
    columns = {
        "name": cohort.names,
        "label": cohort.labels,
        "split": tuple(map(str, cohort.splits)),
        "group": cohort.groups,
        "lesion": cohort.lesions,
        "digest": cohort.digests,
        "diagnosis": cohort.diagnoses,
        "sex": cohort.sexes,
        "site": cohort.sites,
        "age": cohort.ages,
        "fold": cohort.folds,
        "confirmed": cohort.confirmed or ("",) * len(cohort),
        "pixels": cohort.pixels or ("",) * len(cohort),
        "left_out_name": tuple(name for name, _ in cohort.left_out),
        "left_out_reason": tuple(reason for _, reason in cohort.left_out),
    }
    attributes = {
        "classes": cohort.classes,
        "flow": cohort.flow,
        "source": cohort.source,
        "side": cohort.side,
        "settings": cohort.settings,
        "digest": cohort.digest,
    }
    cohort_file.seal(part, cohort.path, columns, attributes)
