"""`feature-explorer index`: what every filter answers on every picture of a folder, in one file."""

import argparse
import os
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import (
    add_images_argument,
    add_network_arguments,
    network_of,
    say_size,
    table_of,
)
from explorer.core.progress import Cancelled
from trainer.console.progress import progress
from trainer.files.atomic_files import subfolder
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.index.kept_indexes import Kept
    from explorer.core.network.opening import Network


MENTIONED = 1_000_000
"""Bytes from which on it is said how much lies beside an index."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `index` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "index",
        help="measure what every filter answers on every picture of a folder",
        description="Measure what every filter answers on every picture of a folder. What is there is kept: run it "
        "again when pictures were added, or after it was ended. docs/index-file.md says what is in the file.",
    )
    add_network_arguments(parser, required=False)
    inputs = parser.add_argument_group("what")
    add_images_argument(inputs, required=False)
    inputs.add_argument("--labels", type=Path, metavar="CSV", help="table of the pictures' classes (else as kept)")
    inputs.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    inputs.add_argument(
        "--relevance",
        default="margin",
        metavar="FOR",
        help='what relevance is for: "margin" between the predicted class and the next (default), class:NAME, or none',
    )
    inputs.add_argument(
        "--remeasure", action="store_true", help="measure scales and thresholds anew, and everything with them"
    )
    files = parser.add_argument_group("file")
    files.add_argument("--out", type=Path, metavar="FILE", help="the index (.h5); its parts lie in a folder beside it")
    files.add_argument("--kept", action="store_true", help="where the window keeps its own, instead of --out")
    files.add_argument("--data", type=Path, metavar="DIR", help="the folder in which indexes are kept")
    files.add_argument(
        "--csv",
        type=Path,
        metavar="DIR",
        help="write all of it as CSV into a new folder too; with --out alone, of the index that is there",
    )
    files.add_argument("--list", action="store_true", help="show the indexes that are kept")
    files.add_argument("--delete", metavar="NAME", help="remove one of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--progress", choices=("bar", "json"), default="bar", help=argparse.SUPPRESS)
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where the index cannot be made."""
    if arguments.list or arguments.delete:
        return _show_kept(arguments)
    if arguments.csv and arguments.out and arguments.model is None and not arguments.images:
        _write_csv(arguments.out, arguments.csv)
        if arguments.json:
            say_json({"csv": str(arguments.csv)})
        else:
            say(_about_csv(arguments.csv))
        return 0
    if arguments.model is None or not arguments.images:
        arguments.wrong_usage("--model and --images are needed")
    if bool(arguments.out) == arguments.kept:
        arguments.wrong_usage("give --out FILE, or --kept")
    from explorer.core.index.shared_work import own_device, shared_by_torchrun

    arguments.device = own_device(arguments.device)
    with shared_by_torchrun() as shared:
        return _build(arguments, shared)


def _build(arguments: argparse.Namespace, shared: Any) -> int:
    from explorer.commands.labels_of_index import labels_of_index
    from explorer.core.index import open_index
    from explorer.core.index.build import STAGES, BuildOptions, build_index
    from explorer.core.index.kept_indexes import place_of

    child = arguments.progress == "json"
    reins = Reins() if child else None
    network = network_of(arguments)
    images = arguments.images[0] if len(arguments.images) == 1 else _each(arguments.images)
    out = arguments.out or place_of(network, arguments.images[0], arguments.data)
    subfolder(out.parent)
    labels = table_of(arguments, images)
    if labels is None and not child:  # the window says itself whether there is a table
        labels = labels_of_index(out, images)
        if labels is not None and shared.first:
            say(f"feature-explorer: {out.name} keeps the classes it has; --labels CSV gives it others.", error=True)
    if shared.first and not child:
        say_size(network, images, out)
    speaking = _Speaking(network)
    options = BuildOptions("" if arguments.relevance == "none" else arguments.relevance, arguments.remeasure)
    with progress("index", "pictures", shown=shared.first and not child) as on_bar:
        on_bar.stage(STAGES["reading"])

        def on_step(done: int, total: int) -> None:
            if reins is not None:
                reins.check()
                speaking.step(done, total)
            else:
                on_bar(done, total)

        build_index(
            network,
            images,
            out,
            labels=labels,
            on_step=on_step,
            options=options,
            on_stage=speaking.stage if child else lambda name: on_bar.stage(STAGES[name]),
            on_ready=speaking.ready if child else None,
            on_note=speaking.note if child else lambda sentence: say(f"feature-explorer: {sentence}", error=True),
            shared=shared,
        )
    if not shared.first:
        return 0
    with open_index(out) as index:
        summary = {
            "stage": "done",
            "path": str(out),
            "pictures": len(index.pictures),
            "asked": index.contents.asked,
            "unreadable": index.contents.facts["unreadable"],
            "filters": len(index.filters()),
            "sample": index.contents.sample,
        }
    as_json = child or arguments.json
    if not as_json:
        say(
            f"{printable(str(out), 500)}: {summary['filters']:,} filters on {summary['pictures']:,} pictures, "
            f"scales measured on {summary['sample']:,} of them"
        )
    for sentence in summary["unreadable"]:
        say(f"feature-explorer: {sentence}", error=True)
    if arguments.csv:
        _write_csv(out, arguments.csv)
        summary["csv"] = str(arguments.csv)
        if not as_json:
            say(_about_csv(arguments.csv))
    if as_json:
        say_json(summary)
    return 0


