import html.parser
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainer.cohorts import drawn_cohort
from tests.trainer.evaluation.test_evaluate import SEVEN, Colors
from trainer.cohort.cohort import Cohort, open_cohort
from trainer.evaluation.evaluate import Evaluation, evaluate
from trainer.files.errors import UserError
from trainer.measures.reader_study import ReaderResult
from trainer.networks.input_spec import InputSpec
from trainer.report.run_record import Run
from trainer.report.write import FIGURES, as_json, write_report

HOSTILE = '<script>alert("x")</script> & $\\frac{1}{0}$ "ü"'
VOID = {"meta", "br", "hr", "img", "link"}


def history(count: int = 5) -> list[dict[str, Any]]:
    return [
        {"epoch": n, "loss": 1 / n, "auc": 0.5 + n / 20, "validation_loss": None if n == 2 else 1.1 / n,
         "learning_rate": 0.1**n, "pictures_per_second": 100.0, "seconds": 2.0}
        for n in range(1, count + 1)
    ]  # fmt: skip


RUN = Run({"epochs": 5, "note": HOSTILE}, history(), 4, 10.0, 100.0, "cpu", {"torch": "2"}, 3)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    found = open_cohort(drawn_cohort(tmp_path_factory.mktemp("cohort") / "c.h5", 200))
    renamed = {"face": HOSTILE, "trunk": "$\\no^formula$"}
    strange = tuple(renamed.get(site, site) for site in found.sites)
    return replace(found, source=HOSTILE, sites=strange, left_out=((HOSTILE, "it is damaged"),))


@pytest.fixture(scope="module")
def evaluation(cohort: Cohort) -> Evaluation:
    spec, readers = InputSpec((32, 32), "squash", 32), [ReaderResult(HOSTILE, 0.8, 0.7), ReaderResult("B", 0.5, 0.9)]
    return evaluate(
        Colors(), cohort.classes, spec, cohort, "test", torch.device("cpu"), readers=readers, draws=100,
        network={"file": "n.safetensors", "licence": HOSTILE},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cohort: Cohort, evaluation: Evaluation) -> Path:
    out = tmp_path_factory.mktemp("report") / "new" / "report"
    write_report(out, evaluation, RUN, cohort)
    return out


