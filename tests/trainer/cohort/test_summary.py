import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort.cohort import Cohort, open_cohort
from trainer.cohort.examples import examples
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


def test_examples_show_each_class_and_diagnosis_one_picture_a_lesion(tmp_path: Path) -> None:
    cohort = open_cohort(drawn_cohort(tmp_path / "c.h5", 40))
    diagnoses = tuple("mel" if label and number % 3 else name for number, (label, name) in
                      enumerate(zip(cohort.labels, cohort.diagnoses, strict=True)))  # fmt: skip
    lesions = tuple(f"{diagnosis} {number // 8}" for number, diagnosis in enumerate(diagnoses))
    cohort = replace(cohort, diagnoses=diagnoses, lesions=lesions)
    rows = examples(cohort, 4)
    assert [name for name, _, _ in rows] == ["benign", "malignant: mel", "malignant"]
    assert sum(count for _, count, _ in rows) == 40
    for name, count, places in rows:
        known = [place for place in range(40) if diagnoses[place] == name.rpartition(" ")[2]]
        assert count == len(known)
        assert set(places) <= set(known)
        assert len({lesions[place] for place in places}) == len(places) == min(4, len({lesions[p] for p in known}))
    assert main(["describe", str(cohort.path), "--examples", str(tmp_path / "sheet.png")]) == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (190 + 8 * 118 + 6, 2 * 118 + 6)
        first = examples(open_cohort(cohort.path))[0][2][0]
        tile = np.asarray(sheet.crop((190, 6, 302, 118)))
        assert np.abs(tile.mean((0, 1)) - cohort.pictures([first])[0].mean((0, 1))).max() < 2
    assert main(["describe", str(cohort.path), "--examples", str(tmp_path / "sheet.svg")]) == 1


def test_the_legend_of_the_counts_lies_on_nothing(tmp_path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from trainer.cohort.summary import _figure

    names = tuple(f"{name} of a rather long name" for name in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"))
    figure = _figure(open_cohort(drawn_cohort(tmp_path / "c.h5", 70, classes=names)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    legend = figure.legends[0].get_window_extent()
    others = [axes.get_tightbbox() for axes in figure.axes] + [figure._suptitle.get_window_extent()]
    assert not any(legend.overlaps(other) for other in others)
    assert figure.bbox.x0 <= legend.x0 < legend.x1 <= figure.bbox.x1
