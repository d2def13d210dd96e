"""What muting each filter by itself did on pictures of an index, in a file beside it (core/muting measures it)."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.parts import folder_of
from explorer.core.index.sealed_file import Damaged, open_sealed, write_sealed
from explorer.core.tags import FilterKey
from trainer.files.atomic_files import subfolder

FORMAT, VERSION = "feature-map-explorer muting", 2
ZERO = "zero"

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OneByOne:
    """What the network says of M `pictures` without each of F filters (`keys`), everything else as it is.

    `digests` are the SHA-256 (hex) of the pictures' files, `identity` that of the network. `before` (M, K) are the
    logits of the network as it is, `after` (F, M, K) those without the filter.
    """

    keys: tuple[FilterKey, ...]
    pictures: tuple[str, ...]
    digests: tuple[str, ...]
    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    fill: str
    identity: str

    @property
    def drops(self) -> Numbers:
        """By how many logits the margin between the predicted class and the strongest other falls (F, M).

        The two classes are those of the network as it is; of one output it is the distance from 0.
        """
        return margins(self.before[None], self.before) - margins(self.after, self.before)

    @property
    def change(self) -> Numbers:
        """By how many logits muting changes the margin, the mean over the pictures (F,)."""
        return np.asarray(-self.drops.mean(axis=1))

    @property
    def absolute_change(self) -> Numbers:
        """The mean over the pictures of the absolute change of the margin (F,), in logits."""
        return np.asarray(np.abs(self.drops).mean(axis=1))


def margins(logits: npt.NDArray[np.float32], before: npt.NDArray[np.float32]) -> Numbers:
    """The margin (..., M) in logits (..., M, K) between the classes that are first and second in `before` (M, K)."""
    plain = logits.astype(np.float64)
    if before.shape[1] == 1:
        signed: Numbers = plain[..., 0] * np.where(before[:, 0] >= 0, 1.0, -1.0)
        return signed
    order = np.argsort(-before, axis=1, kind="stable")
    pictures = np.arange(len(before))
    margin: Numbers = plain[..., pictures, order[:, 0]] - plain[..., pictures, order[:, 1]]
    return margin


def changes_of(index: FolderIndex) -> tuple[Numbers, Numbers]:
    """By how many logits muting each filter by itself changes the margin: the mean and the mean absolute, (F,) each.

    Muted with zero; NaN for filters of which that was not measured. Of several measurements the one of most filters and
    pictures counts; those of another network, or of pictures that are others by now, do not.
    """
    found: tuple[Numbers, Numbers] | None = index.found_beside.get("muted alone")
    if found is not None:
        return found
    change, absolute = np.full((2, len(index.filters())), np.nan)
    best: OneByOne | None = None
    for path in sorted(folder_of(index.path).glob("muting-*.h5")):
        alone = read_alone(path)
        if alone is not None and _holds(alone, index) and (best is None or _size(alone) > _size(best)):
            best = alone
    if best is not None:
        rows = [index.row(key) for key in best.keys]
        change[rows], absolute[rows] = best.change, best.absolute_change
        index.found_beside["muted alone"] = change, absolute
    return change, absolute


def _holds(alone: OneByOne, index: FolderIndex) -> bool:
    if alone.identity != index.contents.network.identity or alone.fill != ZERO:
        return False
    rows = [index.rows.get(name) for name in alone.pictures]
    return all(
        row is not None and index.digests[row] == digest for row, digest in zip(rows, alone.digests, strict=True)
    )


def _size(alone: OneByOne) -> tuple[int, int]:
    return len(alone.keys), len(alone.pictures)


def write_alone(path: Path, alone: OneByOne) -> None:
    """Keep what was measured; UserError or OSError where the disk refuses."""

    def fill(file: h5py.File) -> None:
        file.attrs["format"], file.attrs["version"] = FORMAT, VERSION
        file.attrs["fill"], file.attrs["identity"] = alone.fill, alone.identity
        file.create_dataset("layer", data=np.array([key.layer for key in alone.keys], np.int32))
        file.create_dataset("filter", data=np.array([key.filter for key in alone.keys], np.int32))
        for name, texts in (("picture", alone.pictures), ("digest", alone.digests)):
            file.create_dataset(name, data=np.array(texts, dtype=object), dtype=h5py.string_dtype())
        file.create_dataset("before", data=alone.before)
        file.create_dataset("after", data=alone.after)

    subfolder(path.parent.parent, path.parent.name)
    write_sealed(path, fill)


def read_alone(path: Path) -> OneByOne | None:
    """What was kept; None where it is not there, damaged, or of an earlier version."""
    try:
        with open_sealed(path) as file:
            pairs = zip(file["layer"][()].tolist(), file["filter"][()].tolist(), strict=True)
            return OneByOne(
                tuple(FilterKey(layer, filter_index) for layer, filter_index in pairs),
                tuple(file["picture"].asstr()[()]),
                tuple(file["digest"].asstr()[()]),
                file["before"][()],
                file["after"][()],
                str(file.attrs["fill"]),
                str(file.attrs["identity"]),
            )
    except (Damaged, OSError, KeyError):
        return None
