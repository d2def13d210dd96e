"""Chosen pictures of an index with the maps of chosen filters over them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.arrays import RGB
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.figures.single import FigureStyle, canvas, draw_single
from explorer.core.images import picture_digest, read_image
from explorer.core.index import FolderIndex
from explorer.core.maps.activations import record
from explorer.core.network.opening import Network
from explorer.core.tags import FilterKey


@dataclass(frozen=True)
class Tile:
    """A picture at the size of a figure: `plain`, and with each filter's map over it in `drawn`."""

    picture: str
    plain: RGB
    drawn: Mapping[FilterKey, RGB]


def tiles_of(
    network: Network,
    index: FolderIndex,
    folder: Path,
    wanted: Mapping[str, Sequence[tuple[FilterKey, Scale]]],
    style: FigureStyle,
) -> Iterator[tuple[str, Tile | None]]:
    """(picture, tile) in the order of `wanted`; each picture runs through the network once.

    None for a picture that cannot be read in `folder`, or whose file is not the one that the index saw.
    """
    for name, keys in wanted.items():
        rgb = _picture(index, folder, name)
        if rgb is None:
            yield name, None
            continue
        recorded = record(network, rgb)
        sized = canvas(rgb, recorded.frame, style)
        drawn = {key: draw_single(sized, recorded.maps[key.layer][key.filter], scale, style) for key, scale in keys}
        yield name, Tile(name, sized.rgb, drawn)


def _picture(index: FolderIndex, folder: Path, name: str) -> RGB | None:
    path = folder / name
    try:
        same = picture_digest(path) == index.digests[index.rows[name]]
        return read_image(path) if same else None
    except (UserError, OSError):
        return None
