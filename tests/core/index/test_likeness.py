"""Filters are alike as their answers correlate over the pictures, whatever blocks they are read in."""

from pathlib import Path

import numpy as np
import pytest

from explorer.core.index import FolderIndex, likeness, open_index
from explorer.core.index.likeness import correlations, layer_correlations
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

RANDOM = np.random.default_rng(1)
BASE = RANDOM.random((6, 40))
PEAKS = np.vstack([BASE, BASE[1] * 3 + 1, 5 - BASE[1], np.full((1, 40), 0.1), BASE[1] + 0.3 * BASE[2]])
"""Ten filters in layers of 4 and 6: 0:1 has a twin in 1:2, an opposite in 1:3, a relative in 1:5; 1:4 never changes."""


@pytest.fixture
def index(tmp_path: Path):
    with open_index(write_index(tmp_path / "index.h5", PEAKS, filters=(4, 6))) as opened:
        yield opened


def test_correlations_are_those_of_numpy() -> None:
    answers = np.delete(PEAKS, 8, axis=0)
    assert correlations(answers) == pytest.approx(np.corrcoef(answers), abs=1e-6)


def test_most_alike_most_opposed_and_twins(index: FolderIndex) -> None:
    found = likeness.likeness(index, FilterKey(0, 1))
    assert [str(one.key) for one in found.alike(2)] == ["1:2", "1:5"]
    assert found.alike(1)[0].r == pytest.approx(1, abs=1e-6)
    assert str(found.opposed(1)[0].key) == "1:3"
    assert [str(one.key) for one in found.twins()][:2] == ["1:2", "1:3"]
    assert np.isnan(found.r[1])


def test_of_one_layer(index: FolderIndex) -> None:
    found = likeness.likeness(index, FilterKey(0, 1), layer=0)
    assert {one.key.layer for one in (*found.alike(9), *found.opposed(9))} == {0}
    assert layer_correlations(index, 1)[2, 3] == pytest.approx(-1, abs=1e-6)


def test_a_filter_that_never_changes_is_like_none(index: FolderIndex) -> None:
    found = likeness.likeness(index, FilterKey(1, 4))
    assert (found.alike(), found.opposed(), found.twins()) == ([], [], [])
    assert FilterKey(1, 4) not in [one.key for one in likeness.likeness(index, FilterKey(0, 0)).alike(9)]


@pytest.mark.parametrize("cells", [1, 30, 8_000_000])
def test_a_layer_is_compared_in_pieces(index: FolderIndex, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "CELLS", cells)
    for layer, rows in ((0, slice(0, 4)), (1, slice(4, 10))):
        with np.errstate(invalid="ignore"):
            expected = np.corrcoef(PEAKS[rows])
        expected[:, PEAKS[rows].std(axis=1) < 1e-9] = expected[PEAKS[rows].std(axis=1) < 1e-9] = np.nan
        assert layer_correlations(index, layer) == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_blocks_change_nothing(index: FolderIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = likeness.likeness(index, FilterKey(0, 1)).r
    monkeypatch.setattr(likeness, "CELLS", 3 * 40)
    assert likeness.likeness(index, FilterKey(0, 1)).r == pytest.approx(whole, nan_ok=True, abs=1e-6)


def test_a_silent_filter_is_like_none_whatever_it_does_below_zero(tmp_path: Path) -> None:
    below = -1 - np.vstack([BASE[0], BASE[0] * 2])
    with open_index(write_index(tmp_path / "silent.h5", np.vstack([BASE, below]), filters=(6, 2))) as index:
        assert [str(one.key) for one in likeness.likeness(index, FilterKey(0, 0)).opposed(9) if one.key.layer] == []
        assert np.isnan(likeness.likeness(index, FilterKey(1, 0)).r).all()
        assert np.isnan(layer_correlations(index, 1)).all()
