"""What a cohort file promises to those who train and evaluate on it."""

import json
import math
import pickle
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.cohorts import drawn_cohort
from trainer.cohort import hdf5_file as cohort_file
from trainer.cohort.cohort import Cohort, open_cohort
from trainer.cohort.hdf5_subprocess import Damaged
from trainer.cohort.validation import check
from trainer.files.errors import UserError


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_cohort(tmp_path_factory.mktemp("cohort") / "cohort.h5")


@pytest.fixture(scope="module")
def cohort(path: Path) -> Cohort:
    return open_cohort(path)


def test_any_program_that_reads_hdf5_sees_the_same(path: Path, cohort: Cohort) -> None:
    with h5py.File(path) as file:
        assert file.attrs["format"] == "feature-trainer cohort"
        assert tuple(json.loads(file.attrs["classes"])) == cohort.classes
        names = [name.decode() for name in file["cases/name"][()]]
        assert tuple(names) == cohort.names
        assert (file["cases/label"][()] == cohort.labels).all()
        assert [part.decode() for part in file["cases/split"][()]] == cohort.splits.tolist()
        assert (file["pictures"][()] == cohort.pictures(np.arange(24))).all()
        assert file["left_out/name"][0].decode() == cohort.left_out[0][0]
        assert file["pictures"].chunks is None


def test_pictures_come_in_the_order_asked_for(cohort: Cohort) -> None:
    everything = cohort.pictures(np.arange(len(cohort)))
    assert everything.shape == (24, 32, 32, 3)
    assert everything.dtype == np.uint8
    assert everything.flags.writeable
    order = np.array([5, 0, 23, 5])
    assert (cohort.pictures(order) == everything[order]).all()
    red = everything[..., 0].mean((1, 2))
    assert red[cohort.labels == 1].min() > red[cohort.labels == 0].max()


def test_the_parts_hold_every_picture_once_and_every_class(cohort: Cohort) -> None:
    parts = [cohort.positions(part) for part in ("train", "validation", "test")]
    assert sorted(np.concatenate(parts)) == list(range(24))
    assert all(set(cohort.labels[part]) == {0, 1} for part in parts)
    with pytest.raises(UserError, match='not "holdout"'):
        cohort.positions("holdout")


def test_a_part_without_pictures_is_said(tmp_path: Path) -> None:
    few = open_cohort(drawn_cohort(tmp_path / "few.h5", count=4))
    with pytest.raises(UserError, match="no test pictures"):
        few.positions("test")


def test_a_worker_gets_the_cohort_without_its_pictures(cohort: Cohort) -> None:
    before = cohort.pictures([3])
    sent = pickle.dumps(cohort)
    assert len(sent) < 24 * 32 * 32
    assert (pickle.loads(sent).pictures([3]) == before).all()


def test_the_digest_follows_the_split(tmp_path: Path, cohort: Cohort) -> None:
    again = open_cohort(drawn_cohort(tmp_path / "again.h5"))
    assert again.digest == cohort.digest
    again.splits[0] = "test"
    moved = Cohort(**{name: value for name, value in vars(again).items() if name not in ("digest", "_store")})
    assert moved.digest != cohort.digest


def test_a_cohort_without_folds_says_so(cohort: Cohort) -> None:
    with pytest.raises(UserError, match="--folds"):
        cohort.fold(0)


@settings(max_examples=60)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_short_anywhere_is_one_sentence(tmp_path: Path, path: Path, share: float) -> None:
    whole = path.read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"cut short|no cohort") as caught:
        open_cohort(cut)
    assert "\n" not in str(caught.value)


