"""`feature-explorer evaluate`: what the window's findings say, on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from explorer.cli import main
from explorer.core.class_words import propose
from explorer.core.evaluation import evaluate
from explorer.core.index import open_index
from explorer.core.index.kept_words import keep_words
from tests.core.index.synthetic_index import write_index
from trainer.measures.taxonomy import read_taxonomy

CLASSES = ("nv", "mel", "bkl", "bcc")
TREE = 'benign = ["nv", "bkl"]\nmalignant = ["mel", "bcc"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of 120 pictures of four classes, a table of the lesions, and a tree."""
    random = np.random.default_rng(0)
    given = tuple(random.choice(CLASSES, 120))
    logits = random.normal(size=(120, 4)) + 1.5 * np.array([[word == name for name in CLASSES] for word in given])
    write_index(tmp_path / "i.h5", np.ones((1, 120)), classes=CLASSES, given=given, logits=logits)
    (tmp_path / "tree.toml").write_text(TREE, "utf-8")
    rows = [f"picture{place:04d}.png,{word},L{place // 2}" for place, word in enumerate(given)]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label,lesion_id", *rows]), "utf-8")
    return tmp_path


def test_classes_are_added_up_along_a_taxonomy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["evaluate", "--index", str(folder / "i.h5"), "--taxonomy", str(folder / "tree.toml")]
    assert main(asked) == 0
    said = capsys.readouterr().out
    for line in ("120 pictures, 95 % intervals over pictures.", "AUC, mel ", "Added up, level 1:", "AUC, malignant"):
        assert line in said
    assert "Taken for another most: " in said
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with open_index(folder / "i.h5") as index:
        tree = read_taxonomy(folder / "tree.toml")
        found = evaluate(index, propose(CLASSES, CLASSES), taxonomy=tree, draws=told["draws"])
    malignant = np.isin(found.labels, [1, 3])
    area = roc_auc_score(malignant, found.probabilities[:, [1, 3]].sum(axis=1))
    assert told["levels"][0]["auc_of"]["malignant"]["value"] == pytest.approx(area)
    assert told["auc_of"]["mel"] == found.curves[1].auc.as_dict()
    assert told["levels"][0]["level"] == 1


def test_a_table_brings_classes_and_lesions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = folder / "labels.csv"
    table.write_text(table.read_text("utf-8").replace(",bcc,", ",,"), "utf-8")
    asked = ["evaluate", "--index", str(folder / "i.h5"), "--images", str(folder), "--labels", str(table), "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["drawn_over"] == "lesions"
    assert "without a given class" in told["left_out"]
    assert told["confusion"][3] == [0, 0, 0, 0]


def test_an_index_that_knows_lesions_draws_over_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lesions = tuple(f"L{place // 2}" for place in range(60))
    write_index(tmp_path / "with.h5", np.ones((1, 60)), lesions=lesions)
    write_index(tmp_path / "without.h5", np.ones((1, 60)))
    assert main(["evaluate", "--index", str(tmp_path / "with.h5"), "--json"]) == 0
    out, error = capsys.readouterr()
    assert (json.loads(out)["drawn_over"], error) == ("lesions", "")
    assert main(["evaluate", "--index", str(tmp_path / "without.h5"), "--json"]) == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["drawn_over"] == "pictures"
    assert "the index knows no lesions" in error


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ('benign = ["nv", "bkl"]\nmalignant = ["mel", "bcd"]', 'correct "bcd" there, if that is meant'),
        ('benign = ["nv", "bkl"]\nmalignant = ["mel"]', "add it below a parent"),
    ],
)
def test_a_tree_of_other_classes_is_said_with_the_nearest_name(
    folder: Path, tree: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tree.toml").write_text(tree, "utf-8")
    assert main(["evaluate", "--index", str(folder / "i.h5"), "--taxonomy", str(folder / "tree.toml")]) == 1
    said = capsys.readouterr().err
    assert 'class "bcc" does not stand in tree.toml' in said
    assert words in said


def test_leaves_of_the_tree_that_nobody_knows_are_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "wide.toml").write_text(TREE.replace('"bcc"', '"bcc", "lentigo"'), "utf-8")
    assert main(["evaluate", "--index", str(folder / "i.h5"), "--taxonomy", str(folder / "wide.toml")]) == 0
    assert "wide.toml also names lentigo, which neither network nor cohort knows" in capsys.readouterr().err


def test_an_index_without_classes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_index(tmp_path / "i.h5", np.ones((1, 8)), given=("",) * 8)
    assert main(["evaluate", "--index", str(tmp_path / "i.h5")]) == 1
    assert "knows no classes; give a table of them with --labels" in capsys.readouterr().err


def test_words_mean_what_a_file_or_the_window_says(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    asked, words = ["evaluate", "--index", str(folder / "i.h5"), "--json"], propose(CLASSES, CLASSES)
    (folder / "words.json").write_text(words.put("bcc", "mel").as_json())
    assert main([*asked, "--words", str(folder / "words.json")]) == 0
    assert json.loads(capsys.readouterr().out)["words"]["bcc"] == "mel"
    with open_index(folder / "i.h5") as index:
        keep_words(index.contents.network.identity, CLASSES, words.put("bcc", ""))
    assert main(asked) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["words"]["bcc"] == ""
    assert "decided in the window" in said.err
    assert main([*asked, "--words", str(folder / "words.json")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["words"]["bcc"] == "mel"
    assert "decided in the window" not in said.err
    (folder / "few.json").write_text(propose(("nv", "mel"), CLASSES).as_json())
    assert main([*asked, "--words", str(folder / "few.json")]) == 0
    assert "does not say what these words mean, so they mean none: bcc, bkl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "does not exist"),
        ("{", "does not map given words to classes"),
        (propose(("nv",), ("a", "b")).as_json(), "a network with the classes a, b; this one has nv, mel"),
    ],
)
def test_a_file_that_maps_no_words_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str | None, why: str
) -> None:
    if content is not None:
        (folder / "words.json").write_text(content)
    assert main(["evaluate", "--index", str(folder / "i.h5"), "--words", str(folder / "words.json")]) == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "mute", "lens sheet", "alarm", "report"])
def test_every_command_that_counts_classes_takes_words(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    assert "--words FILE" in capsys.readouterr().out
