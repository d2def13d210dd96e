"""`feature-explorer export`: overlays and sheets of chosen filters on chosen pictures, with a manifest."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.commands.common import (
    add_chosen_pictures,
    add_images_argument,
    add_network_arguments,
    chosen_images_of,
    network_of,
)
from explorer.commands.folder_scale import scales_of, use_kept_index
from explorer.commands.large import add_yes, ask_about
from explorer.core.drawing.styles import COLOR_MAPS, FORMATS, SCALES
from explorer.core.errors import UserError
from trainer.console.numbers import any_number, at_least_one, whole_number
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.export.run import ExportPlan, ExportReport
    from explorer.core.figures.single import FigureStyle


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `export` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "export",
        help="export overlays as figures, with a manifest",
        description="Export overlays of filters on pictures. A run that was interrupted goes on where it stopped: "
        "figures that are there and right are skipped.",
    )
    add_network_arguments(parser)
    selection = parser.add_argument_group("what")
    add_images_argument(selection)
    selection.add_argument(
        "--filters",
        required=True,
        metavar="LIST",
        help="layers and filters, such as 7 or 7:8 or 7:3-12 or 5-7, tag:hair, all; several with commas",
    )
    add_chosen_pictures(selection)
    selection.add_argument(
        "--tags", type=Path, metavar="FILE", help="tags file (.h5), for tag:... and for the manifest"
    )

    selection.add_argument(
        "--labels", type=Path, metavar="CSV", help="table of given classes, for captions; else those of --index"
    )
    selection.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of them hold what: image=..,label=..")

    files = parser.add_argument_group("files")
    files.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write into")
    files.add_argument("--sheet", action="store_true", help="sheets: filters down, pictures across")
    files.add_argument(
        "--cards",
        action="store_true",
        help="one card for each filter instead: what the index says of it, its strongest and contrast pictures",
    )
    files.add_argument(
        "--contact-sheets",
        metavar="KINDS",
        help="one sheet for each filter instead: its strongest, weakest, tenths, contrast or near pictures; several "
        "with commas",
    )
    files.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="a second network, opened as the first: each figure has A, B and B minus A",
    )
    files.add_argument(
        "--match",
        choices=("number", "answers"),
        help="with --compare, which filter of B stands for one of A: that of the same number, or the one that answers "
        "most like it on at most 120 of the pictures, or by the indexes (number)",
    )
    files.add_argument(
        "--compare-index",
        type=Path,
        metavar="FILE",
        help="the folder's index of B: with --index, matches come from both",
    )
    files.add_argument("--format", choices=tuple(FORMATS), default="png")
    files.add_argument(
        "--width",
        type=any_number,
        metavar="MM",
        help="of the whole figure; else the picture's pixels, and 170 for sheets",
    )
    files.add_argument("--dpi", type=whole_number, default=300, help="pixels per inch (300)")
    files.add_argument(
        "--force",
        action="store_true",
        help="draw everything again, and replace files that are not this export's",
    )
    add_yes(files)
    files.add_argument("--jobs", type=at_least_one, metavar="N", help="threads (all cores)")
    files.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    look = parser.add_argument_group("look")
    look.add_argument(
        "--scale",
        choices=tuple(SCALES),
        help="from which value to which: each filter's range over the folder of an index (the default where there is "
        "one), each map's own, the layer's on each picture, each filter's over the pictures exported (seen, the "
        "default without an index), or --foot to --peak",
    )
    look.add_argument(
        "--index", type=Path, metavar="FILE", help="the folder's index (else the window's), for --scale folder"
    )
    look.add_argument("--foot", type=any_number, metavar="VALUE", help="drawn as nothing (0)")
    look.add_argument("--peak", type=any_number, metavar="VALUE", help="drawn darkest (lime: brightest)")
    look.add_argument("--color-map", choices=tuple(COLOR_MAPS), default="green")
    look.add_argument("--opacity", type=any_number, default=1.0, metavar="0..1", help="of the overlay (1)")
    look.add_argument("--outline", action="store_true", help="a line at half of the scale")
    look.add_argument("--beside", action="store_true", help="the untouched picture beside the overlay")
    look.add_argument(
        "--caption", action="store_true", help="a color bar and two lines of words to each single figure (100 mm)"
    )
    look.add_argument("--raw", action="store_true", help="the convolution's own output, before its batch norm")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0 done, 1 without some pictures, 130 interrupted."""
    fixed = arguments.foot is not None or arguments.peak is not None
    if fixed and arguments.scale not in (None, "fixed"):
        arguments.wrong_usage(f"--foot and --peak belong to --scale fixed, not to --scale {arguments.scale}")
    if (fixed or arguments.scale == "fixed") and arguments.peak is None:
        arguments.wrong_usage("--scale fixed needs --peak")
    if arguments.index is not None and (fixed or arguments.scale not in (None, "folder")):
        arguments.wrong_usage("--index belongs to --scale folder")
    if arguments.compare is None and (arguments.match or arguments.compare_index):
        arguments.wrong_usage("--match and --compare-index belong to --compare")
    if arguments.compare_index is not None and (arguments.match != "answers" or arguments.index is None):
        arguments.wrong_usage("--compare-index belongs to --match answers and --index")
    style_of(arguments)  # whatever is wrong with it is said before the network is opened
    if arguments.cards or arguments.contact_sheets is not None:
        from explorer.commands.export_cards import export_filter_cards

        return export_filter_cards(arguments, style_of)
    if arguments.labels is not None and (arguments.compare is not None or not (arguments.sheet or arguments.caption)):
        arguments.wrong_usage("--labels is for captions; it belongs to --caption, --sheet, --cards or --contact-sheets")
    if arguments.compare is not None:
        from explorer.commands.export_compared import export_compared

        return export_compared(arguments, style_of)

    from explorer.core.export.run import run_export

    plan = _plan(arguments)
    if not arguments.yes:
        from explorer.core.export.size import size_of

        ask_about(size_of(plan, jobs=arguments.jobs), plan.out, "filters or pictures")
    done = 0
    try:
        with progress("exporting", "maps") as bar:

            def on_step(now: int, total: int) -> None:
                nonlocal done
                done = now
                bar(now, total)

            report = run_export(plan, on_step=on_step, jobs=arguments.jobs)
    except KeyboardInterrupt:
        total = sum(figure.cells for figure in plan.figures)
        _inform(
            f"interrupted after {done:,} of {total:,} maps; what is in {plan.out} is whole, the same command goes on"
        )
        return 130
    return _tell(plan, report, arguments.json)