@settings(max_examples=150)
@given(st.data())
def test_no_changed_byte_outside_the_pictures_goes_unnoticed(tmp_path: Path, path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    line = json.loads(content[:512])
    end = line["first_byte"] + 24 * 32 * 32 * 3
    around = st.one_of(
        st.integers(0, 200), st.integers(512, line["first_byte"] - 1), st.integers(end, line["bytes"] - 1)
    )
    content[data.draw(around)] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(content)
    with pytest.raises(UserError):
        open_cohort(damaged)


@pytest.mark.parametrize(("name", "change"), [("first_byte", -80), ("version", -1)])
def test_a_first_line_that_says_something_else_is_noticed_among_zeros(
    tmp_path: Path, path: Path, name: str, change: int
) -> None:
    content = bytearray(path.read_bytes())
    line = json.loads(content[:512])
    start = line["first_byte"]
    content[start : start + 24 * 32 * 32 * 3] = bytes(24 * 32 * 32 * 3)
    line[name] += change
    content[:512] = json.dumps(line).encode().ljust(511) + b"\n"
    (tmp_path / "moved.h5").write_bytes(content)
    with pytest.raises(UserError):
        open_cohort(tmp_path / "moved.h5")


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(900), b"[1, 2]" + b" " * 600, b"null", b"\xff" * 700]
)
def test_another_file_is_no_cohort(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(UserError, match="is no cohort"):
        open_cohort(tmp_path / "x.h5")


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        open_cohort(tmp_path / "none.h5")
    with pytest.raises(UserError, match="is a folder; a cohort is a file"):
        open_cohort(tmp_path)


def test_a_newer_version_is_told_apart_from_damage(tmp_path: Path, path: Path) -> None:
    content = path.read_bytes()
    newer = tmp_path / "newer.h5"
    newer.write_bytes(content[:512].replace(b'"version": 1', b'"version": 2') + content[512:])
    with pytest.raises(UserError, match="newer version"):
        open_cohort(newer)


def test_a_file_that_was_replaced_is_not_mixed_with_the_old_one(tmp_path: Path) -> None:
    old = open_cohort(drawn_cohort(tmp_path / "cohort.h5"))
    other = drawn_cohort(tmp_path / "other.h5", seed=1)
    shutil.move(other, tmp_path / "cohort.h5")
    with pytest.raises(UserError, match="was replaced"):
        old.pictures([0])


def test_an_opened_cohort_survives_its_replacement(tmp_path: Path) -> None:
    old = open_cohort(drawn_cohort(tmp_path / "cohort.h5"))
    before = old.pictures([0])
    shutil.move(drawn_cohort(tmp_path / "other.h5", seed=1), tmp_path / "cohort.h5")
    assert (old.pictures([0]) == before).all()


@pytest.fixture(scope="module")
def content(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    columns, attributes, _ = cohort_file.read(path)
    plain = {name: [*column] for name, column in columns.items()}
    return plain | {"age": [None if age != age else age for age in columns["age"]]}, attributes


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": [2] * 24}, "labels"),
        ({"label": [-1] * 24}, "labels"),
        ({"label": [2**62] * 24}, "labels"),
        ({"split": ["holdout"] * 24}, "parts"),
        ({"fold": [*range(1, 25)]}, "folds"),
        ({"fold": [-2] * 24}, "folds"),
        ({"age": [1e30] * 24}, "ages"),
        ({"age": [-math.inf] * 24}, "ages"),
        ({"digest": ["x"] * 24}, "digest"),
        ({"pixels": ["0" * 16, *[""] * 23]}, "digests of pixels"),
        ({"name": ["same"] * 24}, "names"),
        ({"name": [""] * 24}, "names"),
        ({"group": [""] * 24}, "group"),
        ({"left_out_reason": []}, "reasons"),
        ({"sex": ["x" * 20_000] * 24}, "without end"),
        ({"classes": []}, "classes"),
        ({"classes": ["a"]}, "labels"),
        ({"classes": ["a", "a"]}, "classes"),
        ({"classes": "ab"}, "classes"),
        ({"classes": [1, 2]}, "classes"),
        ({"flow": {"found": "many"}}, "counted"),
        ({"flow": ["found"]}, "counted"),
        ({"settings": []}, "settings"),
        ({"source": 3}, "source"),
    ],
)
def test_content_that_cannot_be_is_refused(
    changed: dict[str, Any], said: str, content: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    columns, attributes = dict(content[0]), dict(content[1])
    check(columns, attributes, {"side": 32})
    for name, value in changed.items():
        (columns if name in columns else attributes)[name] = value
    with pytest.raises(Damaged, match=said):
        check(columns, attributes, {"side": 32})


@pytest.mark.parametrize(
    ("columns", "attributes", "said"),
    [
        ({"label": np.full(24, 2)}, {}, "labels"),
        ({"age": np.full(24, -np.inf)}, {}, "ages"),
        ({}, {"classes": ["benign", "other"]}, "digest"),
        ({}, {"digest": "0" * 64}, "digest"),
    ],
)
def test_a_cohort_that_somebody_changed_and_sealed_again_is_one_sentence(
    columns: dict[str, Any], attributes: dict[str, Any], said: str, path: Path, tmp_path: Path
) -> None:
    own = cohort_file.read(path)
    shutil.copy(path, tmp_path / "new.part")
    cohort_file.seal(tmp_path / "new.part", tmp_path / "new.h5", own[0] | columns, own[1] | attributes)
    with pytest.raises(UserError, match=rf"new.h5 is damaged \(.*{said}") as caught:
        open_cohort(tmp_path / "new.h5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["columns", "kind", "link", "pictures"])
def test_a_cohort_of_other_shapes_is_one_sentence_whoever_sealed_it(change: str, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "other.h5"
    shutil.copy(path, out)
    with h5py.File(out, "r+") as file:
        if change == "columns":
            del file["cases/sex"]
            file["cases"].create_dataset("sex", data=np.array([b"x"] * 23, h5py.string_dtype("utf-8", 1)))
        elif change == "kind":
            del file["cases/label"]
            file["cases"]["label"] = np.zeros(24, np.float64)
        elif change == "link":
            del file["cases/site"]
            file["cases"]["site"] = h5py.ExternalLink(str(path), "/cases/site")
        else:
            del file["pictures"]
            file["pictures"] = np.zeros((1, 1), np.uint8)
    content = bytearray(out.read_bytes())
    line = json.loads(content[:512])
    start, end = line["first_byte"], line["first_byte"] + 24 * 32 * 32 * 3
    line["bytes"] = len(content)
    line["checksum"] = cohort_file._checksum(24, 32, bytes(content[512:start]), bytes(content[end:]))
    content[:512] = json.dumps(line).encode().ljust(511) + b"\n"
    out.write_bytes(content)
    with pytest.raises(UserError, match=r"is damaged \("):
        open_cohort(out)


@pytest.mark.parametrize(
    "line", [{"side": 1.5}, {"pictures": True}, {"bytes": 2**70}, {"checksum": None}, {"side": "3"}]
)
def test_a_first_line_of_other_kinds_is_one_sentence(line: dict[str, Any], path: Path, tmp_path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:512] = json.dumps(json.loads(content[:512]) | line).encode().ljust(511) + b"\n"
    (tmp_path / "other.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"damaged|cut short"):
        open_cohort(tmp_path / "other.h5")
