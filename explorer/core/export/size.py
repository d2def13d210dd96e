"""How large an export will be and how long it will take, from a few of its figures that are drawn and thrown away."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from PIL import Image

from explorer.core.export.cards import card_in, export_cards
from explorer.core.export.plan import ExportPlan, Figure, upright_size
from explorer.core.export.run import drawn_figures
from explorer.core.figures import size as sizes
from explorer.core.figures.encoding import figure_path
from explorer.core.figures.sheet_layout import WIDTH
from explorer.core.figures.single import FigureStyle
from explorer.core.figures.size import ExportSize, free_beside, largest_file, size_by_trial
from explorer.core.images import FORMATS
from explorer.core.index import FolderIndex
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey, TagBook

T = TypeVar("T")

_LOOKED_AT, _PICTURES, _FILTERS = 20, 2, 6
"""Of so many pictures so many are tried, and so many more filters than one on each."""

_FRAMED = 1.5
"""The largest file of so many uncompressed bytes: a TIFF can grow by a third."""


def size_of(plan: ExportPlan, *, jobs: int | None = None) -> ExportSize:
    """How much of the plan is not in its folder yet. Small exports are not measured: then `bytes` is a bound."""
    existing = set() if plan.force else _names(plan.out)
    todo = [figure for figure in plan.figures if figure.name not in existing]
    free = free_beside(plan.out)
    if len(todo) <= sizes.MANY:
        largest_size = _bound(plan, todo)
        if largest_size * sizes.SHARE <= free:
            return ExportSize(len(todo), largest_size, 0.0, free)
    if plan.layout:
        seconds, size = _of_sheets(plan, todo, jobs)
    else:
        seconds, size = _of_singles(plan, todo, jobs)
    return ExportSize(len(todo), size, seconds, free)


def size_of_cards(
    network: Network,
    index: FolderIndex,
    folder: Path,
    filters: Sequence[FilterKey],
    out: Path,
    style: FigureStyle,
    *,
    format: str = "png",
    force: bool = False,
    tags: TagBook | None = None,
    kinds: Sequence[str] = (),
) -> ExportSize:
    """What `export_cards` would still write with the same arguments."""

    def trial(place: Path, count: int) -> None:
        export_cards(network, index, folder, filters[:count], place, style, format=format, tags=tags, kinds=kinds)

    existing = (
        0 if force else len(_names(out) & {figure_path(card_in(out, key, format, kinds)).name for key in filters})
    )
    files = len(filters) - existing
    return size_by_trial(files, largest_file(style, WIDTH), out, files, trial)


def _of_singles(plan: ExportPlan, todo: Sequence[Figure], jobs: int | None) -> tuple[float, int]:
    by_picture: dict[int, list[Figure]] = {}
    for figure in todo:
        by_picture.setdefault(figure.pictures[0], []).append(figure)
    looked_at = _spread(sorted(by_picture), _LOOKED_AT)
    readable = [number for number in looked_at if _pixels(plan.pictures[number])[0]]
    tried = [by_picture[number] for number in _spread(readable, _PICTURES)]
    if not tried:
        return 0.0, 0
    few = _part(plan, [figures[0] for figures in tried])
    many = _part(plan, [figure for figures in tried for figure in _spread(figures, 1 + _FILTERS)])
    _timed(few, jobs)  # the first one loads and warms what the others find ready
    seconds_few, _ = _timed(few, jobs)
    seconds_many, sizes = _timed(many, jobs)
    extra = len(many.figures) - len(few.figures)
    per_figure = max(0.0, seconds_many - seconds_few) / extra if extra else 0.0
    per_picture = max(0.0, seconds_few / len(few.figures) - per_figure)
    size = round(sum(sizes) / len(sizes) * len(todo)) if sizes else 0
    return per_picture * len(by_picture) + per_figure * len(todo), size


def _of_sheets(plan: ExportPlan, todo: Sequence[Figure], jobs: int | None) -> tuple[float, int]:
    assert plan.layout is not None
    pages = sum(len(figure.pages) for figure in todo)
    first = todo[0].pages[0]
    page = replace(first, pictures=tuple(range(len(first.pictures))))
    figure = replace(todo[0], filters=page.filters, pictures=page.pictures, pages=(page,))
    part = replace(
        plan,
        figures=(figure,),
        layout=replace(plan.layout, pages=(page,)),
        pictures=tuple(plan.pictures[number] for number in first.pictures),
        names=tuple(plan.names[number] for number in first.pictures),
    )
    seconds, sizes = _timed(part, jobs)
    return seconds * pages, sum(sizes) * pages


def _timed(plan: ExportPlan, jobs: int | None) -> tuple[float, list[int]]:
    started = time.monotonic()
    sizes = [len(content) for content in drawn_figures(plan, jobs=jobs)]
    return time.monotonic() - started, sizes


def _part(plan: ExportPlan, figures: Sequence[Figure]) -> ExportPlan:
    """The plan of these figures and of their pictures alone."""
    numbers = sorted({figure.pictures[0] for figure in figures})
    new_number = {number: position for position, number in enumerate(numbers)}
    return replace(
        plan,
        figures=tuple(replace(figure, pictures=(new_number[figure.pictures[0]],)) for figure in figures),
        pictures=tuple(plan.pictures[number] for number in numbers),
        names=tuple(plan.names[number] for number in numbers),
    )


def _spread(things: Sequence[T], count: int) -> list[T]:
    return [things[position * len(things) // count] for position in range(count)] if len(things) > count else [*things]


def _bound(plan: ExportPlan, todo: Sequence[Figure]) -> int:
    style = plan.style
    if plan.layout:
        page = style.pixels(plan.layout.width) * style.pixels(300)
        return round(_FRAMED * 3 * page * sum(len(figure.pages) for figure in todo))
    sizes = {number: _pixels(plan.pictures[number]) for number in {figure.pictures[0] for figure in todo}}
    whole = style.pixels(style.width_mm) if style.width_mm else 0
    pixels = 0
    for figure in todo:
        height, width = sizes[figure.pictures[0]]
        pixels += whole * whole * height // width if whole else height * width * (1 + style.beside)
    return round(_FRAMED * 3 * pixels) + len(todo) * (1 << 16)


def _pixels(path: Path) -> tuple[int, int]:
    """(height, width) that the file claims, upright; nothing of one that cannot be read, which becomes no figure."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return upright_size(picture)
    except Exception:  # a decoder may raise anything
        return 0, 1


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()
