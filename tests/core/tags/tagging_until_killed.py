"""The victim of test_tag_kills: tags as fast as it can and names each tag on its output once it is called saved.

    python tagging_until_killed.py FILE

It tags as the window does, through `Tagging`, whose saves run on a thread of their own. Every line on its input
begins a new life (a fork where the system knows forks, so that 1,000 lives are quick): it prints "born PID", then the
number of the last tag whenever everything is called saved. After a life ended it prints "dead". Without forks it lives
once.
"""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTimer

from explorer.core.tags import hdf5_file as tag_store
from explorer.core.tags import hdf5_subprocess as tag_reader
from explorer.core.tags import shared_file as tag_file
from explorer.core.tags.book import FilterKey, TagBook
from explorer.state.tags.tagging import Tagging

AHEAD = 3
"""Tags that are given before those before them are called saved, as a quick person does on a slow disk."""


def say(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # one write: a kill leaves a whole line or none


def live(path: Path) -> None:
    application = QCoreApplication([])
    tagging = Tagging("me")
    tagging.open(path, TagBook("digest"))
    if tagging.read_only:
        say(f"locked: {tagging.read_only}")
        return
    left = [found.name for found in path.parent.iterdir() if found.name.startswith(f".{path.name}.")]
    say(f"left: {left}" if left else f"born {os.getpid()}")
    saved = tagging.book.total

    def tag() -> None:
        number = tagging.book.total
        if number - saved < AHEAD:
            tagging.add(FilterKey(number % 7, number // 7), f"word {number}", note="x" * 40)

    def acknowledge() -> None:
        nonlocal saved
        if not tagging.unsaved and tagging.book.total > saved:
            saved = tagging.book.total
            say(saved - 1)

    tagging.saved.connect(acknowledge)
    timer = QTimer(interval=0)
    timer.timeout.connect(tag)
    timer.start()
    application.exec()


def main() -> None:
    path = Path(sys.argv[1])
    # A process of its own for every reading would take longer than a life; this file is the victim's own.
    tag_store._read_apart = lambda image, patience: tag_reader.read_columns(image)
    assert tag_file  # loaded here, once for all lives
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
