"""An export of cards, or of contact sheets, of filters: what the folder's index says, and the pictures it chooses."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey, TagBook
from explorer.state.index.evidence import Evidence
from explorer.state.opened.library import Library

if TYPE_CHECKING:
    from explorer.core.export.run import ExportReport
    from explorer.core.figures.single import FigureStyle
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network

NO_INDEX = "There is no complete index of this folder yet, and cards stand on it. It is made in the background."
SHOWN = ("strongest", "contrast")
"""What contact sheets of the window show."""


@dataclass(frozen=True)
class CardOrder:
    """What a person wants exported: a card of each filter into the folder `out`, or with `kinds` a contact sheet.

    `index` is the file of the index, `folder` that of its pictures; `kinds` as `export_cards` takes them.
    """

    out: Path
    filters: tuple[FilterKey, ...]
    index: Path
    folder: Path
    tags: TagBook
    style: "FigureStyle"
    format: str
    kinds: tuple[str, ...] = ()

    def size(self, network: "Network") -> "ExportSize":
        """How much is still to be drawn; of much a few are tried first."""
        from explorer.core.export.size import size_of_cards
        from explorer.core.index import open_index

        what = self.folder, self.filters, self.out, self.style
        with open_index(self.index) as index:
            return size_of_cards(network, index, *what, format=self.format, tags=self.tags, kinds=self.kinds)

    def draw(self, network: "Network", on_step: OnStep) -> "ExportReport":
        """Draw those that are not there yet; it may run in another thread."""
        from explorer.core.export.cards import export_cards
        from explorer.core.export.run import ExportReport
        from explorer.core.index import open_index

        with open_index(self.index) as index:
            report = export_cards(
                network,
                index,
                self.folder,
                self.filters,
                self.out,
                self.style,
                format=self.format,
                tags=self.tags,
                kinds=self.kinds,
                on_step=on_step,
            )
        written, skipped = ([path.name for path in paths] for paths in (report.written, report.skipped))
        unread = tuple((name, f"{name} is not there as the index saw it.") for name in report.unread)
        return ExportReport(tuple(written), tuple(skipped), unread)


def offers_cards(evidence: Evidence, library: Library) -> bool:
    """Whether there is a complete index of the open network and folder, on which cards stand."""
    index = evidence.index
    return index is not None and index.complete and evidence.covers(library.network, 0, raw=False)


def card_order(
    evidence: Evidence,
    library: Library,
    out: Path,
    filters: tuple[FilterKey, ...],
    tags: TagBook,
    style: "FigureStyle",
    format: str,
    *,
    sheets: bool,
) -> CardOrder:
    """Cards of these filters, or with `sheets` contact sheets, as an order; UserError without a complete index."""
    index, folder = evidence.index, library.folder
    if index is None or folder is None or not offers_cards(evidence, library):
        raise UserError(NO_INDEX)
    return CardOrder(out, filters, index.path, folder.path, tags, style, format, SHOWN if sheets else ())
