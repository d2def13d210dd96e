"""The scales of an index: measured once on a sample of the folder, and then left as they are."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import torch

from explorer.core.index.measuring import Measurer
from explorer.core.index.sampling import SAMPLE
from explorer.core.index.schema import QUANTILES
from explorer.core.index.sealed_file import Damaged, open_sealed, write_sealed
from explorer.core.index.value_counts import CELLS, COUNTED, LOOKED, Distribution, ValueCounts
from explorer.core.network.opening import Network

THRESHOLD = QUANTILES.index(0.995)
COLUMNS = tuple(column.name for column in fields(Distribution))
HISTOGRAM = ("counts", "edges")
_ANEW = (
    "and are measured anew, and every answer with them: figures drawn from now on may have other scales than those "
    "drawn before."
)
LOST = f"The scales that were kept with {{name}} cannot be read any more, {_ANEW}"
EARLIER = f"The scales of {{name}} were measured by an earlier version, with the edges of the maps, {_ANEW}"


@dataclass(frozen=True)
class FrozenSample:
    """Over all F filters what `Distribution` says of a layer; `pictures` are the digests of those it was measured on.

    `key` is a digest (hex) of all of it: an answer that was measured with other thresholds is another answer.
    """

    quantiles: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float32]
    lowest: npt.NDArray[np.float32]
    highest: npt.NDArray[np.float32]
    quantiles_inside: npt.NDArray[np.float32]
    lowest_inside: npt.NDArray[np.float32]
    highest_inside: npt.NDArray[np.float32]
    pictures: tuple[str, ...]

    @property
    def key(self) -> str:
        """SHA-256 (hex) of the quantiles and pictures."""
        digest = hashlib.sha256(json.dumps(self.pictures).encode())
        for quantiles in (self.quantiles, self.quantiles_inside):
            digest.update(np.ascontiguousarray(quantiles).tobytes())
        return digest.hexdigest()

    def thresholds(self, network: Network) -> list[torch.Tensor]:
        """The values above which an answer is strong (2, C), anywhere and inside, of each layer, on its device."""
        sizes = [info.filters for info in network.layers]
        both = np.stack([self.quantiles[:, THRESHOLD], self.quantiles_inside[:, THRESHOLD]])
        split = torch.from_numpy(both).split(sizes, dim=1)  # type: ignore[no-untyped-call]
        return [threshold.to(network.device) for threshold in split]


def measure_sample(
    network: Network,
    measurer: Measurer,
    batches: Callable[[], Iterable[torch.Tensor]],
    digests: Iterable[str],
    on_picture: Callable[[int], None],
) -> FrozenSample:
    """Measure the scales on batches of prepared pictures, the same ones whenever they are asked for.

    `digests` are those of the pictures, complete when the batches end; `on_picture` is told how many were measured.
    """
    filters = sum(info.filters for info in network.layers)
    of_a_map, cells = int(np.clip(LOOKED // (filters * SAMPLE), 4, 64)), int(np.clip(COUNTED // filters, 512, CELLS))
    counts = [ValueCounts(info.filters, of_a_map, cells) for info in network.layers]
    done = 0
    for batch in batches():
        measurer.values(batch, lambda layer, maps: counts[layer].look(maps))
    for batch in batches():
        measurer.values(batch, lambda layer, maps: counts[layer].add(maps))
        done += len(batch)
        on_picture(done)
    counts.reverse()
    # What is counted takes more memory than what is kept.
    distributions = [counts.pop().distribution() for _ in network.layers]
    columns = {
        column: np.concatenate([getattr(distribution, column) for distribution in distributions]) for column in COLUMNS
    }
    return FrozenSample(**columns, pictures=tuple(digests))


def write_sample(path: Path, sample: FrozenSample, identity: str) -> None:
    """Write what was measured with the network of this identity; UserError where the disk refuses."""

    def fill(file: h5py.File) -> None:
        file.attrs["network"] = identity
        _fill(file, sample, COLUMNS)

    write_sealed(path, fill)


def keep_sample(file: h5py.File, sample: FrozenSample) -> None:
    """Keep the sample in the file of an index too, in a group "sample"; its histograms are those of the index."""
    group = file.create_group("sample")
    for name in HISTOGRAM:
        group[name] = file[f"histogram/{name}"]
    _fill(group, sample, [name for name in COLUMNS if name not in HISTOGRAM])


def read_sample(path: Path, index: Path, identity: str) -> tuple[FrozenSample | None, str]:
    """What was measured with this network: what lies at `path`, or where that is gone or damaged, what the index keeps.

    None where nothing was; and what is to be said where something lies there that cannot be read (`LOST`), or that an
    earlier version measured (`EARLIER`), "" else.
    """
    lost = ""
    for place in (path, index):
        try:
            with open_sealed(place) as file:
                group = file["sample"] if place is index else file
                if _network_of(file) != identity:
                    return None, ""
                if "quantiles" in group and "quantiles_inside" not in group:
                    return None, EARLIER
                columns = {name: group[name][()] for name in COLUMNS}
                return FrozenSample(**columns, pictures=tuple(group["pictures"].asstr()[()])), lost
        except FileNotFoundError:
            continue
        except (Damaged, OSError, KeyError, ValueError, TypeError):
            lost = LOST
    return None, lost


def _fill(group: h5py.Group, sample: FrozenSample, columns: Iterable[str]) -> None:
    for name in columns:
        group.create_dataset(name, data=getattr(sample, name))
    group.create_dataset("pictures", data=np.array(sample.pictures, dtype=object), dtype=h5py.string_dtype())


def _network_of(file: h5py.File) -> str:
    """The identity of the network that a sample's or an index's file is of."""
    told = str(file.attrs["network"])
    return str(json.loads(told)["identity"]) if told.startswith("{") else told
