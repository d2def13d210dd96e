"""How filters and pictures are divided over the pages of a sheet, in millimetres."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from explorer.core.errors import UserError
from explorer.core.figures.encoding import MATPLOTLIB
from explorer.core.figures.single import MM_PER_INCH, FigureStyle
from explorer.core.tags.book import FilterKey

WIDTH = 170.0
"""The text width of an A4 page, where a style names no width."""

FONT = "DejaVu Sans"
"""Comes with matplotlib, so that sheets look the same on every machine."""

NARROWEST = 50.0

GAP, GROUP_GAP, MARGIN = 1.0, 4.0, 1.0
HEADER, FOOTER, SAID = 6.4, 6.5, 2.3

CAPTION, SMALL, TINY = 7.0, 6.0, 4.5
"""Points of the captions, of what explains, and of the smallest text; all else here is in millimetres."""

UNTOUCHED = "picture"
"""What stands beside the row of untouched pictures."""

BESIDE = 1.2
"""Between a caption and its row."""

LONGEST_TAGS = 20.0
"""Millimetres that the words of a filter's tags may take; longer ones are shortened."""

_PAGE_HEIGHT = 240.0
_SMALLEST, _GROUPED, _LARGEST = 14.0, 26.0, 80.0
_FLATTEST, _TALLEST = 0.15, 1.5


@dataclass(frozen=True)
class Page:
    """Filters of one page from top to bottom, and the numbers of the pictures from left to right.

    Where there are several groups side by side, the filters run down the first one, then down the next.
    """

    filters: tuple[FilterKey, ...]
    pictures: tuple[int, ...]
    groups: int
    rows: int


@dataclass(frozen=True)
class Layout:
    """Where things lie, in millimetres: a page of `width`, captions of `caption`, panels of `panel` (high, wide).

    `header` is what stands above the pictures: their names, and up to two lines of `SAID`.
    """

    width: float
    caption: float
    panel: tuple[float, float]
    pages: tuple[Page, ...]
    header: float = HEADER


def lay_out(
    filters: Sequence[FilterKey],
    aspects: Sequence[float],
    style: FigureStyle,
    tags: Iterable[str] = (),
    *,
    given: bool = False,
) -> Layout:
    """Divide filters and pictures over pages; `aspects` are height / width of each picture, `tags` what stands at rows.

    With `given` there is a line more above each picture, for its given class. Panels are as large as the width allows.
    A new layer begins a new page where everything does not fit on one. UserError where the width is too small.
    """
    width = style.width_mm or WIDTH
    if width < NARROWEST:
        raise UserError(f"A sheet needs at least {NARROWEST:g} mm, not {width:g} mm; choose a larger width.")
    captions = max(text_width(caption(key), CAPTION) for key in filters) + BESIDE
    if style.scale in ("seen", "folder"):
        captions = max(captions, text_width("0.000 – 0.00e+00", TINY) + BESIDE)
    if style.beside:
        captions = max(captions, text_width(UNTOUCHED, SMALL) + BESIDE)
    longest = max((text_width(words, TINY) for words in tags), default=0.0)
    captions = max(captions, min(LONGEST_TAGS, longest + BESIDE, width / 4))
    room = width - 2 * MARGIN
    columns = max(1, min(len(aspects), int((room - captions + GAP) / (_SMALLEST + GAP))))
    group = captions + columns * (_GROUPED + GAP) - GAP
    groups = 1
    if columns == len(aspects):
        groups = max(1, min(len(filters), int((room + GROUP_GAP) / (group + GROUP_GAP))))
    group_width = (room - (groups - 1) * GROUP_GAP) / groups - captions
    across = min(_LARGEST, (group_width - (columns - 1) * GAP) / columns)
    # One height for all, so that rows stay even; what is taller than wide by more than half is fitted inside, and no
    # row is lower than its caption.
    down = across * min(_TALLEST, max(_FLATTEST, max(aspects)))
    header = HEADER + SAID * given
    space = _PAGE_HEIGHT - 2 * MARGIN - header - FOOTER
    rows = max(1, int((space + GAP) / (down + GAP)) - style.beside)
    blocks = [tuple(range(start, min(start + columns, len(aspects)))) for start in range(0, len(aspects), columns)]
    pages = []
    for part in _parts(filters, rows * groups):
        used = min(groups, len(part))
        high = -(-len(part) // used)
        pages += [Page(part, block, used, high) for block in blocks]
    return Layout(width, captions, (down, across), tuple(pages), header)


def panel_pixels(layout: Layout, style: FigureStyle, size: tuple[int, int], *, most: bool) -> tuple[int, int]:
    """(height, width) in pixels at which a picture of `size` fills its panel, its proportions kept.

    With `most` never more pixels than the picture has: a vector file is enlarged by whoever shows it.
    """
    down, across = (style.pixels(side) for side in layout.panel)
    scale = min(down / size[0], across / size[1])
    if most:
        scale = min(scale, 1.0)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _parts(filters: Sequence[FilterKey], most: int) -> Iterator[tuple[FilterKey, ...]]:
    """Filters page by page, at most `most` on each, the pages of one layer equally full."""
    if len(filters) <= most:
        yield tuple(filters)
        return
    for _, run in groupby(filters, key=lambda key: key.layer):
        keys = tuple(run)
        pages = -(-len(keys) // most)
        size = -(-len(keys) // pages)
        yield from (keys[start : start + size] for start in range(0, len(keys), size))


def caption(key: FilterKey) -> str:
    """The name of a filter as it is written everywhere: 7:8."""
    return str(key)


def drawable(name: str) -> str:
    """The name with "?" for letters that the sheets' font lacks."""
    with MATPLOTLIB:
        from matplotlib.font_manager import FontProperties, findfont, get_font

        font = get_font(findfont(FontProperties(family=FONT)))
        return "".join(letter if font.get_char_index(ord(letter)) else "?" for letter in name)


def fitting(names: Sequence[str], room: float, smallest: float) -> float:
    """The size in points at which the longest name fits, within reason."""
    longest = max(text_width(name, CAPTION) for name in names)
    return max(smallest, min(CAPTION, CAPTION * room / longest)) if longest else CAPTION


def shortened(name: str, size: float, room: float) -> str:
    """The name, with its middle left out where it is too long."""
    keep, shortened = len(name), name
    while keep > 2 and text_width(shortened, size) > room:
        keep -= 1
        shortened = f"{name[: (keep + 1) // 2]}…{name[len(name) - keep // 2 :]}"
    return shortened


@lru_cache(maxsize=4096)
def text_width(words: str, size: float) -> float:
    """Millimetres of a text of `size` points."""
    with MATPLOTLIB:
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        properties = FontProperties(family=FONT, size=size)
        width: float = text_to_path.get_text_width_height_descent(words, properties, ismath=False)[0]
    return width / 72 * MM_PER_INCH
