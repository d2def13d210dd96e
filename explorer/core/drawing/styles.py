"""What a map can be drawn with and saved as: scales, color maps, formats. Imports no library: all starts fast."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from explorer.core.errors import UserError

SCALES: Mapping[str, str] = MappingProxyType(
    {
        "folder": "this filter over the folder",
        "map": "this map's own range",
        "layer": "the layer's range on this picture",
        "seen": "this filter over the pictures seen",
        "fixed": "fixed values",
    }
)


FORMATS: Mapping[str, str] = MappingProxyType({"png": "PNG", "pdf": "PDF", "svg": "SVG", "tiff": "TIFF"})
"""Endings of the figures that can be written, with their titles."""


def format_of(path: Path, *others: str) -> str:
    """The format that the ending of a figure's name asks for, `.tif` as `.tiff`; UserError where it is none.

    `others` are endings of what is written beside figures.
    """
    ending = path.suffix.lower().removeprefix(".")
    ending = "tiff" if ending == "tif" else ending
    if ending not in (*FORMATS, *others):
        instead = "".join(f", or {other} for the data" for other in others)
        raise UserError(f"{path.name} has no ending of a figure; choose {', '.join(FORMATS)}{instead}.")
    return ending


@dataclass(frozen=True)
class Scale:
    """`foot` is drawn as nothing, `peak` as the darkest color; both in the units of the map, foot >= 0."""

    foot: float
    peak: float


@dataclass(frozen=True)
class ColorMap:
    """Colors from low to high, each (red, green, blue), and the opacity (0..1) at the top of the scale.

    Higher is darker, or `brighter`; `ground` is the color on which its bar is drawn: what it is made for.
    """

    title: str
    stops: tuple[tuple[int, int, int], ...]
    opacity: float
    brighter: bool = False
    ground: tuple[int, int, int] = (255, 255, 255)

    @property
    def highest(self) -> str:
        """How the top of the scale is drawn, in a word."""
        return "brightest" if self.brighter else "darkest"


COLOR_MAPS: Mapping[str, ColorMap] = MappingProxyType(
    {
        # Lightness falls from stop to stop, so that "darker = higher" holds in print and for every eye.
        "green": ColorMap("green", ((184, 228, 166), (96, 186, 108), (24, 124, 62), (0, 66, 30)), 0.92),
        # For people who cannot tell greens apart from the browns and pinks of skin.
        "blue": ColorMap("blue", ((178, 216, 246), (92, 160, 222), (24, 88, 172), (4, 30, 92)), 0.92),
        # For dark lesions, on which neither green nor blue can be seen: lightness rises, from olive to pale lime.
        "lime": ColorMap(
            "lime", ((78, 112, 0), (128, 186, 0), (186, 240, 24), (240, 255, 136)), 0.95, True, (44, 28, 24)
        ),
    }
)
