"""What a report is made from: a network, its index of a folder, what was said of its filters, and the given classes."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from explorer.core.alarm.artifacts import Said
from explorer.core.class_words import ClassWords, propose, told_apart, trained_words
from explorer.core.concepts import read_corrections
from explorer.core.errors import UserError
from explorer.core.index import FolderIndex, open_index
from explorer.core.index.known_lesions import known_lesions
from explorer.core.labels import Labels, read_labels
from explorer.core.muting.keys import by_layer
from explorer.core.network.opening import Network
from explorer.core.suggestions.rejected import read_rejected
from explorer.core.tags.book import FilterKey, TagBook
from explorer.core.tags.hdf5_file import load_tags_of
from trainer.pictures.folder_walk import list_folder


@dataclass(frozen=True)
class Sources:
    """`index` is that of `network` over the pictures in `images`; `book` holds the tags of its filters.

    `labels` are the classes in a table, None where the index has all that is known; `said` is what a person said of the
    pictures' artifacts, `rejected` the suggested words that were turned down for a filter. `files` are the inputs by
    the name of their option, as they were given; `opening` are the other options with which the network was opened, as
    words of a command. `edited` says what given words mean where a person decided that, and `words_file` where that is
    kept; else it is proposed.
    """

    network: Network
    index: FolderIndex
    book: TagBook
    images: Path
    labels: Labels | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    opening: tuple[str, ...] = ()
    edited: ClassWords | None = None
    words_file: Path | None = None
    said: Said = field(default_factory=dict)
    rejected: Mapping[FilterKey, str] = field(default_factory=dict)

    @cached_property
    def words(self) -> ClassWords | None:
        """Which of the network's classes the given words mean; None where there are none on one of the two sides."""
        if self.edited is not None:
            return self.edited
        given, classes = sorted(set(self.index.given) - {""}), told_apart(self.index.classes)
        return propose(given, classes, trained_words(self.network.training)) if given and classes else None

    @cached_property
    def lesions(self) -> dict[str, str]:
        """The lesion of each picture, as far as the table says, or without one the index."""
        return known_lesions(self.index, self.labels, [self.images / name for name in self.index.pictures])

    def digests(self) -> dict[str, str]:
        """SHA-256 (hex) of every input that is one file."""
        return {name: _digest(path) for name, path in self.files.items() if path.is_file()}


@contextmanager
def open_sources(
    network: Network,
    images: Path,
    index: Path,
    *,
    tags: Path | None = None,
    labels: Path | None = None,
    table: Labels | None = None,
    artifacts: Path | None = None,
    rejected: Path | None = None,
    model: Path | None = None,
    opening: tuple[str, ...] = (),
) -> Iterator[Sources]:
    """Open what a report is made from; UserError where the files are of different networks or folders.

    `table` is what the file `labels` says of the pictures in `images`, where that was read already.
    """
    book = load_tags_of(tags, network.digest, network.name) if tags is not None else TagBook()
    with open_index(index) as opened:
        opened.check(network)
        if not any((images / name).is_file() for name in opened.pictures):
            raise UserError(f"None of the pictures of {index.name} is in {images}; name the folder of its pictures.")
        if table is None and labels is not None:
            table = read_labels(labels, list_folder(images).pictures)
        files = {"model": model, "images": images, "labels": labels, "tags": tags}
        files |= {"artifacts": artifacts, "rejected": rejected}
        named = {name: path for name, path in files.items() if path is not None}
        said = read_corrections(artifacts).for_pictures(opened.pictures)[0].said if artifacts is not None else {}
        turned_down = _rejected(rejected, network) if rejected is not None else {}
        yield Sources(
            network, opened.seen_from(images), book, images, table, named, opening, said=said, rejected=turned_down
        )


def _rejected(path: Path, network: Network) -> dict[FilterKey, str]:
    if not path.exists():
        raise UserError(f"{path} does not exist; it is the CSV of suggestions that were rejected.")
    rejected = read_rejected(path)
    by_layer(network, rejected)  # says which filter the network has not
    return rejected


def plain(value: Any) -> Any:
    """A number for JSON: whatever is none (NaN, infinite) is None."""
    number = float(value)
    return number if number - number == 0 else None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error
