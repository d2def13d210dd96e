"""The names that a pickle of torch.save may hold, and what stands in for each: nothing that a file names is called."""

import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from typing import Any

import numpy as np
import torch


class Unreadable(ValueError):  # noqa: N818 - it is the file that has the error
    """Why a pickle is none that torch.save writes."""


class Inert:
    """Stands in for what nobody needs: takes anything, does nothing."""

    def __init__(self, *_arguments: object) -> None:
        pass


class Settings(Inert):
    """Stands in for a Namespace: keeps its plain values."""

    values: dict[object, object] = {}  # noqa: RUF012 - replaced, never changed


class Unordered(list[object]):
    """Stands in for a set, whose order means nothing."""


class Listed(Inert):
    """Stands in for a numpy array: `items` are its values where it is one row of them."""

    items: list[object] = []  # noqa: RUF012 - replaced, never changed

    def fill(self, state: tuple[object, ...]) -> None:
        """Take the values of an array's state: (version, shape, kind, order, content)."""
        if len(state) != 5 or not isinstance(state[1], tuple) or len(state[1]) > 1:
            return
        kind, content = state[2], state[4]
        if isinstance(content, list):
            self.items = content
        elif isinstance(kind, NumberKind) and kind.kind and isinstance(content, bytes):
            form = np.dtype(kind.kind).newbyteorder("<")
            try:
                self.items = np.frombuffer(content, form).tolist() if len(content) <= _LONGEST_LIST else []
            except ValueError:  # no text, or not a whole number of values
                self.items = []


_NUMPY_KINDS = r"[biuf][1248]|U[0-9]{1,3}"
_LONGEST_LIST = 2**20


class NumberKind(Inert):
    """Stands in for numpy.dtype."""

    def __init__(self, kind: object = "", *_rest: object) -> None:
        self.kind = kind if isinstance(kind, str) and re.fullmatch(_NUMPY_KINDS, kind) else ""


class Stored:
    """The numbers that a pickle speaks of: `values` (N) of `kind`, None while they are only counted."""

    def __init__(self, kind: torch.dtype | None, values: torch.Tensor | None) -> None:
        self.kind, self.values = kind, values


class StorageKind:
    """Stands in for torch.FloatStorage and its like; None is a storage of bytes."""

    def __init__(self, kind: torch.dtype | None) -> None:
        self.kind = kind


class Stand:
    """What a file may call, under any name."""

    def __init__(self, make: Callable[..., object]) -> None:
        self.make = make


def _number(kind: object = None, data: object = b"", *_rest: object) -> object:
    """numpy's scalar: a plain bool, int or float where the bytes are one."""
    if not isinstance(kind, NumberKind) or not kind.kind or not isinstance(data, bytes):
        return Inert()
    values = np.frombuffer(data, dtype=np.dtype(kind.kind).newbyteorder("<"))
    return values[0].item() if values.size == 1 else Inert()


def _dictionary(pairs: object = (), *_rest: object) -> dict[object, object]:
    """OrderedDict, Counter and defaultdict; the factory of the last would be a callable of the file's choice."""
    if isinstance(pairs, dict):
        return pairs
    entries: dict[object, object] = {}
    for pair in pairs if isinstance(pairs, list | tuple) else ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Unreadable("a dictionary of something else than pairs")
        entries[key_of(pair[0])] = pair[1]
    return entries


def _items(items: object = (), *_rest: object) -> list[object]:
    return list(items) if isinstance(items, list | tuple) else []


def _unordered(items: object = (), *_rest: object) -> Unordered:
    return Unordered(_items(items))