def _write_csv(path: Path, folder: Path) -> None:
    from explorer.core.index import open_index
    from explorer.core.index.as_csv import write_csv

    with open_index(path) as index, progress("CSV") as on_step:
        write_csv(index, folder, on_step)


def _about_csv(folder: Path) -> str:
    return f"{printable(str(folder), 500)}: pictures.csv, filters.csv, and what each filter answered, by layer"


def _each(paths: list[Path]) -> list[Path]:
    from trainer.pictures.folder_walk import list_folder

    return [picture for path in paths for picture in list_folder(path).check().pictures]


class Reins:
    """Lets the window that started this process hold it: `pause` and `resume` are lines on standard input.

    The process ends when nobody holds the other end any more: a window that is gone leaves nothing running. Where
    standard input is no pipe (closed, a file, a terminal), nobody holds it and it runs to its end.
    """

    def __init__(self) -> None:
        from explorer.core.index.one_builder import lowest_priority

        lowest_priority()
        self._free, self._over = threading.Event(), False
        self._free.set()
        if _is_piped():
            threading.Thread(target=self._listen, name="reins", daemon=True).start()

    def check(self) -> None:
        """Wait while paused; Cancelled where nobody waits for the work."""
        self._free.wait()
        if self._over:
            raise Cancelled

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "pause":
                self._free.clear()
            elif line.strip() == "resume":
                self._free.set()
        self._over = True
        self._free.set()


def _is_piped() -> bool:
    """Whether standard input is a pipe, or a socket as Qt may give."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode if sys.stdin is not None else 0
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class _Speaking:
    """Says how far the work is, one JSON object a line."""

    def __init__(self, network: "Network") -> None:
        self._network, self._stage, self._size = network, "reading", 0

    def stage(self, name: str) -> None:
        self._stage = name
        if name == "sample":  # its first step takes long
            say_json({"stage": name, "done": 0, "total": 1})
            _flush()

    def step(self, done: int, total: int) -> None:
        from explorer.core.index.kept_indexes import expected_size

        if done % 16 == 0 or done == total:
            size = expected_size(self._network, total)
            say_json({"stage": self._stage, "done": done, "total": total, "bytes": size})
            _flush()

    def note(self, sentence: str) -> None:
        say_json({"stage": "note", "note": sentence})
        _flush()

    def ready(self, path: Path, pictures: int, asked: int) -> None:
        say_json({"stage": "ready", "path": os.fspath(path), "pictures": pictures, "asked": asked})
        _flush()


def _flush() -> None:
    sys.stdout.flush()


def _show_kept(arguments: argparse.Namespace) -> int:
    from explorer.core.index.kept_indexes import delete_kept, kept_indexes

    if arguments.delete:
        deleted = delete_kept(arguments.delete, arguments.data)
        if arguments.json:
            say_json({"deleted": str(deleted.path), "stays": [str(path) for path in deleted.decided]})
        else:
            say(f"{deleted.path.name} was removed, with all that was found out with it.")
            for path in deleted.decided:
                say(f"{printable(str(path), 500)} stays: it says which suggestions were rejected.")
        return 0
    entries = kept_indexes(arguments.data)
    if arguments.json:
        say_json({"indexes": [_values(entry) for entry in entries]})
    else:
        say("\n".join(map(_line, entries)) if entries else "No index is kept.")
    return 0


def _line(entry: "Kept") -> str:
    about = (
        entry.problem
        or f"{entry.network}, {entry.pictures:,} of {entry.asked:,} pictures of {entry.folder or 'a folder'}"
    )
    beside = f" ({entry.beside / 1e6:,.1f} MB of it what was found out with it)" if entry.beside >= MENTIONED else ""
    return f"{entry.path.name}  {entry.size / 1e6:,.1f} MB{beside}  {printable(about, 400)}"


def _values(entry: "Kept") -> dict[str, Any]:
    return {
        "name": entry.path.name,
        "network": entry.network,
        "folder": entry.folder,
        "pictures": entry.pictures,
        "asked": entry.asked,
        "bytes": entry.size,
        "bytes_beside": entry.beside,
        "problem": entry.problem,
    }
