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


def four(*folders: str) -> list[str]:
    return [f"{folder}/{folder.replace('/', '_')}_{number}.jpg" for folder in folders for number in range(4)]


@pytest.mark.parametrize(
    "folders",
    [
        ("mel/clinical", "mel/dermoscopic", "nv/clinical", "nv/dermoscopic"),
        ("mel/original", "mel/resized", "nv/original"),
        ("mel/left", "mel/right", "nv/left", "nv/right"),
        ("mel/anna", "mel/bert", "nv/cora", "nv/dora"),
        ("mel/a3f9", "mel/b77c", "nv/0c1d"),
        ("mel", "mel/dermoscopic", "mel/thumbs", "nv", "nv/thumbs"),
        ("mel", "nv", "bcc", "mel/dermoscopic"),
        ("mel/unknown", "mel/x", "nv/x"),
    ],
)
def test_folders_of_known_diagnoses_go_before_those_within_them_and_it_is_said(
    folders: tuple[str, ...], tmp_path: Path
) -> None:
    touch(tmp_path, *four(*folders))
    assert both(tmp_path) == {name: name.split("/")[0] for name in four(*folders)}
    reading = read_cases(tmp_path, None)
    assert "no known diagnosis; the folders above them are, and are the classes" in reading.problems[0]
    asked = read_cases(tmp_path, None, parse_columns("label=folder"))
    assert {case.diagnoses[0] for case in asked.cases} >= {folder.split("/")[-1] for folder in folders} - {"unknown"}


def test_finer_diagnoses_below_coarse_ones_stay_classes(tmp_path: Path) -> None:
    names = four("benign/nevus", "benign/wart", "malignant/melanoma", "malignant/bcc")
    assert both(touch(tmp_path, *names)) == {name: name.split("/")[1] for name in names}
    assert read_cases(tmp_path, None).problems == []


def test_folders_of_what_is_not_known_are_no_classes(tmp_path: Path) -> None:
    touch(tmp_path, *four("mel", "nv", "unknown", "NA"))
    assert set(both(tmp_path).values()) == {"mel", "nv"}
    reading = read_cases(tmp_path, None)
    assert reading.problems == ['The folders "NA" (4) and "unknown" (4) count as not known, not as a class.']
    assert len(reading.left_out) == 8


def test_folders_in_two_spellings_are_one_class(tmp_path: Path) -> None:
    touch(tmp_path, *four("Mel", "mel", "mel_", "NV"), "mel/more.jpg")
    assert set(both(tmp_path).values()) == {"mel", "NV"}
    assert dict(folder_labels(tmp_path, list_images(tmp_path)).counts) == {"NV": 4, "mel": 13}
    assert 'The folders "Mel", "mel" and "mel_" are taken as one class.' in read_cases(tmp_path, None).problems


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train_set", "test_set"),
        ("training_images", "test-images"),
        ("Trainset", "testset"),
        ("Train data", "holdout data"),
    ],
)
def test_folders_of_parts_are_known_in_longer_names(train: str, test: str, tmp_path: Path) -> None:
    touch(tmp_path / "above", *four(f"{train}/mel", f"{train}/nv", f"{test}/mel", f"{test}/nv"))
    touch(tmp_path / "below", *four(f"mel/{train}", f"nv/{train}", f"mel/{test}", f"nv/{test}"))
    for root in ("above", "below"):
        cases = read_cases(tmp_path / root, None).cases
        assert {case.diagnoses[0] for case in cases} == {"mel", "nv"}
        assert all(case.part == ("train" if train in case.name else "test") for case in cases)


def test_a_folder_that_may_be_either_part_is_said(tmp_path: Path) -> None:
    touch(tmp_path, *four("train_set/mel", "train_set/nv", "eval/mel", "eval/nv"))
    reading = read_cases(tmp_path, None)
    assert {case.diagnoses[0] for case in reading.cases} == {"mel", "nv"}
    assert reading.problems == [
        'The folder "eval" may be validation or test; name it so, else its pictures have no part.'
    ]


def read(root: Path) -> set[tuple[str, str]]:
    """Class and part of the pictures; both programs see the same classes."""
    both(root)
    return {(case.diagnoses[0], case.part) for case in read_cases(root, None).cases}


