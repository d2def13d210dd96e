"""`feature-explorer suggest`: which tags what the filters answer speaks for, each with its reason."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_images_argument, add_network_arguments, network_of, said_in, table_of
from explorer.commands.index import Reins
from explorer.core.index.known_lesions import known_lesions
from trainer.console.numbers import at_least_one, zero_or_more
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.alarm.artifacts import Said
    from explorer.core.suggestions import Suggestions


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `suggest` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "suggest",
        help="suggest tags for filters, each with its reason",
        description="Suggest a tag for every filter, from an index and its pictures: where in them it answers, against "
        "other pictures, and what changes when a picture is changed. What is measured is kept beside the index: "
        "run it again to go on. docs/suggestions.md says how it is measured, and how good it is.",
    )
    add_network_arguments(parser)
    inputs = parser.add_argument_group("what")
    inputs.add_argument("--index", type=Path, required=True, metavar="FILE", help="the index (.h5) of these pictures")
    add_images_argument(inputs)
    inputs.add_argument(
        "--masks", type=Path, metavar="DIR", help="lesion masks, NAME_segmentation.png; they win over found ones"
    )
    inputs.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="table that says which pictures show one lesion; else the index's own",
    )
    inputs.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,lesion=..")
    inputs.add_argument(
        "--artifacts", type=Path, metavar="CSV", help="what a person saw, image,hair,ruler,..: what is 0 has no mark"
    )
    inputs.add_argument(
        "--pictures", type=at_least_one, default=500, metavar="N", help="how many are measured (default 500)"
    )
    inputs.add_argument(
        "--probes",
        type=zero_or_more,
        default=40,
        metavar="N",
        help="how many of them are probed (default 40, 0 for none)",
    )
    inputs.add_argument(
        "--chance",
        type=zero_or_more,
        default=0,
        metavar="N",
        help="also count what is suggested by chance, N times (default 0)",
    )
    inputs.add_argument("--table", type=Path, metavar="TOML", help="your own table from numbers to words")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the suggestions, a row for each filter")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("--progress", choices=("bar", "json"), default="bar", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where nothing can be suggested."""
    from explorer.core.index.shared_work import own_device, shared_by_torchrun
    from explorer.core.suggestions import SuggestOptions, suggest, write_suggestions
    from explorer.core.suggestions.csv_file import is_suggestions
    from trainer.files.own_kind import check_own_kind

    check_own_kind(arguments.out, "a table of suggestions", is_suggestions)
    child = arguments.progress == "json"
    reins = Reins() if child else None
    arguments.device = own_device(arguments.device)
    network = network_of(arguments)
    stage = ["concepts"]
    with shared_by_torchrun() as shared, progress("suggest", shown=shared.first and not child) as on_bar:

        def on_step(done: int, total: int) -> None:
            if reins is None:
                on_bar(done, total)
                return
            reins.check()
            if done % 4 == 0 or done == total:
                say_json({"stage": stage[0], "done": done, "total": total})
                sys.stdout.flush()

        def on_stage(name: str) -> None:
            stage[0] = name
            on_bar.stage(name)

        suggestions = suggest(
            network,
            arguments.index,
            arguments.images[0] if len(arguments.images) == 1 else arguments.images,
            masks=arguments.masks,
            lesions=_lesions(arguments),
            said=_said(arguments),
            options=SuggestOptions(arguments.pictures, arguments.probes, arguments.table, arguments.chance),
            on_step=on_step,
            on_stage=on_stage,
            shared=shared,
        )
        if not shared.first:
            return 0
    write_suggestions(arguments.out, suggestions)
    _tell(arguments, suggestions)
    return 0


def _said(arguments: argparse.Namespace) -> "Said":
    """What --artifacts says of the pictures of the index."""
    if arguments.artifacts is None:
        return {}
    from explorer.core.index import open_index

    with open_index(arguments.index) as index:
        return said_in(arguments.artifacts, index.pictures)


def _lesions(arguments: argparse.Namespace) -> dict[str, str]:
    """The lesion of each picture of the index where it is known."""
    from explorer.core.index import open_index

    folder = arguments.images[0] if len(arguments.images) == 1 else None
    with open_index(arguments.index) as index:
        paths = [folder / name if folder is not None else Path(name) for name in index.pictures]
        return known_lesions(index, table_of(arguments, paths), paths)


def _tell(arguments: argparse.Namespace, suggestions: "Suggestions") -> None:
    counts = Counter(row.tag for row in suggestions.suggested)
    facts = suggestions.facts
    if arguments.json or arguments.progress == "json":
        summary = {"stage": "done", "path": str(arguments.out), "filters": len(suggestions.rows), "tags": dict(counts)}
        say_json(summary | facts)
    else:
        words = ", ".join(f"{tag} {count:,}" for tag, count in counts.most_common())
        say(
            f"{printable(str(arguments.out), 500)}: {len(suggestions.suggested):,} of {len(suggestions.rows):,} "
            f"filters have a suggestion ({words or 'nothing clear'}), from {facts['pictures']:,} pictures"
        )
        if "chance" in facts:
            say(_by_chance(facts["chance"]))
    if "problem" in facts:
        say(f"feature-explorer: {facts['problem']}; nothing is suggested", error=True)


def _by_chance(chance: dict[str, Any]) -> str:
    words = ", ".join(f"{words} {count:,}" for words, count in chance["words"].items())
    share, most = (f"{100 * chance[name]:.1f} %" for name in ("share", "most"))
    return (
        f"by chance, {chance['permutations']:,} x with other pictures' masks and moved maps: {share} of the filters, "
        f"at most {most} at once ({words or 'nothing'})"
    )
