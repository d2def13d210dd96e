"""`feature-explorer report`: what was found about a network's filters on one page, and whether it still holds."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, index_of, network_of, table_of
from explorer.commands.given_words import add_words_argument, given_words
from explorer.core.errors import UserError
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from explorer.core.report import Sources

OPENING = ("architecture", "classes", "input", "key", "outputs")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "report",
        help="write what was found about filters on one page, or check such a page",
        description="Write one HTML page on the tagged filters (without tags: on those that the network uses most), "
        "which needs nothing beside it. --check computes every number of a page again, from its pictures on, makes its "
        "words and pictures of them, and lists what differs; files that are elsewhere by now are named with the same "
        "options.",
    )
    add_network_arguments(parser, required=False)
    inputs = parser.add_argument_group("what")
    inputs.add_argument("--images", type=Path, metavar="DIR", help="the folder of pictures")
    inputs.add_argument("--labels", type=Path, metavar="CSV", help="table of the pictures' classes")
    add_words_argument(inputs)
    inputs.add_argument("--tags", type=Path, metavar="FILE", help="tags file (.h5)")
    inputs.add_argument(
        "--artifacts", type=Path, metavar="CSV", help="what a person says of the pictures: image,hair,ruler,.."
    )
    inputs.add_argument(
        "--rejected", type=Path, metavar="CSV", help="which suggestions were rejected: layer,filter,rejected"
    )
    inputs.add_argument("--index", type=Path, metavar="FILE", help="its index; else the one that is kept, or made")
    page = parser.add_argument_group("page")
    page.add_argument("--out", type=Path, metavar="FILE", help="the page (.html)")
    page.add_argument("--check", type=Path, metavar="FILE", help="the page to check; 1 where something differs")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0 done or all is the same, 1 where a checked page differs."""
    if bool(arguments.out) == bool(arguments.check):
        arguments.wrong_usage("give --out FILE, or --check FILE")
    return _check(arguments) if arguments.check else _write(arguments)


def _write(arguments: argparse.Namespace) -> int:
    from explorer.core.report import evidence_report
    from trainer.files.own_kind import check_own_kind

    if arguments.model is None or arguments.images is None:
        arguments.wrong_usage("--model and --images are needed")
    check_own_kind(arguments.out, "a report", lambda head: _is_report(arguments.out))
    network = network_of(arguments)
    with _sources(arguments, network) as sources:
        with progress("report") as on_step:
            evidence_report(sources, arguments.out, on_step=on_step, on_stage=on_step.stage)
        pictures = len(sources.index.pictures)
    if arguments.json:
        say_json({"out": str(arguments.out), "pictures": pictures})
    else:
        say(f"{printable(str(arguments.out), 500)}: a report on {pictures:,} pictures")
    return 0


def _is_report(path: Path) -> bool:
    from explorer.core.report.check import read_report

    try:
        return bool(read_report(path))
    except UserError:
        return False


def _check(arguments: argparse.Namespace) -> int:
    from explorer.core.report import check_report
    from explorer.core.report.check import of_another_version, read_report
    from explorer.core.report.sections import versions

    report = read_report(arguments.check)
    _take(arguments, report)
    network = network_of(arguments)
    with (
        tempfile.TemporaryDirectory() as folder,
        _sources(arguments, network, Path(folder) / "index.h5") as sources,
        progress("checking") as on_step,
    ):
        differences = check_report(report, sources, on_step=on_step, on_stage=on_step.stage)
    was, now = report["versions"], versions()
    others = [f"{name} {was.get(name)} (here {now.get(name)})" for name in now if was.get(name) != now.get(name)]
    other = of_another_version(report)
    if arguments.json:
        values = [
            {"place": difference.place, "reported": difference.reported, "found": difference.found}
            for difference in differences
        ]
        say_json({"report": str(arguments.check), "differences": values, "versions": others, "page_checked": not other})
        return 1 if differences else 0
    for difference in differences:
        say(printable(str(difference), 600))
    if others:
        say(printable(f"It was made with {', '.join(others)}.", 600))
    if other:
        about = f"Its page is of another version of this program ({other}) and was not compared with one made here"
        say(printable(f"{about}: only the numbers inside the file were, not what a person reads.", 600))
    extent = "from the pictures on" if arguments.index is None else "from the index on"
    same = f"{'Every number inside' if other else 'Everything'} is the same, computed {extent}."
    say(f"{len(differences):,} of its numbers and words differ." if differences else same)
    return 1 if differences else 0


def _take(arguments: argparse.Namespace, report: Mapping[str, Any]) -> None:
    """Take from the report what is not said: its files, from its own folder on, and how its network was opened."""
    from explorer.core.report.check import found_beside

    for name, path in found_beside(report, arguments.check).items():
        if getattr(arguments, name, None) is None:
            setattr(arguments, name, path)
    for name in ("model", "images"):
        if getattr(arguments, name) is None:
            raise UserError(f"{arguments.check.name} names no --{name}; give it.")
    for word in report.get("opening", []):
        name, _, value = str(word).removeprefix("--").partition("=")
        if name not in OPENING or getattr(arguments, name) is not None:
            continue
        if name == "architecture" and value.partition(":")[0].endswith(".py"):
            raise UserError(
                f"The network of {arguments.check.name} was opened with code of {printable(value)}. Code of a page is "
                "not run unasked: give --architecture yourself if you trust it."
            )
        setattr(arguments, name, value)


@contextmanager
def _sources(arguments: argparse.Namespace, network: "Network", index_path: Path | None = None) -> "Iterator[Sources]":
    """What a report is made from; without --index one is made first, at `index_path` or where the window keeps it.

    A page that is checked says itself what given words mean, unless --words does.
    """
    from explorer.core.report import open_sources

    table = table_of(arguments, arguments.images)
    opening = [f"--{name}={value}" for name in OPENING if (value := getattr(arguments, name)) is not None]
    with open_sources(
        network,
        arguments.images,
        index_of(arguments, network, table, index_path),
        tags=arguments.tags,
        labels=arguments.labels,
        table=table,
        artifacts=arguments.artifacts,
        rejected=arguments.rejected,
        model=arguments.model,
        opening=tuple(opening),
    ) as sources:
        if arguments.check and arguments.words is None:
            yield sources
            return
        index = sources.index
        meant = given_words(arguments, network.identity, index.given, index.classes, network.training)
        yield replace(sources, edited=meant.map, words_file=meant.file) if meant.file else sources
