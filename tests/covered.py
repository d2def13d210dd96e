"""Which lines of the program the tests run: `python -m pytest -p tests.covered ...` writes what each process ran.

slipcover puts a probe into each line of the program; a tracer slows every line of Python, torch's and pytest's too.
"""

import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

ROOMS = ("explorer", "trainer")
NEVER = 2**31 - 1
"""So many answers later a probe is taken out. That looks through the frames of all threads, and what it has looked at
lives on: a QPainter longer than the paint event, of which Qt warns."""


@pytest.hookimpl(tryfirst=True)  # before anything of the program is imported
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Watch the program's modules from their import on; files that nobody imports are one process's to find."""
    from slipcover import FileMatcher, Slipcover
    from slipcover.importer import SlipcoverMetaPathFinder

    class Finder(SlipcoverMetaPathFinder):
        """Of slipcover, but for the program's modules alone: pytest has ways of its own to find the tests'."""

        def find_spec(
            self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            return super().find_spec(fullname, path, target) if fullname.partition(".")[0] in ROOMS else None

    source = None if "PYTEST_XDIST_WORKER" in os.environ else list(ROOMS)
    watcher = Slipcover(source=source, d_miss_threshold=NEVER)
    finder = Finder(watcher, FileMatcher(sources=ROOMS))
    sys.meta_path.insert(0, finder)

    def end() -> None:
        sys.meta_path.remove(finder)
        folder = early_config.rootpath / ".covered"
        folder.mkdir(exist_ok=True)
        (folder / f"{os.getpid()}.json").write_text(json.dumps(watcher.get_coverage()), encoding="utf-8")

    early_config.add_cleanup(end)
