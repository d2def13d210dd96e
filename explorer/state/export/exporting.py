"""The export that runs in the background: planned, asked about where it is large, and gone on with next time."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.progress import Cancelled, OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.export.cards import CardOrder
from explorer.state.export.comparison import ComparisonOrder
from explorer.state.export.lens import LensOrder
from explorer.state.export.lens_comparison import LensComparisonOrder
from explorer.state.export.unfinished import UnfinishedExports
from explorer.state.opened.library import Library
from explorer.state.session import DisplayStyle
from explorer.state.settings_file import Settings
from explorer.state.tags.tagging import Tagging
from explorer.state.view.pipeline import Pipeline

if TYPE_CHECKING:
    from explorer.core.figures.single import FigureStyle
    from explorer.core.network.opening import Network

SLOT = "export"
FiguresOrder = LensOrder | ComparisonOrder | LensComparisonOrder | CardOrder


@dataclass(frozen=True)
class Order:
    """What a person wants exported: figures of filters on pictures, into the folder `out`.

    `scales` are those of the filters, in their order, as the window has them: None for one that has none before it is
    drawn; empty where the picture decides.
    """

    out: Path
    pictures: tuple[Path, ...]
    filters: tuple[FilterKey, ...]
    style: "FigureStyle"
    format: str
    sheet: bool
    scales: tuple[Scale | None, ...] = ()

    def as_json(self, digest: str) -> bytes:
        """The order as a file keeps it, with the digest of the network that it is about."""
        values = {
            "network_digest": digest,
            "out": str(self.out),
            "pictures": list(map(str, self.pictures)),
            "filters": [[key.layer, key.filter] for key in self.filters],
            "style": self.style.as_dict(),
            "format": self.format,
            "sheet": self.sheet,
            "scales": [scale and [scale.foot, scale.peak] for scale in self.scales],
        }
        return json.dumps(values).encode()

    @classmethod
    def from_json(cls, text: bytes, digest: str) -> "Order | None":
        """The order in a file; None for one about another network, and for nonsense."""
        from explorer.core.figures.single import FigureStyle

        try:
            values: dict[str, Any] = json.loads(text)
            if values["network_digest"] != digest:
                return None
            filters = tuple(FilterKey(layer, filter) for layer, filter in values["filters"])
            pictures = tuple(map(Path, values["pictures"]))
            style = FigureStyle.from_dict(values["style"])
            ranges = values.get("scales", ())
            scales = tuple(None if ends is None else Scale(float(ends[0]), float(ends[1])) for ends in ranges)
            format, sheet = str(values["format"]), bool(values["sheet"])
            return cls(Path(values["out"]), pictures, filters, style, format, sheet, scales)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, UserError):
            return None


def figure_style(
    style: DisplayStyle, width_mm: float | None, dpi: int, *, sheet: bool, scale: str = "", caption: bool = False
) -> "FigureStyle":
    """The style on show as one of figures, `scale` the one in force where it is another than was chosen.

    A sheet has no room for the untouched picture beside each.
    """
    from explorer.core.figures.single import FigureStyle

    return FigureStyle(
        scale=scale or style.scale,
        fixed=Scale(style.foot, style.peak) if style.scale == "fixed" else None,
        color_map=style.color_map,
        opacity=style.opacity,
        outline=style.outline,
        beside=style.beside and not sheet,
        raw=style.raw,
        caption=caption and not sheet,
        width_mm=width_mm,
        dpi=dpi,
    )


AnyOrder = Order | FiguresOrder


class Exporting(QObject):
    """Runs one export at a time on the worker for long jobs.

    `question(order, size)`: it is large; call `begin` with `agreed` to run it still. `done(report, order)` and
    `failed(error)` end it.
    """

    question = Signal(object, object)
    done = Signal(object, object)
    failed = Signal(object)

    def __init__(
        self,
        library: Library,
        pipeline: Pipeline,
        tagging: Tagging,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._pipeline, self._tagging = library, pipeline, tagging
        self._notes = UnfinishedExports(settings.folder)
        self._closing = self._offered = False
        self._goes_on = True

    @property
    def running(self) -> bool:
        """Whether an export is planned or drawn at this moment."""
        return self._library.long.busy(SLOT)

    @property
    def rest(self) -> str:
        """What becomes of a running export when the window closes."""
        if self._goes_on:
            return "the export goes on next time"
        return "it goes on when you export into the same folder again"

    @property
    def left(self) -> bool:
        """Whether an export is under way, or an earlier session left one."""
        return self._notes.any

    def filters_named(self, text: str) -> tuple[FilterKey, ...]:
        """The open network's filters that `text` names ("7", "7:8", "tag:hair"); UserError where it names none."""
        from explorer.core.selection import choose_filters, parse_filters

        network = self._library.network
        if network is None:
            raise UserError("No network is open.")
        return tuple(choose_filters(parse_filters(text), network.layers, self._tagging.book))

    def kind_of_scale(self, filters: tuple[FilterKey, ...]) -> str:
        """The key of `SCALES` by which the window draws these filters now."""
        kinds = {self._pipeline.kind_of_scale(key.layer) for key in filters}
        return kinds.pop() if len(kinds) == 1 else "seen"

    def scales_in_window(self, filters: tuple[FilterKey, ...], kind: str) -> tuple[Scale | None, ...]:
        """The scale of each filter as the window draws it now; none where the picture decides it."""
        return tuple(map(self._pipeline.lasting_scale, filters)) if kind in ("folder", "seen") else ()

    def given(self, pictures: tuple[Path, ...]) -> dict[Path, str]:
        """The given class of each picture, "" for one of none; empty without a table of classes."""
        labels = self._library.folder.labels if self._library.folder is not None else None
        return {picture: labels.of(picture) for picture in pictures} if labels is not None else {}

    def begin(self, order: Order, *, agreed: bool = False) -> None:
        """Export; `question` follows first where it is large and not `agreed`. UserError where it cannot begin."""
        if self.running:
            raise UserError("An export is running; wait for its end, or cancel it in the status bar.")
        self._offered, self._goes_on = False, True
        if not order.scales:
            order = replace(order, scales=self.scales_in_window(order.filters, order.style.scale))
        tags = self._tagging.book.copy()
        scales = {key: scale for key, scale in zip(order.filters, order.scales, strict=False) if scale is not None}
        given = self.given(order.pictures)

        def work(network: "Network", on_step: OnStep) -> Any:
            from explorer.core.export.run import plan_export, run_export
            from explorer.core.export.size import size_of

            on_step(0, 0)
            plan = plan_export(
                network,
                order.pictures,
                order.filters,
                order.out,
                order.style,
                format=order.format,
                sheet=order.sheet,
                tags=tags,
                scales=scales,
                given=given,
            )
            size = None if agreed else size_of(plan)
            if size is not None and size.large:
                return size
            self._notes.begin(order.as_json(network.digest))
            try:
                report = run_export(plan, on_step=on_step)
            except Cancelled:
                if self._closing:  # it goes on next time
                    self._notes.leave()
                else:  # the person does not want the rest
                    self._notes.remove()
                raise
            self._notes.remove()
            return report

        self._run(order, work)

    def begin_figures(self, order: FiguresOrder, *, agreed: bool = False) -> None:
        """Export what a lens shows, what two networks answer, or cards; into the same folder it goes on where it was.

        `question` follows first where it is large and not `agreed`. UserError as for `begin`.
        """
        if self.running:
            raise UserError("An export is running; wait for its end, or cancel it in the status bar.")
        self._goes_on = False

        def work(network: "Network", on_step: OnStep) -> Any:
            on_step(0, 0)
            size = None if agreed else order.size(network)
            return size if size is not None and size.large else order.draw(network, on_step)

        self._run(order, work)

    def _run(self, order: AnyOrder, work: "Callable[[Network, OnStep], Any]") -> None:
        """Do the work; what it gives back is what was written, or the size that is asked about."""

        def ended(result: Any) -> None:
            if hasattr(result, "large"):
                self.question.emit(order, result)
            else:
                self.done.emit(result, order)

        self._library.network_session.run(self._library.long, SLOT, work, ended, self.failed.emit)

    def unfinished(self, network: "Network") -> Order | None:
        """The export of this network that an earlier session left and no window runs or offers, once in a session."""
        if self._offered or self.running:
            return None
        order = self._notes.find(lambda content: Order.from_json(content, network.digest))
        self._offered = order is not None
        return order

    def close(self) -> None:
        """Let a running export be gone on with next time; one that was offered and not taken is forgotten."""
        self._closing = True
        if not self.running:
            if self._offered:
                self._notes.remove()
            self._notes.leave()