def _plan(arguments: argparse.Namespace) -> "ExportPlan":
    from explorer.commands.export_cards import given_classes
    from explorer.core.export.run import plan_export
    from explorer.core.selection import choose_filters, parse_filters
    from explorer.core.tags.hdf5_file import load_tags_of

    selectors = parse_filters(arguments.filters)
    pictures = chosen_images_of(arguments)
    network = network_of(arguments)
    book = load_tags_of(arguments.tags, network.digest, network.name) if arguments.tags else None
    filters = choose_filters(selectors, network.layers, book)
    use_kept_index(arguments, network)
    style = style_of(arguments)
    return plan_export(
        network,
        pictures,
        filters,
        arguments.out,
        style,
        format=arguments.format,
        sheet=arguments.sheet,
        tags=book,
        force=arguments.force,
        scales=scales_of(arguments.index, network, filters, raw=style.raw),
        given=given_classes(arguments, list(pictures)) if arguments.sheet or style.caption else None,
    )


def style_of(arguments: argparse.Namespace) -> "FigureStyle":
    """How figures are drawn; UserError where they cannot be drawn so."""
    from explorer.core.drawing.styles import Scale
    from explorer.core.figures.single import FigureStyle

    fixed = None if arguments.peak is None else Scale(arguments.foot or 0.0, arguments.peak)
    return FigureStyle(
        scale="fixed" if fixed else arguments.scale or ("folder" if arguments.index else "seen"),
        fixed=fixed,
        color_map=arguments.color_map,
        opacity=arguments.opacity,
        outline=arguments.outline,
        beside=arguments.beside,
        raw=arguments.raw,
        caption=arguments.caption,
        width_mm=arguments.width,
        dpi=arguments.dpi,
    )


def _tell(plan: "ExportPlan", report: "ExportReport", as_json: bool) -> int:
    pictures = len(plan.pictures) + len(plan.left_out)
    reasons = [reason for _, reason in report.failed]
    summary = f"{len(reasons):,} of {pictures:,} pictures could not be read"
    if reasons and not report.written and not report.skipped:
        raise UserError(f"{summary}: {' '.join(reasons[:3])}{' ...' if len(reasons) > 3 else ''}")
    if as_json:
        values = {
            "out": str(plan.out),
            "written": report.written,
            "skipped": report.skipped,
            "failed": [{"picture": name, "reason": reason} for name, reason in report.failed],
        }
        say_json(values)
    else:
        written, skipped = len(report.written), len(report.skipped)
        suffix = f", {skipped:,} were there already" if skipped else ""
        say(f"{written:,} figure{'s' * (written != 1)} written to {plan.out}{suffix}; manifest.csv lists them")
    if reasons:
        _inform(f"{summary}:")
        for reason in reasons:
            say(f"  {printable(reason)}", error=True)
    return 1 if reasons else 0


def _inform(sentence: str) -> None:
    say(f"feature-explorer: {sentence}", error=True)
