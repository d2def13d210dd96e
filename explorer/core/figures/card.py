"""A filter's card as a figure: what the index says of it in words, its histogram, and rows of pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from explorer.core.arrays import RGB
from explorer.core.drawing.overlay import color_bar
from explorer.core.drawing.styles import Scale
from explorer.core.figures.encoding import MATPLOTLIB
from explorer.core.figures.sheet_layout import FONT, WIDTH, drawable, shortened, text_width
from explorer.core.figures.single import MM_PER_INCH, FigureStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARGIN, GAP, HEAD, CAPTION, LINE, TITLE, BAR = 4.0, 1.0, 34.0, 5.4, 2.0, 4.0, 5.0
"""Millimetres: around the page, between pictures, of the words above, of two lines below a picture and of one more,
above a picture, of the color bar."""
LOW_HEAD = 11.0
"""Millimetres of the words above pictures where there is no histogram."""
LARGEST = 19.5
"""Millimetres of a picture's side at most."""
_GREY = "#555555"


@dataclass(frozen=True)
class CardPicture:
    """One picture, drawn (None: it cannot be read), and the lines below it."""

    rgb: RGB | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardWords:
    """What stands above the pictures: `title`, `lines` below it, and the histogram of the filter's peaks.

    `counts` (B,) and `edges` (B + 1,); `scale` is that of the overlays.
    """

    title: str
    lines: tuple[str, ...]
    counts: npt.NDArray[np.integer]
    edges: npt.NDArray[np.floating]
    scale: Scale
    note: str = ""

    def on_sheet(self) -> "CardWords":
        """Only what stands above a contact sheet: the title and the first line."""
        return replace(self, lines=self.lines[:1], counts=self.counts[:0], edges=self.edges[:0])

    @property
    def high(self) -> float:
        """Millimetres that the words take."""
        return HEAD if len(self.counts) else LOW_HEAD


@dataclass(frozen=True)
class Card:
    """All of it; `rows` are the pictures by what they show."""

    words: CardWords
    rows: Mapping[str, Sequence[CardPicture]] = field(default_factory=dict)


def draw_card(card: Card, style: FigureStyle) -> "Figure":
    """The card as a matplotlib figure of the style's width, or 170 mm; pictures keep their proportions."""
    width = style.width_mm or WIDTH
    rows = {title: pictures for title, pictures in card.rows.items() if pictures}
    sides = {title: _side(width, len(pictures)) for title, pictures in rows.items()}
    below = {title: _below(pictures) for title, pictures in rows.items()}
    height = 2 * MARGIN + card.words.high + BAR + sum(TITLE + side + below[title] for title, side in sides.items())
    with MATPLOTLIB:
        page = _Page(width, height, style.dpi)
        page.words(card.words)
        top = MARGIN + card.words.high
        for title, pictures in rows.items():
            side = sides[title]
            page.text(MARGIN, top + TITLE - 1.2, title, 6.5)
            for column, picture in enumerate(pictures):
                page.picture(MARGIN + column * (side + GAP), top + TITLE, side, picture)
            top += TITLE + side + below[title]
        page.bar(MARGIN, height - MARGIN - 2.2, card.words, style)
        return page.figure


def _below(pictures: Sequence[CardPicture]) -> float:
    """Millimetres for the lines below a row."""
    lines = max(len(picture.lines) for picture in pictures)
    return CAPTION + LINE * max(0, lines - 2) if lines else GAP


def _side(width: float, pictures: int) -> float:
    return min(LARGEST, (width - 2 * MARGIN - (pictures - 1) * GAP) / pictures)


class _Page:
    """A page on which things are placed in millimetres from its top left corner."""

    def __init__(self, width: float, height: float, dpi: int) -> None:
        from matplotlib.figure import Figure

        self._size = (width, height)
        self.figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=dpi, facecolor="white")

    def text(self, x: float, y: float, words: str, size: float, color: str = "black", across: str = "left") -> None:
        width, height = self._size
        # Names may hold dollar signs, which matplotlib would take for formulas.
        options: dict[str, Any] = {"ha": across, "va": "baseline", "parse_math": False, "color": color}
        self.figure.text(x / width, 1 - y / height, drawable(words), fontsize=size, fontfamily=FONT, **options)

    def words(self, words: CardWords) -> None:
        """Title and lines on the left, the histogram on the right."""
        room = self._size[0] - 2 * MARGIN
        self.text(MARGIN, MARGIN + 4, shortened(drawable(words.title), 10, room), 10)
        for number, line in enumerate(words.lines):
            color, wide = ("black", room) if number == 0 else (_GREY, 0.64 * room)
            self.text(MARGIN, MARGIN + 8.6 + 3.2 * number, shortened(drawable(line), 6.5, wide), 6.5, color)
        if len(words.counts):
            self._histogram(words)

    def _histogram(self, words: CardWords) -> None:
        axes = self._axes(MARGIN + 0.68 * (self._size[0] - 2 * MARGIN), MARGIN + 11, 0.32 * (self._size[0] - 8), 14)
        axes.stairs(words.counts, words.edges, fill=True, color="#8a8a8a")
        for name in ("top", "right", "left"):
            axes.spines[name].set_visible(False)
        axes.tick_params(labelsize=5, length=2, width=0.4)
        axes.set_yticks([])
        axes.set_xlabel("highest value inside, by pictures", fontsize=5, fontfamily=FONT, labelpad=1)

    def picture(self, x: float, y: float, side: float, picture: CardPicture) -> None:
        """A picture in the middle of its square, its lines below."""
        axes = self._axes(x, y, side, side)
        axes.set_axis_off()
        rgb = np.full((1, 1, 3), 238, np.uint8) if picture.rgb is None else picture.rgb
        axes.imshow(rgb, interpolation="none")
        if picture.rgb is None:
            self.text(x + side / 2, y + side / 2, "not readable", 4.5, _GREY, "center")
        for number, line in enumerate(picture.lines):
            self.text(x, y + side + 2.1 + LINE * number, shortened(drawable(line), 4.5, side), 4.5, _GREY)

    def bar(self, x: float, y: float, words: CardWords, style: FigureStyle) -> None:
        """The color scale of the overlays with its ends, and the note."""
        low, high = f"{words.scale.foot:.3g}", f"{words.scale.peak:.3g}"
        left = x + text_width(low, 5) + 1
        axes = self._axes(left, y, 30, 2.2)
        axes.set_axis_off()
        axes.imshow(color_bar(256, style.color_map)[::-1].reshape(1, 256, 3), aspect="auto", interpolation="none")
        self.text(x, y + 1.8, low, 5, _GREY)
        self.text(left + 31, y + 1.8, high, 5, _GREY)
        right = self._size[0] - MARGIN
        room = right - (left + 31 + text_width(high, 5) + 2)
        self.text(right, y + 1.8, shortened(drawable(words.note), 5, room), 5, _GREY, "right")

    def _axes(self, x: float, y: float, width: float, height: float) -> Any:
        across, down = self._size
        return self.figure.add_axes((x / across, 1 - (y + height) / down, width / across, height / down))
