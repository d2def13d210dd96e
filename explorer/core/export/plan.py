"""What an export will write: every figure with its file name, before anything is drawn."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from PIL import Image

from explorer.core.drawing.styles import FORMATS, Scale
from explorer.core.errors import UserError
from explorer.core.figures.sheet_layout import Layout, Page, lay_out
from explorer.core.figures.single import FigureStyle
from explorer.core.images import one_line, read_image
from explorer.core.network.opening import Network
from explorer.core.shared_folder import names_below
from explorer.core.tags.book import FilterKey, TagBook

MOST = 1_000_000
"""Figures of one export; more would fill a disk before anyone looks at them."""

MEASURED = ("folder", "seen")
"""The scales of which each filter has one, whatever picture it is drawn on."""

_STEM = 120


@dataclass(frozen=True)
class Figure:
    """One file: an overlay of one filter on one picture, or a sheet of `pages`; pictures by their number."""

    name: str
    filters: tuple[FilterKey, ...]
    pictures: tuple[int, ...]
    pages: tuple[Page, ...] = ()

    @property
    def cells(self) -> int:
        """How many maps it shows."""
        return len(self.filters) * len(self.pictures)


@dataclass(frozen=True)
class ExportPlan:
    """What `run_export` will do; `names` are the pictures' names as they stand in captions and in the manifest.

    `tags` are the filters' words, None where no tags were given. `left_out` are (picture, reason) of pictures that
    are no part of the plan because they cannot be read. `scales` are those of filters that were measured elsewhere:
    over the folder, or on pictures that a person has seen; those of all others are measured on `pictures`. `given` are
    the given classes of the pictures, "" for one of none, empty where nothing is known.
    """

    network: Network
    filters: tuple[FilterKey, ...]
    pictures: tuple[Path, ...]
    names: tuple[str, ...]
    figures: tuple[Figure, ...]
    out: Path
    style: FigureStyle
    format: str
    layout: Layout | None = None
    tags: dict[FilterKey, str] | None = None
    force: bool = False
    left_out: tuple[tuple[str, str], ...] = ()
    scales: Mapping[FilterKey, Scale] = field(default_factory=dict)
    given: tuple[str, ...] = ()

    def given_of(self, number: int) -> str:
        """The given class of a picture; "" where none is known."""
        return self.given[number] if self.given else ""

    @property
    def captions(self) -> tuple[str, ...]:
        """The pictures' names without their endings; without their folders too where that leaves them different."""
        plain = tuple(PurePosixPath(name).stem for name in self.names)
        return plain if len(set(plain)) == len(plain) else tuple(name.rpartition(".")[0] or name for name in self.names)

    @property
    def words(self) -> dict[FilterKey, str]:
        """The filters' tags as captions say them."""
        return {key: spoken_tags(words) for key, words in (self.tags or {}).items()}

    def __str__(self) -> str:
        files, filters, pictures = len(self.figures), len(self.filters), len(self.pictures)
        return (
            f"{filters:,} filter{'s' * (filters != 1)} x {pictures:,} picture{'s' * (pictures != 1)} "
            f"= {files:,} file{'s' * (files != 1)}"
        )


def plan_export(
    network: Network,
    pictures: Sequence[Path],
    filters: Sequence[FilterKey],
    out: Path,
    style: FigureStyle | None = None,
    *,
    format: str = "png",
    sheet: bool = False,
    tags: TagBook | None = None,
    force: bool = False,
    scales: Mapping[FilterKey, Scale] | None = None,
    given: Mapping[Path, str] | None = None,
) -> ExportPlan:
    """Name every figure; nothing is drawn and nothing is written.

    Single overlays of every filter on every picture, or with `sheet` one sheet of all of them, in as many files as the
    format needs pages (a PDF holds them all). The scale "folder" takes each filter's from `scales`, "seen" that of
    every filter that stands there; `given` names the classes of pictures, for captions. UserError where there is
    nothing to draw or far too much.
    """
    style = style or FigureStyle()
    pictures, filters = tuple(dict.fromkeys(pictures)), tuple(dict.fromkeys(filters))
    if not pictures or not filters:
        raise UserError("There is nothing to export; choose at least one filter and one picture.")
    if format not in FORMATS:
        raise UserError(f'"{format}" is no format for figures; choose one of {", ".join(FORMATS)}.')
    _check(network, filters)
    scales = {key: scales[key] for key in filters if key in scales} if scales and style.scale in MEASURED else {}
    if style.scale == "folder" and len(scales) < len(filters):
        raise UserError("The scale over the folder needs the folder's index; name it, or choose another scale.")
    if len(pictures) * len(filters) > MOST:
        raise UserError(
            f"{len(filters):,} filters on {len(pictures):,} pictures are more than {MOST:,} maps; choose fewer of them."
        )
    words = None if tags is None else {key: ";".join(sorted({tag.tag for tag in tags.tags(key)})) for key in filters}
    layout: Layout | None = None
    left_out: list[tuple[str, str]] = []
    if sheet:
        pictures, aspects, left_out = _readable(pictures)
        if not pictures:
            raise UserError(f"None of the pictures can be read: {left_out[0][1]}")
        known = any((given or {}).get(path) for path in pictures)
        layout = lay_out(filters, aspects, style, map(spoken_tags, (words or {}).values()), given=known)
    classes = tuple(one_line((given or {}).get(path, "")) for path in pictures)
    names = tuple(map(one_line, _relative(pictures)))
    figures = _sheets(network, layout, format) if layout else _singles(network, filters, pictures, format)
    return ExportPlan(
        network,
        filters,
        pictures,
        names,
        figures,
        out,
        style,
        format,
        layout,
        words,
        force,
        tuple(left_out),
        scales,
        classes if any(classes) else (),
    )


