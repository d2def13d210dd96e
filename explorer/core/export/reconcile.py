"""What stands in an export's folder already: what is right, what may be replaced, what must not be touched."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.core.errors import UserError
from explorer.core.export.manifest import Row, by_file, read_manifest
from explorer.core.export.plan import ExportPlan, Figure
from explorer.core.figures.encoding import read_description
from explorer.core.images import one_line
from explorer.core.tags.book import FilterKey
from trainer.files.atomic_files import cannot_write, subfolder, sweep_folder

DRAWING = 1
"""Counts up when the same settings give another picture than before, so that older figures are drawn again."""


OUTLINE = "outline 2"
"""The same for figures with an outline alone."""
SHEET = "sheet 2"
"""The same for sheets."""


@dataclass(frozen=True)
class FolderState:
    """`todo` is to be drawn, `right` may stay; `rows` are the manifest's lines of every file that stays for now."""

    todo: tuple[Figure, ...]
    right: tuple[Figure, ...]
    rows: dict[str, list[Row]]


def settings_of(plan: ExportPlan, digests: Mapping[int, str]) -> dict[str, str]:
    """For each figure a digest (hex) of everything that decides how it looks; `digests` are those of the pictures."""
    all_digests = [digests.get(number, "") for number in range(len(plan.pictures))]
    common: list[Any] = [
        DRAWING,
        plan.network.identity,
        plan.style.as_dict(),
        plan.format,
    ]
    if plan.style.outline:
        common.append(OUTLINE)
    if plan.style.scale == "seen" and len(plan.scales) < len(plan.filters):
        common.append(all_digests)
    head = hashlib.sha256(json.dumps(common, sort_keys=True).encode())
    digest_of = {}
    for figure in plan.figures:
        own: list[Any] = [list(map(str, figure.filters)), [all_digests[number] for number in figure.pictures]]
        if plan.scales:
            scales = [plan.scales.get(key) for key in figure.filters]
            own.append([scale and (scale.foot, scale.peak) for scale in scales])
        if plan.given and (plan.layout or plan.style.caption):
            own.append([plan.given_of(number) for number in figure.pictures])
        if plan.layout:
            pages = [(list(map(str, page.filters)), page.pictures, page.groups, page.rows) for page in figure.pages]
            own += [
                SHEET,
                [(plan.tags or {}).get(key, "") for key in figure.filters],
                plan.layout.panel,
                plan.layout.caption,
                [plan.names[number] for number in figure.pictures],
                pages,
            ]
        digest = head.copy()
        digest.update(json.dumps(own).encode())
        digest_of[figure.name] = digest.hexdigest()
    return digest_of


def compare_folder(
    plan: ExportPlan, settings: Mapping[str, str], digests: Mapping[int, str], pool: ThreadPoolExecutor
) -> FolderState:
    """Make the folder where it is missing, and compare it with the plan.

    A figure is replaced without asking where it shows the same filter of the same network on the same picture (a
    sheet: where it is of the same network) and was not changed since. UserError that names the others, unless the
    plan's `force` is set; then everything is drawn again.
    """
    try:
        subfolder(plan.out)
        sweep_folder(plan.out)
        file_names = {path.name for path in plan.out.iterdir()}
    except OSError as error:
        raise cannot_write(plan.out, error) from error
    try:
        old = by_file(read_manifest(plan.out))
    except UserError:
        if not plan.force:
            raise
        old = {}
    rows = {
        file: lines for file, lines in old.items() if file in file_names or ("/" in file and (plan.out / file).exists())
    }
    if plan.force:
        return FolderState(plan.figures, (), rows)
    present = [figure for figure in plan.figures if figure.name in file_names]
    contents = dict(
        zip(
            (figure.name for figure in present),
            pool.map(lambda figure: file_digest(plan.out / figure.name), present),
            strict=True,
        )
    )
    todo, right, strange = [], [], []
    for figure in plan.figures:
        if figure.name not in contents:
            todo.append(figure)
            continue
        lines, wanted = rows.get(figure.name, []), settings[figure.name]
        intact = bool(lines) and all(line.file_digest == contents[figure.name] for line in lines)
        if intact and len(lines) == figure.cells and all(line.settings == wanted for line in lines):
            right.append(figure)
            rows[figure.name] = [_with_tags(line, plan) for line in lines]
        elif _may_replace(plan, figure, lines, intact, digests):
            todo.append(figure)
        else:
            strange.append(figure.name)
    if strange:
        raise _refusal(plan.out, strange)
    return FolderState(tuple(todo), tuple(right), rows)


def _may_replace(
    plan: ExportPlan, figure: Figure, lines: Sequence[Row], intact: bool, digests: Mapping[int, str]
) -> bool:
    path = plan.out / figure.name
    about = read_description(path)
    if about is not None and about.get("network", plan.network.identity) != plan.network.identity:
        return False  # the same weights, but read in another way
    if intact:
        networks = {line.network_digest for line in lines}
        shows = {(f"{line.layer}:{line.filter}", line.picture_digest) for line in lines}
    else:
        if about is None:
            # A power cut can leave an empty file behind; nobody loses anything with it.
            return path.is_file() and path.stat().st_size == 0
        if lines and lines[0].settings == about.get("settings"):
            return False  # drawn by this program, and changed by someone afterwards
        try:
            networks = {str(about["network_digest"])}
            shows = {(str(key), picture["digest"]) for key in about["filters"] for picture in about["pictures"]}
        except (KeyError, TypeError):
            return False
    if networks != {plan.network.digest}:
        return False
    wanted = {(str(key), digests.get(number, "")) for key in figure.filters for number in figure.pictures}
    return bool(figure.pages) or shows == wanted


def _with_tags(row: Row, plan: ExportPlan) -> Row:
    if plan.tags is None:
        return row
    return replace(row, tags=plan.tags.get(FilterKey(int(row.layer), int(row.filter)), row.tags))


def _refusal(folder: Path, names: Sequence[str]) -> UserError:
    few = ", ".join(map(one_line, names[:3])) + (", ..." if len(names) > 3 else "")
    subject = "1 file there does" if len(names) == 1 else f"{len(names):,} files there do"
    return UserError(
        f"Nothing was exported to {folder}: {subject} not show the same filter of this network on the same picture, or "
        f"changed after being exported ({few}); choose another folder, or allow replacing (--force)."
    )


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file; "" for what is none, or may not be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # a folder of this name, or a file that may not be read: not one of ours
        return ""
