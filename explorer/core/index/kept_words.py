"""What given words mean where a person decided that: kept for each network and set of words."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from explorer.core.class_words import ClassWords, told_apart, words_key
from explorer.core.errors import UserError
from explorer.core.index.own_key import data_folder
from trainer.files.atomic_files import cannot_write, replace_file, subfolder
from trainer.files.file_locks import turn
from trainer.pictures.diagnosis_words import class_key


def place_of_words(identity: str, words: Iterable[str], data: Path | None = None) -> Path:
    """Where the map of a network (its identity) and these words is kept, below `data` or the data folder."""
    return (data or data_folder()) / "class words" / f"{words_key(identity, words)}.json"


def read_words(path: Path, classes: Sequence[str]) -> ClassWords:
    """The map in a file, to a network of these classes; UserError where it is none, or one to other classes."""
    try:
        words = ClassWords.from_json(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist; it maps given words to classes (docs/evidence.md).") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    except UserError as error:
        raise UserError(f"{path.name} does not map given words to classes (docs/evidence.md says how).") from error
    told = told_apart(classes)
    if words.classes != told:
        raise UserError(
            f"{path.name} is about a network with the classes {', '.join(words.classes[:6])}; this one has "
            f"{', '.join(told[:6])}."
        )
    return words


def kept_words(identity: str, words: Iterable[str], classes: Sequence[str], data: Path | None = None) -> Path | None:
    """The file that keeps a map of this network and these words; None where nobody decided it, or it is damaged."""
    path = place_of_words(identity, words, data)
    try:
        read_words(path, classes)
    except UserError:
        return None
    return path


def keep_words(identity: str, words: Iterable[str], edited: ClassWords | None, data: Path | None = None) -> None:
    """Keep this map, or none; UserError where the disk refuses."""
    path = place_of_words(identity, words, data)
    try:
        if edited is None:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        else:
            subfolder(path.parent.parent, path.parent.name)
            replace_file(path, edited.as_json().encode())
    except OSError as error:
        raise cannot_write(path, error) from error


def change_words(
    identity: str,
    words: Sequence[str],
    data: Path | None,
    *,
    before: ClassWords,
    edited: ClassWords,
    proposed: ClassWords,
) -> ClassWords:
    """Lay what was edited since `before` over the map that is kept by now, else over the `proposed` one; what it is.

    UserError where the disk refuses.
    """
    path = place_of_words(identity, words, data)
    try:
        subfolder(path.parent.parent, path.parent.name)
        with turn(path):
            kept = proposed
            with contextlib.suppress(UserError):
                kept = read_words(path, edited.classes)
            others, known = {class_key(pair.word): pair for pair in kept.pairs}, set(before.pairs)
            pairs = (pair if pair not in known else others.get(class_key(pair.word), pair) for pair in edited.pairs)
            changed = replace(edited, pairs=tuple(pairs))
            keep_words(identity, words, None if changed == proposed else changed, data)
            return changed
    except OSError as error:
        raise cannot_write(path, error) from error
