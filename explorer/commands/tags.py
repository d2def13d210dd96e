"""`feature-explorer tags`: list, export, import and merge tags files."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.errors import UserError
from trainer.files.printing import printable, say, say_json

if TYPE_CHECKING:
    from explorer.core.tags.book import TagBook


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `tags` with its four actions to the explorer's subcommands; the chosen `run` is set as a default."""
    parser = subparsers.add_parser("tags", help="list, export, import and merge the tags of filters")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="print every tag of a file")
    listing.add_argument("file", type=Path, metavar="FILE", help="a tags file (.h5)")

    listing.add_argument(
        "--index", type=Path, metavar="INDEX", help="the folder's index: which share of the decision each word carries"
    )

    export = actions.add_parser("export", help="write the tags of a file as CSV")
    export.add_argument("file", type=Path, metavar="FILE", help="a tags file (.h5)")
    export.add_argument("--out", type=Path, required=True, metavar="CSV", help="the file to write")

    importing = actions.add_parser("import", help="add the tags of a CSV to a file; the old one stays as .bak")
    importing.add_argument("file", type=Path, metavar="FILE", help="the tags file (.h5) that grows")
    importing.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="CSV",
        help="columns layer, filter, tag; also detail, note, annotator, created, confidence, evidence, needs_review",
    )

    merging = actions.add_parser("merge", help="put the tags of two files into a third one")
    merging.add_argument("first", type=Path, metavar="A", help="a tags file (.h5)")
    merging.add_argument("second", type=Path, metavar="B", help="another tags file (.h5) of the same network")
    merging.add_argument("--out", type=Path, required=True, metavar="C", help="the tags file (.h5) to write")
    merging.add_argument(
        "--different-networks", action="store_true", help="merge although the files name different networks"
    )
    for action in (export, merging):
        action.add_argument("--force", action="store_true", help="replace the output file where it exists")
    for action in (listing, export, importing, merging):
        action.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `add_parser` say; 0, 1 where rows were refused, or a UserError."""
    action = {"list": _list, "export": _export, "import": _import, "merge": _merge}[arguments.action]
    values, text = action(arguments)
    if arguments.json:
        say_json(values)
    else:
        say(text)
    return 1 if any(problem["line"] > 1 for problem in values.get("problems", ())) else 0


# h5py and numpy are imported where they are used: the window's start and every --help pass through this module.


def _list(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from explorer.core.tags.hdf5_file import load_tags

    book = load_tags(arguments.file)
    head = f"{book.network_name or 'an unnamed network'} {book.network_digest[:12]}".rstrip()
    every = sum(filters for _, filters in book.layers)
    count = f"{len(book)} of {every} filters tagged" if every else f"{len(book)} filters tagged"
    rows = [
        (
            str(key),
            *map(printable, (tag.tag, tag.detail, tag.annotator, tag.created)),
            "needs review" * tag.needs_review,
            printable(tag.note),
        )
        for key, tag in book.entries()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    values = _values(book)
    if arguments.index is not None:
        values["decision"] = _decision(arguments, book)
        lines += ["", f"{printable(values['decision']['sentence'], 2000)}."]
    return values, "\n".join([f"{printable(head)}: {count}, {book.total} tags", *lines])


def _decision(arguments: argparse.Namespace, book: "TagBook") -> dict[str, Any]:
    """What share of all |relevance| the filters of each word carry; UserError where index and tags do not belong."""
    from explorer.core.index import open_index
    from explorer.core.index.work_list import work_list

    with open_index(arguments.index) as index:
        if book.network_digest not in ("", index.contents.network.digest):
            raise UserError(f"{arguments.file.name} and {arguments.index.name} are of different networks.")
        decision = work_list(index.filters(), book).as_dict()
    if not decision["filters"]:
        raise UserError(f"{arguments.index.name} knows no relevance, so that nothing carries a decision.")
    return decision


def _export(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from explorer.core.tags.csv_exchange import export_csv
    from explorer.core.tags.hdf5_file import load_tags

    book = load_tags(arguments.file)
    _make_room(arguments.out, arguments.force, arguments.file)
    count = export_csv(book, arguments.out)
    return {"out": str(arguments.out), "tags": count}, f"{count} tags written to {arguments.out}"


def _import(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from explorer.core.tags.csv_exchange import import_csv
    from explorer.core.tags.hdf5_file import load_tags, save_tags
    from explorer.core.tags.lock import TagLock

    load_tags(arguments.file)  # says what is wrong with the file before a lock is laid beside it
    with TagLock(arguments.file):
        book = load_tags(arguments.file)
        report = import_csv(arguments.source, book)
        if report.problems and not report.added + report.changed + report.unchanged:
            line, reason = report.problems[0]
            raise UserError(f"No row of {arguments.source} could be imported; line {line}: {reason}.")
        if report.added or report.changed:
            save_tags(arguments.file, book)
    problems = [{"line": line, "problem": reason} for line, reason in report.problems]
    if not arguments.json:
        for line, reason in report.problems:
            say(f"{arguments.source}, line {line}: {printable(reason)}", error=True)
    counts = {"added": report.added, "changed": report.changed, "unchanged": report.unchanged}
    text = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return counts | {"problems": problems}, f"{arguments.file}: {text}, {len(problems)} refused"


def _merge(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from explorer.core.tags.csv_exchange import compare, merge
    from explorer.core.tags.hdf5_file import load_tags, save_tags
    from explorer.core.tags.lock import TagLock

    first, second = load_tags(arguments.first), load_tags(arguments.second)
    book = merge(first, second, different_networks=arguments.different_networks)
    counts = compare(first, second)
    _make_room(arguments.out, arguments.force)
    with TagLock(arguments.out):
        save_tags(arguments.out, book)
    differ = [str(key) for key in counts.disagreements]
    values = {
        "out": str(arguments.out),
        "tags": book.total,
        "filters": len(book),
        "agreed": counts.agreed,
        "disagreed": counts.disagreed,
        "only_first": counts.only_first,
        "only_second": counts.only_second,
        "disagreements": differ,
    }
    text = (
        f"{book.total} tags on {len(book)} filters written to {arguments.out}\n"
        f"both tagged {counts.agreed + counts.disagreed} filters: {counts.agreed} with the same words, "
        f"{counts.disagreed} with different ones; only the first {counts.only_first}, "
        f"only the second {counts.only_second}"
    )
    return values, f"{text}\ndifferent: {' '.join(differ)}" if differ else text


def _make_room(out: Path, force: bool, source: Path | None = None) -> None:
    if source is not None and out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out} is the tags file itself; choose another name for the output.")
    if out.exists() and not force:
        raise UserError(f"{out} exists already; choose another name, or add --force to replace it.")


def _values(book: "TagBook") -> dict[str, Any]:
    return {
        "digest": book.network_digest,
        "name": book.network_name,
        "architecture": book.architecture,
        "layers": [
            {"index": index, "name": name, "filters": filters} for index, (name, filters) in enumerate(book.layers)
        ],
        "tags": [
            {
                "layer": key.layer,
                "filter": key.filter,
                "tag": tag.tag,
                "detail": tag.detail,
                "note": tag.note,
                "annotator": tag.annotator,
                "created": tag.created,
                "confidence": None if math.isnan(tag.confidence) else tag.confidence,
                "evidence": tag.evidence,
            }
            | ({"needs_review": True} if tag.needs_review else {})
            for key, tag in book.entries()
        ],
    }