def _text(text: object = "", encoding: object = "", *_rest: object) -> bytes:
    """Bytes, as protocol 2 writes them; other encodings could blow a text up."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Unreadable("bytes in an unknown encoding")
    return text.encode("latin-1")


def _same(value: object = None, *_rest: object) -> object:
    return value


def tensor_of(stored: object, offset: object, size: object, strides: object, *rest: object) -> object:
    """A view (`size`) of stored numbers, never more of them than there are; Inert while these are only counted."""
    if not isinstance(stored, Stored) or not isinstance(size, tuple | list) or not isinstance(strides, tuple | list):
        raise Unreadable("a tensor of something else than stored numbers")
    numbers: list[Any] = [offset, *size, *strides]
    if len(size) != len(strides) or len(size) > 32 or any(type(number) is not int for number in numbers):
        raise Unreadable("a tensor without a shape")
    if stored.values is None:
        return Inert()
    kind, values = stored.kind, stored.values
    if kind is None:
        kind = next((part for part in rest if isinstance(part, torch.dtype)), torch.uint8)
        values = values[: len(values) // kind.itemsize * kind.itemsize].view(kind)
    end = numbers[0] + sum((side - 1) * stride for side, stride in zip(size, strides, strict=True)) + 1
    if min(numbers) < 0 or (end > len(values) and 0 not in size):
        raise Unreadable("a tensor of more numbers than are stored")
    return torch.as_strided(values, list(size), list(strides), 0 if 0 in size else numbers[0])


# The names are allowed; what they name is never called. Both of numpy's module names and all of pathlib's appear in
# files, and PosixPath could not even be created on Windows.
_INERT = (
    "torch.torch_version.TorchVersion torch.device "
    "datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone "
    "numpy.ndarray "
    "builtins.int builtins.float builtins.str builtins.bool builtins.list builtins.dict builtins.tuple "
    "builtins.bytes builtins.range builtins.slice builtins.complex "
    "fastcore.foundation.L "
    + " ".join(
        f"{module}.{name}"
        for module in ("pathlib", "pathlib._local")
        for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
    )
    + " "
    + " ".join(f"numpy.dtypes.{name}DType" for name in ("Float16", "Float32", "Float64", "Int32", "Int64", "Bool"))
)
_KNOWN: dict[str, Callable[..., object]] = dict.fromkeys(_INERT.split(), Inert) | {
    "argparse.Namespace": Settings,
    "types.SimpleNamespace": Settings,
    "numpy.dtype": NumberKind,
    "numpy.core.multiarray.scalar": _number,
    "numpy._core.multiarray.scalar": _number,
    "collections.OrderedDict": _dictionary,
    "collections.Counter": _dictionary,
    "collections.defaultdict": lambda *_factory: {},
    "collections.deque": _items,
    "builtins.frozenset": _unordered,
    "builtins.set": _unordered,
    "numpy.core.multiarray._reconstruct": Listed,
    "numpy._core.multiarray._reconstruct": Listed,
    "_codecs.encode": _text,
    "torch.Size": _items,
    "torch._utils._rebuild_tensor": tensor_of,
    "torch._utils._rebuild_tensor_v2": tensor_of,
    "torch._utils._rebuild_tensor_v3": tensor_of,
    "torch._utils._rebuild_parameter": _same,
    "torch.nn.parameter.Parameter": _same,
}
_STORAGES: dict[str, torch.dtype | None] = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexDouble": torch.complex128,
    "ComplexFloat": torch.complex64,
    "Untyped": None,
}


def known_name(module: str, name: str) -> str:
    """The name in today's Python and full, "collections.OrderedDict"."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def meaning(known: str) -> object:
    """What stands for a full name in a file; None where it is not allowed."""
    if known in _KNOWN:
        return Stand(_KNOWN[known])
    module, _, name = known.rpartition(".")
    if module in ("torch", "torch.cuda", "torch.storage") and name.removesuffix("Storage") in _STORAGES:
        return StorageKind(_STORAGES[name.removesuffix("Storage")])
    kind = getattr(torch, name, None) if module == "torch" and re.fullmatch("[a-z0-9_]{3,20}", name) else None
    return kind if isinstance(kind, torch.dtype) else None


def key_of(key: object) -> object:
    """A key of a dictionary; anything nested could take for ever to compare."""
    parts = key if isinstance(key, tuple) and len(key) <= 16 else (key,)
    for part in parts:
        if not isinstance(part, str | bytes | int | float | None | torch.dtype | Inert):
            raise Unreadable("a dictionary with keys that are no plain values")
        if isinstance(part, int) and abs(part) >= 2**64:
            raise Unreadable("a dictionary with giant numbers as keys")
    return key
