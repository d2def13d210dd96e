"""The probes of a sample of the pictures, each kept."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.grid import CELLS
from explorer.core.alignment.measure import Measured
from explorer.core.concepts import concept_maps
from explorer.core.index.folder_index import FolderIndex
from explorer.core.index.measuring import Measurer
from explorer.core.index.shared_work import SharedWork
from explorer.core.network.opening import Network
from explorer.core.probes.answers import PROBES, probe, spreads_of
from explorer.core.probes.changes import REMOVED
from explorer.core.progress import OnStep
from explorer.core.suggestions.aligning import narrow, scales_of, silent_anywhere, stacked
from explorer.core.suggestions.marking import VERSION
from explorer.core.suggestions.picture_cache import Kept
from explorer.core.suggestions.pictures import Looked

Floats = npt.NDArray[np.float32]
AT_ONCE = 8


def probe_all(
    network: Network,
    index: FolderIndex,
    pictures: Sequence[Looked],
    marks_way: str,
    aligned: Measured,
    on_step: OnStep,
    shared: SharedWork,
) -> dict[str, Floats]:
    """What `probe` gives of each picture, stacked (N, ...)."""
    spread, scale = _spread(index, aligned), scales_of(index)
    description = f"{VERSION} {PROBES} {marks_way} {network.identity}".encode() + spread.tobytes()
    kept = Kept(index.path, "probes", hashlib.sha256(description).hexdigest())
    stored = kept.names()
    missing = shared.mine([picture for picture in pictures if picture.id not in stored])
    shared.wait()
    if shared.first:
        kept.sweep()
    runner = Measurer(network)
    done = len(pictures) - len(missing)
    for first in range(0, len(missing), AT_ONCE):
        batch, records = missing[first : first + AT_ONCE], []
        for picture in batch:
            on_step(done, len(pictures))
            rgb, lesion = picture.seen(network.input)
            maps = picture.corrected(concept_maps(rgb, lesion=lesion))
            removable = {name: maps[name] for name in REMOVED}
            records.append(narrow(probe(runner, network, rgb, removable, scale, spread, int(picture.digest[:8], 16))))
            done += 1
        kept.write([picture.id for picture in batch], records)
    on_step(done, len(pictures))
    shared.wait()
    stored_records = kept.records([picture.id for picture in pictures])
    return stacked([stored_records[picture.id] for picture in pictures])


def _spread(index: FolderIndex, aligned: Measured) -> Floats:
    """How much peak inside and mean shown of every filter vary over the pictures: (F, 2), as `spreads_of`."""
    filters = index.filters()
    peaks = index.rows_answers(slice(0, len(filters)), "inside")
    return spreads_of(peaks, aligned["sums"][..., 0] / CELLS, silent_anywhere(filters))
