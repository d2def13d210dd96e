"""A folder of parts that is a link leads nobody to a person's own files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from explorer.core.index import kept_map, open_index
from explorer.core.index.kept_map import placed_filters
from explorer.core.index.muted_alone import OneByOne, write_alone
from explorer.core.index.parts import PartFolder, folder_of
from explorer.core.muting import folder_means
from explorer.core.suggestions.picture_cache import Kept
from explorer.core.tags import FilterKey
from tests.core.index.synthetic_index import write_index

THEIRS = ("means-00.h5", "places-filters-00.npy", "0a.h5", "concepts-00.h5")
Write = Callable[[Path], object]


def _places(index: Path) -> None:
    with open_index(index) as opened:
        placed_filters(opened)


def _one_by_one(index: Path) -> None:
    answers = np.zeros((1, 1, 2), np.float32)
    one = OneByOne((FilterKey(0, 0),), ("a.png",), ("0" * 64,), answers[0], answers, "zero", "network")
    write_alone(folder_of(index) / "muting-00.h5", one)


WRITES: dict[str, Write] = {
    "the means of maps": lambda index: folder_means._write(folder_of(index) / "means-01.h5", {0: np.zeros((1, 2, 2))}),
    "filters muted one by one": _one_by_one,
    "places": _places,
    "parts": lambda index: PartFolder(index, "key").remove_others([]),
    "what suggestions measured": lambda index: Kept(index, "concepts", "key").sweep(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_written_or_removed_through_a_link(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_map, "_apart", lambda vectors, *words: np.zeros((len(vectors), 2), np.float32))
    index = write_index(tmp_path / "i.h5", np.random.default_rng(0).random((3, 9)))
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name in THEIRS:
        (theirs / name).write_text("theirs")
    for folder in (folder_of(index), Kept(index, "concepts", "key").path):
        folder.symlink_to(theirs, target_is_directory=True)
    try:
        write(index)
    except OSError as error:
        assert "symbolic link" in str(error)  # noqa: PT017 - some say it, some do without what they would keep
    assert sorted(path.name for path in theirs.iterdir()) == sorted(THEIRS)
    assert {path.read_text() for path in theirs.iterdir()} == {"theirs"}
