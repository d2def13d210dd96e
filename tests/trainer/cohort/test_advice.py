"""Every sentence of `prepare` that proposes a step: the step is taken, and it gets further."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.cli import main


class Person:
    """Somebody who runs `prepare` on a folder and reads what it says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def draw(self, *names: str) -> None:
        for number, name in enumerate(names):
            path = self.folder / "p" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            seed = sum(map(ord, name)) * 100 + number
            Image.fromarray(np.random.default_rng(seed).integers(0, 255, (16, 16, 3), np.uint8)).save(path)

    def write(self, text: str, name: str = "l.csv") -> None:
        (self.folder / name).write_text(text)

    def try_(self, *words: str) -> str:
        """What `prepare` says on standard error where it cannot, else on both."""
        given = ["--labels", str(self.folder / "l.csv")] if (self.folder / "l.csv").exists() else []
        images, out = str(self.folder / "p"), str(self.folder / "c.h5")
        done = main(["prepare", "--images", images, *given, "--out", out, "--size", "32", "--replace", *words])
        said = self._capsys.readouterr()
        assert (done == 0) == (self.folder / "c.h5").exists()
        (self.folder / "c.h5").unlink(missing_ok=True)
        return said.err if done else said.out + said.err


@pytest.fixture
def person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    return Person(tmp_path, capsys)


def classes(*names: str, each: int = 4, above: str = "") -> list[str]:
    return [f"{above}{name}/{name}{number}.png" for name in names for number in range(each)]


def test_unknown_diagnoses_stop_it(person: Person) -> None:
    person.draw(*classes("Melanocytic nevi", "melanoma", "moon dust"))
    said = person.try_()
    assert "4 of 12 pictures have a diagnosis that the table does not know: moon dust (4); say what they are" in said
    person.write('malignant = ["melanoma", "moon dust"]\nbenign = ["melanocytic nevi"]', "own.toml")
    assert "12 pictures of 32" in person.try_("--diagnoses", str(person.folder / "own.toml"))
    assert "moon dust" in person.try_("--classes", "diagnosis")
    assert "8 pictures of 32" in person.try_("--unknown", "leave-out")


@pytest.mark.parametrize("rest", ["not_melanoma", "non-melanoma", "other"])
def test_what_is_only_not_the_other_is_a_class_of_its_own_and_that_is_said(rest: str, person: Person) -> None:
    person.draw(*classes(rest, "melanoma"))
    said = person.try_()
    assert "says only what it is not, neither benign nor malignant" in said
    assert f"{rest}  melanoma  all" in said


def test_classes_that_overlap_are_said_and_the_finest_column_alone_has_none(person: Person) -> None:
    person.draw(*(f"p{number}.png" for number in range(16)))
    fine, coarse = ("nevus", "melanoma", "unknown", "unknown"), ("benign", "malignant")
    rows = [f"p{number}.png,{fine[number % 4]},{coarse[number % 2]}" for number in range(16)]
    person.write("image_name,diagnosis,benign_malignant\n" + "\n".join(rows))
    said = person.try_("--classes", "diagnosis")
    assert 'Classes overlap: "benign" (4) is what "nevus" is, too; "malignant" (4) is what "melanoma" is, too.' in said
    assert "or name the column of the finest diagnoses alone (--columns label=TITLE)" in said
    said = person.try_("--classes", "diagnosis", "--columns", "label=diagnosis")
    assert "8 pictures of 32" in said
    assert "overlap" not in said


def test_full_words_are_known(person: Person) -> None:
    words = ("Melanocytic nevi", "Melanoma", "Benign keratosis-like lesions", "Basal cell carcinoma")
    person.draw(*classes(*words, "Vascular lesions", "Dermatofibroma"))
    assert "24 pictures of 32" in person.try_()


def test_parts_are_not_taken_for_classes(person: Person) -> None:
    person.draw(*classes("part_1", "part_2"))
    assert "give the table of the classes to --labels, or say --columns label=folder" in person.try_()
    assert "the classes are part_1, part_2" in person.try_("--columns", "label=folder")
    rows = [f"part_{part}{number},{('nv', 'mel')[number % 2]}" for part in (1, 2) for number in range(4)]
    person.write("image,label\n" + "\n".join(rows))
    assert "8 pictures of 32" in person.try_()


def test_a_split_without_a_part_is_completed_or_made_anew(person: Person) -> None:
    person.draw(*classes("nv", "mel", each=8, above="train/"), *classes("nv", "mel", each=3, above="val/"))
    said = person.try_()
    assert "has no test part: a fifth of its train part became it (--own-split makes another)" in said
    assert "\ntest " in said  # a row of the table of parts
    assert "no test part" not in person.try_("--own-split")
    person.draw(*classes("nv", "mel", each=3, above="strange/"))
    said = person.try_()
    assert "6 pictures have no part and are left out (strange/mel/mel0.png first); name their folders" in said
    assert "28 pictures of 32" in person.try_("--own-split")
    (person.folder / "p" / "strange").rename(person.folder / "p" / "holdout")
    said = person.try_()
    assert "28 pictures of 32" in said
    assert "note: The given split" not in said


def test_a_split_without_train_or_in_other_words(person: Person) -> None:
    names = classes("nv", "mel", each=6)
    person.draw(*names)
    rows = [f"{name},{name[:2]},{('val', 'test')[at % 2]}" for at, name in enumerate(names)]
    person.write("image,label,split\n" + "\n".join(rows).replace(",me,", ",mel,"))
    assert "The given split has no train part; --own-split makes one" in person.try_()
    assert "12 pictures of 32" in person.try_("--own-split")
    person.write((person.folder / "l.csv").read_text().replace("val", "often"))
    assert 'the split "often"' in person.try_()
    assert "12 pictures of 32" in person.try_("--own-split")


def test_columns_that_are_not_found_out(person: Person) -> None:
    person.draw(*(f"{number}.png" for number in range(8)))
    rows = [f"{number},{('a', 'b')[number % 2]},{('c', 'd')[number // 4]}" for number in range(8)]
    person.write("photo,shade,form\n" + "\n".join(rows))
    assert "say which one does with --columns label=TITLE (there are shade, form)" in person.try_()
    assert 'pictures by column "photo", classes by "form"' in person.try_("--columns", "label=form")
    person.write("nr,photo,form\n" + "\n".join(f"x,y,{row[-1]}" for row in rows))
    said = person.try_("--columns", "label=form")
    assert "no column holds the names of these pictures; say which one does with --columns image=TITLE" in said
    said = person.try_("--columns", "label=form,image=photo")
    assert "labels none of the 8 pictures" in said
    assert 'it names y, the folder holds 0.png; pictures by column "photo", classes by "form"' in said


def test_words_for_columns_that_cannot_be_read(person: Person) -> None:
    with pytest.raises(SystemExit) as ended:
        person.try_("--columns", "labels")
    assert ended.value.code == 2


def test_a_mask_that_is_found_late_is_said(person: Person) -> None:
    person.draw(*classes("nv", "mel"))
    Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(person.folder / "p" / "nv" / "nv9.png")
    said = person.try_()
    assert "1 files have two colors only, as masks do, and are left out (nv/nv9.png first)" in said
    assert "8 pictures of 32" in said
