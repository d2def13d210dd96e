"""How a diagnosis was made: read from tables, kept, counted, drawn, and measured on alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from tests.networks import save_small
from tests.trainer.cohorts import drawn_cohort
from trainer.cli import main
from trainer.cohort import hdf5_file
from trainer.cohort.cohort import open_cohort
from trainer.cohort.examples import examples
from trainer.cohort.summary import counts_of
from trainer.files.errors import UserError

WAYS = ("histo", "follow_up", "")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """60 pictures that say how they were diagnosed, from a table as HAM10000 has it."""
    (tmp_path / "pictures").mkdir()
    lines = ["lesion_id,image_id,dx,dx_type"]
    for number in range(60):
        cells = np.random.default_rng(number).integers(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(cells).resize((40, 40)).save(tmp_path / "pictures" / f"I{number:02}.png")
        lines.append(f"L{number},I{number:02},{('nv', 'mel')[number % 2]},{WAYS[number // 2 % 3].upper()}")
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["prepare", "--images", str(tmp_path / "pictures"), "--labels", str(tmp_path / "t.csv"), "--size", "32"]
    assert main([*words, "--out", str(tmp_path / "c.h5")]) == 0
    return tmp_path / "c.h5"


def test_it_is_kept_counted_and_drawn(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = open_cohort(cohort)
    assert [opened.confirmed[opened.names.index(f"I{number:02}.png")] for number in (0, 2, 4)] == list(WAYS)
    table = next(table for table in counts_of(opened) if table.title == "confirmed by")
    assert table.rows == {"follow_up": (10, 10), "histo": (10, 10), "not known": (10, 10)}
    rows = {name: (count, places) for name, count, places in examples(opened)}
    assert set(rows) == {
        f"{name}{way}" for name in ("benign: nv", "malignant: mel") for way in ("", ", histo", ", follow_up")
    }
    for name, (count, places) in rows.items():
        assert count == 10
        assert {opened.confirmed[place] for place in places} == {name.partition(", ")[2]}
    capsys.readouterr()
    assert main(["describe", str(cohort)]) == 0
    assert "confirmed by  benign  malignant  all" in capsys.readouterr().out


@pytest.mark.usefixtures("no_figures")
def test_an_evaluation_of_histopathology_alone(
    cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(save_small(tmp_path / "n.safetensors"))
    words = ["evaluate", "--model", model, "--data", str(cohort), "--draws", "100", "--json"]
    assert main([*words, "--out", str(tmp_path / "r"), "--confirmed", "histo"]) == 0
    report = json.loads(capsys.readouterr().out)["evaluation"]
    opened = open_cohort(cohort)
    wanted = {
        name
        for name, part, way in zip(opened.names, opened.splits.tolist(), opened.confirmed, strict=True)
        if part == "test" and way == "histo"
    }
    lines = (tmp_path / "r" / "predictions.csv").read_text(encoding="utf-8").splitlines()
    titles, *rows = (line.split(",") for line in lines)
    tested = [row for row in rows if row[titles.index("split")] == "test"]
    assert {row[titles.index("picture")] for row in tested} == wanted
    assert report["pictures"] == len(wanted)
    whole = int((opened.splits == "test").sum())
    assert any(f"Only the {len(wanted)} of {whole} test pictures" in note for note in report["notes"])
    scores = [float(row[titles.index("probability malignant")]) for row in tested]
    true = [row[titles.index("given")] == "malignant" for row in tested]
    assert report["auc"]["value"] == pytest.approx(roc_auc_score(true, scores), abs=1e-6)
    both = opened.confirmed_by(["histo", "follow"], "test")
    assert (both.splits == "test").sum() > len(wanted)
    assert (both.splits == "train").sum() == (opened.splits == "train").sum()
    assert main([*words, "--out", str(tmp_path / "r2"), "--confirmed", "confocal"]) == 1
    assert "there are follow_up, histo" in capsys.readouterr().err


def test_a_cohort_of_an_earlier_version_says_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(hdf5_file, "OPTIONAL", ())
        path = drawn_cohort(tmp_path / "old.h5")
    assert b"confirmed" not in path.read_bytes()
    opened = open_cohort(path)
    assert set(opened.confirmed) == {""}
    assert "confirmed by" not in [table.title for table in counts_of(opened)]
    assert replace(opened, confirmed=()).digest == opened.digest
    with pytest.raises(UserError, match="does not say how diagnoses were made"):
        opened.confirmed_by(["histo"], "test")
