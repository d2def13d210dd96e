"""Small cohorts for tests, written as `prepare` writes them."""

import hashlib
from pathlib import Path

import numpy as np

from trainer.cohort.cohort import PARTS, Cohort, seal_cohort
from trainer.cohort.hdf5_file import first_byte


def drawn_cohort(
    path: Path, count: int = 24, side: int = 32, classes: tuple[str, ...] = ("benign", "malignant"), seed: int = 0
) -> Path:
    """Random pictures whose class shows in their mean colour; every class stands in every part."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(classes)
    splits = np.array(PARTS)[np.array([0, 1, 2, 0, 0])[np.arange(count) // len(classes) % 5]]
    mean = 80 + 100 * labels[:, None] / max(len(classes) - 1, 1) * (1, 0.4, -0.4)
    pictures = (mean[:, None, None] + random.normal(0, 40, (count, side, side, 3))).clip(0, 255).astype(np.uint8)
    known = random.random(count) < 0.7
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(bytes(first_byte()) + pictures.tobytes())
    names = tuple(f"{classes[label]}/drawn_{number:03}.png" for number, label in enumerate(labels))
    seal_cohort(
        part,
        Cohort(
            path=path,
            classes=classes,
            names=names,
            labels=labels.astype(np.int64),
            splits=splits,
            groups=names,
            lesions=names,
            digests=tuple(hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures),
            diagnoses=tuple(classes[label] for label in labels),
            sexes=tuple(random.choice(["female", "male"]) if there else "" for there in known),
            sites=tuple(random.choice(["trunk", "face"]) if there else "" for there in known),
            ages=np.where(known, random.integers(4, 17, count) * 5.0, np.nan).astype(np.float32),
            folds=np.full(count, -1, np.int64),
            left_out=(("broken.png", "it is damaged; copy it again from its source"),),
            flow={"pictures found": count + 1, "unreadable": 1, "kept": count},
            source="drawn",
            side=side,
        ),
    )
    return path
