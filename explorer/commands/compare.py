"""`feature-explorer compare`: two networks on the same pictures, filter by filter and prediction by prediction."""

import argparse
import math
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, network_of
from explorer.core.counting import counted
from explorer.core.errors import UserError
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.comparison import Comparison
    from explorer.core.comparison.matching import MatchedFilter
    from explorer.core.network.opening import Network

SHOWN = 10
UNCHANGED = 0.9995
"""Correlation from which a match is the same filter to what is written of it."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two networks on the same pictures: filters and predictions",
        description="Match the filters of two networks by what they answer over a folder, on one half of its pictures, "
        "and measure on the other half how strong each match is; and say which predictions differ. "
        "docs/comparison.md says how to read it.",
    )
    add_network_arguments(parser)
    parser.add_argument(
        "--with", dest="other", type=Path, required=True, metavar="FILE", help="the second network, opened as the first"
    )
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the folder of pictures")
    parser.add_argument(
        "--match",
        choices=("number", "answers"),
        default="answers",
        help="which filter of the second network stands for one of the first: that of the same number, or the one that "
        "answers most like it (answers)",
    )
    parser.add_argument("--index", type=Path, metavar="FILE", help="the folder's index of the first network (.h5)")
    parser.add_argument("--with-index", type=Path, metavar="FILE", help="that of the second; with both, nothing is run")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="a row for each filter and each picture")
    parser.add_argument("--force", action="store_true", help="replace --out where it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where nothing can be compared or written."""
    from explorer.core.comparison.report_file import write_report

    if (arguments.index is None) != (arguments.with_index is None):
        arguments.wrong_usage("--index and --with-index belong together")
    if arguments.out.exists() and not arguments.force:
        raise UserError(f"{printable(str(arguments.out), 300)} exists; --force replaces it.")
    first = network_of(arguments)
    second = network_of(arguments, arguments.other)
    comparison = _compared(arguments, first, second)
    write_report(arguments.out, comparison)
    for sentence in comparison.notes:
        say(f"feature-explorer: {printable(sentence, 500)}", error=True)
    if arguments.json:
        say_json(_told(arguments, comparison))
    else:
        say("\n".join(_lines(arguments, comparison)))
    return 0


def _compared(arguments: argparse.Namespace, first: "Network", second: "Network") -> "Comparison":
    from explorer.core.comparison import compare

    if arguments.index is not None:
        from explorer.core.index import open_index

        with open_index(arguments.index) as first_index, open_index(arguments.with_index) as second_index:
            return compare(first, second, arguments.images, match=arguments.match, indexes=(first_index, second_index))
    with progress("compare", "pictures") as on_step:
        return compare(first, second, arguments.images, match=arguments.match, on_step=on_step)


def _layers(comparison: "Comparison") -> "dict[int, list[MatchedFilter]]":
    layers: dict[int, list[MatchedFilter]] = {}
    for match in comparison.matches:
        layers.setdefault(match.first.layer, []).append(match)
    return layers


def _median(values: Iterable[float]) -> float | None:
    valid = [value for value in values if not math.isnan(value)]
    return statistics.median(valid) if valid else None


def _summaries(comparison: "Comparison") -> list[dict[str, Any]]:
    return [
        {
            "layer": layer,
            "filters": len(matches),
            "median_strength": _median(match.strength for match in matches if not match.silent),
            "median_same_number": _median(match.same_number for match in matches if not match.silent),
            "keep_their_number": sum(match.second == match.first for match in matches),
            "silent": {side: sum(match.silent == side for match in matches) for side in ("first", "second", "both")},
        }
        for layer, matches in _layers(comparison).items()
    ]


def _told(arguments: argparse.Namespace, comparison: "Comparison") -> dict[str, Any]:
    return {
        "path": str(arguments.out),
        "pictures": len(comparison.pictures),
        "matched_on": comparison.matched_on,
        "measured_on": comparison.measured_on,
        "layers": _summaries(comparison),
        "changed_predictions": len(comparison.changed),
        "notes": list(comparison.notes),
    }


def _lines(arguments: argparse.Namespace, comparison: "Comparison") -> list[str]:
    lines = []
    if comparison.matches:
        numbered = not comparison.matched_on
        lines.append(
            f"Filters of the same number, strength (correlation of peaks) on {comparison.measured_on:,} pictures, "
            "median:"
            if numbered
            else f"Filters matched on {comparison.matched_on:,} pictures, strength (correlation of peaks) on the other "
            f"{comparison.measured_on:,}, median:"
        )
        for summary in _summaries(comparison):
            found = f"layer {summary['layer']:>3}  same number {_two(summary['median_same_number'])}"
            if not numbered:
                found = (
                    f"layer {summary['layer']:>3}  matched {_two(summary['median_strength'])}  same number "
                    f"{_two(summary['median_same_number'])}  {summary['keep_their_number']} of {summary['filters']} "
                    "keep their number"
                )
            lines.append(found)
        telling = (match for match in comparison.most_changed if not (match.silent or math.isnan(match.kept)))
        weakest = list(telling)[:SHOWN]
        named = ", ".join(f"{match.first} ({match.kept:.2f})" for match in weakest)
        unchanged = weakest and weakest[0].kept >= UNCHANGED
        changed = "No filter has changed." if unchanged else f"Changed most: {named}"
        lines.append(changed if named else "No filter tells the pictures apart.")
        lines += _silent(comparison)
    if comparison.predictions:
        of_all = f"{len(comparison.changed):,} of {len(comparison.predictions):,} predictions differ"
        furthest = comparison.changed[:1]
        lines.append(
            of_all
            + "".join(
                f"; most on {prediction.picture}: {prediction.first} → {prediction.second}" for prediction in furthest
            )
        )
    counts = (len(comparison.matches), "filter"), (len(comparison.predictions), "picture")
    written = [counted(count, noun) for count, noun in counts if count]
    return [
        *(printable(line, 500) for line in lines),
        f"{printable(str(arguments.out), 500)}: {' and '.join(written) or 'nothing'}",
    ]


def _silent(comparison: "Comparison") -> list[str]:
    """Which filters are silent, in one network or in both."""
    kinds = (
        ("first", "Silent in the first network alone (its match in the second answers)"),
        ("second", "Silent in the second network alone (numbered as in the first)"),
        ("both", "Silent in both networks"),
    )
    lines = []
    for side, words in kinds:
        keys = [str(match.first) for match in comparison.matches if match.silent == side]
        more = f" and {len(keys) - SHOWN:,} more" if len(keys) > SHOWN else ""
        lines += [f"{words}: {', '.join(keys[:SHOWN])}{more}"] if keys else []
    return lines


def _two(value: float | None) -> str:
    return "   –" if value is None else f"{value:5.2f}"
