"""The tags file: HDF5 that is built in memory, replaced whole, and read in a process of its own."""

import base64
import contextlib
import hashlib
import json
import uuid
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from explorer.core.errors import UserError
from explorer.core.tags import hdf5_subprocess as tag_reader
from explorer.core.tags.book import FilterKey, Tag, TagBook
from explorer.core.tags.hdf5_subprocess import (
    ATTRIBUTES,
    COLUMNS,
    FLAGS,
    NUMBERS,
    SLAB,
    TEXTS,
    UNSURE,
    Columns,
    Damaged,
    gather,
    read_columns,
)
from explorer.core.tags.history import CHUNK, FOUND, LEVEL, Change, History, Kept
from explorer.core.tags.lineage import Lineage
from trainer.files.atomic_files import cannot_write, replace_file
from trainer.files.isolated_parser import NoAnswer, printed_apart
from trainer.networks.library_loading import uncollected

FORMAT = "feature-map-explorer tags"
VERSION = 2

PATIENCE = 10.0
"""Seconds after which a file that HDF5 still reads is given up."""

LARGEST = 256 << 20
"""Bytes of the largest tags file that is opened."""

MANY = 5_000
"""Tags of a large book."""

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def save_tags(path: Path | str, book: TagBook) -> None:
    """Replace the tags file at `path` whole; the previous one stays as `.bak`, the book's lineage goes on by one.

    What its history says is kept in the file then.

    UserError where it cannot be saved; then the old file is unchanged.
    """
    path = Path(path)
    draft = book.copy()
    draft.lineage, draft.history = book.lineage.next(), History(book.history.sealed())
    image = image_of(draft)
    try:
        replace_file(path, image, backup=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    book.lineage = replace(draft.lineage, digest=digest_of(image))
    book.history = draft.history


def digest_of(image: bytes) -> str:
    """What tells a file's bytes from all others."""
    return hashlib.sha256(image).hexdigest()


def load_tags(path: Path | str, *, patience: float = PATIENCE) -> TagBook:
    """Read a tags file; UserError where it is missing, damaged, newer than this program, or no tags file.

    A process of its own parses it and is given up after `patience` seconds.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise Damaged("it is far too large")
        if not path.is_file():  # a pipe would be waited for without an end
            raise UserError(f"{path} cannot be read: it is no file.")
        image = path.read_bytes()
        columns = _read_apart(image, patience)
        many = len(columns["layer"]) > MANY
        with uncollected() if many else contextlib.nullcontext():  # the collector would stop the window for as long
            book = book_of(columns)
        book.lineage = replace(book.lineage, digest=digest_of(image))
        return book
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist.{_hint(path)}") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Damaged as error:
        raise UserError(f"{path.name} is damaged or no tags file: {error}.{_hint(path)}") from error
    except NewerFormat as error:
        raise UserError(
            f"{path.name} was written by a newer version of this program; update it to open the file."
        ) from error


class NewerFormat(Exception):  # noqa: N818 - nothing is wrong with the file
    """The file's version is above ours."""


def load_tags_of(path: Path | str, digest: str, name: str) -> TagBook:
    """`load_tags` for the network of this digest and name; UserError where the tags are those of another."""
    book = load_tags(path)
    if book.network_digest and book.network_digest != digest:
        raise UserError(
            f"{Path(path).name} holds the tags of another network: {book.network_name or 'unnamed'} "
            f"({book.network_digest[:12]}), not {name} ({digest[:12]}); name the file of this one."
        )
    return book


def image_of(book: TagBook) -> bytes:
    """The bytes of the book's tags file, read back and compared; equal books of equal history give equal bytes."""
    written = columns_of(book)
    # No file of this name is made; two open ones of the same name would be taken for one.
    with h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False, block_size=1 << 16) as file:
        for name in (*ATTRIBUTES, *UNSURE):
            file.attrs[name] = written[name]
        group = file.create_group("tags")
        for name in COLUMNS:
            values = written[name]
            column = group.create_dataset(name, (len(values),), _array(name, []).dtype)
            for start in range(0, len(values), SLAB):
                column[start : start + SLAB] = _array(name, values[start : start + SLAB])
        _write_history(file, book.history.sealed())
        file.flush()
        image: bytes = file.id.get_file_image()
    try:
        same = read_columns(image) == written
    except Damaged:
        same = False
    if not same:
        raise UserError("The tags could not be put into a file rightly; nothing was saved, the old file is unchanged.")
    return image


def columns_of(book: TagBook) -> Columns:
    """The attributes and columns of the book's tags file; a confidence of nan is None."""
    keys: list[FilterKey] = []
    tags: list[Tag] = []
    for key, tag in book.entries():  # a list of pairs would wake the collector, which stops the window
        keys.append(key)
        tags.append(tag)
    return {
        "format": FORMAT,
        "version": VERSION,
        "network_digest": book.network_digest,
        "network_name": book.network_name,
        "architecture": book.architecture,
        "layers": json.dumps([{"name": name, "filters": filters} for name, filters in book.layers]),
        "generation": book.lineage.generation,
        "writers": book.lineage.writers_text(),
        "layer": [key.layer for key in keys],
        "filter": [key.filter for key in keys],
        "confidence": [None if tag.confidence != tag.confidence else float(np.float32(tag.confidence)) for tag in tags],
        "evidence": [tag.evidence_text for tag in tags],
        **{name: [getattr(tag, name) for tag in tags] for name in (*TEXTS, *FLAGS) if name != "evidence"},
        "history": _packed(book.history.sealed()),
    }


