"""TOML files and tables without end, and sets that are too small: one sentence each, soon."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.labels import read_labels
from trainer.cohort import splits
from trainer.cohort.cases import read_cases
from trainer.files.errors import UserError
from trainer.measures.taxonomy import read_taxonomy
from trainer.pictures.diagnosis_words import read_diagnoses
from trainer.pictures.label_table import read_label_table
from trainer.training.presets import PRESETS
from trainer.training.settings_file import read_settings

TOML: dict[str, str] = {
    "digits": f"epochs = {'9' * 5_000}",
    "a long number": f"epochs = {'9' * 4_000}",
    "brackets": f"epochs = {'[' * 5_000}{']' * 5_000}",
    "braces": "epochs = " + "{a=" * 5_000 + "1" + "}" * 5_000,
    "dots": f"{'a.' * 20_000}a = 1",
    "dots in braces": "epochs = {" + "a." * 20_000 + "a = 1}",
    "quoted dots": "epochs = {" + '"=".' * 20_000 + "a = 1}",
    "a long name": f"{'x' * 100_000} = 1",
    "a name that steers": '"\\u001b[31m\\u202e" = 1',
    "megabytes": "# " + "x" * 600_000,
    "no text": "\ud800",
    "a chain": "\n".join(f'a{number} = ["a{number + 1}"]' for number in range(20_000)),
    "a circle": "\n".join(f'a{number} = ["a{(number + 1) % 5_000}"]' for number in range(5_000)),
}


def recipe(path: Path) -> object:
    return PRESETS["paper"].with_settings(read_settings(path), path.name)


@pytest.mark.parametrize("read", [recipe, read_diagnoses, read_taxonomy])
@pytest.mark.parametrize("what", TOML)
def test_a_toml_file_without_end_is_one_sentence_soon(
    what: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "hostile.toml"
    path.write_text(TOML[what], encoding="utf-8", errors="surrogatepass")
    began = time.process_time()
    with pytest.raises(UserError) as caught:
        read(path)
    assert "hostile.toml" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_500
    assert time.process_time() - began < 20


@pytest.mark.parametrize("read", [read_label_table, read_labels])
@pytest.mark.parametrize("title", ["c{}", "mel"])
def test_a_table_of_40000_columns_is_one_sentence_soon(
    read: Callable[[Path], object], title: str, tmp_path: Path
) -> None:
    path = tmp_path / "wide.csv"
    titles = ["image", "label", *(title.format(number) for number in range(40_000))]
    path.write_text(f"{','.join(titles)}\na,b{',' * 40_000}\n")
    began = time.process_time()
    with pytest.raises(UserError, match=r"wide.csv has .*columns"):
        read(path)
    assert time.process_time() - began < 5


def test_names_of_every_depth_are_matched_soon(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / "a" / f"{number}.png").parent.mkdir(exist_ok=True)
        (tmp_path / "a" / f"{number}.png").touch()
    rows = [f"{'x/' * depth}n{depth},b" for depth in range(2_000)] + [f"a/{number}.png,c" for number in range(50)]
    (tmp_path / "deep.csv").write_text("image,label\n" + "\n".join(rows))
    pictures = sorted((tmp_path / "a").iterdir())
    began = time.process_time()
    assert read_labels(tmp_path / "deep.csv", pictures).counts == {"c": 50}
    assert len(read_cases(tmp_path, tmp_path / "deep.csv").cases) == 50
    assert time.process_time() - began < 5


PICTURES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=1, max_size=30)


@given(PICTURES, st.integers(-3, 40), st.integers(0, 5))
def test_every_set_is_split_or_refused_in_one_sentence(pictures: list[tuple[int, int]], folds: int, seed: int) -> None:
    labels = np.array([label for label, _ in pictures], np.int64)
    groups = [f"g{group}" for _, group in pictures]
    given_parts = np.array(["test" if group % 4 == 0 else "train" for _, group in pictures])
    for split in (
        lambda: splits.split(labels, groups, seed),
        lambda: splits.completed(labels, groups, given_parts, seed),
        lambda: splits.folds(labels, groups, folds, seed),
    ):
        try:
            parts = split()
        except UserError:
            continue
        for group in set(groups):
            assert len({part for part, own in zip(parts.tolist(), groups, strict=True) if own == group}) == 1


@pytest.mark.parametrize("each", [3, 4, 5])
def test_a_handful_of_pictures_of_each_class_stand_in_every_part(each: int) -> None:
    labels = np.arange(2 * each) % 2
    groups = [str(number) for number in range(2 * each)]
    parts = splits.split(labels, groups, 0)
    assert {(part, label) for part, label in zip(parts.tolist(), labels.tolist(), strict=True)} == {
        (part, label) for part in ("train", "validation", "test") for label in (0, 1)
    }
    with pytest.raises(UserError, match=f"only {each} patients"):
        splits.folds(labels, groups, 2 * each, 0)
