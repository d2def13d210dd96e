"""Work on an index in processes of their own."""

import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import torch

from explorer.core.errors import UserError
from explorer.core.index import build_index, open_index
from explorer.core.index.build import BuildOptions
from explorer.core.index.shared_work import shared_by_torchrun
from explorer.core.network.opening import open_network
from explorer.core.tags import FilterKey
from tests.apart import APART

Answer = TypeVar("Answer")


def building(model: Path, pictures: Path, out: Path, places: Mapping[str, str] | None = None) -> BaseProcess:
    """Begin to build an index, as one of several processes where `places` says which, leading a group of its own."""
    process = APART.Process(target=_build, args=(model, pictures, out, dict(places or {})))
    process.start()
    return process


def _build(model: Path, pictures: Path, out: Path, places: Mapping[str, str]) -> None:
    os.setsid()
    os.environ.update(places)
    torch.set_num_threads(1)
    with shared_by_torchrun() as shared:
        build_index(open_network(model, device="cpu"), pictures, out, options=BuildOptions(of_a_part=3), shared=shared)


def kill_group(process: BaseProcess) -> None:
    """Kill a process and all that it has started."""
    try:
        os.killpg(process.pid or 0, signal.SIGKILL)
    except ProcessLookupError:  # it has ended, or leads no group yet
        process.kill()
    process.join()


def read_with_few_files(index: Path, files: int) -> list[list[float]]:
    """What an index says in a process that may have `files` files open once it has opened the index."""
    return _answer(_read, index, files)


def _read(path: Path, files: int) -> list[list[float]]:
    with open_index(path) as index:
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        return [index.peaks(FilterKey(1, row)).tolist() for row in range(3)] + [index.logits[:, 0].tolist()]


def opened_with_few_files(index: Path, files: int) -> str:
    """What opening an index in a process that may have `files` files open is refused with; "" where it opens."""
    return _answer(_open, index, files)


def _open(path: Path, files: int) -> str:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    try:
        open_index(path).close()
    except UserError as error:
        return str(error)
    return ""


def _answer(work: Callable[[Path, int], Answer], index: Path, files: int) -> Answer:
    with ProcessPoolExecutor(1, APART) as process:
        return process.submit(work, index, files).result(timeout=300)
