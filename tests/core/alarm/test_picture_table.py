"""The numbers of a folder's pictures are measured once, and never taken for those of another picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.alarm.artifacts import THERE, artifacts_of
from explorer.core.alarm.picture_table import CONCEPTS, WHOLE_PICTURE, Measurement, beside_lesion, picture_table
from explorer.core.concepts import ARTIFACTS
from explorer.core.concepts.picture_values import picture_values
from explorer.core.images import read_image
from explorer.core.index import FolderIndex, build_index, open_index
from tests.networks import open_small


@pytest.fixture
def index(pictures: Path, tmp_path: Path) -> FolderIndex:
    build_index(open_small(tmp_path), pictures, tmp_path / "index.h5")
    with open_index(tmp_path / "index.h5") as made:
        yield made


class Counting:
    """A measurement that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    def of(self, path: Path) -> tuple[float, ...]:
        self.asked.append(path)
        return (float(read_image(path).mean()), float("nan"))

    @property
    def measurement(self) -> Measurement:
        return Measurement("tried", 1, ("mean", "none"), self.of)


def test_the_values_are_those_of_the_pictures(index: FolderIndex, pictures: Path) -> None:
    table = picture_table(index, pictures, WHOLE_PICTURE)
    for row in (0, 5):
        values = picture_values(read_image(pictures / index.pictures[row]))
        assert {name: table[name][row] for name in values} == pytest.approx(values)
    assert np.isnan(table["jpeg quality"]).all()


def test_what_was_measured_is_kept_by_content(index: FolderIndex, pictures: Path) -> None:
    counting = Counting()
    first = picture_table(index, pictures, counting.measurement)
    assert len(counting.asked) == len(index.pictures)
    again = picture_table(index, pictures, counting.measurement)
    assert len(counting.asked) == len(index.pictures)
    assert again["mean"].tolist() == first["mean"].tolist()
    other = Measurement("tried", 2, ("mean", "none"), counting.of)
    picture_table(index, pictures, other)
    assert len(counting.asked) == 2 * len(index.pictures), "another version measures anew"
    for way in ("one", "another"):
        before = len(counting.asked)
        found_so = Measurement("tried", 2, ("mean", "none"), counting.of, lambda way=way: way)
        picture_table(index, pictures, found_so)
        picture_table(index, pictures, found_so)
        assert len(counting.asked) == before + len(index.pictures), (
            "what is found in another way is measured anew, once"
        )


def test_only_the_rows_that_are_asked_are_measured(index: FolderIndex, pictures: Path) -> None:
    counting = Counting()
    table = picture_table(index, pictures, counting.measurement, [2, 7], keep=False)
    assert len(counting.asked) == 2
    assert np.flatnonzero(np.isfinite(table["mean"])).tolist() == [2, 7]
    assert not counting.measurement.kept_beside(index).exists()


def test_another_picture_of_the_same_name_has_no_numbers(index: FolderIndex, pictures: Path) -> None:
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(pictures / index.pictures[3])
    (pictures / index.pictures[4]).unlink()
    table = picture_table(index, pictures, Counting().measurement)
    assert np.flatnonzero(np.isnan(table["mean"])).tolist() == [3, 4]


def test_a_damaged_file_is_measured_anew(index: FolderIndex, pictures: Path) -> None:
    counting = Counting()
    kept = counting.measurement.kept_beside(index)
    kept.write_bytes(b"\xff\xfe nothing")
    picture_table(index, pictures, counting.measurement)
    assert len(counting.asked) == len(index.pictures)
    kept.write_text(kept.read_text().replace("digest", "digest of another"))
    picture_table(index, pictures, counting.measurement)
    assert len(counting.asked) == 2 * len(index.pictures)


def test_what_lies_in_the_lesion_is_no_artifact() -> None:
    maps = {name: np.zeros((50, 50), np.float32) for name in ("lesion", *ARTIFACTS)}
    maps["lesion"][:, :20] = 1
    maps["hair"][:, :20] = 1
    maps["ink"][:, 30:] = 1
    found = beside_lesion(maps)
    assert found["hair"].max() == 0
    assert found["ink"].mean() > 0.6
    maps["lesion"][:] = 1
    assert beside_lesion(maps)["hair"].mean() == pytest.approx(0.4), "of a picture that is all lesion everything counts"
    assert set(found) == set(CONCEPTS.columns)


def test_faint_amounts_of_an_artifact_are_none(index: FolderIndex) -> None:
    columns = {"ruler": np.array([0.001, 0.02, 0.2, 0.7]), "red share": np.array([0.001, 0.02, 0.2, 0.7])}
    ruler, red = artifacts_of(columns, index.pictures[:4], {index.pictures[0]: {"ruler": True}})
    assert ruler.values.tolist() == [THERE, 0.0, 0.2, 0.7]
    assert ruler.there.tolist() == [True, False, False, True]
    assert red.values.tolist() == [0.001, 0.02, 0.2, 0.7]


def test_a_link_under_the_name_of_the_numbers_gives_way_and_its_file_stays(
    index: FolderIndex, pictures: Path, tmp_path: Path
) -> None:
    counting = Counting()
    kept = counting.measurement.kept_beside(index)
    (tmp_path / "own.csv").write_text("somebody's")
    kept.symlink_to(tmp_path / "own.csv")
    picture_table(index, pictures, counting.measurement)
    assert (tmp_path / "own.csv").read_text() == "somebody's"
    assert not kept.is_symlink()
