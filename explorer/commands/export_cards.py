"""Cards and contact sheets of filters for `feature-explorer export`, and the given classes of its captions."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.commands.common import network_of, table_of
from explorer.commands.folder_scale import use_kept_index
from explorer.commands.large import ask_about
from trainer.console.progress import progress
from trainer.files.printing import say, say_json

if TYPE_CHECKING:
    from explorer.core.figures.single import FigureStyle


def export_filter_cards(arguments: argparse.Namespace, style_of: "Callable[[argparse.Namespace], FigureStyle]") -> int:
    """Draw cards or contact sheets; 0 done, 1 where pictures of the index are gone."""
    what = "--cards" if arguments.cards else "--contact-sheets"
    _check_usage(arguments, what)
    from explorer.core.counting import counted
    from explorer.core.export.cards import export_cards
    from explorer.core.export.size import size_of_cards
    from explorer.core.index import open_index
    from explorer.core.selection import choose_filters, parse_filters
    from explorer.core.tags.hdf5_file import load_tags_of

    network = network_of(arguments)
    book = load_tags_of(arguments.tags, network.digest, network.name) if arguments.tags else None
    filters = choose_filters(parse_filters(arguments.filters), network.layers, book)
    kinds = [word.strip() for word in (arguments.contact_sheets or "").split(",") if word.strip()]
    folder = arguments.images[0]
    use_kept_index(arguments, network)
    with open_index(arguments.index) as index:
        table = table_of(arguments, folder)
        if table is not None:
            index = index.seen_from(folder, [table.of(folder / name) for name in index.pictures])
        chosen = network, index, folder, filters, arguments.out, style_of(arguments)
        more = {
            "format": arguments.format,
            "tags": book,
            "force": arguments.force,
            "kinds": tuple(dict.fromkeys(kinds)),
        }
        if not arguments.yes:
            ask_about(size_of_cards(*chosen, **more), arguments.out, "filters")
        with progress("cards", "cards") as on_step:
            report = export_cards(*chosen, **more, on_step=on_step)
    if arguments.json:
        say_json({name: list(map(str, files)) for name, files in vars(report).items()})
    else:
        suffix = f", {len(report.skipped):,} were there already" if report.skipped else ""
        noun = "card" if arguments.cards else "contact sheet"
        say(f"{counted(len(report.written), noun)} written to {arguments.out}{suffix}")
    if report.unread:
        say(
            f"feature-explorer: {len(report.unread):,} pictures are not in {folder} as the index saw them",
            error=True,
        )
    return 1 if report.unread else 0


def _check_usage(arguments: argparse.Namespace, what: str) -> None:
    """Wrong usage where something is missing, or an option would be left undone in silence."""
    if arguments.cards and arguments.contact_sheets:
        arguments.wrong_usage("give --cards or --contact-sheets, not both")
    if not arguments.cards and not arguments.contact_sheets.strip(", "):
        arguments.wrong_usage("--contact-sheets names no kind of pictures: strongest, weakest, tenths, contrast, near")
    for option, given in {
        "--sheet": arguments.sheet,
        "--compare": arguments.compare,
        "--caption": arguments.caption,
        "--beside": arguments.beside,
        "--pictures": arguments.pictures,
        "--first": arguments.first,
    }.items():
        if given:
            arguments.wrong_usage(f"{option} does not go with {what}, whose pictures the index chooses; leave it out")
    if len(arguments.images) != 1 or not arguments.images[0].is_dir():
        arguments.wrong_usage(f"{what} needs --images to be the folder of the index")


def given_classes(arguments: argparse.Namespace, pictures: list[Path]) -> dict[Path, str]:
    """The given class of each picture where it is known: from --labels, else as the --index has it."""
    table = table_of(arguments, pictures)
    if table is not None:
        return {path: table.of(path) for path in pictures}
    if arguments.index is None:
        return {}
    from explorer.core.index import open_index

    folders = [folder.resolve() for folder in arguments.images if folder.is_dir()]
    with open_index(arguments.index) as index:
        given = dict(zip(index.pictures, index.given, strict=True))
    found = {}
    for path in pictures:
        whole = path.resolve()
        names = [whole.relative_to(folder).as_posix() for folder in folders if whole.is_relative_to(folder)]
        found[path] = next((given[name] for name in names if name in given), "")
    return found
