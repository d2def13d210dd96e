"""`feature-explorer lens sheet`: pictures down, lenses across, for a folder or for the pairs that are confused most."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.commands.common import add_network_arguments, check_columns, network_of
from explorer.commands.given_words import add_words_argument, given_words
from explorer.core.attribution import LENSES
from explorer.core.attribution.lens import CLASS, LAST_LAYER, Lens
from explorer.core.class_words import named_class, probabilities_told_apart, told_apart
from explorer.core.counting import counted
from explorer.core.drawing.styles import FORMATS, format_of
from explorer.core.errors import UserError
from trainer.console.numbers import any_number, at_least_one, whole_number
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.network.opening import Network

PREDICTED = "predicted"
"""The target that stands for the class that the network names."""

USUAL = "grad-cam,guided-backprop"


@dataclass(frozen=True)
class _Chosen:
    """A picture of the sheet, and what stands before it."""

    path: Path
    lines: tuple[str, ...]
    predicted: str


def add_sheet(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sheet` beside the lenses; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "sheet",
        help="several lenses side by side: pictures down, lenses across",
        description="One figure of several pictures through several lenses with their usual settings. With --confused, "
        "of the pictures whose class is mistaken for another most often.",
    )
    add_network_arguments(parser)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the folder of pictures, or one")
    parser.add_argument("--lenses", default=USUAL, metavar="NAMES", help=f"with commas, from left to right ({USUAL})")
    parser.add_argument("--target", default=PREDICTED, help="class:NAME ..., or predicted (predicted)")
    parser.add_argument(
        "--layer", type=whole_number, metavar="N", help="of lenses that look at a layer's maps, -1 the last (-1)"
    )
    parser.add_argument(
        "--first", type=at_least_one, default=12, metavar="N", help="how many pictures of the folder (12)"
    )
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="a network B, opened as the first: A, B and B minus A of each lens"
    )
    pairs = parser.add_argument_group("confused pairs")
    pairs.add_argument(
        "--confused", type=at_least_one, metavar="K", help="the K most frequent pairs of given and predicted class"
    )
    pairs.add_argument(
        "--per-pair", type=at_least_one, default=3, metavar="N", help="pictures of each, the surest first (3)"
    )
    pairs.add_argument("--labels", type=Path, metavar="CSV", help="table of the pictures' classes; else their folders")
    add_words_argument(pairs)
    pairs.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    parser.add_argument("--out", type=Path, required=True, help=f"the figure: {', '.join(FORMATS)}, as its name ends")
    parser.add_argument("--width", type=any_number, metavar="MM", help="of the figure (170)")
    parser.add_argument("--dpi", type=whole_number, default=300, help="pixels per inch (300)")
    parser.add_argument("--force", action="store_true", help="replace --out where it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_sheet` say; 0, or a UserError where no sheet can be made."""
    from explorer.core.attribution.sheet_rows import sheet_row
    from explorer.core.comparison.lens_of_both import sheet_row_of_both, sheet_titles
    from explorer.core.figures.lens_sheet import MOST, lens_sheet
    from explorer.core.figures.single import FigureStyle
    from explorer.core.images import read_image
    from trainer.files.atomic_files import cannot_write, replace_file

    format = format_of(arguments.out)
    if arguments.out.exists() and not arguments.force:
        raise UserError(f"{printable(str(arguments.out), 300)} exists; --force replaces it.")
    lenses = _lenses(arguments.lenses, arguments.target)
    layer = LAST_LAYER if arguments.layer is None else arguments.layer
    if arguments.layer is not None and not any(setting.layer for lens in lenses for setting in lens.settings):
        raise UserError("None of these lenses looks at a layer: leave --layer out.")
    network = network_of(arguments)
    if not network.classes and arguments.target == PREDICTED:
        raise UserError(f"{network.name} was opened without class scores; give a filter as --target.")
    second = network_of(arguments, arguments.compare) if arguments.compare else None
    if second is not None and arguments.target.startswith("filter:"):
        raise UserError("A sheet of two networks is of a class; `lens LENS --compare` takes a filter.")
    chosen = _chosen(arguments, network)
    if len(chosen) > MOST:
        raise UserError(f"That would be {len(chosen):,} pictures; a sheet holds {MOST}. Choose fewer.")
    style, rows = FigureStyle(width_mm=arguments.width, dpi=arguments.dpi), []
    with progress("lenses", "pictures") as on_step:
        for position, picture in enumerate(chosen):
            on_step(position, len(chosen))
            target = arguments.target
            if target == PREDICTED:  # what is denied to be the only class is looked at through that class
                denied = picture.predicted not in network.classes
                target = f"class:{network.classes[0] if denied else picture.predicted}"
            row_arguments = read_image(picture.path), lenses, target, picture.lines, style.opacity, layer
            rows.append(
                sheet_row_of_both((network, second), *row_arguments) if second else sheet_row(network, *row_arguments)
            )
    about = {
        "network": network.identity,
        "target": arguments.target,
        "lenses": [lens.name for lens in lenses],
        **({} if arguments.layer is None else {"layer": arguments.layer}),
        "pictures": [picture.path.name for picture in chosen],
    }
    titles = sheet_titles(lenses) if second else ["picture", *(lens.title for lens in lenses)]
    about |= {"second_network": second.identity} if second else {}
    content = lens_sheet(titles, rows, format, style, about)
    try:
        replace_file(arguments.out, content)
    except OSError as error:
        raise cannot_write(arguments.out, error) from error
    if arguments.json:
        say_json({"path": str(arguments.out), **about})
    else:
        lenses_words = f"{len(lenses)} lenses" if len(lenses) > 1 else lenses[0].title
        say(f"{printable(str(arguments.out), 500)}: {counted(len(rows), 'picture')} through {lenses_words}")
    return 0


