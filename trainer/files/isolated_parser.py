"""Let a parser that hostile bytes can crash or hang read them in a process of its own."""

import json
import subprocess
import sys
from types import ModuleType
from typing import Any


class NoAnswer(Exception):  # noqa: N818 - it is the file that has the error
    """The parser crashed, hung, or ran out of memory over these bytes."""


def read_apart(reader: ModuleType, content: bytes, patience: float, *words: str) -> dict[str, Any]:
    """The JSON object that `reader` prints for the content; NoAnswer and OSError as for `printed_apart`."""
    try:
        answer = json.loads(printed_apart(reader, content, patience, *words))
    except ValueError as error:
        raise NoAnswer from error
    if not isinstance(answer, dict):
        raise NoAnswer
    return answer


def printed_apart(reader: ModuleType, content: bytes, patience: float, *words: str) -> bytes:
    """What `reader`, run as a program with these words, prints for the content on standard input.

    Given up after `patience` seconds: NoAnswer. OSError where no process can be started.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-P", str(reader.__file__), *words],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=patience,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswer from error
    return child.stdout
