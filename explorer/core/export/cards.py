"""Cards of filters as figures: what the index says, and the pictures on which that rests."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from explorer.core.counting import counted
from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.export.folder_tiles import Tile, tiles_of
from explorer.core.figures.card import Card, CardPicture, CardWords, draw_card
from explorer.core.figures.encoding import describe, encode_pages, figure_path
from explorer.core.figures.single import FigureStyle
from explorer.core.index import FolderIndex
from explorer.core.index.filter_card import FilterCard, filter_card
from explorer.core.index.gallery import Gallery, GalleryPicture, gallery
from explorer.core.index.strong_pictures import strong_pictures
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey, TagBook
from trainer.files.atomic_files import cannot_write, replace_file, subfolder
from trainer.measures.percent import percent
from trainer.measures.spoken import spoken

ROWS = {"strongest": "Strongest", "tenths": "Every tenth of the range", "contrast": "Strong, and most alike but weak"}
"""The rows of pictures by their kind in the gallery."""
SHEETS = {
    "strongest": "Strongest",
    "weakest": "Weakest",
    "tenths": "Every tenth of the range",
    "contrast": "Strong, and most alike but weak",
    "near": "Strong, and most alike of the same class without an answer",
}
"""What a contact sheet of a filter may show, by the kind in the gallery."""
PICTURES, ON_SHEET = 8, 24
"""In a row of a card; of a kind on a contact sheet, in rows of as many as on a card."""
AT_ONCE = 24
"""Filters whose pictures are held at once; each picture runs through the network once for all of them."""
TILE_MM = 20.0


@dataclass(frozen=True)
class CardReport:
    """The figures that were `written`, those that were `skipped` because they are there, and `unread` pictures."""

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    unread: tuple[str, ...]


def export_cards(
    network: Network,
    index: FolderIndex,
    folder: Path,
    filters: Sequence[FilterKey],
    out: Path,
    style: FigureStyle,
    *,
    format: str = "png",
    tags: TagBook | None = None,
    force: bool = False,
    kinds: Sequence[str] = (),
    on_step: OnStep = no_step,
) -> CardReport:
    """Draw one card for each filter into `out`, named card_7_57.png and so on; the pictures of the index in `folder`.

    With `kinds` (of `SHEETS`) contact sheets of more pictures of these and without the index's words instead, named
    sheet_7_57_strongest.png. Overlays are at the filter's scale over the folder. A figure that is there is skipped,
    unless `force` is said. UserError where the index is of another network, or a figure cannot be written.
    """
    index.check(network)
    for kind in kinds:
        if kind not in SHEETS:
            raise UserError(f'There is no contact sheet of "{kind}"; there are {", ".join(SHEETS)}.')
    rows, what, pictures = (dict.fromkeys(kinds), "sheet", ON_SHEET) if kinds else (ROWS, "card", PICTURES)
    path_of = {key: figure_path(card_in(out, key, format, kinds)) for key in filters}
    skipped = [] if force else [key for key, path in path_of.items() if path.exists()]
    left_alone = set(skipped)
    todo = [key for key in path_of if key not in left_alone]
    written: list[Path] = []
    unread: dict[str, None] = {}
    try:
        subfolder(out)
        for start in range(0, len(todo), AT_ONCE):
            batch = todo[start : start + AT_ONCE]
            chosen = {key: {kind: gallery(index, key, kind, pictures) for kind in rows} for key in batch}
            tiles = _tiles(network, index, folder, chosen, style)
            unread |= dict.fromkeys(name for name, tile in tiles.items() if tile is None)
            for key in batch:
                on_step(len(written), len(todo))
                words = _words(network, index, key, tags)
                if kinds:
                    card = Card(words.on_sheet(), _sheet_rows(key, chosen[key], tiles))
                else:
                    card = Card(words, _rows(key, chosen[key], tiles))
                about = {"kind": what, "filter": str(key), "network": network.identity, "style": style.as_dict()}
                data = encode_pages([draw_card(card, style)], format, style.dpi, partial(describe, about))
                replace_file(path_of[key], data, follow=False)
                written.append(path_of[key])
    except OSError as error:
        raise cannot_write(out, error) from error
    return CardReport(tuple(written), tuple(path_of[key] for key in skipped), tuple(unread))


def card_in(out: Path, key: FilterKey, format: str, kinds: Sequence[str] = ()) -> Path:
    """Where a filter's card, or its contact sheet of these kinds, lies in a folder."""
    of_kinds = "".join(f"_{kind}" for kind in kinds)
    return out / f"{'sheet' if kinds else 'card'}_{key.layer}_{key.filter}{of_kinds}.{format}"


