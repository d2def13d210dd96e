"""The figure in view while two networks are looked at: what lies in front and what stands beside, each named."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.errors import UserError
from explorer.state.beside import Drawn, SignedBar
from explorer.state.exporting import figure_style
from explorer.state.lens import ChosenLens
from explorer.state.pipeline import Pipeline
from explorer.state.session import Session
from explorer.state.side_by_side import SideBySide, spoken

if TYPE_CHECKING:
    from explorer.core.figures.side_by_side import Panel
    from explorer.core.network.opening import Network

FINE = 1024
"""Longer side of a filter's map as it is drawn for a figure."""


def drawn_both(
    session: Session, pipeline: Pipeline, lens: ChosenLens, sides: SideBySide, dpi: int
) -> "Callable[[Network, str], tuple[str, bytes]]":
    """What draws the figure in a format: the file's name and content; it may run in another thread.

    UserError while one of the two has no answer yet.
    """
    shown, second = pipeline.shown, sides.second
    assert shown is not None
    front = sides.both.drawn(second=sides.swapped, longest=FINE)
    beside = sides.both.drawn(second=not sides.swapped, longest=FINE)
    if sides.difference_beside:
        beside = sides.both.difference()
    if front.overlay is None or beside.overlay is None or second is None:
        raise UserError("Both networks have not answered yet; wait until what stands beside is there.")
    panels, view, through = (_panel(front), _panel(beside)), session.view, lens.lens
    predictions = [f"{name}: {spoken(words)}" for name, words in zip("AB", sides.predictions, strict=True)]
    subject = f"filter {view.layer}:{view.filter} of A" if through is None else f"{through.title}, {lens.target}"
    names = (f"A: {pipeline.network.name}" if pipeline.network is not None else "", f"B: {second.name}")
    lines = (" · ".join((shown.picture.stem, *predictions)), " · ".join((subject, *names, *sides.notes)))
    style = replace(figure_style(view.style, None, dpi, sheet=False), beside=False)
    first = f"layer{view.layer:02}_filter{view.filter:03}" if through is None else through.name
    name = f"{first}_{shown.picture.stem}_{'B-A' if sides.difference_beside else 'A_B'}"

    def draw(network: "Network", format: str) -> tuple[str, bytes]:
        from explorer.core.figures.side_by_side import side_by_side
        from explorer.core.images import picture_digest

        about = {
            "network": network.identity,
            "network_name": network.name,
            "second_network": second.identity,
            "second_network_name": second.name,
            "panels": [panel.title for panel in panels],
            "pictures": [{"name": shown.picture.name, "digest": picture_digest(shown.picture)}],
        }
        return name, side_by_side(shown.rgb, panels, lines, about, format, style)

    return draw


def _panel(drawn: Drawn) -> "Panel":
    from explorer.core.figures.side_by_side import Panel, SignedEnds

    bar = drawn.bar
    if isinstance(bar, SignedBar):
        below = bar.negative.word if bar.negative is not None else ""
        return Panel(
            drawn.caption, drawn.overlay, drawn.frame, SignedEnds(bar.limit, bar.positive.word, below, bar.told)
        )
    return Panel(drawn.caption, drawn.overlay, drawn.frame, bar)
