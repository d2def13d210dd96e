"""The words that are offered as tags: the bundled file, and what a person adds to it in a file of their own."""

import re
import stat
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import resources
from explorer.core.errors import UserError
from explorer.core.tags.validation import clean_text, clean_word
from trainer.files.atomic_files import cannot_write, replace_file, subfolder
from trainer.files.file_locks import turn
from trainer.files.toml_file import parse_toml

RESERVED_KEYS = frozenset("N")
"""Keys that the window uses while tagging: `N` walks to the next filter without a tag."""

LARGEST, MOST_WORDS = 1 << 17, 500
"""Bytes of the largest file of words; the most words in it, of which each becomes a button."""

_FIELDS = ("word", "title", "key", "details", "description", "color", "symbol")
LISTS = ("dermoscopy",)
"""Bundled lists of words that a person's own file can switch on, each with a line `NAME = true`."""
_HEADER = "# Your own tags; they add to the bundled ones. Each needs a word; the other lines may be missing."


@dataclass(frozen=True)
class Entry:
    """One word of the vocabulary.

    `key` is one capital letter (a small one is turned) or digit, or "" for none; `details` are suggestions, never a
    limit; `color` is "#rrggbb" or ""; `symbol` is drawn beside the color; an empty `title` becomes the word.
    """

    word: str
    title: str = ""
    key: str = ""
    details: tuple[str, ...] = ()
    description: str = ""
    color: str = ""
    symbol: str = ""
    listed: bool = True
    """Whether it has a button and a line in the menu; the words of a bundled list are offered where one is typed."""

    def __post_init__(self) -> None:
        word = clean_word(self.word)
        object.__setattr__(self, "word", word)
        object.__setattr__(self, "key", clean_text(self.key, "key").upper())
        object.__setattr__(self, "title", clean_text(self.title, "title") or word[:1].upper() + word[1:])
        if not isinstance(self.details, list | tuple):
            raise UserError(f'The details of the tag "{word}" must be a list.')
        object.__setattr__(self, "details", tuple(clean_text(detail, "detail") for detail in self.details))
        for name in ("description", "color", "symbol"):
            clean_text(getattr(self, name), name)
        if self.key and not re.fullmatch("[A-Z0-9]", self.key):
            raise UserError(f'The key "{self.key}" of the tag "{word}" is not one letter or digit.')
        if self.color and not re.fullmatch("#[0-9a-fA-F]{6}", self.color):
            raise UserError(f'The color "{self.color}" of the tag "{word}" is not written as #rrggbb.')


