"""`feature-explorer evaluate`: how far the predictions in an index agree with the given classes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, network_of, table_of
from explorer.commands.given_words import add_words_argument, given_words
from explorer.core.errors import UserError
from explorer.core.index.known_lesions import known_lesions
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json
from trainer.measures.spoken import spoken

if TYPE_CHECKING:
    from explorer.core.class_words import ClassWords
    from explorer.core.evaluation import Evaluation
    from explorer.core.index import FolderIndex
    from explorer.core.network.opening import Network
    from trainer.measures.bootstrap import Measure
    from trainer.measures.taxonomy import Taxonomy


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure the predictions in an index against the given classes",
        description="Measure how far the network's predictions in an index agree with the given classes, each number "
        "with its 95 % interval (bootstrap over lesions where a table tells them, else over pictures). Pictures that "
        "the network was trained on are left out.",
    )
    add_network_arguments(parser, required=False)
    inputs = parser.add_argument_group("what")
    inputs.add_argument(
        "--index", type=Path, required=True, metavar="FILE", help="the index of network and folder (.h5)"
    )
    inputs.add_argument(
        "--images", type=Path, metavar="DIR", help="the folder of the index, where it lies elsewhere now"
    )
    inputs.add_argument("--labels", type=Path, metavar="CSV", help="table of classes and lesions; else the index's own")
    inputs.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    add_words_argument(inputs)
    inputs.add_argument(
        "--taxonomy",
        type=Path,
        metavar="FILE",
        help="adds classes up: .toml, or .csv with name,parent (docs/report.md)",
    )
    inputs.add_argument(
        "--readers", type=Path, metavar="CSV", help="name,sensitivity,specificity: readers to compare with"
    )
    inputs.add_argument(
        "--with-trained-on", action="store_true", help="count pictures that the network was trained on too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the arguments of `add_parser` ask for; 0, or a UserError where nothing can be measured."""
    from trainer.measures.taxonomy import about_leaves, read_taxonomy

    taxonomy = read_taxonomy(arguments.taxonomy) if arguments.taxonomy else None
    evaluation, words = _evaluated(arguments, taxonomy)
    for sentence in about_leaves(evaluation.classes, evaluation.classes, taxonomy) if taxonomy else ():
        say(f"feature-explorer: {printable(sentence)}", error=True)
    meant = {pair.word: pair.name for pair in words.pairs}
    if arguments.json:
        say_json({**as_values(evaluation), "words": meant})
    else:
        of_words = ", ".join(f"{word} = {name or 'none'}" for word, name in list(meant.items())[:12])
        say("\n".join(printable(line, 1000) for line in [*_lines(evaluation), f"Words: {of_words}."]))
    return 0


def _evaluated(arguments: argparse.Namespace, taxonomy: "Taxonomy | None") -> "tuple[Evaluation, ClassWords]":
    """What is measured of the index, and which of the network's classes the given words mean."""
    from explorer.core.evaluation import evaluate
    from explorer.core.index import open_index
    from trainer.measures.reader_study import read_readers

    readers = read_readers(arguments.readers) if arguments.readers else ()
    network = network_of(arguments) if arguments.model is not None else None
    with open_index(arguments.index) as opened, progress("evaluate") as on_step:
        if network is not None:
            opened.check(network)
        index, lesions = _with_table(arguments, opened)
        words = _words(arguments, index, network)
        evaluation = evaluate(
            index,
            words,
            lesions=lesions,
            with_trained_on=arguments.with_trained_on,
            readers=readers,
            taxonomy=taxonomy,
            on_step=on_step,
        )
    if arguments.labels is None and not lesions:
        about = "the index knows no lesions: where one is on several pictures, --labels with their table says so"
        say(f"feature-explorer: {about}.", error=True)
    return evaluation, words


def _with_table(arguments: argparse.Namespace, index: "FolderIndex") -> "tuple[FolderIndex, dict[str, str]]":
    """The index with the classes of --labels where it is given, and the lesion of each picture where it is known."""
    folder = arguments.images or Path(str(index.contents.facts.get("folder") or "."))
    paths = [folder / name for name in index.pictures]
    table = table_of(arguments, paths)
    lesions = known_lesions(index, table, paths)
    return (index if table is None else index.seen_from(folder, [table.of(path) for path in paths])), lesions


