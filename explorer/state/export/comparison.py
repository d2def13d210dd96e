"""An export of two networks: the same filters on many pictures, A, B and B minus A in each figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.drawing.styles import Scale
from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from explorer.core.tags.book import FilterKey
from explorer.state.comparison.filter_match import ANSWERS
from explorer.state.comparison.side_by_side import SideBySide

if TYPE_CHECKING:
    from explorer.core.comparison.figures_of_both import BothFigures
    from explorer.core.figures.single import FigureStyle
    from explorer.core.figures.size import ExportSize
    from explorer.core.network.opening import Network


@dataclass(frozen=True)
class ComparisonOrder:
    """What a person wants exported into the folder `out`; `pairs` are filters of A with those of B that stand for them,
    `scales` those of A's filters as the window has them, `strengths` those of the matches where they are by answers."""

    out: Path
    pictures: tuple[Path, ...]
    second: "Network"
    pairs: dict[FilterKey, FilterKey]
    scales: dict[FilterKey, Scale]
    strengths: dict[FilterKey, float] | None
    style: "FigureStyle"
    format: str

    def size(self, network: "Network") -> "ExportSize":
        """How much is still to be drawn; of much a few figures are tried first."""
        from explorer.core.comparison.size_of_both import size_of_both

        return size_of_both(network, self.second.for_another_thread(), **self._what)

    def draw(self, network: "Network", on_step: OnStep) -> "BothFigures":
        """Draw the figures that are not there yet; it may run in another thread."""
        from explorer.core.comparison.figures_of_both import draw_both

        return draw_both(network, self.second.for_another_thread(), **self._what, on_step=on_step)

    @property
    def _what(self) -> dict[str, Any]:
        """What `draw_both` and `size_of_both` take of it by name."""
        names = "pairs", "pictures", "out", "style", "format", "scales", "strengths"
        return {name: getattr(self, name) for name in names}


def comparison_order(
    sides: SideBySide, filters: tuple[FilterKey, ...], scales: Sequence[Scale | None], **values: Any
) -> ComparisonOrder:
    """These filters and those of B that stand for them as an order; `values` are the other fields.

    `scales` are those of the window, None or left out where the picture decides. UserError as for `matched`.
    """
    if sides.second is None:
        raise UserError("There is no second network any more.")
    known_scales = {key: scale for key, scale in zip(filters, scales, strict=False) if scale is not None}
    pairs, match = matched(sides, filters), sides.match
    by_answers = {first: second for first, second in pairs.items() if match.how_in(first.layer) == ANSWERS}
    strengths = {first: match.strength_of(first, second) for first, second in by_answers.items()} or None
    return ComparisonOrder(second=sides.second, pairs=pairs, scales=known_scales, strengths=strengths, **values)


def matched(sides: SideBySide, filters: tuple[FilterKey, ...]) -> dict[FilterKey, FilterKey]:
    """Filters with those of B that stand for them now; UserError where one of them has none yet."""
    counterparts = {key: sides.match.of(key) for key in filters}
    missing = [key for key, counterpart in counterparts.items() if counterpart is None]
    if missing:
        raise UserError(
            f"No filter of B stands for {missing[0]} yet. Look at layer {missing[0].layer} while network B stands "
            "beside, or choose the same number there."
        )
    return {key: counterpart for key, counterpart in counterparts.items() if counterpart is not None}
