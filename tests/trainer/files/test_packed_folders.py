"""What a folder that somebody packed may hold under the names that the trainer makes up."""

from pathlib import Path

import pytest

from tests.trainer.cohort.test_prepare import images, prepared  # noqa: F401
from trainer.cohort.parallel_decoding import journal_of, part_of
from trainer.files.errors import UserError
from trainer.training.recipe import Recipe
from trainer.training.run_folder import LOG_FILE, NETWORK_FILE, STATE_FILE, RunFolder, State


@pytest.mark.parametrize("name_of", [part_of, journal_of])
def test_an_unfinished_cohort_that_is_a_link_is_refused(images: Path, name_of: object) -> None:  # noqa: F811
    theirs = images.parent / "bashrc"
    theirs.write_text("theirs")
    name_of(images.parent / "cohort.h5").symlink_to(theirs)  # type: ignore[operator]
    with pytest.raises(UserError, match="it is a link"):
        prepared(images)
    assert theirs.read_text() == "theirs"


def test_a_run_writes_through_no_link(tmp_path: Path) -> None:
    theirs, out = tmp_path / "bashrc", tmp_path / "run"
    theirs.write_text("theirs")
    out.mkdir()
    folder = RunFolder(out, Recipe(), "digest")
    for name in (LOG_FILE, STATE_FILE, NETWORK_FILE):
        (out / name).symlink_to(theirs)
    folder.save(State())
    assert not (out / STATE_FILE).is_symlink()
    with pytest.raises(UserError, match=r"log\.jsonl .*it is a link"):
        folder.log("began")
    assert theirs.read_text() == "theirs"
