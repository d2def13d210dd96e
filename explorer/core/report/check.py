"""A report held against its sources: every number of it is computed again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.core.class_words import CHOSEN, ClassWords, Pair, told_apart
from explorer.core.errors import UserError
from explorer.core.progress import OnStage, OnStep, no_stage, no_step
from explorer.core.report.page import LARGEST, read_said
from explorer.core.report.sections import facts_of
from explorer.core.report.sources import Sources

TOLERANCE = 1e-3
"""By how much of itself a number may differ: other processors and batches round in other places."""
LEAST = 1e-6
"""Below this, numbers are all the same."""
NOT_GIVEN = "not given"
"""What stands for the digest of a file on the side that has none."""


@dataclass(frozen=True)
class Difference:
    """A place of the report's facts where something else is found now."""

    place: str
    reported: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.place}: the report says {_short(self.reported)}, it is {_short(self.found)}"


def read_report(path: Path | str) -> dict[str, Any]:
    """What a report says, and from which files; UserError where the file is none."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path.name} is larger than any report.")
        return read_said(path.read_text("utf-8", "replace"), path.name)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error


def check_report(
    report: Mapping[str, Any], sources: Sources, *, on_step: OnStep = no_step, on_stage: OnStage = no_stage
) -> list[Difference]:
    """Everything in which the facts of a report (of `read_report`) differ from what its sources say now.

    Files whose content is another, or that only one side has, come first. Pass an index that was made anew where the
    answers are to be measured again; with the report's own, only what follows from it is.
    """
    sources = replace(sources, edited=sources.edited or _edited(report["facts"]))
    changed_files = _changed_files(report["digests"], sources.digests())
    return changed_files + differences(report["facts"], facts_of(sources, on_step, on_stage))


def _changed_files(was: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    names = [*was, *(name for name in now if name not in was)]
    if "model" not in was or "model" not in now:  # a script may open its network elsewhere: the facts hold its digest
        names = [name for name in names if name != "model"]
    sides = {name: (was.get(name, NOT_GIVEN), now.get(name, NOT_GIVEN)) for name in names}
    return [
        Difference(f"the file of --{name}", *digests) for name, digests in sides.items() if digests[0] != digests[1]
    ]


def differences(was: Any, now: Any, place: str = "") -> list[Difference]:
    """Where two pieces of JSON differ; numbers by more than `TOLERANCE`."""
    if isinstance(was, dict) and isinstance(now, dict):
        names = [*was, *(name for name in now if name not in was)]
        return [
            difference
            for name in names
            for difference in differences(was.get(name), now.get(name), f"{place} {name}".strip())
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [
            difference
            for number, (old, new) in enumerate(zip(was, now, strict=True))
            for difference in differences(old, new, f"{place} {_name(old, number)}")
        ]
    return [] if _same(was, now) else [Difference(place, was, now)]


def _name(entry: Any, number: int) -> str:
    """What an entry of a list is about: its filter, class, word or picture, else its number from 1."""
    fields = ("filter", "picture", "class", "word", "name")
    names = [entry[name] for name in fields if isinstance(entry, dict) and isinstance(entry.get(name), str)]
    return str(names[0]) if names else str(number + 1)


def _same(was: Any, now: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (was, now))
    if numbers and (isinstance(was, float) or isinstance(now, float)):
        return bool(abs(was - now) <= max(LEAST, TOLERANCE * max(abs(was), abs(now))))
    return bool(was == now)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    text = f"{value:.6g}" if isinstance(value, float) else "nothing" if value is None else str(value)
    return text if len(text) <= 160 else f"{text[:160]}…"


def found_beside(report: Mapping[str, Any], path: Path) -> dict[str, Path]:
    """The files that a report at `path` was made from, by the name of their option, as they are found from there."""
    paths = {}
    for name, entry in report["files"].items():
        if isinstance(entry, dict) and all(isinstance(entry.get(way), str) for way in ("given", "beside")):
            beside = path.parent / entry["beside"]
            paths[name] = beside if beside.exists() else Path(entry["given"])
    return paths


def _edited(facts: Mapping[str, Any]) -> ClassWords | None:
    """What given words mean where a person decided that: nothing proposes it again."""
    try:
        pairs = tuple(Pair(entry["word"], entry["class"], entry["reason"]) for entry in facts["evaluation"]["words"])
        classes = told_apart(tuple(facts["network"]["classes"]))
    except (KeyError, TypeError):
        return None
    return ClassWords(classes, pairs) if any(pair.reason == CHOSEN for pair in pairs) else None
