"""Whoever changes a file in its turn loses nothing that another process writes so."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from trainer.files import file_locks
from trainer.files.file_locks import turn

ADDS = """
import sys
from pathlib import Path
from trainer.files.atomic_files import replace_file
from trainer.files.file_locks import turn
path, name = Path(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    with turn(path, 60):
        before = path.read_bytes() if path.exists() else b""
        replace_file(path, before + f"{name}{number}\\n".encode(), flush=False)
"""


def test_processes_that_change_one_file_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    writers = [subprocess.Popen([sys.executable, "-c", ADDS, path, name, "150"], cwd=ROOT) for name in "abcd"]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0, 0]
    assert sorted(path.read_text().split()) == sorted(f"{name}{number}" for name in "abcd" for number in range(150))
    assert [file.name for file in tmp_path.iterdir()] == ["list.txt"]


def test_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    code = f"from pathlib import Path; from trainer.files.file_locks import turn\nwith turn(Path({str(path)!r})):"
    child = subprocess.Popen([sys.executable, "-c", f"{code} print('held', flush=True); input()"], cwd=ROOT,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(OSError, match=r".") as refused, turn(path, 0.05):
        pass
    assert refused.value.errno == errno.EAGAIN
    child.kill()
    child.communicate()
    with turn(path, 0.05):
        assert (tmp_path / ".list.txt.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_locks_has_turns_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_locks, "lock", lambda handle: None)
    path, beside = tmp_path / "list.txt", tmp_path / ".list.txt.lock"
    with turn(path):
        with pytest.raises(OSError, match=r".") as refused, turn(path, 0.02):
            pass
        assert refused.value.errno == errno.EAGAIN
        assert beside.exists()
    assert not beside.exists()
    beside.touch()
    os.utime(beside, (time.time() - 100,) * 2)  # its process was killed
    with turn(path, 1):
        pass


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_lock_file_is_not_touched(tmp_path: Path, kind: str) -> None:
    theirs, beside = tmp_path / "theirs", tmp_path / ".list.txt.lock"
    theirs.write_text("theirs")
    if kind == "link":
        beside.symlink_to(theirs)
    else:
        beside.mkdir()
    with pytest.raises(OSError, match=r"."), turn(tmp_path / "list.txt", 0.02):
        pass
    assert theirs.read_text() == "theirs"
    assert beside.is_symlink() or beside.is_dir()
