"""Figures as files: PNG, TIFF, PDF, SVG of an exact size, each with a description from which it can be made again."""

import html
import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo
from PIL.TiffImagePlugin import TiffImageFile

from explorer import __version__
from explorer.core.arrays import RGB
from explorer.core.figures.single import MM_PER_INCH
from trainer.pictures.image_decoding import silence_pillow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROGRAM = "feature-map explorer"
KEY = "feature-map explorer"
PNG_LEVEL = 2
"""zlib level: on dermoscopy pictures with overlays a third of the time of Pillow's own 6, for files 15 % larger."""

_TIFF_DESCRIPTION, _TIFF_SOFTWARE = 270, 305
_PNG = b"\x89PNG\r\n\x1a\n"
_TAIL = 1 << 20
MATPLOTLIB = threading.RLock()
"""To be held while drawing: all threads share matplotlib's fonts and settings."""

_SETTINGS: Any = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "svg.fonttype": "none",
    "svg.hashsalt": PROGRAM,
    "svg.image_inline": True,
    "path.simplify": False,
}


def describe(values: Mapping[str, Any]) -> str:
    """The description of a figure as JSON in ASCII, which every one of the formats can hold."""
    return json.dumps({"program": PROGRAM, "version": __version__, **values}, sort_keys=True, separators=(",", ":"))


def encode(rgb: RGB, format: str, dpi: int, description: str, width_mm: float | None = None) -> bytes:
    """One picture as a file that it fills to the edge; equal arguments give equal bytes.

    `width_mm` is the page's width in PDF and SVG, where it need not be whole pixels; None takes pixels / dpi.
    """
    if format in ("png", "tiff"):
        return encode_pixels(rgb, format, dpi, description)
    from matplotlib.figure import Figure

    height, width = rgb.shape[:2]
    across = (width_mm / MM_PER_INCH) if width_mm else width / dpi
    with MATPLOTLIB:
        figure = Figure(figsize=(across, across * height / width), dpi=dpi)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.imshow(rgb, interpolation="none", aspect="auto")
        return _vector([figure], format, lambda: description)


def encode_pixels(rgb: RGB, format: str, dpi: int, description: str) -> bytes:
    """A picture as PNG or TIFF with its resolution and description."""
    buffer = io.BytesIO()
    picture = Image.fromarray(rgb)
    if format == "png":
        png_info = PngInfo()
        png_info.add_text("Software", f"{PROGRAM} {__version__}")
        png_info.add_text(KEY, description)
        picture.save(buffer, "PNG", compress_level=PNG_LEVEL, dpi=(dpi, dpi), pnginfo=png_info)
    else:
        tags = {_TIFF_DESCRIPTION: description, _TIFF_SOFTWARE: f"{PROGRAM} {__version__}"}
        picture.save(buffer, "TIFF", compression="tiff_lzw", dpi=(dpi, dpi), tiffinfo=tags)
    return buffer.getvalue()


def encode_pages(pages: "Iterable[Figure]", format: str, dpi: int, description: Callable[[], str]) -> bytes:
    """Matplotlib figures as one file: all pages of a PDF, or the one page of another format.

    `pages` are taken one by one, and `description` is called after the last one.
    """
    with MATPLOTLIB:
        if format in ("pdf", "svg"):
            return _vector(pages, format, description)
        import matplotlib
        import numpy as np
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        with matplotlib.rc_context(_SETTINGS):
            page = next(iter(pages))
            # Agg cuts to whole pixels: without the hundredth, 2007.9999 of 2008 would be 2007.
            across, down = ((round(side * dpi) + 0.01) / dpi for side in page.get_size_inches())
            page.set_size_inches(across, down)
            canvas: Any = FigureCanvasAgg(page)
            canvas.draw()
            rgb = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return encode_pixels(rgb, format, dpi, description())


def _vector(pages: "Iterable[Figure]", format: str, description: Callable[[], str]) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    software = f"{PROGRAM} {__version__}"
    with matplotlib.rc_context(_SETTINGS):
        if format == "svg":
            from matplotlib.backends.backend_svg import FigureCanvasSVG

            canvas: Any = FigureCanvasSVG(next(iter(pages)))
            # No date: the same figure is the same bytes tomorrow.
            about = {"Date": None, "Creator": software, "Description": description()}
            canvas.print_svg(buffer, metadata=about)
            return buffer.getvalue()
        from matplotlib.backends.backend_pdf import PdfPages

        metadata = {"CreationDate": None, "Creator": software, "Title": "Activation maps"}
        with PdfPages(buffer, metadata=metadata) as document:
            for page in pages:
                document.savefig(page)
            document.infodict()["Keywords"] = description()
    return buffer.getvalue()


def read_description(path: Path) -> dict[str, Any] | None:
    """What `describe` was given for a figure of this program, with "program" and "version"; None for other files."""
    try:
        text = _text_of(path)
        values = json.loads(text) if text else None
    except (OSError, ValueError, SyntaxError, KeyError):  # a file that cannot be read is nobody's figure
        return None
    return values if isinstance(values, dict) and values.get("program") == PROGRAM else None


def figure_path(path: Path) -> Path:
    """Where a figure that is to be named so lies: beside it, where an older version named it `.tif` and not `.tiff`."""
    old = path.with_suffix(".tif")
    return old if path.suffix == ".tiff" and not path.exists() and read_description(old) else path


def _text_of(path: Path) -> str:
    ending = path.suffix.lower()
    with path.open("rb") as file:
        if ending in (".png", ".tif", ".tiff"):
            start = file.read(len(_PNG))
            file.seek(0)
            silence_pillow()
            # The header alone, by Pillow's own readers: `Image.open` refuses the largest figures of this program.
            if start == _PNG:
                with PngImageFile(file) as picture:
                    return str(picture.info.get(KEY, ""))
            with TiffImageFile(file) as picture:
                return str(picture.getexif().get(_TIFF_DESCRIPTION, ""))
        if ending == ".svg":
            match = re.search(rb"<dc:description>(.*?)</dc:description>", file.read(_TAIL), re.DOTALL)
            return html.unescape(match[1].decode("utf-8")) if match else ""
        file.seek(max(0, path.stat().st_size - _TAIL))  # a PDF's information is written last
        content = file.read()
    match = re.search(rb"/Keywords \(((?:[^()\\]|\\.)*)\)", content, re.DOTALL)
    return re.sub(rb"\\(.)", rb"\1", match[1]).decode("ascii") if match else ""
