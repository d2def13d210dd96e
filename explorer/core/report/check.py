"""A report held against its sources: every number of it is computed again, and the page made of them."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.core.class_words import CHOSEN, ClassWords, Pair, told_apart
from explorer.core.errors import UserError
from explorer.core.progress import OnStage, OnStep, no_stage, no_step
from explorer.core.report.commands import commands_of
from explorer.core.report.difference import Difference, as_rounded, differences
from explorer.core.report.page import LARGEST, page, page_kind, read_said
from explorer.core.report.page_check import page_differences
from explorer.core.report.sections import PROGRAM_NAME, facts_of, versions
from explorer.core.report.sources import Sources
from explorer.core.report.tiles import tiles

NOT_GIVEN = "not given"
"""What stands for the digest of a file on the side that has none."""


def read_report(path: Path | str) -> dict[str, Any]:
    """What a report says, from which files, and its page ("html"); UserError where the file is none."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path.name} is larger than any report.")
        return read_said(path.read_text("utf-8", "replace"), path.name)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error


def of_another_version(report: Mapping[str, Any]) -> str:
    """The version of the program that made a report where its pages are others than here; "" for this one."""
    version, here = str(report["versions"].get(PROGRAM_NAME, "")), versions()[PROGRAM_NAME]
    if (version, report.get("page")) == (here, page_kind()):
        return ""
    return version if version != here else f"{version}, another build"


def check_report(
    report: Mapping[str, Any], sources: Sources, *, on_step: OnStep = no_step, on_stage: OnStage = no_stage
) -> list[Difference]:
    """Everything in which a report (of `read_report`) differs from what its sources say now.

    Files whose content is another, or that only one side has, come first; then the numbers, then what a person reads
    on the page, its pictures and its commands, which are all made again. The page of another version
    (`of_another_version`) is not made again, and of its numbers only those that it has count. Pass an index that was
    made anew where the answers are to be measured again; with the report's own, only what follows from it is.
    """
    sources = replace(sources, edited=sources.edited or _edited(report["facts"]))
    found = _changed_files(report["digests"], sources.digests())
    facts, other = facts_of(sources, on_step, on_stage), bool(of_another_version(report))
    found += differences(report["facts"], facts, known_alone=other)
    if other:
        return found
    on_stage("drawing")
    facts = as_rounded(facts, report["facts"])
    drawn = tiles(sources, facts["filters"], on_step)
    own = {
        "facts": facts,
        "files": {name: {"given": os.fspath(path)} for name, path in _given(report).items()},
        "digests": {str(name): str(digest) for name, digest in report["digests"].items()},
        "versions": {str(name): str(version) for name, version in report["versions"].items()},
        "commands": commands_of(_as_given(sources, report), facts),
    }
    found += differences(report["commands"], own["commands"], "commands")
    return found + page_differences(report["html"], page(own, drawn).encode("utf-8", "replace").decode("utf-8"))


def _as_given(sources: Sources, report: Mapping[str, Any]) -> Sources:
    """The sources with the names of files and the options that a report has in its commands."""
    opening, words = report.get("opening"), report.get("words")
    return replace(
        sources,
        files=_given(report),
        opening=tuple(map(str, opening)) if isinstance(opening, list) else (),
        words_file=Path(words) if isinstance(words, str) else None,
    )


def _given(report: Mapping[str, Any]) -> dict[str, Path]:
    """The files of a report as they were given, by the name of their option."""
    entries = {name: entry for name, entry in report["files"].items() if isinstance(entry, dict)}
    return {name: Path(entry["given"]) for name, entry in entries.items() if isinstance(entry.get("given"), str)}


def _changed_files(was: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    names = [*was, *(name for name in now if name not in was)]
    if "model" not in was or "model" not in now:  # a script may open its network elsewhere: the facts hold its digest
        names = [name for name in names if name != "model"]
    sides = {name: (was.get(name, NOT_GIVEN), now.get(name, NOT_GIVEN)) for name in names}
    return [
        Difference(f"the file of --{name}", *digests) for name, digests in sides.items() if digests[0] != digests[1]
    ]


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
