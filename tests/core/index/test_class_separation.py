"""What a filter's card says of classes: from pictures of known class that the network was not trained on."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from explorer.core.index import open_index
from explorer.core.index.class_separation import class_separation, separation_of, surely_apart
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index
from trainer.measures.delong import delong

GIVEN = ("nv", "mel", "nv", "mel", "nv", "", "bcc", "nv")
PEAKS = np.array([[1.0, 5, 2, 6, 3, 100, 2, 900]])
KEY = FilterKey(0, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_index(tmp_path / "index.h5", PEAKS, given=GIVEN, trained_on=np.arange(8) == 7)


def test_means_and_areas_per_class(path: Path) -> None:
    with open_index(path) as index:
        found = class_separation(index, KEY)
    assert [(one.name, one.pictures, one.mean) for one in found.classes] == [
        ("nv", 3, 2),
        ("mel", 2, 5.5),
        ("bcc", 1, 2),
    ]
    assert (found.pictures, found.trained_on, found.unknown) == (6, 1, 1)
    nv, mel, bcc = (one.auc for one in found.classes)
    assert mel.value == 1
    assert nv.value == pytest.approx(roc_auc_score([1, 0, 1, 0, 1, 0], [1, 5, 2, 6, 3, 2]))
    assert bcc.value == pytest.approx(1.5 / 5)
    assert [one.name for one in found.surest_first] == ["nv", "mel", "bcc"]  # of so few, none is sure


def test_the_surest_class_is_not_the_one_of_two_pictures() -> None:
    given = np.array(["nv"] * 28 + ["mel"] * 30 + ["vasc"] * 2, dtype=object)
    values = np.random.default_rng(0).random(60) + 1.5 * (given == "mel") + 9.0 * (given == "vasc")
    found = separation_of(values, given)
    assert next(one.auc.value for one in found.classes if one.name == "vasc") == 1
    assert [one.name for one in found.surest_first][2] == "vasc"


def test_pictures_that_the_network_was_trained_on_count_only_where_they_are_asked_for(path: Path) -> None:
    with open_index(path) as index:
        found = class_separation(index, KEY, trained_on=True)
    assert found.classes[0].mean == pytest.approx(906 / 4)
    assert found.trained_on == 0


def test_classes_may_be_given_in_other_words(path: Path) -> None:
    words = ["melanoma" if word == "mel" else "other" for word in GIVEN]
    with open_index(path) as index:
        found = class_separation(index, KEY, by="inside", given=words)
    assert [one.name for one in found.classes] == ["other", "melanoma"]
    assert found.classes[0].auc.value == pytest.approx(1 - found.classes[1].auc.value)


def test_answers_that_are_not_there_count_nowhere() -> None:
    found = separation_of(np.array([1.0, np.nan, 2]), np.array(["a", "a", "b"], object))
    assert found.pictures == 2
    assert found.classes[0].mean == 1


def test_no_known_class_is_no_class() -> None:
    found = separation_of(np.array([1.0, 2]), np.array(["", ""], object))
    assert (found.classes, found.pictures, found.unknown, found.best) == ((), 0, 2, None)


def test_what_is_sure_of_many_filters_is_the_end_of_their_interval_nearest_to_chance() -> None:
    random = np.random.default_rng(0)
    positive = np.arange(60) < 20
    answers = np.stack(
        [random.random(60), random.random(60) + 0.5 * positive, random.random(60) - 0.5 * positive, 2.0 * positive]
    )
    found = surely_apart(answers, positive)
    for value, row in zip(found[:3], answers, strict=False):
        auc = delong(row, positive)
        assert value == pytest.approx(max(auc.low - 0.5, 0.5 - auc.high))
    assert found[0] < 0 < found[2] < 0.5
    assert found[3] == pytest.approx(0.025 ** (1 / 20) - 0.5)  # parted without exception, by as many pictures
    assert np.isnan(surely_apart(answers, np.arange(60) < 9)).all()
    assert np.isnan(surely_apart(answers, np.zeros(60, bool))).all()
