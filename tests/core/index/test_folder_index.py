"""An open index answers in the order of its pictures, and never from a damaged file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.index import open_index
from explorer.core.index.folder_index import _lowest
from explorer.core.index.folder_pictures import list_pictures
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

NAMES = ("b/10.png", "b/9.png", "a/1.png", "a/12.png", "a/2.png")
PEAKS = np.array([[10.0, 9, 1, 12, 2], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_index(tmp_path / "index.h5", PEAKS, names=NAMES, filters=(2, 1))


def test_columns_are_in_the_order_of_the_pictures(path: Path) -> None:
    with open_index(path) as index:
        assert index.pictures == ("a/1.png", "a/2.png", "a/12.png", "b/9.png", "b/10.png")
        assert index.peaks(FilterKey(0, 0)).tolist() == [1, 2, 12, 9, 10]
        assert index.peaks(FilterKey(0, 0)).dtype == np.float32
        assert index.layer_answers(1, "inside").tolist() == [[3, 5, 4, 2, 1]]
        assert index.digests[0].endswith("2")


def test_strongest_weakest_and_contrast(path: Path) -> None:
    with open_index(path) as index:
        assert index.strongest(FilterKey(0, 0), 2) == [("a/12.png", 12), ("b/10.png", 10)]
        assert index.weakest(FilterKey(0, 0), 2) == [("a/1.png", 1), ("a/2.png", 2)]
        contrast = index.contrast(FilterKey(0, 0), 2)
        assert {name for name, _ in contrast} == {"a/1.png", "a/2.png"}


def test_the_scale_is_of_the_map_without_its_edge(tmp_path: Path) -> None:
    inside = np.array([np.linspace(0.1, 1, 5), np.linspace(-2, -1, 5)])
    with open_index(write_index(tmp_path / "i.h5", 100 + inside, inside=inside)) as index:
        row = index.filters()[0]
        assert index.scale(FilterKey(0, 0)) == Scale(row["median_inside"], row["q995_inside"])
        assert index.scale(FilterKey(0, 0)).peak < 1
        assert index.scale(FilterKey(0, 1)) == Scale(0.0, 0.0)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, -1.0, float("nan")]), min_size=1, max_size=40), st.integers(0, 45))
def test_the_lowest_are_those_of_a_whole_sort(values: list[float], n: int) -> None:
    column = np.array(values, np.float32)
    for long in (column, np.tile(column, 80), np.arange(900) % 7 + np.float32(0.5)):
        assert _lowest(long, n).tolist() == np.argsort(long, kind="stable")[:n].tolist()


def test_a_byte_that_changed_is_noticed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        open_index(path)


def test_no_file_and_no_filter_are_said_in_words(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        open_index(tmp_path / "none.h5")
    with open_index(path) as index, pytest.raises(UserError, match="no filter 3:0"):
        index.peaks(FilterKey(3, 0))


def test_lesions_of_the_table_are_kept(tmp_path: Path) -> None:
    path = write_index(tmp_path / "with.h5", PEAKS, names=NAMES, lesions=("L1", "L1", "", "L2", "L3"))
    with open_index(path) as index:
        assert index.lesions == {"b/10.png": "L1", "b/9.png": "L1", "a/12.png": "L2", "a/2.png": "L3"}
    with open_index(write_index(tmp_path / "without.h5", PEAKS, names=NAMES)) as index:
        assert index.lesions == {}


def test_the_pictures_of_an_index_know_their_lesions(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "table.csv").write_text("image,label,lesion_id\na,nv,L7\nb,mel,\n")
    steps: list[tuple[int, int]] = []
    found = list_pictures(tmp_path, tmp_path / "table.csv", lambda done, total: steps.append((done, total)))
    assert [(one.given, one.lesion) for one in found.pictures] == [("nv", "L7"), ("mel", "")]
    assert steps[-1] == (2, 2)