def _lenses(names: str, target: str) -> list[Lens]:
    lenses = []
    for name in filter(None, (word.strip() for word in names.split(","))):
        lens = LENSES.get(name)
        if lens is None:
            raise UserError(f'There is no lens "{name}"; the lenses are {", ".join(LENSES)}.')
        if target == PREDICTED and CLASS not in lens.targets:
            raise UserError(
                f"{lens.title} takes no class; give a filter as --target filter:LAYER:FILTER, or leave it out."
            )
        if target != PREDICTED:
            lens.check_target(target)
        lenses.append(lens)
    if not lenses:
        raise UserError(f"Name at least one lens: {', '.join(LENSES)}.")
    return lenses


def _chosen(arguments: argparse.Namespace, network: "Network") -> list[_Chosen]:
    """The pictures of the sheet; all of them must be looked at where pairs are wanted."""
    import numpy as np

    from explorer.core.images import picture_digest, read_image
    from explorer.core.maps.activations import predict
    from trainer.networks.checkpoint import SEEN_DIGITS, seen_digests
    from trainer.pictures.folder_walk import list_folder

    pictures = list(list_folder(arguments.images).check().pictures)
    given = _given(arguments, network, pictures)
    looked_at = pictures if arguments.confused is not None else pictures[: arguments.first]
    readable, predictions = [], []
    with progress("predictions", "pictures") as on_step:
        for position, path in enumerate(looked_at):
            on_step(position, len(looked_at))
            try:
                predictions.append(predict(network, read_image(path)))
                readable.append(path)
            except UserError as error:
                say(f"feature-explorer: {printable(str(error), 500)}", error=True)
    if not readable:
        raise UserError("None of the pictures can be read.")
    probabilities = np.stack(predictions)
    rows: Sequence[int] = range(len(readable))
    if arguments.confused is not None:
        from explorer.core.evaluation.confused_pairs import confused_pairs

        told, classes = probabilities_told_apart(probabilities), told_apart(network.classes)
        pairs = confused_pairs([given[path] for path in readable], told, classes, arguments.confused)
        rows = [row for pair in pairs for row in pair.rows[: arguments.per_pair]]
        if not rows:
            raise UserError("No picture whose class is known is taken for another class: there is no pair to show.")
    chosen, used = [], seen_digests(network.training)
    for row in rows:
        predicted, probability = named_class(network.classes, probabilities[row])
        prediction = f"said: {predicted} {probability:.2f}" if predicted else ""
        learned = used and picture_digest(readable[row])[:SEEN_DIGITS] in used
        class_line = f"given: {given[readable[row]]}" if given[readable[row]] else ""
        lines = (readable[row].name, class_line, prediction, "the network was trained on it" if learned else "")
        chosen.append(_Chosen(readable[row], tuple(filter(None, lines)), predicted))
    return chosen


def _given(arguments: argparse.Namespace, network: "Network", pictures: list[Path]) -> dict[Path, str]:
    """The class of the network that each picture is given as, "" where that is not known."""
    from explorer.core.labels import folder_labels, read_labels
    from trainer.pictures.column_choice import parse_columns

    check_columns(arguments)
    if arguments.labels is not None:
        columns = parse_columns(arguments.columns) if arguments.columns else None
        labels = read_labels(arguments.labels, pictures, columns)
    else:
        labels = folder_labels(arguments.images, pictures)
    for problem in labels.problems:
        say(f"feature-explorer: {problem}", error=True)
    words = given_words(arguments, network.identity, labels.counts, network.classes, network.training).map
    return {path: words.of(labels.of(path)) for path in pictures}
