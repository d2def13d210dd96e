"""Training on real pictures, from a packed file (see pack.py): the AUC with its interval, and how long it takes."""

import hashlib
import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tests.gpu.made import paper
from tests.gpu.proof import Proof
from trainer.cohort.cohort import Cohort, open_cohort, seal_cohort
from trainer.cohort.hdf5_file import first_byte
from trainer.training.train import train

LEAST = 0.70
"""AUC under which a network of this kind has learnt nothing on these pictures: they give 0.77 to 0.85 elsewhere."""


def run(proof: Proof) -> None:
    """30 epochs of the paper's recipe, on what is packed."""
    if proof.pictures is None:
        proof.tell("real pictures: left out, none were given (--pictures)", "")
        return
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        cohort = unpacked(proof.pictures, Path(folder) / "cohort.h5", 96 if proof.small else 1 << 30)
        proof.tell(f"{len(cohort)} pictures of {cohort.side} unpacked", time.perf_counter() - begun, "s")
        size = cohort.side * 6 // 7
        changes = (
            {"size": 64, "resize_to": 72, "batch": 16, "epochs": 1} if proof.small else {"size": size, "epochs": 30}
        )
        recipe = paper(False, **changes, bottleneck=8 if proof.small else 0, average=0.99, chosen="last")
        begun = time.perf_counter()
        outcome = train(cohort, recipe, Path(folder) / "run", proof.device)
        took = time.perf_counter() - begun
    assert outcome is not None
    low, high = outcome.interval
    proof.tell(f"{recipe.learning.epochs} epochs, everything included", took, "s")
    if proof.small:
        proof.tell("test AUC", outcome.auc)
    else:
        proof.judge("test AUC", outcome.auc, least=LEAST)
    proof.tell("its 95 % interval, over lesions", f"{low:.3f}-{high:.3f}")


def unpacked(path: Path, out: Path, most: int) -> Cohort:
    """A cohort of the packed pictures: lesions are whole, a fifth to test and a tenth to validate."""
    with np.load(path, allow_pickle=False) as file:
        content, starts = file["bytes"].tobytes(), file["starts"].tolist()
        names, lesions, malignant = file["names"].tolist(), file["lesions"].tolist(), file["malignant"]
    count = min(len(names), most)

    def decoded(place: int) -> np.ndarray:
        with Image.open(io.BytesIO(content[starts[place] : starts[place + 1]]), formats=["JPEG"]) as picture:
            return np.asarray(picture.convert("RGB"))

    with ThreadPoolExecutor() as pool:
        pictures = np.stack(list(pool.map(decoded, range(count))))
    part = out.with_name(f"{out.name}.part")
    part.write_bytes(bytes(first_byte()) + pictures.tobytes())
    names, lesions = tuple(names[:count]), tuple(lesions[:count])
    empty = ("",) * count
    seal_cohort(
        part,
        Cohort(
            path=out,
            classes=("benign", "malignant"),
            names=names,
            labels=malignant[:count].astype(np.int64),
            splits=np.array([part_of(lesion) for lesion in lesions]),
            groups=lesions,
            lesions=lesions,
            digests=tuple(hashlib.sha256(picture.tobytes()).hexdigest() for picture in pictures),
            diagnoses=empty,
            sexes=empty,
            sites=empty,
            ages=np.full(count, np.nan, np.float32),
            folds=np.full(count, -1, np.int64),
            left_out=(),
            flow={},
            source="packed",
            side=pictures.shape[1],
        ),
    )
    return open_cohort(out)


def part_of(lesion: str) -> str:
    """The part of all pictures of a lesion, drawn from its name."""
    drawn = int(hashlib.sha256(lesion.encode()).hexdigest(), 16) % 10
    return "test" if drawn < 2 else "validation" if drawn == 2 else "train"
