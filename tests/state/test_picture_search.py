"""What a search over the pictures finds: names, classes, and what the index knows."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from explorer.core.class_words import propose, told_apart
from explorer.core.evaluation import evaluate
from explorer.core.index import open_index
from explorer.state.pictures.search import parts_of
from explorer.state.workspace import Workspace
from explorer.ui.widgets.lists import CLASS, PictureModel
from tests.core.index.synthetic_index import write_index

NAMES = tuple(f"{kind}/{kind}_{number}.png" for kind in ("basal cell", "mel") for number in range(3))
PEAKS = np.array([[0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 1.0, 1.0, 0.0, 0.0, np.nan]])
LOGITS = np.log([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]])


@pytest.fixture
def opened(workspace: Workspace, tmp_path: Path, qtbot: QtBot) -> Workspace:
    for name in NAMES:
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    workspace.opening.open_folder(tmp_path / "pictures")
    qtbot.waitUntil(lambda: workspace.library.folder is not None)
    return workspace


@pytest.fixture
def indexed(opened: Workspace, tmp_path: Path) -> Workspace:
    path = write_index(
        tmp_path / "index.h5",
        PEAKS[:, :5],
        names=NAMES[:5],
        given=("nevus", "nevus", "", "mel", "mel"),
        classes=("other", "melanoma"),
        logits=LOGITS[:5],
        inside=PEAKS[:, :5],
        trained_on=np.arange(5) == 4,
    )
    opened.evidence.take(open_index(path))
    return opened


def found(workspace: Workspace, text: str) -> list[int]:
    matching = workspace.picture_search.find(text).matching
    names = [path.stem for path, match in zip(workspace.library.folder.pictures, matching, strict=True) if match]
    return [place for place, name in enumerate(NAMES) if Path(name).stem in names]


def test_the_list_marks_what_the_network_was_trained_on(indexed: Workspace) -> None:
    model = PictureModel(indexed.library, indexed.picture_search)
    model.search("")
    words = {Path(name).stem: model.data_of(row, CLASS) for row in model.rows for name in NAMES if row.name in name}
    assert {name for name, word in words.items() if word.endswith(" *")} == {"mel_1"}
    assert [row.stem for row in model.rows if "trained or chosen on it" in model.about(row)] == ["mel_1"]
    repainted: list[object] = []
    model.dataChanged.connect(lambda *rows: repainted.append(rows))
    indexed.evidence.take(None)
    assert repainted
    assert not any(str(model.data_of(row, CLASS)).endswith("*") for row in model.rows)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("MEL", [3, 4, 5]),
        ("_1", [1, 4]),
        ("mel _1", [4]),
        ("class:basal cell", [0, 1, 2]),
        ('class:"basal cell" not:_2', [0, 1]),
        ("not:class:mel", [0, 1, 2]),
    ],
)
def test_without_an_index(opened: Workspace, text: str, places: list[int]) -> None:
    assert found(opened, text) == places
    assert opened.picture_search.find(text).problem == ""


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("0:0>0.15", [2, 3, 4]),
        ("0:0>=0.2 0:1<0.5", [3, 4]),
        ("melanoma>0.5", [1, 3]),
        ("mela>.5 class:basal", [1]),
        ("predicted:other", [0, 2, 4]),
        ("wrong", [1, 4]),
        ("right", [0, 3]),  # the third is of no known class, the sixth not in the index
        ("trained-on", [4]),
        ("not:trained-on", [0, 1, 2, 3, 5]),
        ("wrong not:trained-on", [1]),
        ("class:melanoma", [3, 4, 5]),  # the table says "mel", the network "melanoma"
    ],
)
def test_with_an_index(indexed: Workspace, text: str, places: list[int]) -> None:
    assert found(indexed, text) == places
    assert indexed.picture_search.find(text).problem == ""


ONE = np.log(np.array([[0.1], [0.5], [0.6], [0.9], [0.2]]) / np.array([[0.9], [0.5], [0.4], [0.1], [0.8]]))
"""Logits of one output, whose probabilities are 0.1, 0.5, 0.6, 0.9 and 0.2."""


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("predicted:mel", [2, 3]),
        ("predicted:not melanoma", [0, 1, 4]),
        ("melanoma>0.5", [2, 3]),
        ("right", [0, 3]),
        ("wrong", [2, 4]),  # the second is of no known class
    ],
)
def test_one_output_predicts_its_class_or_that_it_is_not(
    opened: Workspace, tmp_path: Path, text: str, places: list[int]
) -> None:
    words = ("not melanoma", "", "not melanoma", "melanoma", "melanoma")
    path = write_index(
        tmp_path / "one.h5", PEAKS[:, :5], names=NAMES[:5], given=words, classes=("melanoma",), logits=ONE
    )
    opened.evidence.take(open_index(path))
    assert found(opened, text) == places
    index = opened.evidence.index
    truths = [row for row, word in enumerate(words) if word]
    measured = evaluate(index, propose(words, told_apart(index.classes)))
    predicted = [measured.classes[place] for place in measured.predicted]
    assert [row for row, name in zip(truths, predicted, strict=True) if name == "melanoma"] == [2, 3]


def test_one_output_is_read_alike_before_the_index_is_there(opened: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = opened.library.folder.pictures
    known = dict(zip(pictures, np.array([[0.1], [0.5], [0.6], [0.9], [0.2], [0.3]]), strict=True))
    monkeypatch.setattr(opened.library.predictions, "peek", known.get)
    monkeypatch.setattr(type(opened.library), "network", SimpleNamespace(classes=("melanoma",)))
    for text, expected in (("predicted:melanoma", [2, 3]), ("predicted:not melanoma", [0, 1, 4, 5])):
        matching = opened.picture_search.find(text).matching
        assert [place for place, match in enumerate(matching) if match] == expected


def test_where_no_picture_has_a_class_the_words_that_there_are_are_told(opened: Workspace) -> None:
    assert found(opened, "class:basal cell _2") == []  # what follows a class without a colon belongs to its name
    told = opened.picture_search.find("class:melanoma").problem
    assert told == "No picture matches. The given classes here: basal cell, mel."


@pytest.mark.parametrize("text", ["9:9>0.1", "nevus>0.5", "predicted:nevus"])
def test_what_is_not_there_is_said(indexed: Workspace, text: str) -> None:
    assert found(indexed, text) == []
    assert "There is no filter or class" in indexed.picture_search.find(text).problem


def test_what_only_an_index_knows_waits_for_one(opened: Workspace, tmp_path: Path, qtbot: QtBot) -> None:
    assert found(opened, "wrong") == []
    assert "index of the folder, which is not there yet" in opened.picture_search.find("not:wrong").problem
    with qtbot.waitSignal(opened.picture_search.changed):
        opened.evidence.take(open_index(write_index(tmp_path / "i.h5", PEAKS[:, :5], names=NAMES[:5])))


def test_a_quote_that_is_not_closed_yet_is_no_error() -> None:
    assert parts_of('class:"basal cell') == ["class:basal cell"]
    assert parts_of("o'brien a\\b") == ["o'brien", "a\\b"]


def test_scores_that_are_known_are_searched_before_the_index_is_there(
    opened: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = opened.library.folder.pictures
    known = dict(zip(pictures[:3], np.array([[0.9, 0.1], [0.3, 0.7], [0.1, 0.9]]), strict=True))
    monkeypatch.setattr(opened.library.predictions, "peek", known.get)
    monkeypatch.setattr(type(opened.library), "network", SimpleNamespace(classes=("other", "melanoma")))
    for text, expected in (("melanoma>0.6", [1, 2]), ("predicted:other", [0]), ("not:melanoma>0.6", [0])):
        answer = opened.picture_search.find(text)
        assert [place for place, match in enumerate(answer.matching) if match] == expected
        assert "the scores of 3 of 6 pictures are known" in answer.problem
    asked: list[str] = []
    opened.picture_search.changed.connect(lambda: asked.append("again"))
    opened.library.predictions.arrived.emit([pictures[3]])
    assert asked == ["again"]
    assert "asks for the index" in opened.picture_search.find("7:57>0.1").problem
    assert "no filter or class" in opened.picture_search.find("nevus>0.1").problem
