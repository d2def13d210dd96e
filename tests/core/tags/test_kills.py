import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer.core.tags.book import TagBook
from explorer.core.tags.hdf5_file import book_of
from explorer.core.tags.hdf5_subprocess import read_columns

VICTIM = Path(__file__).with_name("tagging_until_killed.py")
FORKS = hasattr(os, "fork")


def begin(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(VICTIM), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def end(victim: subprocess.Popen[bytes]) -> None:
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.close()
    victim.kill()
    victim.stdout.close()
    victim.wait()


def one_life(victim: subprocess.Popen[bytes], patience: float) -> int:
    """Let the victim tag for a while, kill it, and give the number of the last tag that it called saved, or -1."""
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(b"go\n")
    victim.stdin.flush()
    born = victim.stdout.readline().decode().split()
    assert born[:1] == ["born"], born
    said = victim.stdout.readline()  # it is in the middle of its work from here on
    time.sleep(patience)
    os.kill(int(born[1]), getattr(signal, "SIGKILL", signal.SIGTERM))
    rest = [said, *iter(victim.stdout.readline, b"dead\n" if FORKS else b"")]
    return max((int(line) for line in rest if line.strip()), default=-1)


def kill(folder: Path, times: int) -> None:
    choose = random.Random(0)
    for batch in range(-(-times // 50)):  # a new file now and then keeps the saves quick
        path = folder / f"{batch}.h5"
        victim = begin(path)
        try:
            for _ in range(min(50, times - 50 * batch)):
                last = one_life(victim, choose.uniform(0, 0.03))
                book = opened(path)
                words = {tag.tag for _, tag in book.entries()}
                missing = {f"word {number}" for number in range(last + 1)} - words
                assert not missing
                opened(path.with_name(f"{path.name}.bak"))
                if not FORKS:
                    end(victim)
                    victim = begin(path)
        finally:
            end(victim)


def opened(path: Path) -> TagBook:
    return book_of(read_columns(path.read_bytes())) if path.exists() else TagBook("digest")


def test_thirty_kills_lose_no_acknowledged_tag(tmp_path):
    kill(tmp_path, 30)


@pytest.mark.soak
def test_a_thousand_kills_lose_no_acknowledged_tag(tmp_path):
    kill(tmp_path, 1000)
