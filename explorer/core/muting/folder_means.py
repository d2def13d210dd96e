"""What filters answer over a folder: the maps that may stand for a muted one."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.parts import folder_of
from explorer.core.index.sampling import spread
from explorer.core.index.sealed_file import Damaged, open_sealed, write_sealed
from explorer.core.maps.activations import record
from explorer.core.muting.keys import Replacements
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from trainer.files.atomic_files import subfolder
from trainer.files.own_files import remove_own

PICTURES = 200
"""Pictures over which maps are averaged: those that give the index its scales."""
DONORS = 5
"""Pictures whose maps stand for a muted one, in turn, where it is resampled."""
VERSION = 1


@dataclass(frozen=True)
class FolderMeans:
    """The mean map (C, h, w) float32 of every layer over `pictures` of a folder, and the donors that lend their maps.

    `identity` is that of the network whose maps they are.
    """

    identity: str
    maps: Mapping[int, npt.NDArray[np.float32]]
    pictures: int
    donors: tuple[RGB, ...]

    @classmethod
    def of(cls, network: Network, index: FolderIndex, *, on_step: OnStep = no_step) -> "FolderMeans":
        """Those of an index: the mean maps are computed once, over up to 200 of its pictures, and kept beside it.

        The pictures are looked for where they were when the index was made. UserError where none is to be read there,
        or where the index is of another network.
        """
        index.check(network)
        root = Path(str(index.contents.facts.get("folder", "")))
        chosen = spread(index.pictures, index.given, PICTURES)
        names = [index.pictures[row] for row in chosen]
        path = folder_of(index.path) / f"means-{_key(index, chosen)}.h5"
        maps: Mapping[int, npt.NDArray[np.float32]] | None = _read(path, network)
        if maps is None:
            maps = cls.over(network, _readable(root, names), on_step=on_step, total=len(names)).maps
            with contextlib.suppress(UserError, OSError):  # a folder that cannot be written costs the time again
                _write(path, maps)
        donors = [rgb for rgb, _ in zip(_readable(root, names), range(DONORS), strict=False)]
        if not donors:
            raise _nothing(root)
        return cls(network.identity, maps, len(names), tuple(donors))

    @classmethod
    def over(
        cls, network: Network, pictures: Iterable[RGB], *, on_step: OnStep = no_step, total: int = 0
    ) -> "FolderMeans":
        """Those of some pictures (H, W, 3) uint8, the first of which are the donors; UserError where there is none."""
        sums: dict[int, npt.NDArray[np.float64]] = {}
        donors: list[RGB] = []
        count = 0
        for rgb in pictures:
            on_step(count, total)
            for layer, maps in record(network, rgb).maps.items():
                if layer in sums:
                    sums[layer] += maps
                else:
                    sums[layer] = maps.astype(np.float64)
            donors += [rgb] if len(donors) < DONORS else []
            count += 1
        if not count:
            raise UserError("There is no picture whose maps could stand for muted ones.")
        means = {layer: (summed / count).astype(np.float32) for layer, summed in sums.items()}
        return cls(network.identity, means, count, tuple(donors))

    def replacements(self, network: Network, fill: str, layers: Iterable[int]) -> list[Replacements]:
        """What stands for the muted maps of some layers, for "mean", "constant" or "resample"; one for each donor."""
        if self.identity != network.identity:
            raise UserError("The mean maps are those of another network.")
        layers = sorted(layers)
        if fill == "mean":
            return [{layer: torch.from_numpy(self.maps[layer]) for layer in layers}]
        if fill == "constant":
            return [{layer: torch.from_numpy(self.maps[layer].mean((1, 2), keepdims=True)) for layer in layers}]
        of_donors = (record(network, rgb).maps for rgb in self.donors)
        return [{layer: torch.from_numpy(maps[layer]) for layer in layers} for maps in of_donors]


def _readable(root: Path, names: Iterable[str]) -> Iterable[RGB]:
    for name in names:
        with contextlib.suppress(UserError):
            yield read_image(root / name)


def _nothing(root: Path) -> UserError:
    return UserError(f"None of the index's pictures can be read in {root}; make the index again where they are now.")


def _key(index: FolderIndex, chosen: list[int]) -> str:
    text = json.dumps([VERSION, index.contents.network.identity, [index.digests[row] for row in chosen]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(path: Path, maps: Mapping[int, npt.NDArray[np.float32]]) -> None:
    def fill(file: h5py.File) -> None:
        for layer, values in maps.items():
            file.create_dataset(str(layer), data=values)

    remove_own(subfolder(path.parent.parent, path.parent.name).glob("means-*.h5"))
    write_sealed(path, fill)


def _read(path: Path, network: Network) -> dict[int, npt.NDArray[np.float32]] | None:
    try:
        with open_sealed(path) as file:
            return {info.index: file[str(info.index)][()] for info in network.layers}
    except (Damaged, OSError, KeyError):
        return None
