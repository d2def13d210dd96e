"""`feature-explorer export --compare`: filters of two networks beside each other, with the difference."""

import argparse
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.commands.common import images_of, network_of
from explorer.commands.folder_scale import scales_of, use_kept_index
from explorer.commands.large import ask_about
from explorer.core.counting import counted
from explorer.core.errors import UserError
from explorer.core.figures.single import FigureStyle
from explorer.core.shared_folder import shared_folder
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.network.opening import Network
    from explorer.core.tags.book import FilterKey


def export_compared(arguments: argparse.Namespace, style_of: Callable[[argparse.Namespace], FigureStyle]) -> int:
    """Do what the arguments of `export` with --compare say; 0 done, 1 without some pictures."""
    style = style_of(arguments)
    for name, on in (("--sheet", arguments.sheet), ("--beside", style.beside), ("--caption", style.caption)):
        if on:
            arguments.wrong_usage(f"{name} does not go with --compare, whose figures have three panels and a caption")
    from explorer.core.comparison.figures_of_both import by_number, draw_both
    from explorer.core.comparison.size_of_both import size_of_both
    from explorer.core.selection import choose_filters, choose_pictures, parse_filters, picture_names
    from explorer.core.tags.hdf5_file import load_tags_of

    selectors, every = parse_filters(arguments.filters), images_of(arguments)
    pictures = every
    names = [name for text in arguments.pictures or () for name in picture_names(text, pictures)]
    pictures = choose_pictures(pictures, names, arguments.first)
    first = network_of(arguments)
    second = network_of(arguments, arguments.compare)
    book = load_tags_of(arguments.tags, first.digest, first.name) if arguments.tags else None
    filters = choose_filters(selectors, first.layers, book)
    strengths = None
    if arguments.match == "answers":
        pairs, strengths = _by_answers(arguments, (first, second), filters, every)
    else:
        pairs = by_number(first, second, filters)
    use_kept_index(arguments, first)
    style = style_of(arguments)
    scales = scales_of(arguments.index, first, filters, raw=style.raw) or {}
    more = {"format": arguments.format, "scales": scales, "strengths": strengths, "force": arguments.force}
    if not arguments.yes:
        size = size_of_both(first, second, pairs, pictures, arguments.out, style, **more)
        ask_about(size, arguments.out, "filters or pictures")
    with progress("exporting", "figures") as on_step:
        report = draw_both(first, second, pairs, pictures, arguments.out, style, **more, on_step=on_step)
    if report.failed and not report.written and not report.skipped:
        raise UserError(report.failed[0][1])
    if arguments.json:
        failed = [{"picture": name, "reason": reason} for name, reason in report.failed]
        say_json({"out": str(arguments.out), "written": report.written, "skipped": report.skipped, "failed": failed})
    else:
        written, suffix = len(report.written), f", {len(report.skipped):,} were there already" if report.skipped else ""
        kind = f"figure{'s' * (written != 1)} of both networks"
        say(f"{written:,} {kind} written to {arguments.out}{suffix}; manifest.csv lists them")
    for name, reason in report.failed:
        say(f"feature-explorer: {printable(name)}: {printable(reason)}", error=True)
    return 1 if report.failed else 0


def _by_answers(
    arguments: argparse.Namespace,
    networks: "tuple[Network, Network]",
    filters: "Sequence[FilterKey]",
    pictures: Sequence[Path],
) -> "tuple[dict[FilterKey, FilterKey], dict[FilterKey, float]]":
    """Filters of A with those of B that answer most like them, and how strong each match is.

    UserError where none has one, or there are too few pictures.
    """
    from explorer.core.comparison.comparable import same_layers
    from explorer.core.comparison.filter_match import measure_sample, of_indexes, of_samples, sample_of
    from explorer.core.index import open_index

    if arguments.compare_index is not None:
        with open_index(arguments.index) as of_first, open_index(arguments.compare_index) as of_second:
            both = of_indexes((of_first, of_second), networks)
    else:
        folder = shared_folder(pictures)
        sample = sample_of(folder, [path.absolute() for path in pictures])
        with progress("matching filters", "pictures") as on_step:
            first, second = (measure_sample(network, sample, on_step) for network in networks)
        both = of_samples(first, second, folder, same_layers=same_layers(*networks))
    layers = {layer: both.matches(layer) for layer in sorted({key.layer for key in filters})}
    matches = [layers[key.layer][key.filter] for key in filters]
    pairs = {match.first: match.second for match in matches if match.second is not None}
    if not pairs:
        raise UserError("No filter of B is left for any of these: none of them tells the pictures apart.")
    for match in matches:
        if match.second is None:
            say(f"feature-explorer: no filter of B is left for {match.first}", error=True)
    strengths = {match.first: match.strength for match in matches if match.second is not None}
    valid = [value for value in strengths.values() if not math.isnan(value)]
    median_text = f", median r {statistics.median(valid):.2f}" if valid else ""
    if not arguments.json:
        method = f"matched by their answers to {len(both.halves[0]):,} pictures"
        say(f"{counted(len(pairs), 'filter')} {method}{median_text} on the other {both.measured:,}")
    return pairs, strengths
