"""The victim of test_tag_kills: tags as fast as it can and names each tag on its output once it is saved.

    python tagging_until_killed.py FILE

Every line on its input begins a new life (a fork where the system knows forks, so that 1,000 lives are quick): it
prints "born PID", then the number of every saved tag. After a life ended it prints "dead". Without forks it lives once.
"""

import os
import sys
from pathlib import Path

from explorer.core.tag_lock import TagLock
from explorer.core.tag_reader import read_columns
from explorer.core.tag_store import book_of, save_tags
from explorer.core.tags import FilterKey, TagBook


def say(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # one write: a kill leaves a whole line or none


def live(path: Path) -> None:
    lock = TagLock(path)
    if not lock.acquire():
        say(f"locked: {lock.problem}")
        return
    left = [found.name for found in path.parent.iterdir() if found.name.startswith(f".{path.name}.")]
    say(f"left: {left}" if left else f"born {os.getpid()}")
    book = book_of(read_columns(path.read_bytes())) if path.exists() else TagBook("digest")
    while True:
        number = book.total
        book.add(FilterKey(number % 7, number // 7), f"word {number}", annotator="me", note="x" * 40)
        save_tags(path, book)
        say(number)


def main() -> None:
    path = Path(sys.argv[1])
    for _ in sys.stdin.buffer:
        if not hasattr(os, "fork"):
            live(path)
        child = os.fork()
        if not child:
            try:
                live(path)
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