def _words(arguments: argparse.Namespace, index: "FolderIndex", network: "Network | None") -> "ClassWords":
    """Which of the network's classes the given words mean; UserError where no class is given."""
    if not any(index.given):
        raise UserError(f"{arguments.index} knows no classes; give a table of them with --labels.")
    training = network.training if network is not None else None
    return given_words(arguments, index.contents.network.identity, index.given, index.classes, training).map


def as_values(evaluation: "Evaluation") -> dict[str, Any]:
    """What was measured as plain JSON values."""
    from trainer.measures.bootstrap import DRAWS

    return {
        "pictures": len(evaluation.pictures),
        "left_out": evaluation.left_out.sentence,
        "drawn_over": evaluation.drawn_over,
        "draws": DRAWS,
        "auc": evaluation.auc.as_dict(),
        "auc_of": {curve.name: curve.auc.as_dict() for curve in evaluation.curves},
        "accuracy": evaluation.accuracy.as_dict(),
        "balanced_accuracy": evaluation.balanced_accuracy.as_dict(),
        "calibration_error": evaluation.reliability.ece.as_dict(),
        "log_loss": evaluation.reliability.log_loss.as_dict(),
        "classes": list(evaluation.classes),
        "class_accuracy": [accuracy.as_dict() for accuracy in evaluation.class_accuracy],
        "confusion": evaluation.confusion.tolist(),
        "readers": [
            {"name": reader.name, "sensitivity": reader.sensitivity, "specificity": reader.specificity}
            | {"network": network.as_dict()}
            for reader, network in evaluation.readers
        ],
        "levels": [
            {
                "level": level.level,
                "auc": level.auc.as_dict(),
                "auc_of": {name: auc.as_dict() for name in level.classes if (auc := level.auc_of(name)) is not None},
                "sensitivity": {
                    name: sensitivity.as_dict()
                    for name, sensitivity in zip(level.classes, level.sensitivity, strict=True)
                },
            }
            for level in evaluation.levels
        ],
    }


def _lines(evaluation: "Evaluation") -> list[str]:
    lines = [
        evaluation.left_out.sentence,
        f"{len(evaluation.pictures):,} pictures, 95 % intervals over {evaluation.drawn_over}.",
    ]
    numbers = [(f"AUC, {curve.name}", curve.auc) for curve in evaluation.curves]
    if len(numbers) > 1:
        numbers.append(("AUC, mean of the classes", evaluation.auc))
    numbers += [("accuracy", evaluation.accuracy), ("balanced accuracy", evaluation.balanced_accuracy)]
    numbers += [("calibration error", evaluation.reliability.ece), ("log loss", evaluation.reliability.log_loss)]
    class_indices = range(len(evaluation.classes))
    numbers += [
        (f"right of {evaluation.classes[class_index]}", evaluation.class_accuracy[class_index])
        for class_index in class_indices
    ]
    numbers += [(f"sensitivity at the specificity of {reader.name}", network) for reader, network in evaluation.readers]
    lines += ["", *_table(numbers)]
    for level in evaluation.levels:
        named = [(name, level.auc_of(name)) for name in level.classes]
        of_level = [(f"AUC, {name}", auc) for name, auc in named if auc is not None]
        of_level += [
            (f"right of {name}", sensitivity)
            for name, sensitivity in zip(level.classes, level.sensitivity, strict=True)
        ]
        lines += ["", f"Added up, level {level.level}:", *_table(of_level)]
    pairs = [f"{pair.given} as {pair.predicted} ({len(pair.pictures):,})" for pair in evaluation.confused[:5]]
    return [*lines, "", f"Taken for another most: {', '.join(pairs)}." if pairs else "None is taken for another."]


def _table(numbers: "list[tuple[str, Measure]]") -> list[str]:
    width = max(len(printable(title, 60)) for title, _ in numbers)
    return [f"{printable(title, 60):{width}}  {spoken(measure)}  n = {measure.n:,}" for title, measure in numbers]
