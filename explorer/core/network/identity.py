"""What tells one network from another: everything that decides what it answers to a picture, and what it calls it."""

import functools
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from torch import fx, nn

from trainer.networks.checkpoint import InputSpec

LETTERS = 24
OF_EVERY_MODULE = frozenset(vars(nn.Module()))
"""Attributes that torch keeps in every module: its parts, tensors and hooks."""
OF_EVERY_GRAPH = frozenset(vars(fx.GraphModule(nn.Module(), fx.Graph())))
"""Those of modules made of a graph: the code that torch writes for it is another in another version of torch."""


def identity_of(digest: str, module: nn.Module, input: InputSpec, classes: Sequence[str], code: str) -> str:
    """A short hash (hex) over the weights' `digest`, what the module does with them, the input and the classes.

    `code` is what `code_of` says of a person's own module, or the digest of an ONNX file's graph.
    """
    description = json.dumps([digest, code, input.to_dict(), list(classes), _parts(module)], sort_keys=True)
    return hashlib.sha256(description.encode()).hexdigest()[:LETTERS]


def code_of(module: nn.Module, folder: Path) -> str:
    """SHA-256 (hex) over the files in `folder` in which the module's classes are written."""
    names = {type(part).__module__ for part in module.modules()}
    written = {Path(getattr(sys.modules.get(name), "__file__", None) or "/").resolve() for name in names}
    digest = hashlib.sha256()
    for file in sorted(file for file in written if folder.resolve() in file.parents and file.is_file()):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _parts(module: nn.Module) -> list[Any]:
    """The class and the settings of every part, and the tensors that no file of weights holds."""
    saved = module.state_dict(keep_vars=True)
    return [
        [
            path,
            _plain(type(part)),
            {name: _plain(value) for name, value in vars(part).items() if name not in _of_torch(part)},
            {name: _plain(value) for name, value in part.named_buffers(path, recurse=False) if name not in saved},
        ]
        for path, part in module.named_modules()
    ]


def _of_torch(part: nn.Module) -> frozenset[str]:
    return OF_EVERY_GRAPH if isinstance(part, fx.GraphModule) else OF_EVERY_MODULE


def _plain(value: object) -> Any:
    """A setting as JSON can hold it, the same in every session; of what cannot be written down, its class."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | torch.dtype):
        return repr(value)
    if isinstance(value, torch.Tensor):
        content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        return [str(value.dtype), list(value.shape), hashlib.sha256(content).hexdigest()]
    if isinstance(value, functools.partial):
        return ["partial", *map(_plain, (value.func, value.args, value.keywords))]
    if isinstance(value, Mapping):
        return [[_plain(name), _plain(item)] for name, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, Enum):
        return [_plain(type(value)), value.name]
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(type(value)), _plain(vars(value))]
    named: Any = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', '')}.{named.__qualname__}"  # a method of C knows no module
