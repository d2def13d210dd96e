"""What half precision costs where an index uses it: less than a tenth of what is printed, and no order."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from explorer.core.images import read_image
from explorer.core.index import build_index, open_index
from explorer.core.index.schema import ANSWERS, ring_share
from explorer.core.maps.activations import record
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from tests.conftest import ROOT

HALF = 2.0**-11
"""Largest share by which rounding to half precision changes a number (IEEE 754, 11 bits)."""


def exact(maps: np.ndarray, threshold: np.ndarray, threshold_inside: np.ndarray) -> dict[str, np.ndarray]:
    """Areas and ring ratio of maps (C, h, w) in double precision, by their definitions."""
    maps = maps.astype(np.float64)
    answer = np.maximum(maps, 0)
    inside = answer[:, 1:-1, 1:-1].sum(axis=(1, 2))
    whole = answer.sum(axis=(1, 2))
    share = np.divide(whole - inside, whole, out=np.zeros(len(maps)), where=whole > 0)
    return {
        "area": (maps > threshold[:, None, None]).mean(axis=(1, 2)),
        "area_inside": (maps > threshold_inside[:, None, None])[:, 1:-1, 1:-1].mean(axis=(1, 2)),
        "ring": share / ring_share(*maps.shape[1:]),
    }


def test_half_precision_changes_no_number_that_is_shown_and_no_order(tmp_path: Path) -> None:
    network, folder = (
        open_network(ROOT / "resources/demo/demo-scratch-cnn.safetensors"),
        ROOT / "resources/demo/pictures",
    )
    assert [name for name, (kind, _) in ANSWERS.items() if kind == "float16"] == ["area", "area_inside", "ring"]
    build_index(network, folder, tmp_path / "index.h5")
    with open_index(tmp_path / "index.h5") as index:
        rows = index.filters()[index.filters()["layer"] == 7]
        found = {"area": [], "area_inside": [], "ring": []}
        for name in index.pictures:
            maps = record(network, read_image(folder / name)).maps[7]
            for what, values in exact(maps, rows["q995"], rows["q995_inside"]).items():
                found[what].append(values)
        for what, values in found.items():
            true, kept = np.stack(values, axis=1), index.layer_answers(7, what).astype(np.float64)
            # A cell that lies on the threshold may fall to either side: passes of other batches round in other places.
            near = np.abs(kept - true) <= HALF * true + 1e-5
            assert near.mean() > 0.999
            assert np.abs(kept - true).max() <= (1e-2 if what == "ring" else 1.1 / 26**2)
            for row in range(64):
                if len(np.unique(true[row])) > 10:
                    assert spearmanr(true[row], kept[row]).statistic > 0.999
        assert index.answers(FilterKey(7, 0), "area").dtype == np.float32


@pytest.mark.parametrize("largest", [1.0, 7.2])
def test_the_rounding_is_below_what_is_printed(largest: float) -> None:
    values = np.random.default_rng(0).uniform(0, largest, 100_000)
    error = np.abs(values.astype(np.float16).astype(np.float64) - values)
    assert (error <= HALF * values + 2.0**-25).all()
    assert error.max() < 0.0025  # shares are printed in whole or tenths of a percent, ratios with one digit
