"""Every filter on the marks of every picture: one pass over the pictures, and a record of each is kept."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.alignment.grid import SIDE, maps_on_grid
from explorer.core.alignment.marks import Marks
from explorer.core.alignment.measure import Measured, measure
from explorer.core.index.filter_scale import filter_scale
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.folder_pictures import cores
from explorer.core.index.measuring import Measurer
from explorer.core.index.shared_work import SharedWork
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep
from explorer.core.suggestions.marking import VERSION
from explorer.core.suggestions.picture_cache import Kept, in_halves
from explorer.core.suggestions.pictures import Looked
from trainer.pictures.image_decoding import read_image

OTHERS = 2
"""Other pictures whose marks a picture's maps are compared with."""
FILTERS_AT_ONCE = 512
LARGEST_BATCH, BYTES = 16, 1 << 27
MEASURED = 3
"""The way of measuring; what was kept of another is measured again."""
FULL = ("color", "color_null", "sums", "colors")
"""What is kept in single precision: variances are small differences of them."""

Floats = npt.NDArray[np.float32]


def scales_of(index: FolderIndex) -> tuple[Floats, Floats]:
    """Foot and peak (F,) each of every filter's scale over its whole maps; no room where the filter says nothing.

    With the maps' edges, which are compared with the picture's: `FolderIndex.scale` leaves them out.
    """
    rows = index.filters()
    scales = [filter_scale(row, inside=False) for row in rows]
    foot = np.array([scale.foot for scale in scales], np.float32)
    peak = np.array([scale.peak for scale in scales], np.float32)
    return foot, np.where(silent_anywhere(rows), foot, peak).astype(np.float32)


def silent_anywhere(filters: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Which filters (F,) answer to nothing on any picture, the map's edge included."""
    return np.asarray(filters["silent_share"] == 1)


@dataclass(frozen=True)
class Partners:
    """The pictures whose marks one picture's maps are compared with: `rows`, and for a concept that it shows and none
    of these does (by its place in `SETS`) the next picture that shows it, `showing`.
    """

    rows: tuple[int, ...]
    showing: Mapping[int, int]

    def marks(self, marks: Sequence[Marks]) -> list[Marks]:
        """Theirs, out of those of all pictures; what is `showing` is laid into the first."""
        first, *rest = (marks[row] for row in self.rows)
        if self.showing:
            sets = first.sets.copy()
            for concept, row in self.showing.items():
                sets[concept] = marks[row].sets[concept]
            first = replace(first, sets=sets)
        return [first, *rest]

    def name(self, ids: Sequence[str]) -> str:
        """What says which pictures these are, out of the ids of all."""
        return " ".join(
            [*(ids[row] for row in self.rows), *(f"{concept}:{ids[row]}" for concept, row in self.showing.items())]
        )


def partners_of(marks: Sequence[Marks]) -> list[Partners]:
    """For each of N >= 2 pictures the others that it is compared with.

    A concept that few pictures show has its null too: without it position alone would look like an answer.
    """
    count = len(marks)
    shows = np.stack([picture_marks.sets.any(axis=1) for picture_marks in marks])
    partners = []
    for row in range(count):
        following = (row + 1 + np.arange(count - 1)) % count
        rows = following[:OTHERS]
        missing = np.flatnonzero(shows[row] & ~shows[rows].any(axis=0) & shows[following].any(axis=0))
        showing = {int(concept): int(following[shows[following, concept].argmax()]) for concept in missing}
        partners.append(Partners(tuple(rows.tolist()), showing))
    return partners


def align_all(
    network: Network,
    index: FolderIndex,
    pictures: Sequence[Looked],
    marks: Sequence[Marks],
    marks_way: str,
    on_step: OnStep,
    shared: SharedWork,
) -> Measured:
    """What `measure` gives of each picture, stacked (N, ...); what was found earlier of the same is kept."""
    foot, peak = scales_of(index)
    others = partners_of(marks)
    single = [picture.id for picture in pictures]
    ids = [f"{name} {others[row].name(single)}" for row, name in enumerate(single)]
    kept = Kept(index.path, "aligned", _way(network, marks_way, foot, peak))
    stored = kept.names()
    missing = shared.mine([row for row, name in enumerate(ids) if name not in stored])
    shared.wait()
    if shared.first:
        kept.sweep()
    runner = Measurer(network)
    size = int(np.clip(BYTES // (4 * len(foot) * SIDE * SIDE), 1, LARGEST_BATCH))
    done = len(pictures) - len(missing)

    def measured(row: int, maps: Floats) -> Measured:
        seed = int(pictures[row].digest[:8], 16)
        return narrow(_measured(maps, foot, peak, marks[row], others[row].marks(marks), seed))

    with ThreadPoolExecutor(cores(), "measuring") as pool:
        for first in range(0, len(missing), size):
            batch = missing[first : first + size]
            maps = maps_of(runner, network, [read_image(pictures[row].path) for row in batch])
            futures = [pool.submit(measured, row, picture_maps) for row, picture_maps in zip(batch, maps, strict=True)]
            measurements: list[Measured] = []
            try:
                for future in futures:
                    on_step(done, len(pictures))
                    measurements.append(future.result())
                    done += 1
            finally:
                for future in futures:
                    future.cancel()
            kept.write([ids[row] for row in batch], measurements)
    on_step(done, len(pictures))
    shared.wait()
    records = kept.records(ids)
    return stacked([records[name] for name in ids])


def maps_of(runner: Measurer, network: Network, pictures: Sequence[npt.NDArray[np.uint8]]) -> Floats:
    """All filters' maps of pictures (H, W, 3) on the grid: (N, F, SIDE, SIDE)."""
    by_layer: dict[int, torch.Tensor] = {}
    batch = torch.stack([network.input.prepare(rgb) for rgb in pictures])
    runner.values(batch, lambda layer, maps: by_layer.update({layer: maps_on_grid(maps).cpu()}))
    maps = torch.cat([by_layer[info.index] for info in network.layers], dim=1).numpy()
    finite: Floats = np.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
    return finite


def stacked(records: Sequence[Measured]) -> Measured:
    """Records of N pictures as one, each name (N, ...), in single precision."""
    return {name: np.stack([record[name] for record in records]).astype(np.float32) for name in records[0]}


def narrow(measured: Measured) -> dict[str, npt.NDArray[Any]]:
    """As it is kept: halves but for sums."""
    return {name: values if name in FULL else in_halves(values) for name, values in measured.items()}


def _measured(maps: Floats, foot: Floats, peak: Floats, marks: Marks, others: Sequence[Marks], seed: int) -> Measured:
    parts = [slice(first, first + FILTERS_AT_ONCE) for first in range(0, len(maps), FILTERS_AT_ONCE)]
    blocks = [measure(maps[part], foot[part], peak[part], marks, others, seed) for part in parts]
    return {
        name: blocks[0][name] if name == "colors" else np.concatenate([block[name] for block in blocks])
        for name in blocks[0]
    }


def _way(network: Network, marks_way: str, foot: Floats, peak: Floats) -> str:
    digest = hashlib.sha256(f"{VERSION} {MEASURED} {OTHERS} {marks_way} {network.identity}".encode())
    digest.update(foot.tobytes() + peak.tobytes())
    return digest.hexdigest()
