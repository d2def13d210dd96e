"""One run over drawn pictures with exact masks, shared by the tests of what is suggested."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from explorer.core.alignment.marks import Marks, marks_of
from explorer.core.alignment.measure import Measured
from explorer.core.index import build_index, open_index
from explorer.core.index.shared_work import ALONE
from explorer.core.network.opening import Network
from explorer.core.progress import no_step
from explorer.core.suggestions import probing
from explorer.core.suggestions.aligning import align_all
from explorer.core.suggestions.pictures import Looked, choose
from explorer.core.suggestions.probing import probe_all
from explorer.core.suggestions.suggest_tags import judged, keys_of
from explorer.core.suggestions.suggestion import Suggestion
from explorer.core.suggestions.table import read_table
from explorer.core.tags import FilterKey
from tests.core.suggestions.hand_built import NAMES, drawn, hand_built

PICTURES, PROBED = 72, 12


@dataclass(frozen=True)
class Run:
    """The hand-built network over drawn pictures: everything that was measured."""

    network: Network
    index: Path
    images: Path
    pictures: tuple[Looked, ...]
    marks: list[Marks]
    folder: Measured
    probes: dict[str, npt.NDArray[np.float32]]
    keys: list[FilterKey]

    @cached_property
    def suggested(self) -> dict[str, Suggestion]:
        """The suggestion for each filter by its name."""
        rows = judged(self.keys, self.folder, self.marks, self.probes, read_table())
        return dict(zip(NAMES, rows, strict=True))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("hand_built")
    network, masks = hand_built(folder), drawn(folder / "pictures", PICTURES)
    build_index(network, folder / "pictures", folder / "index.h5")
    with open_index(folder / "index.h5") as index:
        pictures = choose(index, folder / "pictures", None, PICTURES)
        marks = [
            marks_of(masks[one.name].rgb, {name: map.astype(np.float32) for name, map in masks[one.name].masks.items()})
            for one in pictures
        ]
        aligned = align_all(network, index, pictures, marks, "drawn", no_step, ALONE)
        # What is painted over is as exact as the marks, and need not be found.
        exact = {masks[one.name].rgb.tobytes(): masks[one.name].masks for one in pictures[:PROBED]}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(probing, "concept_maps", lambda rgb, *, lesion: exact[rgb.tobytes()])
            probes = probe_all(network, index, pictures[:PROBED], "drawn", aligned, no_step, ALONE)
        keys = keys_of(index)
    torch.set_num_threads(before)
    return Run(network, folder / "index.h5", folder / "pictures", pictures, marks, aligned, probes, keys)
