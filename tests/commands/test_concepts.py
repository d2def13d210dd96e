"""`feature-explorer concepts`."""

import csv

import numpy as np
import pytest
from PIL import Image

from explorer.cli import main
from explorer.core.concepts import ARTIFACTS, CONCEPTS
from explorer.core.images import read_image
from trainer.synthetic import draw


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    picture = draw(0, size=80)
    for name in ("a", "b"):
        Image.fromarray(picture.rgb[:, :60]).save(tmp_path / "images" / f"{name}.png")
    (tmp_path / "images" / "c.jpg").write_bytes(b"no picture")
    Image.fromarray(picture.masks["lesion"][:, :60]).save(tmp_path / "masks" / "b_segmentation.png")
    return tmp_path


def test_every_concept_of_every_picture_is_written(folder, capsys):
    words = ["concepts", "--images", str(folder / "images"), "--masks", str(folder / "masks")]
    assert main([*words, "--out", str(folder / "maps")]) == 0
    said = capsys.readouterr()
    assert "the concepts of 2 pictures" in said.out
    assert "c.jpg" in said.err
    rows = list(csv.DictReader((folder / "maps" / "concepts.csv").read_text("utf-8").splitlines()))
    assert [row["lesion"] for row in rows] == ["found", "given"]
    assert set(ARTIFACTS) < set(rows[0])
    for name in CONCEPTS:
        for row in rows:
            assert read_image(folder / "maps" / name / row["maps"]).shape == (80, 60, 3)
    given = read_image(folder / "maps" / "lesion" / rows[1]["maps"])[..., 0]
    assert (given == 255 * (read_image(folder / "masks" / "b_segmentation.png")[..., 0] > 127)).all()
    assert np.isclose(float(rows[1]["share"]), (given > 0).mean(), atol=1e-3)


def test_what_a_person_did_not_see_has_no_map(folder, capsys):
    (folder / "said.csv").write_text("image,corner,hair\na,0,\nz,0,1\n", "utf-8")
    words = ["concepts", "--images", str(folder / "images"), "--artifacts", str(folder / "said.csv")]
    assert main([*words, "--out", str(folder / "maps")]) == 0
    assert "1 name without one picture here, z first" in capsys.readouterr().err
    rows = list(csv.DictReader((folder / "maps" / "concepts.csv").read_text("utf-8").splitlines()))
    assert [row["corner"] == "0.0000" for row in rows] == [True, False]
    assert rows[0]["hair"] == rows[1]["hair"], "the two pictures are the same one"


@pytest.mark.parametrize(("chosen", "names"), [(["--first", "1"], ["a"]), (["--pictures", "b"], ["b"])])
def test_some_pictures_are_enough_to_begin_with(folder, chosen, names):
    assert main(["concepts", "--images", str(folder / "images"), *chosen, "--out", str(folder / "maps")]) == 0
    rows = csv.DictReader((folder / "maps" / "concepts.csv").read_text("utf-8").splitlines())
    assert [row["image"].rpartition("/")[2] for row in rows] == [f"{name}.png" for name in names]


def test_no_picture_is_no_choice(folder, capsys):
    with pytest.raises(SystemExit):
        main(["concepts", "--images", str(folder), "--first", "0", "--out", str(folder / "maps")])
    assert "'0' is not a whole number of 1 or more" in capsys.readouterr().err


def test_nothing_is_written_over(folder, capsys):
    (folder / "maps").mkdir()
    (folder / "maps" / "note.txt").write_text("keep", "utf-8")
    assert main(["concepts", "--images", str(folder / "images"), "--out", str(folder / "maps")]) == 1
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in (folder / "maps").iterdir()] == ["note.txt"]
