"""From diagnoses to classes, by a table that a person can edit (resources/diagnoses.toml)."""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.toml_file import read_toml

BENIGN, MALIGNANT, INDETERMINATE = "benign", "malignant", "indeterminate"


@dataclass(frozen=True)
class Classified:
    """The class of each picture, None where it is left out for the reason in `reasons`.

    `table` counts pictures by (diagnosis that decided, class or "indeterminate" or "unknown"); `note` is a sentence
    where the classes are not benign and malignant although that was asked for, else "".
    """

    classes: list[str | None]
    reasons: list[str]
    table: Mapping[tuple[str, str], int]
    note: str = ""


def read_diagnoses(path: Path | None = None) -> dict[str, str]:
    """Class by diagnosis, from the person's table or the bundled one; UserError where it is not such a table."""
    with contextlib.ExitStack() as stack:
        bundled = resources.files("resources").joinpath("diagnoses.toml")
        source = path or stack.enter_context(resources.as_file(bundled))
        content = read_toml(source, 'correct it; it has lists such as malignant = ["melanoma"]')
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


def override(diagnoses: Sequence[Sequence[str]], malignant: Sequence[str]) -> dict[str, str]:
    """A table in which these diagnoses are malignant and all others benign; UserError for one that nobody has."""
    there = {spelling(words[0]) for words in diagnoses}
    wanted = {spelling(word) for word in malignant}
    if wanted - there:
        raise UserError(
            f"No picture has the diagnosis {', '.join(sorted(wanted - there))} that --malignant names; "
            f"there are {', '.join(sorted(there))[:300]}."
        )
    return {word: MALIGNANT if word in wanted else BENIGN for word in there}


def classify(diagnoses: Sequence[Sequence[str]], table: Mapping[str, str]) -> Classified:
    """Benign or malignant for each picture's diagnoses (deepest first): the first one in the table decides.

    Where the table knows none of them all, the deepest ones are the classes themselves.
    """
    found = [next((word for word in words if spelling(word) in table), None) for words in diagnoses]
    if not any(found):
        kept = by_diagnosis(diagnoses)
        names = ", ".join(sorted({name for name in kept.classes if name}))[:300]
        return Classified(
            kept.classes, kept.reasons, kept.table, f"No diagnosis is in the table: the classes are {names}."
        )
    classes: list[str | None] = []
    reasons: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    for words, word in zip(diagnoses, found, strict=True):
        meaning = "unknown" if word is None else table[spelling(word)]
        counts[spelling(words[0]) if word is None else spelling(word), meaning] += 1
        classes.append(meaning if meaning in (BENIGN, MALIGNANT) else None)
        reasons.append("" if classes[-1] else f"{meaning} diagnosis: {words[0]}")
    return Classified(classes, reasons, counts)


def by_diagnosis(diagnoses: Sequence[Sequence[str]]) -> Classified:
    """Every deepest diagnosis as a class of its own, in its first spelling."""
    written: dict[str, str] = {}
    classes: list[str | None] = [written.setdefault(spelling(words[0]), words[0]) for words in diagnoses]
    counts = Counter((spelling(words[0]), written[spelling(words[0])]) for words in diagnoses)
    return Classified(classes, [""] * len(classes), counts)


def spelling(word: str) -> str:
    """What two spellings of a diagnosis share."""
    return " ".join(word.replace("_", " ").replace("-", " ").casefold().split())
