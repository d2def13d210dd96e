"""An export that a window did not finish is offered to the next one, and to no other while it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.errors import UserError
from explorer.state.export.unfinished import UnfinishedExports
from tests.conftest import ROOT


def read(content: bytes) -> bytes | None:
    return content if content != b"of another network" else None


def test_two_windows_have_a_note_each_and_offer_no_running_export(tmp_path: Path) -> None:
    first, second, third = (UnfinishedExports(tmp_path) for _ in range(3))
    first.begin(b"one")
    assert second.find(read) is None
    second.begin(b"two")
    second.remove()
    second.leave()  # it closes
    assert third.find(read) is None
    first.leave()
    assert third.find(read) == b"one"
    assert second.find(read) is None  # one window offers it
    third.remove()
    assert not third.any


def test_of_several_notes_each_window_gets_one_that_it_can_read(tmp_path: Path) -> None:
    for content in (b"one", b"of another network", b"two"):
        left = UnfinishedExports(tmp_path)
        left.begin(content)
        left.leave()
    windows = [UnfinishedExports(tmp_path) for _ in range(3)]
    assert {window.find(read) for window in windows} == {b"one", b"two", None}
    for window in windows:
        window.remove()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"of another network"]


def test_the_note_of_earlier_versions_counts(tmp_path: Path) -> None:
    (tmp_path / "unfinished-export.json").write_bytes(b"earlier")
    assert UnfinishedExports(tmp_path).find(read) == b"earlier"


def test_what_a_killed_window_left_is_offered(tmp_path: Path) -> None:
    code = "import os, sys\nfrom pathlib import Path\nfrom explorer.state.export.unfinished import UnfinishedExports\n"
    code += "UnfinishedExports(Path(sys.argv[1])).begin(b'left'); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert UnfinishedExports(tmp_path).find(read) == b"left"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this person may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="could not be saved"):
        UnfinishedExports(tmp_path).begin(b"one")
