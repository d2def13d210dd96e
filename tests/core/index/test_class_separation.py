"""What a filter's card says of classes: from pictures of known class that the network was not trained on."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from explorer.core.index import open_index
from explorer.core.index.class_separation import areas, class_separation, separation_of
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

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
    assert found.best is not None
    assert found.best.name == "mel"


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


def test_areas_of_many_filters_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    answers, positive = random.integers(0, 9, (20, 50)).astype(np.float32), random.random(50) < 0.3
    assert areas(answers, positive) == pytest.approx([roc_auc_score(positive, row) for row in answers])
    assert np.isnan(areas(answers, np.zeros(50, bool))).all()
