"""Which folders are classes, the same for both programs: not parts, not patients, linked ones too."""

from pathlib import Path

import pytest

from explorer.core.images import list_images
from explorer.core.labels import folder_labels
from trainer.cohort.cases import read_cases
from trainer.files.errors import UserError
from trainer.pictures.column_choice import parse_columns


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def both(root: Path) -> dict[str, str]:
    """The class of every picture, as both programs see it."""
    labels = folder_labels(root, list_images(root))
    cases = {case.name: case.diagnoses[0] for case in read_cases(root, None).cases}
    assert {name: labels.of(root / name) for name in cases} == cases
    return cases


def test_linked_class_folders_are_found_by_both(tmp_path: Path) -> None:
    touch(tmp_path / "real", "nv/1.jpg", "mel/2.jpg")
    (tmp_path / "data").mkdir()
    for name in ("nv", "mel"):
        (tmp_path / "data" / name).symlink_to(tmp_path / "real" / name)
    assert both(tmp_path / "data") == {"nv/1.jpg": "nv", "mel/2.jpg": "mel"}


@pytest.mark.parametrize(
    "names",
    [
        ("HAM10000_images_part_1/1.jpg", "HAM10000_images_part_2/2.jpg"),
        ("batch-01/1.jpg", "batch-02/2.jpg", "batch-10/3.jpg"),
        ("2019/1.jpg", "2020/2.jpg"),
        tuple(f"IMD{number:03}/IMD{number:03}_Dermoscopic_Image/x{number}.bmp" for number in range(6)),
        tuple(f"{name}/{name}.jpg" for name in ("meier", "schmidt", "huber", "maier", "lang")),
    ],
)
def test_folders_of_parts_and_patients_are_no_classes_until_somebody_says_so(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    touch(tmp_path, *names)
    labels = folder_labels(tmp_path, list_images(tmp_path))
    assert dict(labels.counts) == {}
    assert "not taken for classes; open the table of their classes" in labels.problems[0]
    with pytest.raises(UserError, match=r"not taken for classes; give the table .* or say --columns label=folder"):
        read_cases(tmp_path, None)
    assert len(read_cases(tmp_path, None, parse_columns("label=folder")).cases) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("0/1.jpg", "1/2.jpg"),
        ("class_1/1.jpg", "class_2/2.jpg", "class_3/2.jpg"),
        ("grade 1/1.jpg", "grade 2/2.jpg"),
        ("akiec/1.jpg", "bcc/1.jpg", "bkl/1.jpg", "df/1.jpg", "mel/1.jpg", "nv/1.jpg"),
        ("a/1.jpg", "b/2.jpg"),
    ],
)
def test_numbered_classes_and_small_classes_stay_classes(names: tuple[str, ...], tmp_path: Path) -> None:
    assert both(touch(tmp_path, *names)) == {name: name.split("/")[0] for name in names}


def test_the_folders_above_those_of_patients_are_the_classes(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{('nv', 'mel')[number % 2]}/patient_{number}/{number}.jpg" for number in range(6)))
    assert set(both(tmp_path).values()) == {"nv", "mel"}
    reading = read_cases(tmp_path, None, parse_columns("patient=folder"))
    assert "the folders above them are" in reading.problems[0]
    assert {case.patient for case in reading.cases} == {f"patient_{number}" for number in range(6)}
