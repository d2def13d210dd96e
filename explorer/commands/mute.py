"""`feature-explorer mute`: what filters do, found by taking them away over a labelled folder."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.common import add_network_arguments, index_of, network_of, said_in, table_of
from explorer.commands.given_words import add_words_argument, given_words
from explorer.core.errors import UserError
from explorer.core.index.known_lesions import known_lesions
from trainer.console.numbers import at_least_one, share, zero_or_more
from trainer.console.progress import progress
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.index import FolderIndex
    from explorer.core.labels import Labels
    from explorer.core.muting.with_and_without import Presence
    from explorer.core.network.opening import Network
    from explorer.core.progress import OnStep
    from explorer.core.tags import FilterKey


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mute` to the explorer's subcommands; its `run` is set as a default."""
    parser = subparsers.add_parser(
        "mute",
        help="take filters away and measure what the network says without them",
        description="Take filters away and measure what the network says of a labelled folder without them: AUC, "
        "sensitivity and specificity, calibration, against random filters, and what a drawn artifact does to the "
        "score. docs/muting.md says how to read it.",
    )
    add_network_arguments(parser)
    folder = parser.add_argument_group("folder")
    folder.add_argument("--images", type=Path, required=True, metavar="DIR", help="the folder of pictures")
    folder.add_argument("--labels", type=Path, metavar="CSV", help="table of classes and lesions; else the index's own")
    folder.add_argument("--columns", metavar="ROLE=TITLE,..", help="which of its columns hold what: image=..,label=..")
    add_words_argument(folder)
    folder.add_argument(
        "--index", type=Path, metavar="FILE", help="the folder's index (.h5); else the window's own is made or used"
    )
    selection = parser.add_argument_group("filters")
    selection.add_argument("--tags", type=Path, metavar="FILE", help="a tags file (.h5), of which --tag names a word")
    selection.add_argument("--tag", metavar="WORD", help="mute the filters that carry this word")
    selection.add_argument("--filters", metavar="KEYS", help="mute these filters: 7:8,7:57")
    selection.add_argument(
        "--with",
        dest="fill",
        choices=("zero", "mean", "constant", "resample"),
        default="zero",
        help="what a muted map becomes (zero)",
    )
    measuring = parser.add_argument_group("measuring")
    measuring.add_argument(
        "--threshold", type=share, metavar="P", help="call a class from this probability on; else set on one half"
    )
    measuring.add_argument(
        "--chosen-by-effect",
        action="store_true",
        help="the filters were chosen by their effect on this folder: judge them on its other half",
    )
    measuring.add_argument(
        "--random", type=zero_or_more, default=200, metavar="N", help="sets of random filters (200); 0 for none"
    )
    measuring.add_argument(
        "--random-on",
        type=at_least_one,
        default=300,
        metavar="N",
        help="pictures on which random filters are muted (300)",
    )
    measuring.add_argument(
        "--artifact", metavar="NAME", help="draw this into pictures: hair, ruler ... or none (the tag, if it is one)"
    )
    measuring.add_argument(
        "--found", action="store_true", help="also compare pictures in which --artifact is found with those without it"
    )
    measuring.add_argument(
        "--artifacts", type=Path, metavar="CSV", help="also compare pictures by what a person saw: image,hair,ruler,.."
    )
    measuring.add_argument(
        "--class", dest="scored", default="", metavar="NAME", help="measure sensitivity and specificity of this class"
    )
    measuring.add_argument("--with-trained-on", action="store_true", help="count pictures of the training too")
    measuring.add_argument(
        "--agreement", action="store_true", help="mute every filter by itself: does relevance foretell it, by layer?"
    )
    measuring.add_argument("--seed", type=zero_or_more, default=0, help="of everything that is drawn by chance (0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the muted network (.safetensors)")
    parser.add_argument("--force", action="store_true", help="replace --out where it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, or a UserError where it cannot be measured or written."""
    _check_usage(arguments)
    if arguments.out is not None and arguments.out.exists() and not arguments.force:
        raise UserError(f"{printable(str(arguments.out), 300)} exists; --force replaces it.")
    network = network_of(arguments)
    keys, named = _chosen(arguments, network)
    from explorer.core.index import open_index

    table = table_of(arguments, arguments.images)
    with open_index(index_of(arguments, network, table)) as opened:
        given = None if table is None else [table.of(arguments.images / name) for name in opened.pictures]
        index = opened.seen_from(arguments.images.resolve(), given)
        values: dict[str, Any] = {"network": network.identity}
        lines: list[str] = []
        if keys:
            if table is None and not any(index.given):
                raise UserError(f"{index.path} knows no classes; give a table of them with --labels.")
            if arguments.out is not None:  # what cannot be written is said before minutes are spent
                values["out"] = _write(arguments, network, index, keys)
            lines += _measure(arguments, network, index, table, keys, named, values)
        if arguments.agreement:
            lines += _agree(arguments, network, index, values)
    if arguments.json:
        say_json(values)
    else:
        say("\n".join(lines))
        if "out" in values:
            say(f"{printable(values['out'], 500)}: the network without these filters")
    return 0


def _check_usage(arguments: argparse.Namespace) -> None:
    """Wrong usage where options contradict each other, or one would be left undone in silence."""
    if bool(arguments.tags) != bool(arguments.tag):
        arguments.wrong_usage("--tags and --tag belong together")
    if arguments.filters is not None and not _words_of(arguments.filters):
        arguments.wrong_usage("--filters names no filter; write layer:filter, such as 7:8,7:57")
    if bool(arguments.tags) == bool(arguments.filters) and not (arguments.agreement and not arguments.tags):
        arguments.wrong_usage("give --filters, or --tags with --tag")
    if arguments.out is not None and not (arguments.tags or arguments.filters):
        arguments.wrong_usage("--out writes the network without the filters of --filters or --tag; name some")


def _words_of(filters: str) -> list[str]:
    return [word.strip() for word in filters.split(",") if word.strip()]


def _chosen(arguments: argparse.Namespace, network: "Network") -> "tuple[list[FilterKey], str]":
    """The filters to mute, and which they are in words."""
    from explorer.core.tags import FilterKey

    if arguments.filters:
        keys = [FilterKey.parse(word) for word in _words_of(arguments.filters)]
        return keys, ", ".join(map(str, keys)) if len(keys) <= 6 else ""
    if not arguments.tags:
        return [], ""
    from explorer.core.tags.hdf5_file import load_tags_of
    from explorer.core.tags.words import tagged

    book = load_tags_of(arguments.tags, network.digest, network.name)
    keys = tagged(book, arguments.tag)
    if not keys:
        raise UserError(f'No filter of {arguments.tags.name} is tagged "{arguments.tag}".')
    return keys, f"tagged {arguments.tag}"


def _write(arguments: argparse.Namespace, network: "Network", index: "FolderIndex", keys: "list[FilterKey]") -> str:
    from explorer.core.muting import FolderMeans
    from explorer.core.muting.muted_file import write_muted

    means = FolderMeans.of(network, index) if arguments.fill == "constant" else None
    write_muted(arguments.out, network, arguments.model, keys, arguments.fill, means)
    return str(arguments.out)


def _measure(
    arguments: argparse.Namespace,
    network: "Network",
    index: "FolderIndex",
    labels: "Labels | None",
    keys: "list[FilterKey]",
    named: str,
    values: dict[str, Any],
) -> list[str]:
    """Measure the effect, put it into `values`, and give its lines."""
    from explorer.core.muting.effect import EffectOptions, muting_effect
    from explorer.core.muting.effect_words import artifact_of, as_dict, notes, sentence, table
    from trainer.synthetic.artifacts import ARTIFACTS

    words = given_words(arguments, network.identity, index.given, index.classes, network.training).map
    artifact = arguments.artifact or artifact_of(arguments.tag or "", ARTIFACTS) or "none"
    if artifact not in (*ARTIFACTS, "none"):  # said before minutes are spent
        raise UserError(f'No artifact is called "{artifact}"; those that can be drawn are {", ".join(ARTIFACTS)}.')
    options = EffectOptions(
        fill=arguments.fill,
        threshold=arguments.threshold,
        chosen_by_effect=arguments.chosen_by_effect,
        random_draws=arguments.random,
        random_pictures=arguments.random_on,
        scored=arguments.scored,
        artifact="" if artifact == "none" else artifact,
        with_trained_on=arguments.with_trained_on,
        seed=arguments.seed,
    )
    lesions = known_lesions(index, labels, [arguments.images / name for name in index.pictures])
    with progress("mute") as on_step:
        presence = _presence(arguments, index, artifact, on_step)
        effect = muting_effect(
            network, index, words, keys, lesions=lesions, presence=presence, options=options, on_step=on_step
        )
    summary = sentence(effect, named)
    values |= {"sentence": summary, **as_dict(effect), "words": {pair.word: pair.name for pair in words.pairs}}
    of_words = ", ".join(f"{pair.word} = {pair.name or 'none'}" for pair in words.pairs[:12])
    return [f"{summary[0].upper()}{summary[1:]}.", "", *table(effect), "", *notes(effect), f"Words: {of_words}."]


def _presence(
    arguments: argparse.Namespace, index: "FolderIndex", artifact: str, on_step: "OnStep"
) -> "Presence | None":
    """Which pictures have the artifact, where --found or --artifacts asks for it."""
    if not arguments.found and arguments.artifacts is None:
        return None
    from explorer.core.alarm.presence import presence_of
    from explorer.core.concepts import ARTIFACTS

    if artifact not in ARTIFACTS:
        raise UserError(f"--found and --artifacts need an artifact to look for: --artifact {', '.join(ARTIFACTS)}.")
    annotations = said_in(arguments.artifacts, index.pictures)
    return presence_of(index, arguments.images, artifact, annotations, find=arguments.found, on_step=on_step)


def _agree(
    arguments: argparse.Namespace, network: "Network", index: "FolderIndex", values: dict[str, Any]
) -> list[str]:
    from explorer.core.muting.effect_words import agreement_table, each_filter
    from explorer.core.muting.one_by_one import agreement, mute_one_by_one

    with progress("every filter") as on_step:
        effects = mute_one_by_one(network, index, on_step=on_step)
    layers = agreement(network, index, effects)
    values["agreement"] = [vars(layer) for layer in layers]
    values["each_filter"] = each_filter(effects)
    head = (
        f"Relevance against muting each of {len(effects.keys):,} filters by itself, on {len(effects.pictures):,} "
        "pictures (Spearman):"
    )
    kept = f"What each does is kept beside {index.path.name}: in its CSV (index --csv), on the cards, as an order."
    return [head, *agreement_table(layers), kept]
