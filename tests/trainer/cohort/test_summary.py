import json
from pathlib import Path

import pytest
from PIL import Image

from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort.cohort import Cohort, open_cohort
from trainer.cohort.summary import as_plain, as_text, counts_of


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    path = tmp_path_factory.mktemp("cohort") / "cohort.h5"
    return open_cohort(drawn_cohort(path, count=60, classes=("bcc", "mel", "nv")))


def test_every_table_counts_every_picture_once(cohort: Cohort) -> None:
    tables = counts_of(cohort)
    assert [table.title for table in tables] == ["part", "sex", "age", "site"]
    for table in tables:
        assert [sum(column) for column in zip(*table.rows.values(), strict=True)] == [20, 20, 20]
    assert list(tables[0].rows) == ["train", "validation", "test"]
    for table in tables[1:]:
        assert list(table.rows)[-1] == "not known"


def test_ages_are_counted_in_their_decade(cohort: Cohort) -> None:
    ages = next(table for table in counts_of(cohort) if table.title == "age")
    assert sum(ages.rows["40 to 49"]) == sum(40 <= age < 50 for age in cohort.ages.tolist())
    assert list(ages.rows) == sorted(ages.rows, key=lambda name: (name == "not known", name != "under 20", name))


def test_the_text_names_the_left_out_pictures_and_the_way(cohort: Cohort) -> None:
    text = as_text(cohort)
    assert "broken.png: it is damaged" in text
    way = next(line for line in text.splitlines() if line.startswith("pictures found"))
    assert way.split()[-1] == "61"
    assert max(map(len, text.splitlines())) < 120


def test_the_json_is_whole(cohort: Cohort, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(cohort.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == as_plain(cohort)
    assert as_plain(cohort)["left_out"][0][0] == "broken.png"


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_counts_are_drawn(cohort: Cohort, kind: str, tmp_path: Path) -> None:
    assert main(["describe", str(cohort.path), "--figure", str(tmp_path / f"x.{kind}")]) == 0
    if kind == "png":
        with Image.open(tmp_path / "x.png") as drawn:
            assert min(drawn.size) > 600
    else:
        assert (tmp_path / f"x.{kind}").stat().st_size > 4000


def test_what_cannot_be_described_is_one_sentence(
    cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.h5"
    cut.write_bytes(cohort.path.read_bytes()[:-100])
    assert main(["describe", str(cut)]) == 1
    assert "is cut short" in capsys.readouterr().err
    assert main(["describe", str(cohort.path), "--figure", "x.gif"]) == 1
    assert ".svg" in capsys.readouterr().err
