import errno
import json
import os
import subprocess
import sys

import pytest

from explorer.core.errors import UserError
from explorer.core.tags import lock as tag_lock
from explorer.core.tags.lock import TagLock

HOLD = """
import sys
from explorer.core.tags.lock import TagLock
lock = TagLock(sys.argv[1])
print(lock.acquire(), lock.problem, flush=True)
sys.stdin.readline()
if sys.argv[2:]:
    sys.exit("end of the program, without a release")
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def tags(tmp_path):
    return tmp_path / "tags.h5"


@pytest.fixture
def other(tags):
    """Another process that holds the lock until a line tells it to go on."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tags)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline().startswith("True")
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def without_locks(monkeypatch):
    """A network folder that knows no locks."""
    monkeypatch.setattr(tag_lock, "lock", lambda handle: None)


def write(tags, **values):
    tags.with_name("tags.h5.lock").write_text(json.dumps(values))


def test_another_process_is_kept_out_and_told_who_holds_it(tags, other):
    lock = TagLock(tags)
    assert not lock.acquire()
    assert not lock.acquire(take_over=True)
    assert f"process {other.pid}" in lock.owner
    assert "since 20" in lock.owner
    assert lock.problem.startswith("tags.h5 is being tagged in another window")
    with pytest.raises(UserError, match="close it there first"), lock:
        pass
    other.stdin.write("\n")
    other.stdin.flush()
    assert other.stdout.readline() == "released\n"
    assert lock.acquire()
    lock.release()


def test_a_killed_process_leaves_no_lock(tags, other):
    other.kill()
    other.wait()
    assert tags.with_name("tags.h5.lock").exists()
    with TagLock(tags) as lock:
        assert f"process {os.getpid()}" in lock.owner
        assert json.loads(lock.path.read_text())["process"] == os.getpid()


def test_a_program_that_ends_takes_its_lock_with_it(tags):
    child = subprocess.run(
        [sys.executable, "-c", HOLD, str(tags), "end"], input="\n", capture_output=True, text=True, timeout=30
    )
    assert child.stdout.startswith("True")
    assert child.returncode == 1
    assert not tags.with_name("tags.h5.lock").exists()


def test_a_second_window_of_the_same_program_is_kept_out(tags):
    first, second = TagLock(tags), TagLock(tags)
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    second.release()
    assert first.held
    first.release()
    first.release()
    assert second.acquire()
    second.release()
    assert list(tags.parent.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links are for administrators")
def test_two_names_of_one_file_have_one_lock(tags, tmp_path):
    tags.touch()
    link = tmp_path / "link.h5"
    link.symlink_to(tags)
    with TagLock(tags):
        assert not TagLock(link).acquire()


def test_unfinished_files_of_killed_runs_are_removed_and_no_others(tags):
    ours = tags.with_name(".tags.h5.0123456789ab.part")
    others = [tags.with_name(name) for name in (".other.h5.0123456789ab.part", "tags.h5.part", ".tags.h5.mine.part")]
    for path in (ours, *others):
        path.touch()
    with TagLock(tags):
        assert not ours.exists()
        assert all(path.exists() for path in others)


def test_what_another_computer_left_is_taken_only_on_request(tags):
    write(tags, host="elsewhere", process=1, since="2026-01-01T00:00:00Z")
    lock = TagLock(tags)
    assert not lock.acquire()
    assert "elsewhere" in lock.owner
    assert str(lock.path) in lock.problem
    assert lock.acquire(take_over=True)
    lock.release()


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 5000, '{"process": "x"}', "\0" * 2000])
def test_a_lock_file_of_nonsense_keeps_nobody_out(tags, content):
    tags.with_name("tags.h5.lock").write_text(content)
    with TagLock(tags) as lock:
        assert lock.held


