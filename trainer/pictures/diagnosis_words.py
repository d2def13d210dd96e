"""The diagnoses that are known and what they mean: the bundled table (resources/diagnoses.toml) or a person's own."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.toml_file import read_toml

_WAY = 'correct it; it has lists such as malignant = ["melanoma"]'
BENIGN, MALIGNANT, INDETERMINATE = "benign", "malignant", "indeterminate"
_WHOLE = re.compile(r"([-+]?\d+)([.,]0+)?")


TASKS = ("carcinoma", "melanoma")
"""The tasks of resources/tasks.toml."""


def read_diagnoses(path: Path | None = None) -> dict[str, str]:
    """Class by diagnosis, from the person's table or the bundled one; UserError where it is not such a table."""
    if path is None:
        return _classes_of(*_bundled("diagnoses.toml"))
    return _classes_of(path, read_toml(path, _WAY))


def read_task(name: str) -> dict[str, str]:
    """Class by diagnosis of one of the `TASKS`."""
    source, content = _bundled("tasks.toml")
    return _classes_of(source, content[name])


def _bundled(name: str) -> tuple[Path, dict[str, Any]]:
    with resources.as_file(resources.files("resources").joinpath(name)) as source:
        return source, read_toml(source, _WAY)


def _classes_of(source: Path, content: Mapping[str, Any]) -> dict[str, str]:
    table: dict[str, str] = {}
    for name, words in content.items():
        if name not in (BENIGN, MALIGNANT, INDETERMINATE):
            raise UserError(
                f'{source} has a list "{printable(name, 60)}"; it may have benign, malignant and indeterminate.'
            )
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise UserError(f"{source}: {name} must be a list of diagnoses in quotes.")
        for word in words:
            if table.setdefault(spelling(word), name) != name:
                raise UserError(
                    f'{source} has "{printable(word, 60)}" as {table[spelling(word)]} and as {name}; remove one.'
                )
    return table


def spelling(word: str) -> str:
    """What two spellings of a diagnosis share."""
    if not word.isascii():
        word = unicodedata.normalize("NFC", word)
    return " ".join(word.replace("_", " ").replace("-", " ").casefold().split())


def class_key(word: str) -> str:
    """What two ways of writing one class share: spelling, and of whole numbers the value."""
    whole = _WHOLE.fullmatch(word)
    return whole[1] if whole else spelling(word) or word


class Spellings:
    """Classes as they are written first, and in which other ways they are written."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, int], dict[str, None]] = {}

    def first(self, word: str, column: int = 0) -> str:
        """The first way in which this class was written in the column."""
        ways = self._written.setdefault((class_key(word), column), {})
        ways.setdefault(word)
        return next(iter(ways))

    def several(self) -> list[str]:
        """For each class that is written in several ways, `"nv" and "NV"`."""
        ways = dict.fromkeys(tuple(ways) for ways in self._written.values() if len(ways) > 1)
        return [" and ".join(f'"{printable(word, 40)}"' for word in words[:4]) for words in ways]


def the_rest(words: Iterable[str]) -> str:
    """Of two words, the one that only says that it is not the other, such as "not_melanoma" or "other"; else ""."""
    written = {spelling(word): word for word in words}
    if len(written) == 2:
        for word, other in itertools.permutations(written):
            if word in (f"not {other}", f"non {other}", f"non{other}", f"no {other}", "other", "others", "rest"):
                return written[word]
    return ""
