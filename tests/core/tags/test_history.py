"""The history of a book's tags: every change, carried from save to save, merged without losing one."""

import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.core.errors import UserError
from explorer.core.tag_store import load_tags, read_history, save_tags
from explorer.core.tags import FilterKey, TagBook
from explorer.core.tags import hdf5_subprocess as tag_reader
from explorer.core.tags.csv_exchange import merge
from explorer.core.tags.hdf5_file import book_of, image_of
from explorer.core.tags.hdf5_subprocess import read_columns
from explorer.core.tags.history import CHUNK, Change, History, Kept
from explorer.core.tags.three_way_merge import three_way
from tests.conftest import ROOT
from tests.state.test_two_windows import held, replayed, told

KEY = FilterKey(0, 1)
ARCHIVE = ROOT / "tests" / "archives" / "tags_v1.h5"


def test_every_change_says_who_when_what_before_and_after(tmp_path: Path) -> None:
    book = TagBook("digest")
    book.add(KEY, "hair", annotator="Ann", detail="thin", evidence={"picture": "a.jpg"})
    save_tags(tmp_path / "t.h5", book)
    book.add(KEY, "hair", annotator="Ann", detail="thick", confidence=0.5)
    book.add(KEY, "none", annotator="Ann")
    save_tags(tmp_path / "t.h5", book)
    changes = read_history(tmp_path / "t.h5")
    assert [(one.who, one.what, str(one.key), one.tag) for one in changes] == [
        ("Ann", "tag", "0:1", "hair"),
        ("Ann", "change", "0:1", "hair"),
        ("Ann", "remove", "0:1", "hair"),
        ("Ann", "tag", "0:1", "none"),
    ]
    first, second, third, _ = changes
    assert first.before is None
    assert first.after == second.before
    assert second.after == third.before
    assert (first.after.detail, first.after.evidence) == ("thin", {"picture": "a.jpg"})
    assert (second.after.detail, second.after.confidence) == ("thick", 0.5)
    assert third.after is None
    assert all(one.when.startswith("20") and one.when.endswith("Z") for one in changes)
    assert [one.number for one in changes] == [1, 2, 3, 4]


def test_a_stranger_reads_the_history_with_h5py_alone(tmp_path: Path) -> None:
    book = TagBook("digest")
    book.add(KEY, "hair", annotator="Ann")
    save_tags(tmp_path / "t.h5", book)
    with h5py.File(tmp_path / "t.h5") as file:
        (line,) = file["history/lines"][:].tobytes().decode().splitlines()
        assert file["history/lines"].attrs["rows"] == 1
    assert json.loads(line)["filter"] == "0:1"
    assert json.loads(line)["before"] is None


def test_a_file_of_version_1_opens_and_its_history_begins_with_its_tags(tmp_path: Path) -> None:
    shutil.copy(ARCHIVE, tmp_path / "t.h5")
    before = load_tags(tmp_path / "t.h5")
    assert {one.what for one in read_history(tmp_path / "t.h5")} == {"found"}
    assert not any(tag.needs_review for _, tag in before.entries())
    before.add(KEY, "hair", annotator="Ann")
    save_tags(tmp_path / "t.h5", before)
    with h5py.File(tmp_path / "t.h5") as file:
        assert file.attrs["version"] == 2
    again = load_tags(tmp_path / "t.h5")
    assert again == before
    assert [one.what for one in again.history.changes()] == ["found"] * 3 + ["tag"]
    assert replayed(again) == held(again)


WORDS = st.sampled_from(["hair", "border", "none"])
STEPS = st.lists(st.tuples(st.integers(0, 2), WORDS, st.booleans()), max_size=8)


def work(book: TagBook, steps: list[tuple[int, str, bool]], who: str) -> TagBook:
    """What a person does to a book: gives words and takes them away."""
    for filter, word, gives in steps:
        key = FilterKey(0, filter)
        (book.add if gives else book.remove)(key, word, annotator=who)
    return book


@settings(max_examples=60, deadline=None)
@given(STEPS, STEPS, STEPS, st.booleans(), st.booleans(), st.sampled_from(["Ann", "Ben"]))
def test_of_merged_histories_no_change_is_lost_and_the_joined_one_gives_the_tags(
    first: list[tuple[int, str, bool]],
    ours: list[tuple[int, str, bool]],
    theirs: list[tuple[int, str, bool]],
    kept: bool,
    removals: bool,
    other: str,
) -> None:
    base = work(TagBook("digest"), first, "Ann")
    if kept:
        base.history = History(base.history.sealed())
    mine, others = work(base.copy(), ours, "Ann"), work(base.copy(), theirs, other)
    if kept:
        others.history = History(others.history.sealed())
    merged = three_way(base, mine, others, removals=removals)
    assert told(merged) >= told(mine) | told(others)
    assert replayed(merged) == held(merged)
    again = three_way(base, merged, others, removals=removals)  # what is there already comes in once
    assert told(again) >= told(merged)
    assert replayed(again) == held(again)
    united = merge(mine, others)
    assert told(united) >= told(mine) | told(others)
    assert replayed(united) == held(united)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3 * CHUNK // 2), max_size=5), st.integers(0, 4))