def test_without_locks_the_file_is_the_lock(tags, without_locks):
    first, second = TagLock(tags), TagLock(tags)
    assert first.acquire()
    assert not second.acquire()
    assert f"process {os.getpid()}" in second.owner
    first.release()
    assert second.acquire()
    second.release()
    assert list(tags.parent.iterdir()) == []


def test_without_locks_a_dead_process_of_this_computer_is_taken_over(tags, without_locks):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    write(tags, host=tag_lock._host(), process=child.pid, since="")
    lock = TagLock(tags)
    assert lock.acquire() == (os.name != "nt")
    lock.release()
    write(tags, host="elsewhere", process=child.pid, since="")
    assert not lock.acquire()
    assert lock.acquire(take_over=True)
    lock.release()


def test_a_folder_that_cannot_be_written_is_said(tags, tmp_path, monkeypatch):
    lock = TagLock(tmp_path / "gone" / "tags.h5")
    assert not lock.acquire()
    assert lock.owner == ""
    assert "folder is gone" in lock.problem

    def refuse(*arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tag_lock, "_open", refuse)
    assert not lock.acquire()
    assert "read only" in lock.problem


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_that_ends_leaves_the_lock_to_its_parent(tags):
    program = f"""
import os, sys
from explorer.core.tags.lock import TagLock
lock = TagLock({str(tags)!r})
assert lock.acquire()
child = os.fork()
if not child:
    sys.exit(0)
os.waitpid(child, 0)
assert lock.path.exists() and not TagLock({str(tags)!r}).acquire()
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert child.returncode == 0, child.stderr


@pytest.mark.skipif(os.name == "nt", reason="links are for administrators, and there are no pipes")
@pytest.mark.parametrize("what", ["link", "dangling link", "second name", "folder", "pipe"])
def test_what_is_no_lock_file_is_said_and_not_touched(tags, tmp_path, what):
    """A folder that somebody packed must not lead to the person's other files."""
    mine, place = tmp_path / "home" / "bashrc", tags.with_name("tags.h5.lock")
    mine.parent.mkdir()
    mine.write_text("alias ll='ls -l'")
    if what == "link":
        place.symlink_to(mine)
    elif what == "dangling link":
        place.symlink_to(mine.with_name("autostart"))
    elif what == "second name":
        os.link(mine, place)
    elif what == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    lock = TagLock(tags)
    for take_over in (False, True):
        assert not lock.acquire(take_over=take_over)
        assert "tags.h5.lock is a link, a folder or something else" in lock.problem
    lock.release()
    assert mine.read_text() == "alias ll='ls -l'"
    assert [path.name for path in mine.parent.iterdir()] == ["bashrc"]
    assert os.path.lexists(place)


def test_a_lock_whose_file_is_gone_is_got_again_or_lost(tags):
    first, second = TagLock(tags), TagLock(tags)
    assert not first.confirm()
    assert first.acquire()
    assert first.confirm()
    first.path.unlink()
    assert first.confirm()
    first.path.unlink()
    assert second.acquire()
    assert not first.confirm()
    assert not first.held
    assert "another window" in first.problem
    second.release()


def test_without_locks_the_same_file_is_still_ours_and_anothers_is_not(tags, without_locks):
    first, second = TagLock(tags), TagLock(tags)
    assert first.acquire()
    content = first.path.read_bytes()
    first.path.unlink()
    first.path.write_bytes(content)  # the folder was away, and has the file under another number now
    assert first.confirm()
    first.path.unlink()
    assert second.acquire()
    assert not first.confirm()
    second.release()


@pytest.mark.parametrize("locks", [True, False])
def test_a_full_disk_leaves_no_lock_that_says_nothing(tags, monkeypatch, locks):
    if not locks:
        monkeypatch.setattr(tag_lock, "lock", lambda handle: None)

    def full(handle, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        lock = TagLock(tags)
        assert not lock.acquire()
        assert "disk is full" in lock.problem
    assert lock.acquire()
    lock.release()
