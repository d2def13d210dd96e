"""Importing torch and what comes with it on a worker, while the window stays answerable."""

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def load(name: str, *, before: Iterable[str] = ()) -> Any:
    """The module of this name, imported without holding up every other thread for long at a time.

    Two things would: Python reads torch's libraries, more than a gigabyte, in one call under the interpreter's lock, so
    they are read before, in a call without it. And the collector goes through the hundreds of thousands of objects of
    such a module again and again, so it rests meanwhile, and leaves them alone ever after.

    The system's loader reads one library at a time: a thread that imported a small one meanwhile would wait for it
    under the interpreter's lock. `before` are modules that other threads are likely to want; they are imported first.
    """
    if name in sys.modules:
        return importlib.import_module(name)
    for other in before:
        importlib.import_module(other)
    if name == "torch":
        _read_libraries()
    with uncollected():
        return importlib.import_module(name)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector rest while many objects are made that stay, and leave them alone ever after."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if collecting:
            gc.enable()


def _read_libraries() -> None:
    """Let the system's loader read torch's libraries; what it does not find or know, the import finds by itself."""
    spec = importlib.util.find_spec("torch")
    if not sys.platform.startswith("linux") or spec is None or spec.origin is None:
        return
    # `ctypes.CDLL(path)` keeps the interpreter's lock; a function that is called through it does not.
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    folder = Path(spec.origin).parent / "lib"
    for library, mode in (("libtorch_global_deps.so", os.RTLD_GLOBAL | os.RTLD_LAZY), ("libtorch.so", os.RTLD_NOW)):
        dlopen(os.fsencode(folder / library), mode)