class Page(html.parser.HTMLParser):
    """The text of a page, its tags, ids and references; it fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src", "xlink:href"):
                self.references.append(str(value))
            self.references += re.findall(r"url\((.*?)\)", str(value))
            assert not name.startswith("on")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "text"):
            self.text += data


def test_the_page_is_whole_and_needs_nothing_else(folder: Path) -> None:
    page = Page((folder / "report.html").read_text("utf-8"))
    assert page.tags.count("svg") == len(FIGURES)
    assert "script" not in page.tags
    assert len(set(page.ids)) == len(page.ids), "ids of several figures do not meet"
    assert all(reference.startswith("#") and reference[1:] in page.ids for reference in page.references)
    assert not page.tags.count("img")


def test_what_people_write_stays_text(folder: Path) -> None:
    text = (folder / "report.html").read_text("utf-8")
    assert "<script" not in text
    assert Page(text).text.count(HOSTILE) >= 5, "source, reader, site, setting, licence, left-out picture"


def test_the_last_epoch_is_not_called_the_best(cohort: Cohort, tmp_path: Path) -> None:
    write_report(tmp_path, None, replace(RUN, settings={"chosen": "last"}, chosen_epoch=5), cohort)
    text = Page((tmp_path / "report.html").read_text("utf-8")).text
    assert "Epoch 5 was chosen" in text
    assert "flatters" not in text


def test_the_page_says_what_the_numbers_are_worth(folder: Path, evaluation: Evaluation) -> None:
    text = Page((folder / "report.html").read_text("utf-8")).text
    for said in ("same archive", "shortcuts", "research only", "100 draws", f"{evaluation.lesions} lesions"):
        assert said in text
    for section in ("Telling classes apart", "Readers", "Predicted classes", "Calibration", "By sex, age and site",
                    "Training", "Cohort", "How this was measured"):  # fmt: skip
        assert section in text
    for found in (evaluation.auc, *evaluation.class_accuracy, evaluation.curves[0].average_precision):
        assert f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n = {found.n}" in text
    assert "Epoch 4 was chosen" in text
    assert "being the best of 5, it flatters" in text
    assert "http-equiv" not in (folder / "report.html").read_text("utf-8")


def test_every_figure_is_drawn_twice(folder: Path) -> None:
    for name in FIGURES:
        with Image.open(folder / "figures" / f"{name}.png") as picture:
            picture.load()
            border = np.asarray(picture.convert("L"))
            assert border.min() < 120, f"{name} is empty"
            edges = np.concatenate([border[0], border[-1], border[:, 0], border[:, -1]])
            assert (edges > 200).all(), f"{name} is cut off at its edge"
        assert "<svg" in (folder / "figures" / f"{name}.svg").read_text("utf-8")


def measures(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if {"value", "low", "high", "n"} <= set(value) else []
        return own + [found for each in value.values() for found in measures(each)]
    return [found for each in value for found in measures(each)] if isinstance(value, list) else []


def test_the_json_holds_every_number_with_interval_and_n(folder: Path, cohort: Cohort) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    numbers = json.loads((folder / "report.json").read_text("utf-8"), parse_constant=refuse)
    found = measures(numbers["evaluation"])
    assert len(found) > 30
    for each in found:
        assert set(each) == {"value", "low", "high", "n"}
        if each["low"] is not None:
            assert each["low"] <= each["value"] <= each["high"] or each["low"] == pytest.approx(each["high"], abs=0.2)
    told = numbers["evaluation"]
    assert told["curves"][0]["sensitivity_at_specificity"]["0.90"]["n"] == told["counts"]["malignant"]
    assert told["class_accuracy"].keys() == told["counts"].keys() == set(cohort.classes)
    assert numbers["cohort"]["left_out"] == [{"picture": HOSTILE, "reason": "it is damaged"}]
    assert numbers["cohort"]["flow"]["pictures found"] == 201
    assert numbers["run"]["chosen_epoch"] == 4
    assert numbers["run"]["history"][1]["validation_loss"] is None
    for name in ("seed", "draws", "device", "seconds", "pictures_per_second", "versions"):
        assert told[name] is not None


def test_a_run_that_goes_on_shows_its_curves(tmp_path: Path, cohort: Cohort, folder: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    write_report(tmp_path, None, replace(RUN, history=history(1), chosen_epoch=0), cohort)
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "training goes on" in Page(text).text
    assert 'http-equiv="refresh"' in text
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"learning"}, "no figure of another report stays"
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["evaluation"] is None


@pytest.mark.parametrize("rows", [[{"epoch": 1, "loss": 0.5}], [{"epoch": 1, "loss": float("nan"), "auc": None}]])
def test_little_is_known_of_some_runs(tmp_path: Path, cohort: Cohort, rows: list[dict[str, Any]]) -> None:
    write_report(tmp_path, None, Run(history=rows), cohort)
    assert (tmp_path / "figures" / "learning.svg").exists()
    assert "Learning curves over 1 epoch" in (tmp_path / "report.html").read_text("utf-8")
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [row["epoch"] for row in told["run"]["history"]] == [1]


def test_before_the_first_epoch_there_is_a_page_already(tmp_path: Path, cohort: Cohort) -> None:
    write_report(tmp_path, None, Run(), cohort)
    assert "Cohort" in Page((tmp_path / "report.html").read_text("utf-8")).text


def test_equal_evaluations_give_equal_files(
    tmp_path: Path, folder: Path, cohort: Cohort, evaluation: Evaluation
) -> None:
    write_report(tmp_path, evaluation, RUN, cohort)
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes()


def test_seven_classes_fit_as_well(tmp_path: Path) -> None:
    found = open_cohort(drawn_cohort(tmp_path / "c.h5", 140, classes=SEVEN))
    spec = InputSpec((32, 32), "squash", 32)
    many = evaluate(Colors(7), SEVEN, spec, found, "test", torch.device("cpu"), draws=100)
    write_report(tmp_path / "report", many, None, found)
    text = Page((tmp_path / "report" / "report.html").read_text("utf-8")).text
    assert "mean (macro)" in text
    assert all(name in text for name in SEVEN)
    assert len(as_json(many, None, found)["evaluation"]["curves"]) == 7


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, cohort: Cohort) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another --out"):
        write_report(tmp_path / "file" / "report", None, Run(), cohort)


def test_what_a_checkpoint_tells_of_its_run() -> None:
    assert Run.of_training({}) is None
    told = {"recipe": {"epochs": 2}, "epochs": [{"number": 1, "loss": 0.5, "pictures_per_second": 10.0}], "seed": 4}
    run = Run.of_training(told)
    assert run is not None
    assert (run.history[0]["epoch"], run.seed, run.pictures_per_second, run.chosen_epoch) == (1, 4, 10.0, 0)
    assert Run.of_training({"recipe": "paper", "epochs": 7, "seed": "x"}) is None
