"""Whether the first row of a table holds titles, and what is said where there is something above them."""

from pathlib import Path

import pytest

from explorer.core.labels import read_labels
from trainer.cohort.cases import read_cases
from trainer.files.errors import UserError
from trainer.pictures.label_table import read_label_table

HEADLESS = {
    "names": [("anna.jpg", "nv"), ("bert.jpg", "mel"), ("carl.jpg", "bcc")],
    "names that repeat a class": [("anna", "nv"), ("bert", "mel"), ("carl", "nv")],
    "hashes": [("a3f9", "mel"), ("b7cd2", "nv"), ("c1d", "bcc")],
    "a number more": [("IMG_999.jpg", "mel"), ("IMG_1000.jpg", "nv"), ("IMG_1001.jpg", "bcc")],
    "bare, a number more": [("IMG_999", "mel"), ("IMG_1000", "nv"), ("IMG_1001", "bcc")],
}


@pytest.mark.parametrize("kind", HEADLESS)
@pytest.mark.parametrize("known", [True, False])
def test_the_first_row_counts_where_it_names_a_picture(kind: str, known: bool, tmp_path: Path) -> None:
    rows = HEADLESS[kind]
    (tmp_path / "l.csv").write_text("".join(f"{name},{word}\n" for name, word in rows))
    pictures = [tmp_path / f"{name.removesuffix('.jpg')}.jpg" for name, _ in rows]
    labels = read_labels(tmp_path / "l.csv", pictures if known else None)
    assert [labels.of(picture) for picture in pictures] == [word for _, word in rows]


@pytest.mark.parametrize("names", ["ISIC_{:07}.jpg", "{}.jpg"])
@pytest.mark.parametrize("known", [True, False])
def test_titles_that_are_numbers_are_titles(names: str, known: bool, tmp_path: Path) -> None:
    pictures = [tmp_path / names.format(number) for number in range(6)]
    rows = [
        f"{picture.stem},{','.join('01'[number % 3 == place] for place in range(3))}"
        for number, picture in enumerate(pictures)
    ]
    (tmp_path / "l.csv").write_text("\n".join(["image,0,1,2", *rows]))
    labels = read_labels(tmp_path / "l.csv", pictures if known else None)
    assert [labels.of(picture) for picture in pictures] == ["0", "1", "2"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "study,,\nimage,dx,age\n{}",
        "study 3,,\n\nimage,dx,age\n{}",
        "# a\nimage,dx\n{}",
        "a,,\nb 2,,\n\nimage,dx,age\n{}",
    ],
)
def test_a_line_above_the_header_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    rows = ""
    for number in range(4):
        (tmp_path / "p" / f"ISIC_{number}.jpg").touch()
        rows += f"ISIC_{number}.jpg,{('nv', 'mel')[number % 2]}{',40' * text.count('age')}\n"
    (tmp_path / "l.csv").write_text(text.format(rows))
    with pytest.raises(UserError, match=r"l.csv .*first line .*above .*header"):
        read_cases(tmp_path / "p", tmp_path / "l.csv")


def test_what_is_no_plain_file_is_refused_at_once() -> None:
    with pytest.raises(UserError, match="zero is no plain file; choose a CSV"):
        read_label_table(Path("/dev/zero"))
