"""Everything that reaches a terminal: one printer for both programs, which no foreign text can steer or flood."""

import json
import sys
import unicodedata
from typing import Any, TextIO

LONGEST_LINE = 4000
"""Characters of one printed line; longer ones lose their middle, because the end says what to do."""
_SPACES = ("Zs", "Zl", "Zp")


def printable(text: str, most: int = LONGEST_LINE) -> str:
    r"""A text of others as one plain line of at most `most` characters.

    Line breaks, escapes, characters that turn the direction of writing, and all others that show nothing are written
    as "\x1b" or "\u202e"; spaces of every kind are plain ones.
    """
    if len(text) > most:
        tail = most // 3
        text = f"{text[: most - tail - 3]}...{text[-tail:]}" if tail else text[:most]
    if text.isprintable():
        return text
    shown = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)
    return shown if len(shown) <= most else printable(shown, most)


def _escaped(letter: str) -> str:
    return " " if unicodedata.category(letter) in _SPACES else letter.encode("unicode_escape").decode()


def say(text: object = "", *, error: bool = False) -> None:
    """Print lines on standard output, or where `error` on standard error, each of them `printable`.

    What the console's encoding lacks is written as an escape.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is not None:  # closed, or a program without a console
        write(stream, "".join(f"{printable(line)}\n" for line in str(text).split("\n")))


def say_json(values: Any) -> None:
    """Print values as one line of JSON in ASCII, whole: it is read by programs; NaN is no JSON, ValueError."""
    text = json.dumps(values, allow_nan=False).replace("\x7f", "\\u007f")
    if sys.stdout is not None:
        write(sys.stdout, text + "\n")


def write(stream: TextIO, text: str) -> None:
    """Write text that is fit for a terminal, in whatever encoding the stream has."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
