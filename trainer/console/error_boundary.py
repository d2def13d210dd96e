"""The door of both command lines: whatever happens behind it, a person reads one line, and no traceback."""

import argparse
import contextlib
import os
import re
import select
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trainer.console.kept_inputs import keep_inputs
from trainer.files.atomic_files import subfolder
from trainer.files.errors import UserError
from trainer.files.own_files import append_lines
from trainer.files.printing import printable, say

FAILED, INTERRUPTED, CLOSED = 1, 130, 141
"""Exit codes: it could not be done; the person ended it; the reader of the output went away, as shells say it."""

LARGEST_LOG, LARGEST_ENTRY = 1 << 20, 1 << 16


def through(program: str, work: Callable[[], int | None]) -> int:
    """Run a command line; 0 done, or what `work` returns, 1 could not, 130 interrupted, 141 nobody reads its output.

    A UserError is shown as it stands. Of every other exception one line is shown, which names the log that has the
    traceback. Wrong usage leaves as argparse's SystemExit.
    """
    with _hooks(program):
        try:
            try:
                code = work() or 0
            except SystemExit:  # of argparse, with help or a complaint
                _flush()
                raise
            _flush()
            return code
        except UserError as error:
            return _end(program, str(error), FAILED)
        except KeyboardInterrupt as error:
            return _end(program, str(error) or "interrupted", INTERRUPTED)
        except BrokenPipeError as error:
            if not isinstance(error, _ClosedError) and not _nobody_reads():
                return _failed(program, error)
            with contextlib.suppress(OSError):
                _flush()
            return CLOSED
        except Exception as error:
            return _failed(program, error)


_REQUIRED = "the following arguments are required: "


