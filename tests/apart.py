"""Processes that tests start, forked from one that has the libraries loaded: loading takes longer than most tests."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = "forkserver" in multiprocessing.get_all_start_methods()
APART = multiprocessing.get_context("forkserver" if FORKS else "spawn")
APART.set_forkserver_preload(["explorer.core.index", "explorer.core.network.opening", "trainer.training.train"])


def commanding(
    main: Callable[[list[str]], int], words: list[str], *, said: Path | None = None, places: Mapping[str, str] = {}
) -> BaseProcess:
    """Begin to run a command, as one of several processes where `places` says which; what it prints goes to `said`."""
    process = APART.Process(target=_command, args=(main, words, said, dict(places)))
    process.start()
    return process


def _command(main: Callable[[list[str]], int], words: list[str], said: Path | None, places: Mapping[str, str]) -> None:
    import torch

    os.environ.update(places)
    torch.set_num_threads(1)
    if said is not None:
        sys.stdout = said.open("w", encoding="utf-8")
    code = main(words)
    sys.stdout.flush()
    sys.exit(code)