Chosen = dict[str, Gallery]


def _tiles(
    network: Network, index: FolderIndex, folder: Path, chosen: dict[FilterKey, Chosen], style: FigureStyle
) -> dict[str, Tile | None]:
    wanted: defaultdict[str, list[tuple[FilterKey, Scale]]] = defaultdict(list)
    for key, kinds in chosen.items():
        for name in dict.fromkeys(entry.picture for found in kinds.values() for entry in found.pictures):
            wanted[name].append((key, index.scale(key)))
    tile_style = replace(style, scale="folder", fixed=None, width_mm=TILE_MM, beside=False)
    return dict(tiles_of(network, index, folder, wanted, tile_style))


def _rows(key: FilterKey, chosen: Chosen, tiles: dict[str, Tile | None]) -> dict[str, list[CardPicture]]:
    rows = {}
    for kind, title in ROWS.items():
        found = chosen[kind]
        passed = f" ({counted(found.passed_over, 'alike picture')} passed over)" if found.passed_over else ""
        rows[f"{title}{passed}"] = [_drawn(key, entry, tiles[entry.picture]) for entry in found.pictures]
        if kind == "strongest":  # the green hides the very color that one must name
            rows["The same without the overlay"] = [
                CardPicture(tile.plain if (tile := tiles[entry.picture]) else None) for entry in found.pictures
            ]
    return rows


def _sheet_rows(key: FilterKey, chosen: Chosen, tiles: dict[str, Tile | None]) -> dict[str, list[CardPicture]]:
    """As many rows of a kind as its pictures need; a pair is never divided."""
    rows = {}
    for kind, found in chosen.items():
        for start in range(0, len(found.pictures), PICTURES):
            part = found.pictures[start : start + PICTURES]
            of_all = f", {start + 1:,} to {start + len(part):,} of {len(found.pictures):,}"
            title = f"{SHEETS[kind]}{of_all if len(found.pictures) > PICTURES else ''}"
            drawn = [_drawn(key, entry, tiles[entry.picture]) for entry in part]
            names = (PurePosixPath(entry.picture).stem for entry in part)
            rows[title] = [replace(one, lines=(name, *one.lines)) for one, name in zip(drawn, names, strict=True)]
    return rows


def _drawn(key: FilterKey, entry: GalleryPicture, tile: Tile | None) -> CardPicture:
    prediction = (f"{entry.predicted} {entry.probability:.2f}",) if entry.predicted else ()
    lines = f"{entry.value:.3g} {entry.given}".strip(), *prediction
    return CardPicture(tile.drawn[key] if tile else None, lines)


def _words(network: Network, index: FolderIndex, key: FilterKey, tags: TagBook | None) -> CardWords:
    layer = network.layers[key.layer]
    card = filter_card(index, key, (layer.height, layer.width))
    words = [f"{tag.tag}, {tag.detail}" if tag.detail else tag.tag for tag in (tags.tags(key) if tags else ())]
    return CardWords(
        title=" · ".join([str(key), *words]),
        lines=_lines(card, layer.name, strong_pictures(index, key).sentence()),
        counts=card.counts,
        edges=card.edges,
        scale=index.scale(key),
        note=f"{network.name} {network.digest[:12]} · {len(index.pictures):,} pictures",
    )


def _lines(card: FilterCard, layer: str, strong: str) -> tuple[str, ...]:
    relevance = (
        f"{percent(card.relevance, 1)} of its layer's |relevance|, {card.rank} of {card.filters}"
        if card.relevance == card.relevance
        else "relevance unknown"
    )
    edge = " · mostly at the picture's edge (padding)" if card.at_edge else ""
    classes = [
        f"{of_class.name} ({of_class.pictures:,}): mean peak {of_class.mean:.3g}, AUC {spoken(of_class.auc, 2)}"
        for of_class in card.classes.surest_first[:3]
    ]
    alike = ", ".join(f"{neighbour.key} ({neighbour.r:.2f})" for neighbour in card.alike)
    return (
        strong,
        f"{layer} · {relevance}",
        *([card.muting] if card.muting else []),
        f"silent inside on {percent(card.silent_share)} of the pictures · "
        f"{percent(card.ring)} of the answer in the outer ring{edge}",
        *classes,
        f"most alike: {alike}" if alike else "",
    )
