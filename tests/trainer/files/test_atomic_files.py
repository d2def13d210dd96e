"""What is written stands whole in its place, goes through no link that a folder came with, and is swept when killed."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.core.index.parts import PartFolder
from trainer.files import atomic_files as files
from trainer.files.atomic_files import (
    cannot_write,
    create_file,
    move_into_place,
    new_folder,
    replace_file,
    subfolder,
    sweep_folder,
)
from trainer.files.own_files import append_lines, log_handler, open_own, own_file

linux = pytest.mark.skipif(os.name == "nt", reason="links are for administrators")
THEIRS = b"alias ll='ls -l'\n"


@pytest.fixture
def bashrc(tmp_path: Path) -> Path:
    """A file of the person, which nothing may change."""
    path = tmp_path / "home" / "bashrc"
    path.parent.mkdir()
    path.write_bytes(THEIRS)
    return path


TRAPS: dict[str, Callable[[Path, Path], object]] = {
    "link": lambda path, theirs: path.symlink_to(theirs),
    "link to nothing": lambda path, theirs: path.symlink_to(theirs.with_name("autostart")),
    "second name": lambda path, theirs: os.link(theirs, path),
    "pipe": lambda path, theirs: os.mkfifo(path),
    "folder": lambda path, theirs: path.mkdir(),
}
OPENERS: dict[str, Callable[[Path], object]] = {
    "lock": open_own,
    "unfinished": lambda path: own_file(path).close(),
    "log": lambda path: append_lines(path, b"line\n"),
    "handler": lambda path: log_handler(path).close(),
}


@linux
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("opener", OPENERS)
def test_a_file_of_our_own_is_opened_through_nothing_else(tmp_path: Path, bashrc: Path, trap: str, opener: str) -> None:
    path = tmp_path / "log.jsonl"
    TRAPS[trap](path, bashrc)
    with pytest.raises(OSError) as caught:
        OPENERS[opener](path)
    assert str(path) in str(cannot_write(path, caught.value))
    assert bashrc.read_bytes() == THEIRS
    assert list(bashrc.parent.iterdir()) == [bashrc]


def test_a_file_of_our_own_is_made_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    for new in (True, False):
        handle, made = open_own(path)
        assert made is new
        os.close(handle)
    with own_file(path) as file:
        file.write(b"abc")
    assert path.read_bytes() == b"abc"


def test_lines_are_added_each_in_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_lines(path, b"1\n")
    with path.open("ab") as file:
        file.write(b"hal")  # a run was killed
    append_lines(path, b"2\n")
    assert path.read_bytes() == b"1\nhal\n2\n"


@linux
def test_a_link_that_a_person_named_is_followed(tmp_path: Path, bashrc: Path) -> None:
    path = tmp_path / "tags.h5"
    path.symlink_to(bashrc)
    replace_file(path, b"new")
    assert path.is_symlink()
    assert bashrc.read_bytes() == b"new"


@linux
@pytest.mark.parametrize("write", [lambda path: replace_file(path, b"x"), lambda path: _moved(path)])
def test_no_file_is_made_where_a_link_to_nothing_leads(
    tmp_path: Path, bashrc: Path, write: Callable[[Path], object]
) -> None:
    path = tmp_path / "tags.h5"
    path.symlink_to(bashrc.with_name("autostart"))
    with pytest.raises(OSError) as caught:
        write(path)
    assert "link" in str(cannot_write(path, caught.value))
    assert list(bashrc.parent.iterdir()) == [bashrc]


def _moved(path: Path) -> None:
    create_file(path.with_name("new"), b"x")
    move_into_place(path.with_name("new"), path)


@linux
@pytest.mark.parametrize("trap", ["link", "link to nothing", "second name"])
def test_a_name_that_the_program_makes_up_is_taken_and_not_followed(tmp_path: Path, bashrc: Path, trap: str) -> None:
    path = tmp_path / "report.html"
    TRAPS[trap](path, bashrc)
    replace_file(path, b"new", follow=False)
    assert path.read_bytes() == b"new"
    assert not path.is_symlink()
    assert bashrc.read_bytes() == THEIRS
    assert list(bashrc.parent.iterdir()) == [bashrc]


@linux
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError):
        replace_file(tmp_path / "x", b"new")


@linux
def test_a_folder_below_the_named_one_is_no_link(tmp_path: Path, bashrc: Path) -> None:
    assert subfolder(tmp_path / "out", "a", "b").is_dir()
    (tmp_path / "out" / "figures").symlink_to(bashrc.parent)
    with pytest.raises(OSError):
        subfolder(tmp_path / "out", "figures")


def test_a_full_disk_leaves_the_old_file_and_nothing_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write, calls = tmp_path / "a.png", os.write, []
    path.write_bytes(b"old")

    def full(handle: int, content: bytes) -> int:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, content[:3])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError):
        replace_file(path, b"content", follow=False, flush=False)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    assert isinstance(cannot_write(path, OSError(errno.ENOSPC, "")), files.DiskFull)


def test_a_folder_comes_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(OSError), new_folder(tmp_path / "a") as folder:
        create_file(folder / "no" / "x", b"1")
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "a") as folder:
        create_file(folder / "x", b"1")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x"]
    assert len(list(tmp_path.iterdir())) == 1


WRITING = """
import os, sys, time
from pathlib import Path
from trainer.files.atomic_files import new_folder, replace_file
def slow(handle, content):
    print("writing", flush=True)
    time.sleep(60)
