"""What a change of the pictures does to the scores of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB
from explorer.core.class_words import named_class, probabilities_told_apart
from explorer.core.concepts import Corrections
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.what_if.change import Change
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.written_tables import write_rows
from trainer.measures.prediction import Prediction
from trainer.pictures.folder_walk import list_folder

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreChange:
    """The probabilities (K,) of a picture as it is, and as it would be; `painted_over` is what was found to be."""

    picture: str
    before: Scores
    after: Scores
    painted_over: tuple[str, ...] = ()

    @property
    def flips(self) -> bool:
        """Whether another class is named."""
        before, after = (probabilities_told_apart(scores) for scores in (self.before, self.after))
        return bool(before.argmax() != after.argmax())


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What a change does to a folder; `unreadable` has a sentence for each picture that could not be read, `notes` one
    for everything else that was left out."""

    change: Change
    classes: tuple[str, ...]
    pictures: tuple[ScoreChange, ...]
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def flipped(self) -> int:
        """Of how many pictures another class is named."""
        return sum(picture.flips for picture in self.pictures)

    def painted_over(self, concept: str) -> int:
        """On how many pictures it was found and painted over."""
        return sum(concept in picture.painted_over for picture in self.pictures)

    def mean_change(self, size: bool = False) -> Scores:
        """The mean change of each class's probability (K,), or of its `size`."""
        changes = np.array([picture.after - picture.before for picture in self.pictures])
        return np.asarray((np.abs(changes) if size else changes).mean(0))


def scores_of_both(network: Network, rgb: RGB, changed: RGB) -> tuple[Scores, Scores]:
    """The probabilities (K,) of a picture (H, W, 3) uint8 and of what became of it; the same array: nothing did."""
    pictures = [rgb] if changed is rgb else [rgb, changed]
    batch = torch.stack([network.input.prepare(picture) for picture in pictures])
    with torch.inference_mode():
        logits = network.logits(batch).float().cpu().numpy()
    probabilities = Prediction(logits, network.output.independent).probabilities
    return probabilities[0], probabilities[-1]


def what_if(
    network: Network,
    images: Path | str | Sequence[Path],
    change: Change,
    *,
    corrections: Corrections | None = None,
    on_step: OnStep | None = None,
) -> WhatIf:
    """What the network says of a folder's pictures, or of some pictures, and what it would say of them changed.

    Nothing is painted over in a picture that does not have it, as the `corrections` of a person say.
    UserError for a network without class scores, and where no picture can be read.
    """
    if not network.classes:
        raise UserError(f"{network.name} was opened without class scores: no score can change.")
    root: Path | None = None
    notes: tuple[str, ...] = ()
    if isinstance(images, Path | str):
        root = Path(images)
        listing = list_folder(root).check()
        images, notes = listing.pictures, (*listing.unreadable, *listing.notes)
    names = [path.relative_to(root).as_posix() if root is not None and path != root else path.name for path in images]
    corrected = corrections.for_pictures(names)[0] if corrections is not None else Corrections()
    step = on_step or no_step
    score_changes: list[ScoreChange] = []
    unreadable: list[str] = []
    for done, (path, name) in enumerate(zip(images, names, strict=True)):
        step(done, len(images))
        try:
            rgb = read_image(path)
            absent = [concept for concept in change.without if corrected.of(name, concept) is False]
            on_skin, painted_over = change.on_skin(rgb, absent)
            before, after = scores_of_both(network, rgb, change.taken(on_skin))
        except UserError as error:
            unreadable.append(str(error))
            continue
        score_changes.append(ScoreChange(name, before, after, painted_over))
    step(len(images), len(images))
    if not score_changes:
        raise UserError(unreadable[0] if unreadable else "There is no picture to change.")
    return WhatIf(change, network.classes, tuple(score_changes), tuple(unreadable), notes)


def table_of(result: WhatIf) -> bytes:
    """A CSV with a row for each picture: the class that is named and every class's probability, before and after.

    Where something was to be painted over, a last column says what was found to be.
    """
    of_classes = [f"{when}:{name}" for name in result.classes for when in ("before", "after")]
    painted = ["painted_over"] if result.change.without else []
    rows: list[list[object]] = [["picture", "named_before", "named_after", *of_classes, *painted]]
    for picture in result.pictures:
        named = [named_class(result.classes, scores)[0] for scores in (picture.before, picture.after)]
        both = [f"{value:.6g}" for pair in zip(picture.before, picture.after, strict=True) for value in pair]
        rows.append([picture.picture, *named, *both, *([" ".join(picture.painted_over)] if painted else [])])
    return write_rows(rows)


def write_table(path: Path, result: WhatIf) -> None:
    """Write the CSV whole or not at all; UserError where the disk refuses."""
    try:
        replace_file(path, table_of(result))
    except OSError as error:
        raise cannot_write(path, error) from error
