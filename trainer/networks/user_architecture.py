"""A person's own network: `file.py:factory`, which runs their code because they named it."""

import hashlib
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from trainer.files.errors import UserError
from trainer.networks.checkpoint import InputSpec


@dataclass(frozen=True)
class OwnNetwork:
    """What a factory gave: the module, and its classes and input where it says so."""

    module: nn.Module
    classes: tuple[str, ...] = ()
    input: InputSpec | None = None


def is_own(architecture: str) -> bool:
    """True where the text means a file of code rather than the name of an architecture."""
    return re.search(r"\.py(:|$)", architecture) is not None


def split(spec: str) -> tuple[Path, str]:
    r"""The file and the factory of `file.py:factory`; a Windows drive (`C:\net.py:make`) keeps its colon."""
    file, colon, factory = spec.rpartition(":")
    if not colon or not file.endswith(".py") or not factory.isidentifier():
        raise UserError(
            f'"{spec}" does not name a factory; write file.py:factory, where factory is a function without '
            "arguments that returns the network."
        )
    return Path(file).expanduser(), factory


def digest_of(file: Path | str) -> str:
    """SHA-256 (hex) of a file of code, under which a person's consent to run it can be remembered."""
    return hashlib.sha256(_source(Path(file))).hexdigest()


def load_factory(spec: str) -> Callable[[], Any]:
    """Run the file of `file.py:factory` and return the factory; UserError with file and line where it fails.

    The file's folder can be imported from while it runs, as if the file had been started by itself.
    """
    path, name = split(spec)
    source = _source(path)
    # Known to sys.modules, because copying the network and dataclasses look their classes' module up there.
    module = ModuleType(f"own_architecture_{hashlib.sha256(source).hexdigest()[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    run(path, lambda: exec(compile(source, str(path), "exec"), module.__dict__))
    factory = getattr(module, name, None)
    if not callable(factory):
        callables = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UserError(f"{path.name} has no function {name} (it has: {', '.join(callables[:8]) or 'none'}).")
    callable_factory: Callable[[], Any] = factory
    return callable_factory


def make(spec: str) -> OwnNetwork:
    """Call the factory; UserError where it fails or returns no torch.nn.Module.

    A factory returns the module, or (module, {"classes": names, "input": InputSpec or its JSON form}); the module
    may carry the same as its attributes `classes` and `input_spec`.
    """
    path, name = split(spec)
    returned = run(path, load_factory(spec))
    module, extras = returned if isinstance(returned, tuple) and len(returned) == 2 else (returned, {})
    if not isinstance(module, nn.Module) or not isinstance(extras, dict):
        raise UserError(
            f"{path.name}: {name} returned {type(returned).__name__}; it must return a torch.nn.Module, or a pair of "
            'it and a dictionary with "classes" and "input".'
        )
    classes = extras.get("classes", getattr(module, "classes", ()))
    are_names = isinstance(classes, list | tuple) and all(isinstance(text, str) for text in classes)
    if "classes" in extras and not are_names:
        raise UserError(f'{path.name}: "classes" must be a list of names.')
    spec_given = extras.get("input", getattr(module, "input_spec", None))
    if isinstance(spec_given, dict):
        spec_given = InputSpec.from_dict(spec_given)
    if spec_given is not None and not isinstance(spec_given, InputSpec):
        raise UserError(f'{path.name}: "input" must be a trainer.networks.checkpoint.InputSpec or its dictionary.')
    return OwnNetwork(module, tuple(classes) if are_names else (), spec_given)


def run(path: Path, work: Callable[[], Any]) -> Any:
    """Run the person's code; whatever it raises becomes one sentence with the file and the line."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        return work()
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # a script that ends itself must not end this program
        raise UserError(explain(path, error)) from error
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def explain(path: Path, error: BaseException) -> str:
    """Where in the person's file an error arose, and what it says: "net.py, line 3: NameError: ..."."""
    return f"{_place(path, error)}: {_said(error)}"


def _said(error: BaseException) -> str:
    lines = str(error.msg if isinstance(error, SyntaxError) else error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else f"{type(error).__name__}."


def _place(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path.name}, line {lines[-1]}" if lines else path.name


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