os.write = slow
if sys.argv[2] == "file":
    replace_file(Path(sys.argv[1]), b"content")
else:
    with new_folder(Path(sys.argv[1])):
        slow(0, b"")
"""


@pytest.mark.skipif(os.name == "nt", reason="what is open cannot be removed there")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path: Path, what: str) -> None:
    others = [tmp_path / name for name in ("a.part", ".a.png.part", ".a.png.0123.part", "c.h5.part")]
    for path in others:
        path.touch()
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path / "a.png"), what], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        assert sweep_folder(tmp_path) == 0
        assert len(list(tmp_path.iterdir())) == 5
        child.kill()
    assert files.sweep(tmp_path / "b.png") == 0  # of another file
    assert files.sweep(tmp_path / "a.png") == 1
    assert sorted(tmp_path.iterdir()) == sorted(others)


@pytest.mark.skipif(os.name == "nt", reason="what is open cannot be removed there")
def test_what_was_left_of_a_file_goes_when_it_is_written_again(tmp_path: Path) -> None:
    path, other = tmp_path / "a.png", tmp_path / ".b.png.0123456789ab.part"
    other.touch()
    with subprocess.Popen([sys.executable, "-c", WRITING, str(path), "file"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"writing\n"
        replace_file(path, b"ours")
        assert len(list(tmp_path.iterdir())) == 3  # the other process may still want to
        child.kill()
    replace_file(path, b"ours", follow=False)
    assert len(list(tmp_path.iterdir())) == 3  # a folder of many is swept by whoever begins it
    replace_file(path, b"again")
    assert sorted(tmp_path.iterdir()) == [other, path]


def test_where_a_folder_knows_no_locks_only_what_is_a_day_old_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_hold", lambda handle, shared=True: None)
    old, new = (tmp_path / f".a.png.{number:012x}.part" for number in range(2))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    assert sweep_folder(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [new]


def test_a_folder_of_the_program_s_own_is_not_swept_behind_a_link(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / "index.parts"
    theirs.mkdir()
    left = theirs / ".notes.txt.0123456789ab.part"
    left.touch()
    os.utime(left, (time.time() - 100_000,) * 2)
    link.symlink_to(theirs)
    assert list(PartFolder(tmp_path / "index.h5", "key").found()) == []
    assert sweep_folder(link, named=False) == 0
    assert left.exists()
    assert sweep_folder(link) == 1  # a folder that a person named may be a link
