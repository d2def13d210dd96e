from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from trainer.files.errors import UserError
from trainer.files.written_tables import write_rows
from trainer.measures.taxonomy import Taxonomy, levels, match, read_taxonomy, unknown_leaves

HAM = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
TWO = ("benign", "malignant")
THREE_LEVELS = {"nv": "melanocytic", "mel": "melanocytic", "bcc": "keratinocytic", "melanocytic": "skin",
                "keratinocytic": "skin", "keloid": "skin"}  # fmt: skip


def tree(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "taxonomy.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_name_in_a_csv_that_a_spreadsheet_would_run_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.csv"
    path.write_bytes(write_rows([("name", "parent"), ("-nv", "@benign"), ("mel", "malignant")]))
    assert read_taxonomy(path).parents["-nv"] == "@benign"


def test_the_example_adds_the_seven_up_to_two() -> None:
    taxonomy = read_taxonomy(ROOT / "resources" / "taxonomy.toml")
    assert (set(taxonomy.leaves), taxonomy.depth) == (set(HAM), 2)
    found = match(HAM, HAM, taxonomy, 1)
    assert set(found.classes) == {"benign", "malignant"}
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), 5)
    malignant = (probabilities @ found.members)[:, found.classes.index("malignant")]
    assert malignant == pytest.approx(probabilities[:, [HAM.index(name) for name in ("mel", "bcc", "akiec")]].sum(1))
    assert found.classes[found.labels[HAM.index("mel")]] == "malignant"
    assert match(HAM, HAM, taxonomy, None).classes == HAM, "the deepest level, where none is asked for"


def test_a_network_of_seven_on_a_cohort_of_two_and_the_reverse() -> None:
    taxonomy = read_taxonomy(ROOT / "resources" / "taxonomy.toml")
    down = match(HAM, TWO, taxonomy, None)
    assert set(down.classes) == {"benign", "malignant"}
    up = match(TWO, HAM, taxonomy, None)
    assert [up.classes[place] for place in up.labels] == ["malignant", "malignant", "benign", "benign", "malignant",
                                                           "benign", "benign"]  # fmt: skip
    assert [level for level, _ in levels(TWO, HAM, taxonomy)] == [1]
    with pytest.raises(UserError, match=r'does not know "akiec"; evaluate a higher --level'):
        match(TWO, HAM, taxonomy, 2)


@pytest.mark.parametrize(
    ("network", "cohort"),
    [
        (("Benign", "MALIGNANT"), ("malignant", "benign")),
        (("0.0", "1.0"), ("1", "0")),
        (("nv", "mel"), ("Melanoma", "nevus")),
        (("N\u00e4vus", "Melanom"), ("melanom", "Na\u0308vus")),
    ],
)
def test_classes_written_otherwise_match(network: tuple[str, ...], cohort: tuple[str, ...]) -> None:
    found = match(network, cohort, None, None)
    assert found.classes == network
    assert found.labels.tolist() == [1, 0]
    assert found.members.tolist() == np.eye(2).tolist()


def test_a_class_that_may_be_two_matches_none() -> None:
    assert match(("Mel", "mel"), ("mel",), None, None).labels.tolist() == [1]
    with pytest.raises(UserError, match='does not know "MEL"'):
        match(("Mel", "mel"), ("MEL",), None, None)


def test_a_leaf_that_ends_early_stays_in_deeper_levels() -> None:
    taxonomy = Taxonomy("t.toml", THREE_LEVELS)
    leaves = ("nv", "mel", "bcc", "keloid")
    found = {level: matched.classes for level, matched in levels(leaves, leaves, taxonomy)}
    assert found == {2: ("melanocytic", "keratinocytic", "keloid"), 3: leaves}, "level 1 is skin alone"


@given(st.integers(1, 3), st.integers(0, 10**6))
def test_probabilities_still_add_up_to_one(level: int, seed: int) -> None:
    leaves = ("nv", "mel", "bcc", "keloid")
    found = match(leaves, leaves, Taxonomy("t.toml", THREE_LEVELS), level)
    added = np.random.default_rng(seed).dirichlet(np.ones(4), 3) @ found.members
    assert added.sum(axis=1) == pytest.approx(np.ones(3))
    assert added.shape == (3, len(found.classes))


