"""A network that was recognised but not built yet, and building it only if the weights fit."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainer.files.errors import UserError
from trainer.networks.checkpoint import InputSpec
from trainer.networks.matching import Tensors, differences
from trainer.networks.torch_file import brief


class OpeningQuestion(UserError):  # noqa: N818 - nothing went wrong
    """Something that only the person can decide: `about` "architecture", "classes", "input", "key" or "outputs".

    `choices` are what may be answered, best first; empty where the answer is free. The text names the option.
    """

    def __init__(self, text: str, about: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.about = about
        self.choices = choices


@contextmanager
def naming(file: str) -> Iterator[None]:
    """What is said inside of a file names it, whatever says it."""
    try:
        yield
    except UserError as error:
        text = f"{file}: {error}"
        if file in str(error):
            raise
        if isinstance(error, OpeningQuestion):
            raise OpeningQuestion(text, error.about, error.choices) from error
        raise UserError(text) from error


@dataclass(frozen=True)
class HeadBeside:
    """Layers beside a body that may be its last ones: the number of their outputs, and their weights' names."""

    outputs: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Blueprint:
    """How to build a recognised network around `tensors`, and what is known or proposed about it.

    `build` makes the bare module; it is called on the meta device first, where giant shapes cost nothing.
    `classes` is the number of outputs; `names` is empty where nobody says them. `input_note` is the sentence to
    show where `input` is a proposal; `assumed` are those about the rest. `file` is for messages. `prefix` stood before
    the names in the file, `foreign` are names there that are none of the network's, `problems` what does not fit.
    With `fixed_size` the weights work for pictures of the proposed size only; `bgr` is what among them says that they
    take blue, green and red, "" where nothing does. `heads` are the layers beside the body that are its last ones, or
    of which each could be, by what they are called in the file.
    """

    name: str
    tensors: Tensors
    build: Callable[[], nn.Module]
    classes: int
    names: tuple[str, ...] = ()
    input: InputSpec | None = None
    input_note: str = ""
    file: str = ""
    assumed: tuple[str, ...] = ()
    prefix: str = ""
    foreign: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    fixed_size: bool = False
    bgr: str = ""
    heads: Mapping[str, HeadBeside] = field(default_factory=dict)

    def skeleton(self) -> nn.Module:
        """The module without any memory for its weights; UserError where it cannot be built."""
        try:
            with on_meta():
                return self.build()
        except UserError:
            raise
        except Exception as error:  # whatever a constructor says about impossible numbers
            raise UserError(
                f"{self.file}: {self.name} cannot be built as the file describes it ({brief(error)}); save it again."
            ) from error

    def module(self) -> nn.Module:
        """The module with its weights; UserError that names the first few differences where they do not fit."""
        refuse(self.file, self.name, list(self.problems))
        skeleton = self.skeleton()
        refuse(self.file, self.name, differences(skeleton.state_dict(), self.tensors))
        try:
            skeleton.load_state_dict(filled(skeleton, self.tensors), assign=True)
            if not any(tensor.is_meta for tensor in [*skeleton.parameters(), *skeleton.buffers()]):
                return skeleton
            # Buffers that no file holds were lost on the meta device; the shapes are known to be right by now.
            module = self.build()
            module.load_state_dict(filled(module, self.tensors))
            return module
        except Exception as error:
            raise UserError(f"{self.file}: {self.name} cannot be filled with its weights ({brief(error)}).") from error


def as_wide(outputs: Mapping[str, int], widths: Iterable[int]) -> list[str]:
    """What has as many outputs as there are class names: by the first of the `widths` that any of them has."""
    return next((fit for width in widths if (fit := [key for key, count in outputs.items() if count == width])), [])


def refuse(file: str, name: str, problems: list[str]) -> None:
    """Raise UserError with the first few problems, if there are any."""
    if problems:
        more = f" and {len(problems) - 4} more" if len(problems) > 4 else ""
        raise UserError(
            f"{file}: the weights do not fit {name}: {'; '.join(problems[:4])}{more}; name another architecture "
            "(--architecture NAME or file.py:factory)."
        )


def filled(module: nn.Module, tensors: Tensors) -> dict[str, Any]:
    """The module's state dict with `tensors` in it; absent counters become 0.

    It keeps the module's own note of versions: some torchvision networks refuse a state dict without it.
    """
    state = copy.copy(module.state_dict())
    for name in state:
        state[name] = tensors[name] if name in tensors else torch.zeros(state[name].shape, dtype=state[name].dtype)
    return state


class _OnMeta(TorchFunctionMode):
    """Give new weights the meta device, and leave the arithmetic of constructors alone.

    `torch.device("meta")` takes that too, and a RegNet reads its widths from a tensor.
    """

    _NEW = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in self._NEW and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


@contextmanager
def on_meta() -> Iterator[None]:
    """Modules built inside have shapes but no memory."""
    with _OnMeta():
        yield
