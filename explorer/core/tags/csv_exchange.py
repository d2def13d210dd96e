"""Tags as CSV, and two people's files as one."""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from explorer.core.errors import UserError
from explorer.core.tags.book import NONE, FilterKey, Tag, TagBook
from explorer.core.tags.three_way_merge import three_way
from explorer.core.tags.validation import clean_confidence
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.written_tables import read_rows, write_rows

COLUMNS = (
    "layer",
    "filter",
    "tag",
    "detail",
    "note",
    "annotator",
    "created",
    "confidence",
    "evidence",
    "needs_review",
)
_NEEDED = COLUMNS[:3]


@dataclass(frozen=True)
class ImportReport:
    """What an import did: how many tags were added, changed or there already, and (line, why) of refused rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """How two books relate: filters that both tagged with the same words or with different ones, or only one of them.

    Words count, not details; `disagreements` names the filters with different words.
    """

    agreed: int
    disagreed: int
    only_first: int
    only_second: int
    disagreements: tuple[FilterKey, ...] = ()


def export_csv(book: TagBook, path: Path | str) -> int:
    """Write one row a tag, UTF-8 with commas, with the columns `COLUMNS`; the number of rows.

    A confidence that was not said is an empty cell. UserError where the file cannot be written.
    """
    path = Path(path)
    rows: list[tuple[object, ...]] = [COLUMNS]
    for key, tag in book.entries():
        sureness = "" if math.isnan(tag.confidence) else str(np.float32(tag.confidence))
        evidence = tag.evidence_text if tag.evidence else ""
        rows.append(
            (
                key.layer,
                key.filter,
                tag.tag,
                tag.detail,
                tag.note,
                tag.annotator,
                tag.created,
                sureness,
                evidence,
                "yes" if tag.needs_review else "",
            )
        )
    try:
        replace_file(path, write_rows(rows))
    except OSError as error:
        raise cannot_write(path, error) from error
    return book.total


def import_csv(path: Path | str, book: TagBook) -> ImportReport:
    """Add a CSV's rows to a book; rows that cannot be are left out and reported with their line.

    Needed are the columns layer, filter and tag; a separator of ; or tab is understood too. Of a tag that is there
    already the newer one stays; a row without a time is of now. "none" beside another word of the same annotator is
    refused: nothing that is in the book is taken away. UserError where the file is no such table; then the book is
    unchanged.
    """
    path = Path(path)
    present = {(key, tag.tag, tag.annotator): tag for key, tag in book.entries()}
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    problems: list[tuple[int, str]] = []
    new: list[tuple[FilterKey, Tag]] = []
    draft = book.copy()
    for line, row in _rows(path, problems):
        try:
            key, tag = _parse(row)
            old = present.get((key, tag.tag, tag.annotator))
            if old is not None and "needs_review" not in row:  # a table of before does not say that nobody need look
                tag = replace(tag, needs_review=old.needs_review)
            mine = {other.tag for other in draft.tags(key) if other.annotator == tag.annotator}
            if mine and (tag.tag == NONE) != (NONE in mine):
                raise UserError(f'"{tag.annotator}" said "{NONE}" and another word about filter {key}; decide which')
            newer = old is None or (tag.rank() > old.rank() and _differ(row, tag, old))
            if newer:
                others = (
                    other for other in draft.tags(key) if (other.tag, other.annotator) != (tag.tag, tag.annotator)
                )
                draft.replace(key, (*others, tag))
                present[key, tag.tag, tag.annotator] = tag
                new.append((key, tag))
            counts["added" if old is None else "changed" if newer else "unchanged"] += 1
        except UserError as error:
            problems.append((line, str(error).rstrip(".")))
    for key in dict.fromkeys(key for key, _ in new):
        book.replace(key, draft.tags(key), what="import")
    return ImportReport(**counts, problems=tuple(sorted(problems)))


def merge(first: TagBook, second: TagBook, *, different_networks: bool = False) -> TagBook:
    """All tags of two books; of the same word of the same annotator on the same filter the newer one.

    Where one book has "none" and the other another word of that annotator, the word stays. UserError where the books
    are of different networks, unless `different_networks` says that this is meant; the result is then of the first's.
    """
    nothing = _common(first, second, different_networks).empty_copy()
    return three_way(nothing, three_way(nothing, nothing, first), second)


def compare(first: TagBook, second: TagBook) -> Comparison:
    """Count the filters on which two books agree, whoever the annotators are."""
    keys, others = set(first.keys()), set(second.keys())
    differ = sorted(
        key for key in keys & others if {tag.tag for tag in first.tags(key)} != {tag.tag for tag in second.tags(key)}
    )
    both = len(keys & others)
    return Comparison(both - len(differ), len(differ), len(keys - others), len(others - keys), tuple(differ))


def _common(first: TagBook, second: TagBook, different_networks: bool) -> TagBook:
    """An empty book of the network of both; of equal networks known by two names the alphabetically first."""
    if different_networks:
        return first if first.network_digest else second
    if first.network_digest != second.network_digest:
        names = " and ".join(
            f"{book.network_name or 'an unnamed network'} ({book.network_digest[:12] or 'no digest'})"
            for book in (first, second)
        )
        raise UserError(f"The tags are of different networks: {names}. Say that this is meant to merge them.")
    if first.layers and second.layers and first.layers != second.layers:
        raise UserError("The tags name the same network but different layers; one of the files is not right.")
    name, architecture = (
        min(filter(None, texts), default="")
        for texts in ((first.network_name, second.network_name), (first.architecture, second.architecture))
    )
    return TagBook(first.network_digest, name, architecture, first.layers or second.layers)


def _rows(path: Path, problems: list[tuple[int, str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line on which the row begins, cells by column) of every row that is not empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f'{path.name} is not UTF-8 text; save it as "CSV UTF-8".') from error
    header = text.split("\n", 1)[0]
    table = read_rows(text, max(",;\t", key=header.count))
    try:
        _, titles = next(table, (1, []))
        names = [name.strip().lower() for name in titles]
        missing = [name for name in _NEEDED if name not in names]
        if missing or len(set(names)) < len(names):
            raise UserError(f"{path.name} is no table of tags: its first line must name {', '.join(COLUMNS)}.")
        problems += [
            (1, f'the column "{name[:40]}" is not known and left out') for name in names if name not in COLUMNS
        ]
        for start, cells in table:
            if len(cells) > len(names):
                problems.append((start, "the row has more cells than there are columns"))
            elif any(cells):
                yield start, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise UserError(f"{path.name}, {error}; nothing was imported.") from error


def _parse(row: dict[str, str]) -> tuple[FilterKey, Tag]:
    cells = dict.fromkeys(COLUMNS, "") | row
    try:
        evidence = json.loads(cells["evidence"].strip() or "{}")
    except (ValueError, RecursionError) as error:
        raise UserError("the evidence is not JSON") from error
    tag = Tag(
        cells["tag"],
        cells["detail"],
        cells["note"],
        cells["annotator"],
        cells["created"].strip(),
        clean_confidence(cells["confidence"].strip() or math.nan),
        evidence,
        _yes(cells["needs_review"]),
    )
    return FilterKey.parse(f"{cells['layer'].strip()}:{cells['filter'].strip()}"), tag


def _yes(cell: str) -> bool:
    word = cell.strip().casefold()
    if word not in ("", "yes", "no", "true", "false", "1", "0"):
        raise UserError(f'needs_review is "{word[:20]}"; write yes or nothing')
    return word in ("yes", "true", "1")


def _differ(row: dict[str, str], tag: Tag, old: Tag) -> bool:
    """Whether a row says something new; one without a time does not when only the time would change."""
    return bool(row.get("created", "").strip()) or tag.rank()[1:] != old.rank()[1:]
