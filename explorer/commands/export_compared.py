"""`feature-explorer export --compare`: filters of two networks beside each other, with the difference."""

import argparse
from collections.abc import Callable
from typing import Any

from explorer.commands.common import images_of, network_of
from explorer.core.errors import UserError
from explorer.core.figures.single import FigureStyle
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

LARGE = 1_000
"""Files from which on a person says --yes."""


def export_compared(arguments: argparse.Namespace, style: FigureStyle, scales_of: Callable[..., Any]) -> int:
    """Do what the arguments of `export` with --compare say; 0 done, 1 without some pictures."""
    for name, on in (("--sheet", arguments.sheet), ("--beside", style.beside), ("--caption", style.caption)):
        if on:
            arguments.wrong_usage(f"{name} does not go with --compare, whose figures have three panels and a caption")
    from explorer.core.comparison.figures_of_both import by_number, draw_both
    from explorer.core.selection import choose_filters, choose_pictures, parse_filters, picture_names
    from explorer.core.tags.hdf5_file import load_tags_of

    selectors, pictures = parse_filters(arguments.filters), images_of(arguments)
    names = [name for text in arguments.pictures or () for name in picture_names(text, pictures)]
    pictures = choose_pictures(pictures, names, arguments.first)
    first = network_of(arguments)
    second = network_of(argparse.Namespace(**(vars(arguments) | {"model": arguments.compare})))
    book = load_tags_of(arguments.tags, first.digest, first.name) if arguments.tags else None
    filters = choose_filters(selectors, first.layers, book)
    pairs = by_number(first, second, filters)
    if len(pairs) * len(pictures) > LARGE and not arguments.yes:
        raise UserError(
            f"These are {len(pairs) * len(pictures):,} files. Add --yes if you mean it, or choose fewer filters or "
            "pictures."
        )
    scales = scales_of(arguments.index, first, filters, raw=style.raw) if arguments.index else {}
    with progress("exporting", "figures") as on_step:
        report = draw_both(
            first,
            second,
            pairs,
            pictures,
            arguments.out,
            style,
            format=arguments.format,
            scales=scales,
            force=arguments.force,
            on_step=on_step,
        )
    if report.failed and not report.written and not report.skipped:
        raise UserError(report.failed[0][1])
    if arguments.json:
        failed = [{"picture": name, "reason": reason} for name, reason in report.failed]
        say_json({"out": str(arguments.out), "written": report.written, "skipped": report.skipped, "failed": failed})
    else:
        written, there = len(report.written), f", {len(report.skipped):,} were there already" if report.skipped else ""
        say(f"{written:,} figure{'s' * (written != 1)} of both networks written to {arguments.out}{there}")
    for name, reason in report.failed:
        say(f"feature-explorer: {printable(name)}: {printable(reason)}", error=True)
    return 1 if report.failed else 0