@pytest.mark.parametrize(
    "folders",
    [
        ("ISIC_2019_Training_Input", "ISIC_2019_Test_Input"),
        ("ISIC2018_Task3_Training_Input", "ISIC2018_Task3_Validation_Input", "ISIC2018_Task3_Test_Input"),
        ("ISIC_2019_Training_Input/ISIC_2019_Training_Input", "ISIC_2020_Test_Input/ISIC_2020_Test_Input"),
        ("lesionsTrain", "lesionsTest"),
        ("my trn", "my tst", "my vld"),
        ("dermo-holdout-2", "dermo-dev-2"),
        ("train2017", "val2017"),
        ("1_train", "2_val"),
        ("tr", "te"),
    ],
)
def test_folders_that_share_all_but_the_word_for_a_part_are_no_classes(
    folders: tuple[str, ...], tmp_path: Path
) -> None:
    touch(tmp_path, *four(*folders))
    labels = folder_labels(tmp_path, list_images(tmp_path))
    assert dict(labels.counts) == {}
    assert "look like parts of a set" in labels.problems[0]
    with pytest.raises(UserError, match=r"look like parts of a set .* give the table of the classes to --labels"):
        read_cases(tmp_path, None)
    asked = read_cases(tmp_path, None, parse_columns("label=folder"))
    assert {case.diagnoses[0] for case in asked.cases} == {folder.split("/")[-1] for folder in folders}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("trn", "tst"),
        ("1_train", "2_test"),
        ("tr", "te"),
        ("ISIC_2019_Training_Input", "ISIC_2019_Test_Input"),
        ("DermTrain", "DermTest"),
        ("train2017", "test2017"),
    ],
)
def test_a_part_in_any_such_name_is_read_above_and_below_classes(train: str, test: str, tmp_path: Path) -> None:
    touch(tmp_path / "above", *four(f"{train}/one", f"{train}/two", f"{test}/one", f"{test}/two"))
    touch(tmp_path / "below", *four(f"one/{train}", f"two/{train}", f"one/{test}", f"two/{test}"))
    for root in ("above", "below"):
        assert read(tmp_path / root) == {(name, part) for name in ("one", "two") for part in ("train", "test")}
        assert read_cases(tmp_path / root, None).problems == [
            f'The folders "{min(train, test)}", "{max(train, test)}" are taken for parts of the set.'
        ]


@pytest.mark.parametrize("pattern", ["{part}_{name}", "{name}_{part}", "{name} {part} set", "{part}-images-{name}"])
def test_part_and_class_in_one_name_are_read_as_both_and_said(pattern: str, tmp_path: Path) -> None:
    names, parts = ("class_1", "class_2", "Nävus"), ("train", "val", "test")
    touch(tmp_path, *four(*(pattern.format(name=name, part=part) for name in names for part in parts)))
    assert read(tmp_path) == {(name, part) for name in names for part in ("train", "validation", "test")}
    assert "name a part and a class: class_1, class_2, Nävus" in read_cases(tmp_path, None).problems[0]


def test_one_part_alone_is_read_before_known_diagnoses_only(tmp_path: Path) -> None:
    touch(tmp_path / "known", *four("train_mel", "train_nv"))
    assert read(tmp_path / "known") == {("mel", "train"), ("nv", "train")}
    touch(tmp_path / "other", *four("test_positive", "test_negative"))
    assert read(tmp_path / "other") == {("test_positive", ""), ("test_negative", "")}


@pytest.mark.parametrize(
    "folders",
    [("mel_train", "mel_test", "nv"), ("a_train_x", "a_test_x", "b_train_x", "b_test_x"), ("one_train", "test_one")],
)
def test_parts_in_names_that_fit_no_pattern_are_asked(folders: tuple[str, ...], tmp_path: Path) -> None:
    touch(tmp_path, *four(*folders))
    with pytest.raises(UserError, match="parts of a set"):
        read_cases(tmp_path, None)
    assert len(read_cases(tmp_path, None, parse_columns("label=folder")).cases) == 4 * len(folders)


@pytest.mark.parametrize(
    "folders",
    [
        ("classA/vienna", "classB/rome"),
        ("classA/vienna", "classA/rome", "classB/vienna", "classB/rome"),
        ("Melanom/clinical", "Melanom/dermoscopic", "Naevus bland/clinical", "Naevus bland/dermoscopic"),
        ("Melanom/anna", "Melanom/bert", "Naevus bland/cora", "Naevus bland/dora"),
        ("data/Melanom/anna", "data/Melanom/bert", "data/Naevus bland/cora", "data/Naevus bland/dora"),
        ("Melanom", "Melanom/new ones", "Naevus bland"),
        ("Melanom/crops", "Naevus bland/crops"),
    ],
)
def test_folders_of_unknown_words_stay_classes_before_those_within_them(
    folders: tuple[str, ...], tmp_path: Path
) -> None:
    touch(tmp_path, *four(*folders))
    depth = 1 if folders[0].startswith("data") else 0
    assert both(tmp_path) == {name: name.split("/")[depth] for name in four(*folders)}
    problems = read_cases(tmp_path, None).problems
    assert "within the classes" in problems[0]
    assert "label=folder takes the deepest" in problems[1]


@pytest.mark.parametrize(
    "folders",
    [
        ("here/cat", "here/dog", "there/cat", "there/dog"),
        ("batch_1/cat", "batch_2/dog"),
        ("cats/cats", "dogs/dogs"),
        ("cats_zip/cats", "dogs_zip/dogs"),
        ("clinical/cat", "clinical/dog", "dermoscopic/cat"),
        ("cat", "some/dog", "some/cow"),
    ],
)
def test_the_deepest_of_two_levels_of_unknown_words_are_classes_where_they_come_again(
    folders: tuple[str, ...], tmp_path: Path
) -> None:
    touch(tmp_path, *four(*folders))
    assert both(tmp_path) == {name: name.split("/")[-2] for name in four(*folders)}


