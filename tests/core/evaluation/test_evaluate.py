"""The predictions of an index against the given classes, held against scikit-learn."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    log_loss,
    precision_recall_curve,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from explorer.core.class_words import propose
from explorer.core.errors import UserError
from explorer.core.evaluation import Evaluation, evaluate
from explorer.core.evaluation.thresholds import THRESHOLDS
from explorer.core.index import open_index
from tests.core.index.synthetic_index import write_index
from trainer.measures.reader_study import ReaderResult
from trainer.measures.taxonomy import Taxonomy

WORDS = ("nv", "mel", "bkl", "bcc")
MAPPED = {"nv": 0, "mel": 1, "bkl": 0, "bcc": 0}


def measured(
    path: Path,
    count: int = 120,
    classes: tuple[str, ...] = ("other", "melanoma"),
    independent: bool = False,
    **more: object,
) -> tuple:
    """An index of drawn predictions, and what was measured of it."""
    random = np.random.default_rng(count)
    words = tuple(random.choice(["", *WORDS, "unk"], count, p=[0.05, 0.3, 0.3, 0.15, 0.15, 0.05]))
    trained = random.random(count) < 0.3
    logits = random.normal(size=(count, len(classes)))
    logits[:, 1] += np.array([word == "mel" for word in words])
    made = {"given": words, "classes": classes, "logits": logits, "trained_on": trained, "independent": independent}
    write_index(path, np.ones((1, count)), **made)
    with open_index(path) as index:
        return index, evaluate(index, propose({*words} - {""}, classes), draws=60, **more)


def test_every_figure_is_scikit_learns(tmp_path: Path) -> None:
    index, found = measured(tmp_path / "i.h5")
    rows = [at for at, word in enumerate(index.given) if word in MAPPED and not index.trained_on[at]]
    labels = np.array([MAPPED[index.given[at]] for at in rows])
    probabilities = index.probabilities[rows]
    score, predicted = probabilities[:, 1], probabilities.argmax(axis=1)
    curve = found.curves[0]
    assert found.pictures == tuple(index.pictures[at] for at in rows)
    assert (curve.name, found.scored) == ("melanoma", 1)
    assert found.auc.value == pytest.approx(roc_auc_score(labels, score))
    assert curve.average_precision.value == pytest.approx(average_precision_score(labels, score))
    false, true, _ = roc_curve(labels, score)
    points = set(zip(false.round(9), true.round(9), strict=True))
    assert set(zip(curve.false_positive_rate.round(9), curve.sensitivity.round(9), strict=True)) <= points
    assert (curve.false_positive_rate[-1], curve.sensitivity[-1]) == (1, 1)
    precision, recall, _ = precision_recall_curve(labels, score)
    for at, value in zip(curve.recall, curve.precision, strict=True):
        assert value == pytest.approx(precision[recall == at].max())
    np.testing.assert_array_equal(found.confusion, confusion_matrix(labels, predicted))
    assert found.accuracy.value == pytest.approx(accuracy_score(labels, predicted))
    assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(labels, predicted))
    shares = [measure.value for measure in found.class_accuracy]
    assert shares == pytest.approx(list(recall_score(labels, predicted, average=None)))
    assert found.reliability.log_loss.value == pytest.approx(log_loss(labels, probabilities))
    for threshold in (0.0, 0.2, 0.5, 0.83, 1.0):
        sensitivity, specificity = found.thresholds[0].at(threshold)
        wanted = recall_score(labels, score >= threshold, average=None, labels=[1, 0], zero_division=0)
        assert (sensitivity.value, specificity.value) == pytest.approx(tuple(wanted), abs=1e-12)
        np.testing.assert_array_equal(found.called_at(threshold), score >= threshold)
        for measure in (sensitivity, specificity):
            assert measure.low <= measure.value <= measure.high


def test_what_is_left_out_is_counted_once_and_said(tmp_path: Path) -> None:
    index, found = measured(tmp_path / "i.h5")
    trained, words = index.trained_on, np.array(index.given)
    left = found.left_out
    assert left.trained_on == trained.sum()
    assert left.no_word == ((words == "") & ~trained).sum()
    assert left.not_mapped == ((words == "unk") & ~trained).sum()
    assert len(found.pictures) + left.trained_on + left.no_word + left.not_mapped == left.pictures == 120
    assert left.sentence.startswith(f"{trained.sum()} of 120 pictures were used for training and are left out")
    said = f'{left.not_mapped} whose word ("unk") is none of the network\'s classes (other, melanoma)'
    assert said in left.sentence
    _, all_of_them = measured(tmp_path / "i.h5", with_trained_on=True)
    assert len(all_of_them.pictures) == ((words != "") & (words != "unk")).sum()
    assert "counted all the same" in all_of_them.left_out.sentence


def test_lesions_are_drawn_whole_and_none_that_was_trained_on_is_measured(tmp_path: Path) -> None:
    count = 40
    trained = np.arange(count) == 0
    write_index(tmp_path / "i.h5", np.ones((1, count)), trained_on=trained)
    with open_index(tmp_path / "i.h5") as index:
        lesions = {name: f"lesion{row // 4}" for row, name in enumerate(index.pictures)}
        words = propose(("benign", "malignant"), index.classes)
        found = evaluate(index, words, lesions=lesions, draws=200)
        apart = evaluate(index, words, draws=200)
        known_of_none = evaluate(index, words, lesions={index.pictures[0]: "l", "not here.png": "m"}, draws=200)
    assert (found.drawn_over, apart.drawn_over) == ("lesions", "pictures")
    assert known_of_none.drawn_over == "pictures", "no lesion is known of what is measured"
    assert known_of_none.auc == apart.auc
    assert (found.left_out.same_lesion, apart.left_out.same_lesion) == (3, 0)
    assert found.pictures == index.pictures[4:]
    assert "3 more of the same lesions" in found.left_out.sentence


@settings(max_examples=5)
@given(st.integers(3, 5), st.integers(0, 10_000))
def test_many_classes_are_scikit_learns_one_against_the_rest(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    names = tuple(f"class {number}" for number in range(classes))
    labels = random.integers(0, classes, 60)
    logits = random.normal(size=(60, classes))
    logits[np.arange(60), labels] += 0.7
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "i.h5"
        write_index(path, np.ones((1, 60)), classes=names, given=tuple(names[at] for at in labels), logits=logits)
        with open_index(path) as index:
            found = evaluate(index, propose(names, names), draws=20)
    assert found.scored is None
    for curve in found.curves:
        at = names.index(curve.name)
        assert curve.auc.value == pytest.approx(roc_auc_score(labels == at, found.probabilities[:, at]))
    np.testing.assert_array_equal(found.confusion, confusion_matrix(labels, found.predicted, labels=range(classes)))
    assert sum(len(pair.pictures) for pair in found.confused) == (labels != found.predicted).sum()
    sizes = [len(pair.pictures) for pair in found.confused]
    assert sizes == sorted(sizes, reverse=True)
    for pair in found.confused:
        rows = [index.rows[name] for name in pair.pictures]
        sure = found.probabilities[rows, names.index(pair.predicted)]
        assert {names[labels[row]] for row in rows} == {pair.given}
        assert (np.diff(sure) <= 0).all()


def test_readers_stand_beside_the_network_at_their_specificity(tmp_path: Path) -> None:
    readers = (ReaderResult("A", 0.8, 0.7), ReaderResult("B", 0.6, 0.95))
    _, found = measured(tmp_path / "i.h5", readers=readers)
    assert [reader for reader, _ in found.readers] == list(readers)
    false, true, _ = roc_curve(found.labels, found.probabilities[:, 1])
    for reader, network in found.readers:
        assert network.value == pytest.approx(true[false <= 1 - reader.specificity + 1e-9].max())


def test_classes_are_added_up_along_a_taxonomy(tmp_path: Path) -> None:
    tree = {"benign": ("nv", "bkl"), "malignant": ("mel", "bcc")}
    taxonomy = Taxonomy("t", {child: parent for parent, children in tree.items() for child in children})
    _, found = measured(tmp_path / "i.h5", classes=WORDS, taxonomy=taxonomy)
    level = found.levels[0]
    malignant = np.isin(found.labels, [WORDS.index(name) for name in tree["malignant"]])
    score = found.probabilities[:, [WORDS.index(name) for name in tree["malignant"]]].sum(axis=1)
    assert (level.classes, level.curves[0].name) == (("benign", "malignant"), "malignant")
    assert level.auc.value == pytest.approx(roc_auc_score(malignant, score))
    assert [measure.value for measure in level.sensitivity] == pytest.approx(
        recall_score(malignant, score > 0.5, average=None)
    )
    assert [measure.n for measure in level.sensitivity] == [int((~malignant).sum()), int(malignant.sum())]
    assert level.auc_of("benign") == level.auc_of("malignant") == level.curves[0].auc
    assert found.levels[1].auc.value == pytest.approx(found.auc.value)
    assert [found.levels[1].auc_of(name) for name in WORDS] == [curve.auc for curve in found.levels[1].curves]


def test_classes_that_are_decided_each_for_itself_are_scikit_learns_too(tmp_path: Path) -> None:
    tree = {"benign": ("nv", "bkl"), "malignant": ("mel", "bcc")}
    taxonomy = Taxonomy("t", {child: parent for parent, children in tree.items() for child in children})
    _, found = measured(tmp_path / "i.h5", classes=WORDS, independent=True, taxonomy=taxonomy)
    assert found.probabilities.sum(axis=1).max() > 1.5, "these are no independent classes"
    of_each = [log_loss(found.labels == place, found.probabilities[:, place]) for place in range(len(WORDS))]
    assert found.reliability.log_loss.value == pytest.approx(np.mean(of_each))
    malignant = np.isin(found.labels, [WORDS.index(name) for name in tree["malignant"]])
    no_mel, no_bcc = (1 - found.probabilities[:, WORDS.index(name)] for name in tree["malignant"])
    assert found.levels[0].auc.value == pytest.approx(roc_auc_score(malignant, 1 - no_mel * no_bcc))


def test_a_taxonomy_of_other_classes_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='class "bkl" does not stand in t'):
        measured(tmp_path / "i.h5", classes=WORDS, taxonomy=Taxonomy("t", {"nv": "benign", "mel": "malignant"}))


def test_one_logit_is_two_classes(tmp_path: Path) -> None:
    logits = np.linspace(-3, 3, 20)[:, None]
    words = ("benign",) * 9 + ("malignant",) * 11
    write_index(tmp_path / "i.h5", np.ones((1, 20)), classes=("malignant",), given=words, logits=logits)
    with open_index(tmp_path / "i.h5") as index:
        found = evaluate(index, propose(words, ("not malignant", "malignant")), draws=20)
    assert found.auc.value == 1
    assert found.confusion.tolist() == [[9, 0], [1, 10]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda given: {"classes": (), "logits": np.empty((20, 0))}, "no class scores"),
        (lambda given: {"trained_on": np.ones(20, bool)}, "No picture is left.*--with-trained-on"),
        (lambda given: {"given": ("benign",) * 20}, "two classes"),
        (lambda given: {"given": ("",) * 20}, "20 of 20 pictures without a given class"),
        (lambda given: {"classes": ("a", "b"), "given": ("benign",) * 20}, "another network"),
        (lambda given: {"logits": np.full((20, 2), np.nan)}, "without an answer"),
    ],
)
def test_what_cannot_be_measured_is_said(tmp_path: Path, change: Callable[[None], dict], words: str) -> None:
    arguments = {"classes": ("benign", "malignant"), "given": ("benign", "malignant") * 10} | change(None)
    write_index(tmp_path / "i.h5", np.ones((1, 20)), **arguments)
    with open_index(tmp_path / "i.h5") as index, pytest.raises(UserError, match=words):
        evaluate(index, propose(("benign", "malignant"), ("benign", "malignant")), draws=20)


def test_thresholds_end_where_all_and_none_are_called(tmp_path: Path) -> None:
    found: Evaluation = measured(tmp_path / "i.h5")[1]
    sensitivity = [measure.value for measure in found.thresholds[0].sensitivity]
    assert sensitivity[0] == 1
    assert (np.diff(sensitivity) <= 0).all()
    assert len(sensitivity) == len(THRESHOLDS)
    everybody = {name for name, label in zip(found.pictures, found.labels, strict=True) if label}
    assert set(found.cell(1, 1, 0.0)) == everybody
    assert set(found.cell(1, 1)) | set(found.cell(1, 0)) == everybody
