"""`feature-explorer what-if`: a folder as it would be, and the scores before and after."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from explorer.cli import main
from tests.core.what_if.test_artifacts import hairy
from tests.networks import save_small


def words(tmp_path: Path, pictures: Path, *more: str) -> list[str]:
    model = save_small(tmp_path / "n.safetensors")
    given = ["--model", str(model), "--images", str(pictures), "--device", "cpu", "--out", str(tmp_path / "w.csv")]
    return ["what-if", *given, *more]


def rows_of(tmp_path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((tmp_path / "w.csv").read_text("utf-8").splitlines()))


def test_scores_before_and_after(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = words(tmp_path, pictures, "--gamma", "1.3", "--illumination", "--constancy", "0.5", "--crop", "0.8")
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["change"] == {"gamma": 1.3, "illumination": 1.0, "constancy": 0.5, "crop": 0.8}
    rows = rows_of(tmp_path)
    assert len(rows) == told["pictures"] == 12
    changes = [float(row["after:malignant"]) - float(row["before:malignant"]) for row in rows]
    assert any(changes)
    assert told["mean_change"]["malignant"] == pytest.approx(sum(changes) / 12, abs=1e-5)
    assert main(asked) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*asked, "--force"]) == 0
    said = capsys.readouterr().out
    assert (
        "the middle 80 % of either side, light evened out, color of the light brought to grey by 50 %, gamma 1.3"
        in said
    )


def test_nothing_asked_for_changes_nothing(tmp_path: Path, pictures: Path) -> None:
    assert main(words(tmp_path, pictures)) == 0
    assert all(row["before:malignant"] == row["after:malignant"] for row in rows_of(tmp_path))


def test_a_damaged_picture_is_said_and_stops_nothing(
    tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "x.png").write_bytes(b"nothing")
    assert main(words(tmp_path, pictures, "--gamma", "2")) == 1
    assert "x.png" in capsys.readouterr().err
    assert len(rows_of(tmp_path)) == 12


@pytest.mark.parametrize("given", [["--gamma", "0"], ["--crop", "2"], ["--constancy", "3"]])
def test_a_mistake_is_one_line(
    tmp_path: Path, pictures: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path, pictures, *given)) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "w.csv").exists()


def test_without_hair_and_with_a_ruler(tmp_path: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = pictures / "benign" / "picture1.png"
    asked = words(tmp_path, one, "--without", "hair,bubble", "--with", "ruler:0.3,0.5", "--with", "ink")
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["change"]["without"].keys() == {"hair", "bubble"}
    assert told["change"]["with"] == [
        {"concept": "ruler", "row": 0.3, "column": 0.5, "number": 0},
        {"concept": "ink", "row": 0.5, "column": 0.5, "number": 0},
    ]
    rows = rows_of(tmp_path)
    assert any(row["before:malignant"] != row["after:malignant"] for row in rows)
    assert sum("hair" in row["painted_over"].split() for row in rows) == told["change"]["without"]["hair"]
    assert main([*asked, "--force"]) == 0
    said = capsys.readouterr().out
    assert "hair: painted over on " in said
    assert "without hair and bubble, with ruler 50 % from the left and 30 % from the top, with ink " in said


def test_nothing_is_painted_over_where_a_person_says_that_it_is_not(tmp_path: Path, pictures: Path) -> None:
    _, with_hairs, _ = hairy()
    for name in ("a", "b"):
        Image.fromarray(with_hairs).save(pictures / f"{name}.png")
    asked = words(tmp_path, pictures, "--without", "hair", "--artifacts", str(tmp_path / "said.csv"))
    assert main(asked) == 1  # there is no such file
    (tmp_path / "said.csv").write_text("image,hair\na.png,0\n")
    assert main(asked) == 0
    found = {row["picture"]: row for row in rows_of(tmp_path)}
    assert (found["a.png"]["painted_over"], found["b.png"]["painted_over"]) == ("", "hair")
    assert found["a.png"]["before:malignant"] == found["a.png"]["after:malignant"]


@pytest.mark.parametrize("given", [["--without", "lesion"], ["--with", "ruler:1"], ["--with", "patch"]])
def test_what_cannot_be_taken_or_laid_is_one_line(
    tmp_path: Path, pictures: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(tmp_path, pictures, *given)) == 1
    assert capsys.readouterr().err.count("\n") == 1