def test_a_history_of_any_length_is_carried_as_it_is(lengths: list[int], place: int) -> None:
    lines = [b"x" * (length - 1) + b"\n" for length in lengths]
    kept = Kept()
    for line in lines:
        kept = kept.grown([line])
    assert kept.text() == b"".join(lines)
    assert (kept.rows, kept.length) == (len(lines), sum(lengths))
    assert kept == Kept().grown(lines)
    earlier = Kept().grown(lines[:place])
    assert kept.after(earlier) == lines[place:]
    assert kept.grown([b"more\n"]).after(kept) == [b"more\n"]
    assert kept.after(Kept().grown([b"another\n"])) is None
    book = TagBook()
    book.history = History(kept)
    assert book_of(read_columns(image_of(book))).history.kept == kept


def large(rows: int) -> TagBook:
    book = TagBook("digest")
    for number in range(rows):
        book.add(FilterKey(0, number % 500), f"word {number % 7}", annotator="Ann", detail=f"a detail {number}")
    return book


def test_pieces_are_carried_and_not_packed_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tags(tmp_path / "t.h5", large(2_000))
    book = load_tags(tmp_path / "t.h5")
    assert len(book.history.kept.chunks) > 3
    unpacked, packed = [], []
    pack = zlib.compress
    monkeypatch.setattr(zlib, "decompressobj", lambda: unpacked.append(1))
    monkeypatch.setattr(zlib, "compress", lambda data, *level: packed.append(len(data)) or pack(data, *level))
    book.add(KEY, "hair")
    save_tags(tmp_path / "t.h5", book)
    assert unpacked == []
    assert packed in ([CHUNK], [CHUNK, CHUNK])
    monkeypatch.undo()
    assert len(read_history(tmp_path / "t.h5")) == 2_001


def test_a_file_that_another_program_packed_anew_keeps_its_history(tmp_path: Path) -> None:
    save_tags(tmp_path / "t.h5", large(1_000))
    before = told(load_tags(tmp_path / "t.h5"))
    with h5py.File(tmp_path / "t.h5", "r+") as file:
        text = file["history/lines"][:]
        del file["history/lines"]
        file["history/lines"] = text
    again = load_tags(tmp_path / "t.h5")
    assert told(again) == before
    again.add(KEY, "hair")
    save_tags(tmp_path / "t.h5", again)
    assert told(load_tags(tmp_path / "t.h5")) > before


@pytest.mark.parametrize("what", ["torn", "kind", "link", "bomb"])
def test_a_damaged_history_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "t.h5"
    save_tags(path, large(1_000))
    with h5py.File(path, "r+") as file:
        lines = file["history/lines"]
        if what == "torn":
            lines.id.write_direct_chunk((0,), b"not packed at all")
        elif what == "bomb":
            lines.id.write_direct_chunk((0,), zlib.compress(bytes(1 << 24)))
        else:
            del file["history/lines"]
            file["history/lines"] = np.zeros(3) if what == "kind" else h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(UserError, match="history") as caught:
        load_tags(path)
    assert "\n" not in str(caught.value)


def test_a_line_that_makes_no_sense_is_carried_and_left_out_of_the_list() -> None:
    book = large(3)
    book.history = History(book.history.sealed().grown([b"{nonsense\n", b'{"n": 1}\n', b"\xff\n"]), [])
    other = large(3)
    other.add(KEY, "hair", annotator="Ben")
    for merged in (merge(book, other), merge(other, book)):
        assert {b"{nonsense", b"\xff"} < told(merged)
        assert len(list(merged.history.changes())) >= 4
    with pytest.raises(UserError, match="no sense"):
        Change.of_line(b'{"n": 1}')


def test_the_pieces_are_as_long_for_the_reader_as_for_the_writer() -> None:
    assert tag_reader.CHUNK == CHUNK


OLD = """
import sys
from explorer.core.errors import UserError
from explorer.core.tags.hdf5_file import load_tags
try:
    load_tags(sys.argv[1])
except UserError as error:
    print(error)
"""


def test_a_newer_file_is_refused_by_this_program_as_version_1_refuses_this_one(tmp_path: Path) -> None:
    save_tags(tmp_path / "t.h5", large(3))
    with h5py.File(tmp_path / "t.h5", "r+") as file:
        file.attrs["version"] = 3
    before = (tmp_path / "t.h5").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", OLD, str(tmp_path / "t.h5")], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert "newer version of this program" in done.stdout, done.stderr
    assert (tmp_path / "t.h5").read_bytes() == before
