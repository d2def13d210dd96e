"""A machine that reads the pickles of torch.save: it knows what weights need and runs nothing that a file names.

torch.load would take a file for another form than a check before it, and gives what a file asks for: here the bytes
that are judged are the bytes that are read, and neither steps, tensors nor numbers are without bound.
"""

import io
import pickletools
from collections.abc import Callable
from typing import Any

from trainer.networks.pickle_names import (
    Inert,
    Listed,
    Settings,
    Stand,
    Unordered,
    Unreadable,
    key_of,
    known_name,
    meaning,
    tensor_of,
)

LARGEST_PICKLE = 64 * 2**20
"""Bytes of pickle (not of weights) that are read; a network's take well under one megabyte."""
MOST_STEPS = 2_000_000
MOST_TENSORS = 50_000
_LONGEST_INTEGER = 2**128

_END = object()  # what lies under the values of an unfinished list


class Machine:
    """Runs one pickle after the other; `foreign` collects the names that are not allowed, in their order.

    `stored` gives the numbers that a persistent id of torch.save names.
    """

    def __init__(self, stored: Callable[[tuple[Any, ...]], object]) -> None:
        self._stored = stored
        self._names: dict[str, None] = {}
        self._steps = self._tensors = self._copied = 0

    @property
    def foreign(self) -> list[str]:
        """The classes and functions that were named and are not allowed."""
        return list(self._names)

    def run(self, stream: io.BytesIO) -> object:
        """The value of the pickle at the stream's position, which is then behind it.

        Unreadable, or nearly any other exception, for a pickle that torch.save does not write.
        """
        stack: list[Any] = []
        memo: dict[int, Any] = {}
        for opcode, argument, _ in pickletools.genops(stream):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise Unreadable(f"more than {MOST_STEPS:,} steps")
            if opcode.name == "STOP":
                return stack[-1]
            self._step(opcode.name, argument, stack, memo)
        raise Unreadable("no end")

    def _step(self, name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
        match name:
            case "PROTO" | "FRAME":
                pass
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                stack.append(memo[argument])
            case "MARK":
                stack.append(_END)
            case "EMPTY_TUPLE":
                stack.append(())
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_SET":
                stack.append(Unordered())
            case "EMPTY_DICT":
                stack.append({})
            case "TUPLE":
                stack.append(tuple(_since_mark(stack)))
            case "LIST":
                stack.append(_since_mark(stack))
            case "FROZENSET":
                stack.append(Unordered(_since_mark(stack)))
            case "DICT":
                stack.append(_filled({}, _since_mark(stack)))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(_popped(stack, int(name[-1]))))
            case "APPEND":
                _extended(stack, _popped(stack, 1))
            case "APPENDS" | "ADDITEMS":
                _extended(stack, _since_mark(stack))
            case "SETITEM":
                _filled(stack[-3], _popped(stack, 2))
            case "SETITEMS":
                items = _since_mark(stack)
                _filled(stack[-1], items)
            case "POP":
                stack.pop()
            case "POP_MARK":
                _since_mark(stack)
            case "DUP":
                stack.append(stack[-1])
            case "GLOBAL":
                stack.append(self._global(*str(argument).split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(self._global(*_popped(stack, 2)))
            case "REDUCE" | "NEWOBJ":
                stack.append(self._made(*_popped(stack, 2)))
            case "NEWOBJ_EX":
                kind, arguments, _ = _popped(stack, 3)
                stack.append(self._made(kind, arguments))
            case "OBJ":
                kind, *arguments = _since_mark(stack)
                stack.append(self._made(kind, tuple(arguments)))
            case "INST":
                stack.append(self._made(self._global(*str(argument).split(" ", 1)), tuple(_since_mark(stack))))
            case "BUILD":  # what an OrderedDict or an inert thing remembers beside its content
                state = stack.pop()
                if isinstance(stack[-1], Settings) and isinstance(state, dict):
                    stack[-1].values = state
                elif isinstance(stack[-1], Listed) and isinstance(state, tuple):
                    stack[-1].fill(state)
                elif not isinstance(stack[-1], dict | Inert):
                    raise Unreadable(f"a {type(stack[-1]).__name__} with a state")
            case "BINPERSID":
                stack.append(self._stored(stack.pop()))
            case _:
                stack.append(_plain(name, argument))

    def _global(self, module: object = "?", name: object = "?") -> object:
        if not isinstance(module, str) or not isinstance(name, str):
            raise Unreadable("a name that is no text")
        full_name = known_name(module, name)
        stand_in = meaning(full_name)
        if stand_in is None:
            self._names[full_name] = None
            return Stand(Inert)
        return stand_in

    def _made(self, kind: object, arguments: object) -> object:
        if not isinstance(kind, Stand) or not isinstance(arguments, tuple):
            raise Unreadable(f"a call of a {type(kind).__name__}")
        self._copied += sum(
            len(part) * (1 if isinstance(part, str | bytes) else 16)
            for part in arguments
            if isinstance(part, str | bytes | list | tuple | dict)
        )
        if (
            self._copied > LARGEST_PICKLE
        ):  # a call may copy what it is given, and one thing can be given a million times
            raise Unreadable("more copies than it has content")
        if kind.make is tensor_of:
            self._tensors += 1
            if self._tensors > MOST_TENSORS:
                raise Unreadable(f"more than {MOST_TENSORS:,} tensors")
        return kind.make(*arguments)


def _plain(name: str, argument: Any) -> object:
    """The value that an opcode carries itself."""
    if name in ("NONE", "NEWTRUE", "NEWFALSE"):
        return {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name]
    if name in ("SHORT_BINSTRING", "BINSTRING") and isinstance(argument, str):  # Python 2's texts
        return argument.encode("latin-1").decode("utf-8", "replace")
    if isinstance(argument, bool | float | str | bytes | bytearray):
        return bytes(argument) if isinstance(argument, bytearray) else argument
    if isinstance(argument, int) and not name.startswith("EXT") and abs(argument) < _LONGEST_INTEGER:
        return argument
    raise Unreadable(f"the operation {name}")


def _popped(stack: list[Any], count: int) -> list[Any]:
    values = stack[-count:]
    if len(values) != count or any(value is _END for value in values):
        raise Unreadable("a step without values")
    del stack[-count:]
    return values


def _since_mark(stack: list[Any]) -> list[Any]:
    values = []
    while (value := stack.pop()) is not _END:
        values.append(value)
    values.reverse()
    return values


def _extended(stack: list[Any], items: list[Any]) -> None:
    target = stack[-1]
    if isinstance(target, list):
        target.extend(items)
    elif not isinstance(target, Inert):
        raise Unreadable(f"a {type(target).__name__} that grows")


def _filled(target: object, items: list[Any]) -> object:
    if len(items) % 2:
        raise Unreadable("a key without a value")
    if isinstance(target, dict):
        target.update((key_of(key), value) for key, value in zip(items[::2], items[1::2], strict=True))
    elif not isinstance(target, Inert):
        raise Unreadable(f"a {type(target).__name__} with keys")
    return target
