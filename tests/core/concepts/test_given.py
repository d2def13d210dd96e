"""What a person gives: masks of lesions, and what they say about artifacts."""

import numpy as np
import pytest
from PIL import Image

from explorer.core.concepts import Corrections, given_lesion, given_lesions, read_corrections, write_corrections
from explorer.core.errors import UserError


def test_masks_are_found_by_the_names_of_the_isic_archive(tmp_path):
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4, 3:5] = 255
    for name in ("ISIC_0000001_segmentation.png", "ISIC_0000001.png", "b.png"):
        Image.fromarray(mask if "segm" in name else 255 - mask).save(tmp_path / name)
    masks = given_lesions(tmp_path)
    assert (given_lesion("some/where/ISIC_0000001.jpg", masks, (6, 8)) == (mask > 0)).all()
    assert given_lesion("B.JPG", masks).sum() == 44
    assert given_lesion("c.jpg", masks) is None
    with pytest.raises(UserError, match=r"ISIC_0000001_segmentation\.png is \(6, 8\)"):
        given_lesion("ISIC_0000001.jpg", masks, (60, 80))


def test_a_folder_without_masks_is_said(tmp_path):
    with pytest.raises(UserError, match="holds no masks"):
        given_lesions(tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        given_lesions(tmp_path / "missing")


def test_what_a_person_said_comes_back(tmp_path):
    path = tmp_path / "corrections.csv"
    assert read_corrections(path) == Corrections()
    said = Corrections().with_said("a/1.jpg", "hair", False).with_said("=b, c.jpg", "ruler", True)
    said = said.with_said("a/1.jpg", "ink", True).with_said("x", "hair", True).with_said("x", "hair", None)
    write_corrections(path, said)
    again = read_corrections(path)
    assert again == said
    assert (again.of("a/1.jpg", "hair"), again.of("a/1.jpg", "ink"), again.of("a/1.jpg", "ruler")) == (
        False,
        True,
        None,
    )
    assert sorted(again) == [("=b, c.jpg", "ruler", True), ("a/1.jpg", "hair", False), ("a/1.jpg", "ink", True)]
    assert path.read_text("utf-8").splitlines()[0] == "image,hair,ruler,reflection,bubble,ink,patch,corner"
    with pytest.raises(UserError, match='No artifact is called "hairs"'):
        said.with_said("a", "hairs", True)


def test_what_a_person_did_not_see_is_taken_out():
    maps = {"lesion": np.ones((2, 3), np.float32), "hair": np.ones((2, 3), np.float32)}
    said = Corrections().with_said("a", "hair", False).with_said("b", "hair", True)
    assert said.corrected("a", maps)["hair"].max() == 0 < said.corrected("a", maps)["lesion"].min()
    assert said.corrected("b", maps)["hair"].min() == said.corrected("c", maps)["hair"].min() == 1
    assert maps["hair"].min() == 1


def test_pictures_are_found_as_in_a_table_of_classes():
    said = Corrections()
    for image in ("a/1.jpg", "2", "b\\\\3.PNG", "twice", "nowhere.jpg"):
        said = said.with_said(image, "hair", True)
    found, unknown = said.for_pictures(["a/1.jpg", "b/1.jpg", "a/2.jpg", "b/3.png", "a/twice.jpg", "b/twice.jpg"])
    assert set(found.said) == {"a/1.jpg", "a/2.jpg", "b/3.png", "twice", "nowhere.jpg"}
    assert unknown == ("twice", "nowhere.jpg"), "what names two pictures names none"
    assert found.for_pictures(["a/1.jpg", "a/2.jpg", "b/3.png"])[0] == found
    assert Corrections().for_pictures(["a"]) == (Corrections(), ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "picture,hair\n",
        "image,hairs\na,1\n",
        "image,hair\na,2\n",
        "image,hair\na\n",
        'image,hair\n"a',
        "image,hair,hair\n",
    ],
)
def test_corrections_that_are_none_are_refused(tmp_path, text):
    path = tmp_path / "corrections.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"corrections\.csv"):
        read_corrections(path)
