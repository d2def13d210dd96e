"""What the last hidden layer answers is read in pieces: what one picture needs, not what all of them take."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from explorer.core.index import FolderIndex, embedding, open_index
from explorer.core.index.gallery import KINDS, gallery
from explorer.core.index.other_surround import Surrounds
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

N = 300
RANDOM = np.random.default_rng(5)
VALUES = RANDOM.normal(size=(N, 1024)).astype(np.float32)
NAMES = tuple(f"picture{row}.png" for row in RANDOM.permutation(N))


@pytest.fixture
def index(tmp_path: Path) -> FolderIndex:
    path = write_index(tmp_path / "index.h5", RANDOM.uniform(size=(2, N)), embedding=VALUES, names=NAMES)
    return open_index(path)


def test_pieces_are_those_of_the_whole(index: FolderIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BYTES", 40 * 4 * 1024)
    with index:
        whole = VALUES[[NAMES.index(name) for name in index.pictures]]
        assert (index.embedding == whole).all()
        assert (index.hidden.of([7, 250, 7]) == whole[[7, 250, 7]]).all()
        assert index.hidden.of([]).shape == (0, 1024)
        to, others = [3, 200], np.arange(0, N, 3)
        expected = np.linalg.norm(whole[to][:, None] - whole[others], axis=2)
        assert index.hidden.distances(to, others) == pytest.approx(expected, rel=1e-5)


def test_a_gallery_holds_a_part_of_the_last_hidden_layer(index: FolderIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BYTES", 1 << 16)
    monkeypatch.setattr("explorer.core.index.gallery.MEASURED", 20)
    surrounds = Surrounds({name: RANDOM.uniform(size=N) for name in ("brightness", "red share", "blue share")})
    with index:
        tracemalloc.start()
        for kind in KINDS:
            gallery(index, FilterKey(0, 0), kind, surrounds=surrounds)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < VALUES.nbytes