@dataclass(frozen=True)
class Vocabulary:
    """The words that are offered, in their order; every word once and every key once."""

    entries: tuple[Entry, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words in their order."""
        return tuple(entry.word for entry in self.entries)

    def entry(self, word: str) -> Entry:
        """The entry of a word; a bare one for a word that is not in the vocabulary, as other people's files have."""
        return next((entry for entry in self.entries if entry.word == word), Entry(word))

    def word_of(self, text: str) -> str:
        """The word that a typed text means: one whose title or word it is, in whatever case, else itself."""
        wanted = text.strip().casefold()
        matches = (entry for entry in self.entries if wanted in (entry.word.casefold(), entry.title.casefold()))
        match = next(matches, None)
        return clean_word(text) if match is None else match.word

    @property
    def listed(self) -> "Vocabulary":
        """The words that have a button and a line in the menu."""
        return Vocabulary(tuple(entry for entry in self.entries if entry.listed))


def read_vocabulary(*paths: Path | str, reserved: Collection[str] = RESERVED_KEYS) -> Vocabulary:
    """The bundled words and those of people's own files; a file that is not there adds nothing.

    A word that is there already gains the file's details and keeps its own title, key and looks. UserError where a
    file cannot be read or gives a key that is taken or reserved.
    """
    entries = _bundled("tags.toml")
    lists: list[str] = []
    for path in map(Path, paths):
        text = _text(path)
        for entry in _parse(text, path.name):
            entries = _with(entries, entry, path.name, reserved)
        lists += [name for name in LISTS if _says(text, path.name, name)]
    for name in dict.fromkeys(lists):
        for entry in _bundled(f"{name}.toml"):
            entries = _with(entries, replace(entry, listed=False), name, reserved)
    return Vocabulary(tuple(entries))


def add_word(path: Path | str, entry: Entry, *, reserved: Collection[str] = RESERVED_KEYS) -> Vocabulary:
    """Add a word to a person's own file, which is made where it is missing, and read the vocabulary again.

    UserError, and the file unchanged, where the word or its key is there already, or the file cannot be written.
    """
    path = Path(path)
    try:
        subfolder(path.parent)
        with turn(path):
            grown, text = _grown(path, entry, reserved)
            replace_file(path, text.encode())
    except OSError as error:
        raise cannot_write(path, error) from error
    return grown


def _grown(path: Path, entry: Entry, reserved: Collection[str]) -> tuple[Vocabulary, str]:
    """The vocabulary with a word more, and the text of the file that has it; UserError as for `add_word`."""
    present = read_vocabulary(path, reserved=reserved)
    if entry.word in present.listed.words:
        raise UserError(f'The tag "{entry.word}" is there already.')
    others = [existing for existing in present.entries if existing.word != entry.word]  # a list's word may get a key
    grown = Vocabulary(tuple(_with(others, entry, path.name, reserved)))
    text = f"{_text(path).rstrip() or _HEADER}\n\n{_block(entry)}"
    if entry not in _parse(text, path.name):
        raise UserError(f'The tag "{entry.word}" could not be put into {path.name}; the file is unchanged.')
    return grown, text


def _bundled(name: str) -> list[Entry]:
    return _parse(Path(resources.__file__).with_name(name).read_text("utf-8"), name)


def _says(text: str, source: str, name: str) -> bool:
    """Whether a person's file switches a bundled list on; the text is one that `_parse` has taken."""
    value = parse_toml(text).get(name, False)
    if not isinstance(value, bool):
        raise UserError(f"The vocabulary {source} is not usable: {name} is neither true nor false.")
    return value


def _with(entries: list[Entry], entry: Entry, source: str, reserved: Collection[str]) -> list[Entry]:
    for position, existing in enumerate(entries):
        if existing.word == entry.word:
            more = tuple(detail for detail in entry.details if detail not in existing.details)
            return [*entries[:position], replace(existing, details=existing.details + more), *entries[position + 1 :]]
    if entry.key and entry.key in reserved:
        raise UserError(f'{source}: the window uses the key {entry.key} itself; give the tag "{entry.word}" another.')
    for existing in entries:
        if entry.key and existing.key == entry.key:
            raise UserError(
                f'{source}: the key {entry.key} means "{existing.word}" already; give the tag "{entry.word}" another.'
            )
    return [*entries, entry]


def _text(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:  # a pipe would be waited for without an end
            raise UserError(f"The vocabulary {path} cannot be read: it is no file, or far too large.")
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UserError(f"The vocabulary {path} cannot be read: {error}.") from error


def _parse(text: str, source: str) -> list[Entry]:
    try:
        tables: Any = parse_toml(text).get("tag", [])
        if not isinstance(tables, list):
            raise UserError("every word needs a heading [[tag]]")
        if len(tables) > MOST_WORDS:
            raise UserError(f"it has {len(tables):,} words; more than {MOST_WORDS} cannot be shown")
        return [_entry(table) for table in tables]
    except Exception as error:  # no way in which a file can be wrong may keep the window from starting
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise UserError(f"The vocabulary {source} is not usable: {reason}.") from error


def _entry(table: Any) -> Entry:
    if not isinstance(table, dict) or not isinstance(table.get("word"), str):
        raise UserError("every [[tag]] needs a word")
    unknown = sorted(set(table) - set(_FIELDS))
    if unknown:
        raise UserError(f'the tag "{table["word"]}" has an unknown line "{unknown[0]}"; known are {", ".join(_FIELDS)}')
    return Entry(**table)


def _block(entry: Entry) -> str:
    values = {name: getattr(entry, name) for name in _FIELDS}
    lines = [f"{name} = {_toml(value)}" for name, value in values.items() if value]
    return "\n".join(["[[tag]]", *lines, ""])


def _toml(value: str | tuple[str, ...]) -> str:
    """A value as TOML writes it; its strings differ from JSON's only in the character DEL."""
    import json  # here, because every window start reads words, and none writes them

    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
