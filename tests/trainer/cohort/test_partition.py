"""Classes made by descending a tree of diagnoses, and the two tasks of Esteva et al."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import roc_auc_score

from tests.trainer.runs import small, trained
from trainer.cli import main
from trainer.cohort.cohort import open_cohort
from trainer.cohort.partition import partition, tree_of
from trainer.files.errors import UserError
from trainer.measures.tree import Taxonomy, read_taxonomy
from trainer.pictures.diagnosis_words import read_diagnoses, read_task

pytestmark = pytest.mark.usefixtures("no_figures")

TREE = """name,parent
benign,
malignant,
melanocytic benign,benign
nv,melanocytic benign
blue nevus,melanocytic benign
bkl,benign
mel,malignant
lentigo maligna,mel
bcc,malignant
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree.csv").write_text(TREE, encoding="utf-8")
    return tmp_path / "tree.csv"


def test_a_csv_is_the_same_tree_as_toml(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        'benign = ["melanocytic benign", "bkl"]\n"melanocytic benign" = ["nv", "blue nevus"]\n'
        'malignant = ["mel", "bcc"]\nmel = ["lentigo maligna"]\n',
        encoding="utf-8",
    )
    found, other = read_taxonomy(tree), read_taxonomy(tmp_path / "t.toml")
    assert dict(found.parents) == dict(other.parents)
    assert set(found.roots) == {"benign", "malignant"}
    for text, said in (
        ("word,above\na,b\n", "no columns name and parent"),
        ("name,parent\na\n", "too short"),
        ("name,parent\na,b\na,c\n", 'stands below "b" and below "c"'),
        ("name,parent\na,b\nb,a\n", "is a circle"),
        ("name,parent\n", "is empty"),
    ):
        tree.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=said):
            read_taxonomy(tree)


def test_the_tree_is_descended_until_nodes_are_small(tree: Path) -> None:
    words = {"nv": 50, "Blue_Nevus": 4, "bkl": 20, "mel": 7, "lentigo maligna": 3, "bcc": 12}
    diagnoses = [(word,) for word, count in words.items() for _ in range(count)]

    def classes(fewer_than: int) -> dict[str | None, int]:
        found = partition(diagnoses, read_taxonomy(tree), fewer_than).classes
        return {name: found.count(name) for name in set(found)}

    assert classes(100) == {"benign": 74, "malignant": 22}
    assert classes(60) == {"melanocytic benign": 54, "bkl": 20, "malignant": 22}
    assert classes(20) == {"nv": 50, "blue nevus": 4, "bkl": 20, "mel": 10, "bcc": 12}
    # The seven melanomas that say no more stand at a node that is divided: nobody knows in which class they belong.
    assert classes(10) == {"nv": 50, "blue nevus": 4, "bkl": 20, "lentigo maligna": 3, "bcc": 12, None: 7}


def plain(node: str, counts: dict[str, int], taxonomy: Taxonomy, fewer_than: int) -> list[str]:
    """The recursion as the paper's methods have it, with leaves kept."""
    below = [name for name in taxonomy.classes if node in taxonomy.line(name)]
    children = [name for name in taxonomy.classes if taxonomy.parents.get(name) == node]
    if sum(counts.get(name, 0) for name in below) < fewer_than or not children:
        return [node]
    return [found for child in children for found in plain(child, counts, taxonomy, fewer_than)]


@given(st.integers(0, 10**6), st.integers(1, 60))
def test_every_class_is_the_recursion_s(seed: int, fewer_than: int) -> None:
    random = np.random.default_rng(seed)
    names = [f"d{number}" for number in range(12)]
    parents = {names[at]: names[random.integers(0, at)] for at in range(2, 12) if random.random() < 0.8}
    if not parents:
        return
    taxonomy = Taxonomy("t.csv", parents)
    words = random.choice(taxonomy.classes, random.integers(1, 120)).tolist()
    found = partition([(word,) for word in words], taxonomy, fewer_than)
    counts = {name: words.count(name) for name in taxonomy.classes}
    wanted = {name for root in taxonomy.roots for name in plain(root, counts, taxonomy, fewer_than)}
    for word, its, reason in zip(words, found.classes, found.reasons, strict=True):
        above = [name for name in taxonomy.line(word) if name in wanted]
        assert its == (above[0] if above else None)
        assert bool(reason) == (its is None)
        assert len(above) <= 1


