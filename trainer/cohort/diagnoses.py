"""From diagnoses to classes, by a table that a person can edit (resources/diagnoses.toml)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from trainer.files.errors import UserError
from trainer.files.printing import printable
from trainer.files.wording import listed
from trainer.pictures.diagnosis_names import read_diagnosis_names
from trainer.pictures.diagnosis_words import BENIGN, MALIGNANT, read_diagnoses, spelling, the_rest

OTHER = "other"
"""What a diagnosis means that plays no part in a task."""


@dataclass(frozen=True)
class Classified:
    """The class of each picture, None where it is left out for the reason in `reasons`.

    `table` counts pictures by (diagnosis that decided, class or what else it means: "unknown", "indeterminate" ...);
    `note` is a sentence where the classes are not benign and malignant although that was asked for, else "".
    """

    classes: list[str | None]
    reasons: list[str]
    table: Mapping[tuple[str, str], int]
    note: str = ""


def override(diagnoses: Sequence[Sequence[str]], malignant: Sequence[str]) -> dict[str, str]:
    """A table in which these diagnoses are malignant and all others benign; UserError for one that nobody has."""
    present = {spelling(words[0]) for words in diagnoses}
    named = {spelling(word) for word in malignant}
    if named - present:
        raise UserError(
            f"No picture has the diagnosis {', '.join(sorted(named - present))} that --malignant names; "
            f"there are {', '.join(sorted(present))[:300]}."
        )
    return {word: MALIGNANT if word in named else BENIGN for word in present}


def classify(diagnoses: Sequence[Sequence[str]], table: Mapping[str, str]) -> Classified:
    """Benign or malignant for each picture's diagnoses (deepest first): the first one in the table decides.

    Where the table knows none of them all, or they are a word and what is not it, they are the classes themselves.
    """
    deciding = [next((word for word in words if spelling(word) in table), None) for words in diagnoses]
    rest = the_rest({words[0] for words in diagnoses})
    if rest and table.get(spelling(rest)) not in (BENIGN, MALIGNANT):
        fallback = by_diagnosis(diagnoses)
        names = " and ".join(sorted({name for name in fallback.classes if name}))
        note = f'"{rest}" says only what it is not, neither benign nor malignant: the classes are {names}.'
        return Classified(fallback.classes, fallback.reasons, fallback.table, note)
    if not any(deciding):
        fallback = by_diagnosis(diagnoses)
        names = ", ".join(sorted({name for name in fallback.classes if name}))[:300]
        return Classified(
            fallback.classes,
            fallback.reasons,
            fallback.table,
            f"The table of diagnoses knows none of the labels: the classes are {names}. {fallback.note}".strip(),
        )
    return _by_table(diagnoses, table)


def of_task(diagnoses: Sequence[Sequence[str]], task: Mapping[str, str], known: Mapping[str, str]) -> Classified:
    """Benign or malignant by the words of a task; pictures whose diagnosis is only among the `known` ones are left out.

    The deepest word that stands in either table decides.
    """
    return _by_table(diagnoses, {**dict.fromkeys(known, OTHER), **task})


def _by_table(diagnoses: Sequence[Sequence[str]], table: Mapping[str, str]) -> Classified:
    deciding = [next((word for word in words if spelling(word) in table), None) for words in diagnoses]
    classes: list[str | None] = []
    reasons: list[str] = []
    counts: Counter[tuple[str, str]] = Counter()
    for words, word in zip(diagnoses, deciding, strict=True):
        meaning = "unknown" if word is None else table[spelling(word)]
        counts[spelling(words[0]) if word is None else spelling(word), meaning] += 1
        classes.append(meaning if meaning in (BENIGN, MALIGNANT) else None)
        reasons.append("" if classes[-1] else f"{meaning} diagnosis: {words[0]}")
    return Classified(classes, reasons, counts)


def by_diagnosis(diagnoses: Sequence[Sequence[str]]) -> Classified:
    """Every deepest diagnosis as a class of its own, in its first spelling; the note says which classes overlap."""
    written: dict[str, str] = {}
    classes: list[str | None] = [written.setdefault(spelling(words[0]), words[0]) for words in diagnoses]
    counts = Counter((spelling(words[0]), written[spelling(words[0])]) for words in diagnoses)
    pairs = {(spelling(words[0]), spelling(word)) for words in {*map(tuple, diagnoses)} for word in words[1:]}
    return Classified(classes, [""] * len(classes), counts, _about_overlaps(written, pairs, counts))


def _about_overlaps(
    written: Mapping[str, str], said: Collection[tuple[str, str]], counts: Mapping[tuple[str, str], int]
) -> str:
    """A sentence on classes that hold others, by what is `said` of these, too, or known; "" where there are none."""
    table, names = read_diagnoses(), read_diagnosis_names()
    pairs = {(word, other) for word, other in said if other in written and other != word}
    pairs |= {(word, table[word]) for word in written if table.get(word, word) in written.keys() - {word}}
    deeper = [word for word in written if names.of(word) in names.above]
    pairs |= {(word, other) for word in deeper for other in written if names.falls_under(word, other)}
    finer: dict[str, list[str]] = {}
    for word, other in sorted(pairs):
        finer.setdefault(other, []).append(f'"{printable(written[word], 40)}"')
    clauses = [
        f'"{printable(written[other], 40)}" ({counts[other, written[other]]:,}) is what {listed(words, 3)} '
        f"{'is' if len(words) == 1 else 'are'}, too"
        for other, words in sorted(finer.items())
    ]
    if not clauses:
        return ""
    return (
        f"Classes overlap: {'; '.join(clauses[:4])}{f'; and {len(clauses) - 4} more' if len(clauses) > 4 else ''}. "
        "Leave the pictures of the coarser classes out, or name the column of the finest diagnoses alone (--columns "
        "label=TITLE)."
    )