def test_two_levels_that_both_may_be_classes_are_asked(tmp_path: Path) -> None:
    touch(tmp_path, *four("foo/vienna", "bar/rome"))
    with pytest.raises(UserError, match=r'"bar", "foo" or those within them, "rome", "vienna".* --labels'):
        read_cases(tmp_path, None)
    assert dict(folder_labels(tmp_path, list_images(tmp_path)).counts) == {}
    asked = read_cases(tmp_path, None, parse_columns("label=folder"))
    assert {case.diagnoses[0] for case in asked.cases} == {"vienna", "rome"}


def test_a_folder_that_is_a_part_by_its_whole_name_is_one_beside_any_others(tmp_path: Path) -> None:
    touch(tmp_path, *four("trn/one", "trn/two", "2_test/one", "2_test/two", "more/one", "more/two"))
    assert read(tmp_path) == {(name, part) for name in ("one", "two") for part in ("train", "test", "")}


def test_folders_of_two_ways_of_writing_a_letter_are_one_class(tmp_path: Path) -> None:
    names = ["N\u00e4vus", "Na\u0308vus", "Melanom"]
    found = folder_labels(tmp_path, [tmp_path / name / f"{number}.jpg" for name in names for number in range(2)])
    assert [*found.counts.values()] == [2, 4]
    assert any("are taken as one class" in note for note in found.problems)


def test_spaces_around_the_name_of_a_folder_are_no_part_of_its_class(tmp_path: Path) -> None:
    touch(tmp_path, *four("Melanoma ", " nevus (common)", "train /bcc", "images /bkl "))
    assert set(both(tmp_path).values()) == {"Melanoma", "nevus (common)", "bcc", "bkl"}
    assert [case.part for case in read_cases(tmp_path, None).cases if case.diagnoses == ("bcc",)] == ["train"] * 4


@pytest.mark.parametrize(
    "way",
    [
        *("{}_augmented", "aug_{}", "{} - Copy", "{}-rotated-90", "augmented {}", "{}_Augmentation"),
        *("{}_aug_flipped", "copy of {}", "Kopie von {}", "Copy (2) of {}", "aug-{}-rotated"),
    ],
)
def test_folders_of_altered_copies_count_as_the_class_of_what_was_altered_and_it_is_said(
    way: str, tmp_path: Path
) -> None:
    touch(tmp_path, *four("Naevus bland", "mel", way.format("naevus bland"), way.format("mel")))
    assert set(both(tmp_path).values()) == {"Naevus bland", "mel"}
    said = read_cases(tmp_path, None).problems
    assert len(said) == 2
    assert said[1] == "--columns label=folder takes the deepest folders for classes instead."
    assert way.format("mel") in said[0]
    assert said[0].endswith(
        'count as the classes "mel", "Naevus bland". Copies of test pictures among those of training would make a '
        "network look better than it is."
    )
    asked = read_cases(tmp_path, None, parse_columns("label=folder"))
    assert len({case.diagnoses[0] for case in asked.cases}) == 4


def test_copies_of_copies_count_as_what_was_copied_first(tmp_path: Path) -> None:
    touch(tmp_path / "known", *four("mel", "mel_aug", "mel_aug_copy", "nv", "copy of nv_flipped"))
    assert set(both(tmp_path / "known").values()) == {"mel", "nv"}
    touch(tmp_path / "other", *four("good_copy", "good_copy_aug_2", "bad"))
    assert set(both(tmp_path / "other").values()) == {"good_copy", "bad"}


def test_copies_alone_are_of_a_known_diagnosis_and_other_names_stay(tmp_path: Path) -> None:
    touch(tmp_path / "known", *four("mel_augmented", "nv"))
    assert set(both(tmp_path / "known").values()) == {"mel", "nv"}
    touch(tmp_path / "other", *four("good_copy", "bad", "copy"))
    assert set(both(tmp_path / "other").values()) == {"good_copy", "bad", "copy"}


@pytest.mark.parametrize("pattern", ["augmented/{}", "{}/augmented", "train/augmented/{}"])
def test_a_folder_of_augmented_pictures_above_or_within_classes_is_said(pattern: str, tmp_path: Path) -> None:
    touch(tmp_path, *four("original/mel", "original/nv") if pattern.startswith("aug") else four("mel", "nv"))
    touch(tmp_path, *four(pattern.format("mel"), pattern.format("nv")))
    assert set(both(tmp_path).values()) == {"mel", "nv"}
    said = read_cases(tmp_path, None).problems
    assert any(problem.startswith('The folder "augmented" holds altered copies, by its name.') for problem in said)
    assert pattern == "{}/augmented" or not any("label=folder" in problem for problem in said)
