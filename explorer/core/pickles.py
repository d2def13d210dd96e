"""Read the pickles that torch.save writes without ever running what they name."""

import io
import pickletools
import re
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from explorer.core.errors import UserError

SAVE_AGAIN = (
    "save its weights alone where it was made: torch.save(model.state_dict(), PATH), or as safetensors with "
    "safetensors.torch.save_file."
)
LARGEST_PICKLE = 64 * 2**20
"""Bytes of pickle (not of weights) that are read; a network's take well under one megabyte."""


class Inert:
    """Stands in for a harmless type whose value nobody needs: takes anything, does nothing."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


class NumberKind:
    """Stands in for numpy.dtype, whose own __setstate__ trusts what it is given."""

    def __init__(self, kind: object = "", *_rest: object) -> None:
        self.kind = kind if isinstance(kind, str) and re.fullmatch(r"[biuf][1248]", kind) else ""

    def __setstate__(self, _state: object) -> None:
        pass


def _number(kind: object = None, data: object = b"", *_rest: object) -> object:
    """Stands in for numpy's scalar: a plain bool, int or float where the bytes are one."""
    if not isinstance(kind, NumberKind) or not kind.kind or not isinstance(data, bytes):
        return Inert()
    values = np.frombuffer(data, dtype=np.dtype(kind.kind).newbyteorder("<"))
    return values[0].item() if values.size == 1 else Inert()


def _dictionary(*_factory: object) -> dict[object, object]:
    """Stands in for defaultdict: the factory would be a callable of the file's choice."""
    return {}


def _list(items: object = (), *_rest: object) -> list[object]:
    return list(items) if isinstance(items, list | tuple | set) else []


# The names are allowed; what they name is never called. Both of numpy's module names and all of pathlib's appear in
# files, and PosixPath could not even be created on Windows.
_INERT = (
    "argparse.Namespace types.SimpleNamespace torch.torch_version.TorchVersion "
    "datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone "
    "numpy.ndarray numpy.core.multiarray._reconstruct numpy._core.multiarray._reconstruct "
    "builtins.int builtins.float builtins.str builtins.bool builtins.list builtins.dict builtins.tuple "
    "builtins.bytes builtins.range builtins.slice "
    + " ".join(
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
    )
    + " "
    + " ".join(f"numpy.dtypes.{name}DType" for name in ("Float16", "Float32", "Float64", "Int32", "Int64", "Bool"))
)
STAND_INS: dict[str, Any] = {name: Inert for name in _INERT.split()} | {
    "numpy.dtype": NumberKind,
    "numpy.core.multiarray.scalar": _number,
    "numpy._core.multiarray.scalar": _number,
    "collections.defaultdict": _dictionary,
    "collections.deque": _list,
    "builtins.frozenset": _list,
}
# torch allows more of its own, among it functions that allocate what the file asks for: these are enough for a
# plain tensor. torch.FloatStorage and its like, and the dtypes, are added by pattern.
_FROM_TORCH = {
    "collections.OrderedDict",
    "collections.Counter",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch.nn.parameter.Parameter",
    "torch.Size",
    "torch.device",
    "_codecs.encode",
    "builtins.set",
    "builtins.complex",
}
_STORAGE_OR_DTYPE = re.compile(
    r"torch\.(?:[A-Z][A-Za-z0-9]*Storage|(?:storage\.)?UntypedStorage|(?:b?float|complex|u?int)\d+\w*|bool)"
)


def read_pickle(path: Path) -> object:
    """What torch.save wrote to `path`, tensors on the CPU and everything else plain; UserError for anything unsafe."""
    zipped = zipfile.is_zipfile(path)
    foreign = _foreign_in_archive(path) if zipped else _foreign_in_stream(path)
    if foreign:
        shown = ", ".join(foreign[:4]) + (" ..." if len(foreign) > 4 else "")
        raise UserError(
            f"{path.name} holds more than plain weights ({shown}), and reading that could run code; {SAVE_AGAIN}"
        )
    allowed: list[Any] = [(stand_in, name) for name, stand_in in STAND_INS.items()]
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files raise nearly every kind
        raise UserError(
            f"{path.name} is damaged or was not written by torch.save ({brief(error)}); copy it again, or {SAVE_AGAIN}"
        ) from error


def brief(error: BaseException) -> str:
    """The kind and the first sentence of an error, short enough to stand in another one."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0].strip().split('. ')[0]}" if lines else type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


def _foreign_in_archive(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [entry for entry in archive.infolist() if entry.filename.endswith("data.pkl")]
            total = sum(entry.file_size for entry in archive.infolist())
            # torch.save stores without compression: more content than file means a bomb, or a file packed again.
            if total > path.stat().st_size or any(entry.file_size > LARGEST_PICKLE for entry in pickles):
                raise UserError(f"{path.name} unpacks to more than it holds; unpack it first, or {SAVE_AGAIN}")
            if len(pickles) != 1:
                raise UserError(f"{path.name} is a zip archive without one set of weights; {SAVE_AGAIN}")
            return foreign_globals(io.BytesIO(archive.read(pickles[0])))
    except UserError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds for damaged archives
        raise UserError(f"{path.name} is a damaged archive ({brief(error)}); copy or save it again.") from error


def _foreign_in_stream(path: Path) -> list[str]:
    """The older form of torch.save: the fourth of five pickles is the content, and then come the numbers."""
    found: list[str] = []
    try:
        with path.open("rb") as file:
            for _ in range(4):
                found += foreign_globals(file)
    except Exception as error:
        if not found:  # a plain pickle ends after one; what it named is the better explanation
            raise UserError(
                f"{path.name} is cut short or was not written by torch.save ({brief(error)}); copy it again, "
                f"or {SAVE_AGAIN}"
            ) from error
    return found


def foreign_globals(stream: BinaryIO) -> list[str]:
    """The classes and functions that one pickle names and that are not allowed, in their order, without running it."""
    found: dict[str, None] = {}
    strings: list[str] = []
    start = stream.tell()
    for opcode, argument, position in pickletools.genops(stream):
        if position is not None and position - start > LARGEST_PICKLE:
            raise ValueError("the pickle is too large")
        if opcode.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
        elif opcode.name == "STACK_GLOBAL":
            module, name = strings[-2:] if len(strings) > 1 else ("?", "?")
        else:
            if isinstance(argument, str):
                strings = [*strings[-1:], argument]
            continue
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        known = f"{module}.{name}"
        if known not in _FROM_TORCH and known not in STAND_INS and not _STORAGE_OR_DTYPE.fullmatch(known):
            found[known] = None
    return list(found)