class PlainHelp(argparse.HelpFormatter):
    """argparse's, which takes a help as it is written: a percent sign is one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        return (action.help or "").replace("%", "%%")


class Parser(argparse.ArgumentParser):
    """argparse's, whose complaints are one line of plain text and name the nearest word that is known."""

    _words: Sequence[str] = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{"formatter_class": PlainHelp, **options})

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments; a flag that is not known is named together with the nearest one of its subcommand."""
        arguments, rest = self.parse_known_args(args, namespace)
        if rest:
            flags = [word.partition("=")[0] for word in rest if word.startswith("-")]
            nearest = [near for flag in flags for near in [_nearest(flag, _flags(self, arguments))] if near]
            hint = f"; did you mean {', '.join(nearest)}?" if nearest else ""
            self.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
        return arguments

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments and what is not known; the words are kept for `error`.

        UserError where a command would write over what it reads.
        """
        self._words = [*map(str, sys.argv[1:] if args is None else args)]
        arguments, rest = super().parse_known_args(args, namespace)
        keep_inputs(vars(arguments))
        return arguments, rest

    def error(self, message: str) -> NoReturn:
        """Complain of wrong usage, with the nearest choice where a word is none of those that there are.

        A required flag that is missing because it was mistyped is not called missing.
        """
        required = message.removeprefix(_REQUIRED).split(", ") if message.startswith(_REQUIRED) else []
        mistyped = {word: near for word in self._unknown() if (near := _nearest(word, _flags(self)))}
        for word, near in mistyped.items() if required else ():
            if any(near in name.split("/") for name in required):
                super().error(f"unrecognized arguments: {word}; did you mean {near}?")
        wrong = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)$", message)
        near = _nearest(wrong[1], [word.strip(" '") for word in wrong[2].split(",")]) if wrong else ""
        super().error(f"{message}; did you mean {near}?" if near else message)

    def _unknown(self) -> list[str]:
        """The flags among the words that are neither known nor the beginning of one that is."""
        words = [word.partition("=")[0] for word in self._words if word.startswith("--") and word != "--"]
        known = _flags(self)
        return [word for word in words if not any(flag.startswith(word) for flag in known)]

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the program, saying the message on standard error."""
        if message:
            say(printable(" ".join(message.split()), 1000), error=True)
        sys.exit(status)


def _flags(parser: argparse.ArgumentParser, arguments: argparse.Namespace | None = None) -> list[str]:
    """The flags of a parser, or those of the subcommand that was chosen from it, which takes no others."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            chosen = action.choices.get(getattr(arguments, action.dest, None) or "")
            if chosen is not None:
                return _flags(chosen, arguments)
    return [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")]


_ELSEWHERE = {
    "--lr": ("--learning-rate", "--rate"),
    "--wd": ("--weight-decay",),
    "--bs": ("--batch",),
    "--batch-size": ("--batch",),
}
"""What other programs call a flag, and what it may be called here."""


def _nearest(word: str, known: Sequence[str]) -> str:
    """The known word that a mistyped one is nearest to, or that means what it means elsewhere; "" for neither."""
    meant = next((flag for flag in _ELSEWHERE.get(word, ()) if flag in known), "")
    if meant:
        return meant
    import difflib  # nobody who mistypes nothing waits for it

    return next(iter(difflib.get_close_matches(word[:60], known, n=1)), "")


def data_home() -> Path:
    """The folder in which both programs keep what is one person's, as Qt finds it; it may not be there yet."""
    name = "feature-map-explorer"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / name
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / name
    given = os.environ.get("XDG_DATA_HOME", "")
    return (Path(given) if given.startswith("/") else Path.home() / ".local" / "share") / name


def log_failure(program: str, error: BaseException) -> Path | None:
    """Add a traceback to the program's log, which never grows over a megabyte; its path, None where it cannot be."""
    try:
        lines = "".join(traceback.format_exception(error))[-LARGEST_ENTRY:].split("\n")
        timestamp = time.strftime("%Y-%m-%d %H:%M:%S")
        text = "\n".join([f"{timestamp} {program}", *map(printable, lines), ""])
        path = data_home() / f"{program}.log"
        subfolder(path.parent)
        append_lines(path, text.encode("utf-8", "backslashreplace"), largest=LARGEST_LOG)
        return path
    except Exception:  # a full disk, no home, no memory: the line that the person reads comes all the same
        return None


def _failed(program: str, error: Exception) -> int:
    """Say what failed in one line, and where the traceback is."""
    log = log_failure(program, error)
    details = f"the details are in {log}" if log else "the details could not be written down"
    if isinstance(error, OSError) and error.strerror:
        named = f": {error.filename}" if error.filename else ""
        return _end(program, f"{error.strerror}{named} ({details})", FAILED)
    if isinstance(error, MemoryError):
        return _end(program, f"there is not enough memory for this ({details})", FAILED)
    message = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    kind = f"{type(error).__name__}: {printable(message, 200)}" if message else type(error).__name__
    return _end(program, f"something in the program failed ({kind}); please report it; {details}", FAILED)


def _end(program: str, text: str, code: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        say(f"{program}: {' '.join(text.split())}", error=True)
    with contextlib.suppress(OSError):
        _flush()
    return code


class _ClosedError(BrokenPipeError):
    """Nobody reads what is printed."""


def _flush() -> None:
    """Write what is buffered, so that a full disk or a closed pipe is met here and not while Python shuts down."""
    problem: OSError | None = None
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            problem = _ClosedError() if isinstance(error, BrokenPipeError) else error
            with contextlib.suppress(OSError, ValueError):  # what is still in its buffer goes nowhere
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
                stream.flush()
    if problem is not None:
        raise problem


def _nobody_reads() -> bool:
    """True where the other end of standard output or standard error is closed."""
    if not hasattr(select, "poll"):
        return True  # Windows cannot tell
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


@contextlib.contextmanager
def _hooks(program: str) -> Iterator[None]:
    """Warnings of libraries, and what fails in a thread, are one line each while the block runs."""

    def warn(message: Any, *_rest: Any, **_more: Any) -> None:
        say(f"{program}: {' '.join(str(message).split())}", error=True)

    def thread_failed(failure: Any) -> None:
        if failure.exc_value is not None and not isinstance(failure.exc_value, SystemExit):
            _failed(program, failure.exc_value)

    before = warnings.showwarning, threading.excepthook
    warnings.showwarning, threading.excepthook = warn, thread_failed
    try:
        yield
    finally:
        warnings.showwarning, threading.excepthook = before