def spoken_tags(words: str) -> str:
    """A filter's tags as a caption says them, of their form in the manifest."""
    return words.replace(";", ", ")


def _check(network: Network, filters: Sequence[FilterKey]) -> None:
    for key in filters:
        if key.layer >= len(network.layers) or key.filter >= network.layers[key.layer].filters:
            raise UserError(f"There is no filter {key} in {network.name}.")


def _readable(
    pictures: Sequence[Path],
) -> tuple[tuple[Path, ...], list[float], list[tuple[str, str]]]:
    """Pictures that can be opened, height / width of each, and (name, reason) of the others."""
    readable, aspects, left_out = [], [], []
    for path in pictures:
        try:
            aspects.append(_aspect(path))
            readable.append(path)
        except UserError as error:
            left_out.append((one_line(path.name), str(error)))
    return tuple(readable), aspects, left_out


def upright_size(picture: Image.Image) -> tuple[int, int]:
    """(height, width) of an opened picture when it is turned as its EXIF says; nothing of it is decoded."""
    width, height = picture.size
    try:
        turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except Exception:  # unreadable EXIF says nothing about the pixels, which are whole
        turned = False
    # Of a TIFF Pillow says the turned size.
    return (width, height) if turned and picture.format != "TIFF" else (height, width)


def _aspect(path: Path) -> float:
    try:
        # The header alone: a plan must not decode every picture.
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            height, width = upright_size(picture)
    except Exception:  # whatever is wrong, reading it says so in a sentence
        height, width = read_image(path).shape[:2]
    return height / width


def _singles(
    network: Network, filters: Sequence[FilterKey], pictures: Sequence[Path], format: str
) -> tuple[Figure, ...]:
    stems = _stems(pictures)
    return tuple(
        Figure(f"{_filter_name(network, key)}_{stem}.{format}", (key,), (number,))
        for number, stem in enumerate(stems)
        for key in filters
    )


def _sheets(network: Network, layout: Layout, format: str) -> tuple[Figure, ...]:
    all_keys = tuple(key for page in layout.pages for key in page.filters)
    name = _sheet_name(network, all_keys)
    if format == "pdf" or len(layout.pages) == 1:
        filters = tuple(dict.fromkeys(all_keys))
        numbers = tuple(sorted({number for page in layout.pages for number in page.pictures}))
        return (Figure(f"{name}.{format}", filters, numbers, layout.pages),)
    digits = max(2, len(str(len(layout.pages))))
    return tuple(
        Figure(f"{name}_page{number:0{digits}}.{format}", page.filters, page.pictures, (page,))
        for number, page in enumerate(layout.pages, 1)
    )


def _sheet_name(network: Network, filters: Sequence[FilterKey]) -> str:
    if len(set(filters)) == 1:
        return f"sheet_{_filter_name(network, filters[0])}"
    layers = sorted({key.layer for key in filters})
    first, last = (_layer_name(network, layers[end]) for end in (0, -1))
    return f"sheet_layer{first}" if first == last else f"sheet_layers{first}-{last}"


def _filter_name(network: Network, key: FilterKey) -> str:
    digits = max(3, len(str(max(layer.filters for layer in network.layers) - 1)))
    return f"layer{_layer_name(network, key.layer)}_filter{key.filter:0{digits}}"


def _layer_name(network: Network, layer: int) -> str:
    return f"{layer:0{max(2, len(str(len(network.layers) - 1)))}}"


def _stems(pictures: Sequence[Path]) -> list[str]:
    """One name for each picture, fit for every file system; where two would be equal, a digest tells them apart."""
    plain = [_portable(path.stem) for path in pictures]
    count = Counter(stem.casefold() for stem in plain)
    if len(count) == len(plain):
        return plain
    paths = _relative(pictures)
    used = {stem.casefold() for stem in plain if count[stem.casefold()] == 1}
    stems = []
    for stem, path in zip(plain, paths, strict=True):
        if count[stem.casefold()] > 1:
            digest, letters = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest(), 8
            while f"{stem}_{digest[:letters]}".casefold() in used:
                letters += 1
            stem = f"{stem}_{digest[:letters]}"
            used.add(stem.casefold())
        stems.append(stem)
    return stems


def _relative(pictures: Sequence[Path]) -> tuple[str, ...]:
    """The pictures' paths below the folder that holds them all, with "/" on every system."""
    return tuple(name.as_posix() for name in names_below(pictures))


def _portable(stem: str) -> str:
    """Without what Windows refuses in names; short enough for every file system even where letters take 2 bytes."""
    safe = re.sub(r'[<>:"/\\|?*]', "_", "".join(letter if letter.isprintable() else "_" for letter in stem))
    if len(safe.encode()) > _STEM:
        digest = hashlib.sha256(stem.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        safe = f"{safe.encode()[:_STEM].decode(errors='ignore')}_{digest}"
    return safe