def test_classes_are_matched_by_name() -> None:
    found = match(("malignant", "benign"), ("benign", "malignant"), None, None)
    assert found.classes == ("malignant", "benign")
    assert found.labels.tolist() == [1, 0]
    assert match(HAM, ("mel", "nv"), None, None).labels.tolist() == [4, 5]


@pytest.mark.parametrize(
    ("network", "cohort", "hint"),
    [
        (TWO, HAM, "table of diagnoses"),
        (HAM, TWO, "--taxonomy that adds the classes up"),
        (("nv", "mel", "bcc"), ("nv", "mel", "df"), "--taxonomy that holds both"),
    ],
)
def test_classes_that_do_not_match_are_both_named(network: tuple[str, ...], cohort: tuple[str, ...], hint: str) -> None:
    with pytest.raises(UserError) as caught:
        match(network, cohort, None, None)
    for names in (network, cohort):
        assert ", ".join(names) in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a = ["b"]\nb = ["c"]\nc = ["a"]', "is a circle"),
        ('a = ["a"]', "a - a is a circle"),
        ('x = ["y"]\na = ["b"]\nb = ["a"]', "is a circle"),
        ('a = ["c"]\nb = ["c"]', '"c" stands below "a" and below "b"'),
        ("a = 3", '"a" needs a list'),
        ("a = []", '"a" needs a list'),
        ('[a]\nchildren = ["b"]', '"a" needs a list'),
        ("", "is empty"),
        ("a = [", "cannot be read as TOML"),
        ('a = ["b"]\na = ["c"]', "cannot be read as TOML"),
    ],
)
def test_what_makes_no_tree_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_taxonomy(tree(tmp_path, text))
    assert said in str(caught.value)
    assert "taxonomy.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "network", "said"),
    [
        (
            'm = ["mel", "bbc"]\nb = ["nv"]',
            ("mel", "nv", "bcc"),
            'class "bcc" does not stand in taxonomy.toml; correct "bbc"',
        ),
        ('m = ["mel"]\nb = ["df"]', ("mel", "nv"), 'network\'s class "nv" does not stand in'),
        ('m = ["mel"]\nb = ["nv"]', ("mel", "m", "nv"), "predicts both side by side"),
    ],
)
def test_a_tree_of_other_classes_is_refused(tmp_path: Path, text: str, network: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError) as caught:
        match(network, network, read_taxonomy(tree(tmp_path, text)), None)
    assert said in str(caught.value)


def test_a_tree_that_names_more_than_the_classes_is_taken_and_what_more_is_said(tmp_path: Path) -> None:
    own = read_taxonomy(tree(tmp_path, 'm = ["mel"]\nb = ["nv"]'))
    wide = read_taxonomy(tree(tmp_path, 'm = ["mel", "lentigo"]\nb = ["nv"]\nlentigo = ["early", "late"]'))
    for level in (None, 1, 2):
        found, plain = (match(("nv", "mel"), ("mel", "nv"), of, level) for of in (wide, own))
        assert (found.classes, found.members.tolist()) == (plain.classes, plain.members.tolist())
    assert unknown_leaves(("nv", "mel"), ("mel", "nv"), wide) == ("early", "late")
    assert unknown_leaves(("nv", "mel"), ("m", "nv"), wide) == (), "the cohort knows the parent"


def test_the_nearest_name_is_told(tmp_path: Path) -> None:
    other = read_taxonomy(tree(tmp_path, 'm = ["melanome"]\nb = ["nv"]'))
    with pytest.raises(UserError) as caught:
        match(("melanoma", "nv"), ("melanoma", "nv"), other, None)
    assert str(caught.value).endswith('correct "melanome" there, if that is meant.')


@pytest.mark.parametrize("level", [0, 3, -1])
def test_a_level_that_is_not_there_is_refused(level: int) -> None:
    with pytest.raises(UserError, match=f"--level {level} is none of the levels 1 to 2 of taxonomy.toml"):
        match(HAM, HAM, read_taxonomy(ROOT / "resources" / "taxonomy.toml"), level)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_taxonomy(tmp_path / "none.toml")