def _packed(kept: Kept) -> dict[str, Any]:
    """A history as `read_columns` gives it."""
    chunks = [base64.b64encode(chunk).decode() for chunk in kept.chunks]
    return {"rows": kept.rows, "chunks": chunks, "tail": base64.b64encode(kept.tail).decode()}


def _write_history(file: h5py.File, kept: Kept) -> None:
    """Put the pieces into the file as they are packed: unpacking them would make every key wait."""
    group = file.create_group("history")
    lines = group.create_dataset(
        "lines", (kept.length,), np.uint8, chunks=(CHUNK,), maxshape=(None,), compression=LEVEL
    )
    lines.attrs["rows"] = kept.rows
    for number, chunk in enumerate(kept.chunks):
        lines.id.write_direct_chunk((number * CHUNK,), chunk)
    if kept.tail:
        rest = zlib.compress(kept.tail.ljust(CHUNK, b"\0"), LEVEL)
        lines.id.write_direct_chunk((len(kept.chunks) * CHUNK,), rest)


def book_of(columns: Columns) -> TagBook:
    """The book that a file's columns hold; Damaged where they hold none, NewerFormat where the version is too high."""
    if columns["format"] != FORMAT:
        raise Damaged(f'its format is "{columns["format"]:.40}"')
    if columns["version"] > VERSION:
        raise NewerFormat
    try:
        layers = [(layer["name"], layer["filters"]) for layer in json.loads(columns["layers"])]
        if any(type(filters) is not int for _, filters in layers):
            raise TypeError("filters")
        book = TagBook(columns["network_digest"], columns["network_name"], columns["architecture"], layers)
    except (KeyError, TypeError, ValueError, RecursionError, UserError) as error:
        raise Damaged(f"it does not describe its network: {error!s:.100}") from error
    filters: dict[FilterKey, list[Tag]] = {}
    for number, row in enumerate(zip(*(columns[name] for name in COLUMNS), strict=True)):
        key, tag = _row(number, dict(zip(COLUMNS, row, strict=True)))
        filters.setdefault(key, []).append(tag)
    for key, tags in filters.items():
        try:
            book.put(key, tags)
        except UserError as error:
            raise Damaged(str(error).rstrip(".")) from error
    book.history = _history_of(columns.get("history"), book)
    book.lineage = Lineage.of(columns.get("generation"), columns.get("writers"), "")
    return book


def _history_of(packed: Any, book: TagBook) -> History:
    """The history that a file's columns hold; where there is none, it begins with the tags that are there."""
    if packed is None:
        numbered = enumerate(book.entries(), 1)
        return History(
            None,
            (
                Change(number, tag.created, tag.annotator, FOUND, key, tag.annotator, tag.tag, None, tag)
                for number, (key, tag) in numbered
            ),
        )
    try:
        chunks = tuple(base64.b64decode(chunk) for chunk in packed["chunks"])
        return History(Kept(chunks, base64.b64decode(packed["tail"]), packed["rows"]))
    except (TypeError, ValueError, KeyError) as error:
        raise Damaged("its history cannot be read") from error


def _row(number: int, values: dict[str, Any]) -> tuple[FilterKey, Tag]:
    try:
        texts = {name: values[name] for name in TEXTS if name not in ("evidence", "created")}
        if not values["created"]:
            raise UserError("the time is missing")
        return FilterKey(values["layer"], values["filter"]), Tag(
            **texts,
            created=values["created"],
            confidence=float("nan") if values["confidence"] is None else values["confidence"],
            evidence=json.loads(values["evidence"] or "{}"),
            needs_review=values["needs_review"],
        )
    except (UserError, ValueError, RecursionError) as error:
        raise Damaged(f"row {number}: {str(error).rstrip('.')[:200]}") from error


def _array(name: str, values: list[Any]) -> Any:
    if name in NUMBERS:
        return np.array(values, np.int32)
    if name == "confidence":
        return np.array([np.nan if value is None else value for value in values], np.float32)
    if name in FLAGS:
        return np.array(values, np.uint8)
    return np.array(values, h5py.string_dtype("utf-8"))


def _read_apart(image: bytes, patience: float) -> Columns:
    """What `read_columns` gives in a process of its own, whatever the bytes do to HDF5."""
    starts = [0, *(512 << power for power in range(20))]  # HDF5 lets other data precede its own
    if not any(image.startswith(_SIGNATURE, start) for start in starts):
        raise Damaged("it is no HDF5 file" if image else "it is empty")
    try:
        columns = gather(printed_apart(tag_reader, image, patience))
    except OSError as error:
        raise UserError(f"No process could be started to read the tags: {error.strerror or error}.") from error
    except (NoAnswer, ValueError, RecursionError) as error:
        raise Damaged("HDF5 cannot make sense of it") from error
    if "problem" in columns:
        raise Damaged(columns["problem"])
    return columns


def _hint(path: Path) -> str:
    backup = path.with_name(f"{path.name}.bak")
    return f" The version before the last change is beside it: {backup.name}." if backup.exists() else ""