def test_a_cohort_of_a_partition_sums_up_its_tree(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    for word, count in {"nv": 24, "blue nevus": 4, "bkl": 12, "mel": 12, "bcc": 12, "wart": 1}.items():
        folder = tmp_path / "pictures" / word
        folder.mkdir(parents=True)
        for number in range(count):
            cells = random.integers(0, 256, (8, 8, 3)).astype(np.uint8)
            Image.fromarray(cells).resize((40, 40), Image.Resampling.BILINEAR).save(folder / f"{word}{number}.png")
    path = tmp_path / "cohort.h5"
    words = ["prepare", "--images", str(tmp_path / "pictures"), "--out", str(path), "--size", "32"]
    words += ["--taxonomy", str(tree), "--fewer-than", "30"]
    assert main(words) == 1
    assert "tree.csv does not know: wart (1); put them below a parent" in capsys.readouterr().err
    assert main([*words, "--unknown", "leave-out"]) == 0
    cohort = open_cohort(path)
    assert cohort.classes == ("bkl", "malignant", "melanocytic benign")
    assert set(cohort.diagnoses) == {"nv", "blue nevus", "bkl", "mel", "bcc"}  # the fine words
    assert cohort.settings["tree"] == {"melanocytic benign": "benign", "bkl": "benign", "benign": "", "malignant": ""}
    assert cohort.settings["fewer_than"] == 30
    trained(cohort, tmp_path / "run", small(epochs=1))
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))["evaluation"]
    assert report["classes"] == list(cohort.classes)
    assert [level["level"] for level in report["levels"]] == [1, 2]
    with (tmp_path / "run" / "predictions.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    benign = [float(row["probability bkl"]) + float(row["probability melanocytic benign"]) for row in rows]
    wanted = roc_auc_score([row["given"] != "malignant" for row in rows], benign)
    top = report["levels"][0]
    assert top["macro_auc"]["value"] == pytest.approx(wanted, abs=1e-4)
    assert "nodes of tree.csv with fewer than 30 pictures" in (tmp_path / "run" / "MODEL_CARD.md").read_text()
    network = str(tmp_path / "run" / "network.safetensors")
    words = ["evaluate", "--model", network, "--data", str(path), "--out", str(tmp_path / "r"), "--level", "1"]
    assert main([*words, "--draws", "100"]) == 0


def test_the_two_tasks(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    words = ["nv", "mel", "bcc", "bkl", "df"]
    table.write_text(
        "image,label\n" + "\n".join(f"{number:02},{words[number % 5]}" for number in range(60)), encoding="utf-8"
    )
    (tmp_path / "pictures").mkdir()
    for number in range(60):
        cells = np.random.default_rng(number).integers(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(cells).resize((40, 40)).save(tmp_path / "pictures" / f"{number:02}.png")
    for task, benign, malignant in (("melanoma", "nv", "mel"), ("carcinoma", "bkl", "bcc")):
        path = tmp_path / f"{task}.h5"
        words = ["prepare", "--images", str(tmp_path / "pictures"), "--labels", str(table), "--size", "32"]
        assert main([*words, "--task", task, "--out", str(path)]) == 0
        cohort = open_cohort(path)
        assert cohort.classes == ("benign", "malignant")
        named = {(word, cohort.classes[label]) for word, label in zip(cohort.diagnoses, cohort.labels, strict=True)}
        assert named == {(benign, "benign"), (malignant, "malignant")}
        assert cohort.flow["outside of the task"] == 36
        assert cohort.settings["table_from"] == f"--task {task}"


def test_the_tasks_agree_with_the_table_of_diagnoses() -> None:
    known = read_diagnoses()
    tasks = [read_task(name) for name in ("melanoma", "carcinoma")]
    for task in tasks:
        assert {word: known.get(word) for word in task} == task
    assert not set(tasks[0]) & set(tasks[1])


def test_only_what_is_above_the_classes_is_kept(tree: Path) -> None:
    taxonomy = read_taxonomy(tree)
    assert tree_of(taxonomy, ["mel", "bkl"]) == {"mel": "malignant", "bkl": "benign", "malignant": "", "benign": ""}
    assert tree_of(taxonomy, ["benign", "malignant"]) == {"benign": "", "malignant": ""}
