"""A figure of an attribution: the picture, the map over it, the color bar with its units, and what was measured."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.core.arrays import RGB, Map
from explorer.core.drawing.overlay import compose, in_picture
from explorer.core.drawing.signed_overlay import attribution_bar, attribution_overlay
from explorer.core.figures.encoding import MATPLOTLIB, describe, encode_pages, read_description
from explorer.core.figures.millimetres import MillimetrePage, place_of
from explorer.core.figures.sheet_layout import MARGIN, NARROWEST, drawable, shortened
from explorer.core.figures.single import FigureStyle, fit
from trainer.files.errors import UserError
from trainer.networks.input_spec import Box
from trainer.pictures.resizing import bounded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 120.0
GAP, BAR, NUMBERS, LINE = 1.5, 2.5, 14.0, 3.4
"""Millimetres: between things, of the color bar and of what stands beside it, and of a line of text."""

SMALL = 6.5
"""Points."""


@dataclass(frozen=True)
class AttributionFigure:
    """A map (h, w) over its picture (H, W, 3), in whose pixels the network's `frame` lies.

    `settings` describe it (`describe` of `core/attribution/result_file.py`); `score` is the target's value on the whole
    picture; `kind` names the lens and `how`, in words, its settings; `scale` says what the color bar's numbers are;
    `limit` is where it ends, below zero too where the map is `signed`. The picture may have been `made` by the lens.
    """

    rgb: RGB
    frame: Box
    map: Map
    score: float
    settings: dict[str, Any]
    kind: str
    how: str
    scale: str
    limit: float
    signed: bool = True
    made: bool = False

    @property
    def unit(self) -> str:
        """What the target's values are."""
        kind = str(self.settings["target"]).partition(":")[0]
        return {"class": "logit", "probability": "probability"}.get(kind, "answer")

    @property
    def lines(self) -> tuple[str, str]:
        """What stands under the figure."""
        target, picture = self.settings["target"], self.settings["picture"]
        subject = "the picture that was made of nothing" if self.made else f"the whole picture · {picture}"
        return f"{target}: {self.unit} {self.score:.4g} on {subject}", self.how


def attribution_figure(shown: AttributionFigure, format: str, style: FigureStyle) -> bytes:
    """The figure as a file of `style.width_mm` (120) with its description; UserError where that is too narrow."""
    description = describe(_about(shown, style))
    return encode_pages([_page(shown, style)], format, style.dpi, lambda: description)


def is_drawn(path: Path, shown: AttributionFigure, style: FigureStyle) -> bool:
    """Whether a file is the figure that would be drawn."""
    description, wanted = read_description(path) or {}, _about(shown, style)
    # As text, in which a value that is no number equals itself.
    actual, expected = (
        json.dumps(values, sort_keys=True) for values in ({n: description.get(n) for n in wanted}, wanted)
    )
    return actual == expected


def is_drawn_with(path: Path, kind: str, settings: dict[str, Any], style: FigureStyle) -> bool:
    """Whether a file is a figure with these settings, whatever was measured.

    Its colors end at the `points` of the settings; where they have none, at whatever the map's own scale was.
    """
    wanted = {"kind": kind, "points": None, **settings, "style": _of(style)}
    description = read_description(path) or {}
    return all(description.get(name) == value for name, value in json.loads(json.dumps(wanted)).items())


def _of(style: FigureStyle) -> dict[str, Any]:
    return {"width_mm": style.width_mm or WIDTH, "dpi": style.dpi, "opacity": style.opacity}


def _about(shown: AttributionFigure, style: FigureStyle) -> dict[str, Any]:
    score = "unoccluded" if shown.kind == "occlusion" else "score"
    about = {"kind": shown.kind, **shown.settings, score: shown.score, "limit": shown.limit}
    return {**about, "style": _of(style)}


def _page(shown: AttributionFigure, style: FigureStyle) -> "Figure":
    width = style.width_mm or WIDTH
    if width < NARROWEST:
        raise UserError(f"A figure needs at least {NARROWEST:g} mm, not {width:g} mm; choose a larger width.")
    across = (width - 2 * MARGIN - 2 * GAP - BAR - NUMBERS) / 2
    down, tall, wide = place_of(shown.rgb.shape[:2], across)
    height = 2 * MARGIN + down + GAP + 2 * LINE
    pixels = style.pixels(tall), style.pixels(wide)
    canvas = fit(shown.rgb, shown.frame, pixels)
    inside = bounded(round(canvas.frame.height), round(canvas.frame.width))
    drawn = in_picture(attribution_overlay(shown.map, inside, limit=shown.limit), canvas.frame, pixels)
    with MATPLOTLIB:
        page = MillimetrePage(width, height, style.dpi)
        above, before = MARGIN + (down - tall) / 2, MARGIN + (across - wide) / 2
        page.image(canvas.rgb, before, above, wide, tall)
        page.image(compose(canvas.rgb, drawn, style.opacity), before + across + GAP, above, wide, tall)
        bar = MARGIN + 2 * (across + GAP)
        white = np.full((255, 1, 3), 255, np.uint8)
        page.image(compose(white, attribution_bar(255, signed=shown.signed)), bar, MARGIN, BAR, down)
        page.frame(bar, MARGIN, BAR, down, "#555555")
        for share, va in ((0.0, "top"), (0.5, "center"), (1.0, "bottom")):
            value = shown.limit * (1 - (2 if shown.signed else 1) * share)
            page.text(bar + BAR + 0.8, MARGIN + share * down, f"{value:+.2g}" if value else "0", SMALL, va=va)
        unit = f"{shown.scale} {shown.unit}"
        fitting = shortened(drawable(unit), SMALL, down + MARGIN)
        page.text(width - MARGIN, MARGIN + down / 2, fitting, SMALL, rotation=90, va="center", ha="right")
        for line, words in enumerate(shown.lines):
            fitting = shortened(drawable(words), SMALL, width - 2 * MARGIN)
            page.text(MARGIN, MARGIN + down + GAP + (line + 0.75) * LINE, fitting, SMALL, va="baseline")
    return page.figure
