"""An index of the first version opens as one of today: what it lacks of the map without its edge is the whole map's."""

import shutil
from pathlib import Path

import numpy as np

from explorer.core.drawing.styles import Scale
from explorer.core.index import build_index, open_index
from explorer.core.index.as_csv import write_csv
from explorer.core.index.gallery import gallery
from explorer.core.index.strong_pictures import strong_pictures
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from tests.conftest import ROOT

ARCHIVE = ROOT / "tests" / "archives" / "index_v1_edge.h5"
LOUD, AT_THE_EDGE, SILENT = FilterKey(0, 0), FilterKey(0, 1), FilterKey(1, 0)


def test_an_index_of_the_first_version_opens(tmp_path: Path) -> None:
    path = shutil.copy(ARCHIVE, tmp_path)
    with open_index(path) as index:
        filters = index.filters()
        for name in ("median", "q90", "q99", "q995", "q999", "highest"):
            assert (filters[f"{name}_inside"] == filters[name]).all()
        assert index.scale(LOUD) == Scale(filters["median"][0], filters["q995"][0])
        assert (
            index.answers(LOUD, "area_inside").tolist() == index.answers(LOUD, "area").tolist() == [0.25, 0.125, 0, 0.5]
        )
        assert strong_pictures(index, LOUD).count == 0  # 3 at most on the whole map, 2 inside
        assert gallery(index, LOUD, n=2).pictures[0].picture == "a.png"
        assert write_csv(index, tmp_path / "csv").is_dir()


def test_an_index_of_the_first_version_is_measured_anew(tmp_path: Path) -> None:
    archives = Path(shutil.copytree(ARCHIVE.parent, tmp_path / "archives"))
    network, out = open_network(archives / "network_v4.safetensors", device="cpu"), archives / "index_v1.h5"
    with open_index(out) as index:
        before, answers = index.filters(), index.layer_answers(3, "area")
    build_index(network, archives / "pictures", out)
    with open_index(out) as index:
        after = index.filters()
        for name in ("q995", "highest", "peak", "silent_share"):
            np.testing.assert_allclose(after[name], before[name], rtol=1e-3, atol=1e-5)
        assert np.abs(index.layer_answers(3, "area") - answers).max() < 0.01
        assert (after["highest_inside"] < after["highest"]).any()
        assert (index.layer_answers(3, "area_inside") != index.layer_answers(3, "area")).any()


def test_what_is_silent_is_read_from_its_answers_inside(tmp_path: Path) -> None:
    with open_index(shutil.copy(ARCHIVE, tmp_path)) as index:
        filters = index.filters()
        np.testing.assert_allclose(filters["silent_share_inside"], [0.25, 1, 1])
        assert filters["silent_share"].tolist() == [0, 0, 1]
        assert filters["silent"].tolist() == [False, True, True]
        assert gallery(index, AT_THE_EDGE).silent
        assert index.scale(SILENT) == Scale(0.0, 0.0)
