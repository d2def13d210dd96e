"""The figure in view where one map is not all of it: what lies over the picture and what stands beside, each named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.attribution.color_range import range_text
from explorer.core.errors import UserError
from explorer.state.comparison.side_by_side import spoken
from explorer.state.export.exporting import figure_style
from explorer.state.view.beside import UNTOUCHED, BesideEntry, Drawn, SignedBar
from explorer.state.view.map_drawing import drawn_attribution

if TYPE_CHECKING:
    from explorer.core.figures.side_by_side import Panel
    from explorer.core.figures.single import FigureStyle
    from explorer.core.network.opening import Network
    from explorer.state.comparison.side_by_side import SideBySide
    from explorer.state.lens.chosen_lens import ChosenLens
    from explorer.state.opened.loaded_picture import LoadedPicture
    from explorer.state.session import DisplayStyle, Session
    from explorer.state.suggestions.concept import SuggestedConcept
    from explorer.state.view.pipeline import Pipeline

Draw = Callable[["Network", str], tuple[str, bytes]]
"""What draws a figure in a format: the file's name and content; it may run in another thread."""

FINE = 1024
"""Longer side of a filter's map as it is drawn for a figure."""
WIDTH_OF_ONE = 100.0
"""Millimetres of a figure of one panel, as of one map with its caption."""
NOT_THERE = "What stands beside is not there yet; wait until it is, then take the figure."


@dataclass(frozen=True, eq=False)
class Panels:
    """A figure of what is `drawn`, the front first: the file's `name`, two `lines` below, and what it says of itself
    (`about`) besides the network and `pictures`, the first of which all lie over that have none of their own."""

    name: str
    drawn: tuple[Drawn, ...]
    lines: tuple[str, str]
    about: Mapping[str, Any]
    pictures: tuple[Path, ...]


def drawn_panels(
    session: "Session",
    pipeline: "Pipeline",
    lens: "ChosenLens",
    sides: "SideBySide",
    concept: "SuggestedConcept",
    entry: BesideEntry | None,
    dpi: int,
) -> Draw:
    """What draws what lies over the picture, and the `entry` that stands beside it.

    UserError while either is not there yet, and where something beside is not the real picture.
    """
    shown, network, view = pipeline.shown, pipeline.network, session.view
    assert shown is not None
    assert network is not None
    filter_name, request = f"layer{view.layer:02}_filter{view.filter:03}", lens.request
    about: dict[str, Any] = {"filter": f"{view.layer}:{view.filter}"}
    if concept.lies_over(lens, sides):
        suggestion = concept.shown
        assert suggestion is not None
        front, first = concept.drawn(view.style, FINE), f"{filter_name}_{suggestion.concept}"
        subject = f"suggested for filter {view.layer}:{view.filter}; found in the picture, not by the network"
        about |= {"concept": suggestion.concept, "suggestion": suggestion.words}
    elif lens.lens is not None:
        settings = dict(request.settings) if request is not None else {}
        front, first, subject = _of_lens(lens, pipeline), lens.name, f"{lens.lens.title}, {lens.target}"
        about = {"lens": lens.name, "target": lens.target, "settings": settings}
    else:
        front, first, subject = _of_filter(session, pipeline), filter_name, f"filter {view.layer}:{view.filter}"
    if front.overlay is None:
        raise UserError("What lies over the picture is not there yet; wait until it is, then take the figure.")
    drawn, name, pictures = [front], f"{first}_{shown.picture.stem}", [shown.picture]
    if entry is not None:
        drawn.append(_beside(entry, front))
        name = f"{name}_{entry.key.replace(' ', '_')}"
        pictures += [entry.picture] if entry.picture is not None else []
    prediction = spoken(sides.predictions[0]) if sides.predictions[0] else ""
    lines = " · ".join(filter(None, (shown.picture.stem, prediction))), f"{subject} · {network.name}"
    panels = Panels(name, tuple(drawn), lines, about, tuple(pictures))
    return draw_of(panels, shown, style_of(view.style, dpi, len(drawn)))


def style_of(style: "DisplayStyle", dpi: int, panels: int) -> "FigureStyle":
    """The style on show as that of a figure of so many panels."""
    width = WIDTH_OF_ONE if panels == 1 else None
    return replace(figure_style(style, width, dpi, sheet=False), beside=False)


def draw_of(panels: Panels, shown: "LoadedPicture", style: "FigureStyle") -> Draw:
    """What draws these panels over the picture on show."""
    drawn = [_panel(panel) for panel in panels.drawn]

    def draw(network: "Network", format: str) -> tuple[str, bytes]:
        from explorer.core.figures.side_by_side import side_by_side
        from explorer.core.images import picture_digest

        about = {
            "network": network.identity,
            "network_name": network.name,
            **panels.about,
            "panels": [panel.title for panel in drawn],
            "pictures": [{"name": path.name, "digest": picture_digest(path)} for path in panels.pictures],
        }
        return panels.name, side_by_side(shown.rgb, drawn, panels.lines, about, format, style)

    return draw


def _of_filter(session: "Session", pipeline: "Pipeline") -> Drawn:
    view, activations = session.view, pipeline.activations
    overlay = pipeline.overlay(view.layer, view.filter, FINE)
    if overlay is None or activations is None:
        return Drawn()
    scale = pipeline.scale(view.layer, view.filter)
    return Drawn(overlay=overlay, frame=activations.frame, caption=f"filter {view.layer}:{view.filter}", bar=scale)


def _of_lens(chosen: "ChosenLens", pipeline: "Pipeline") -> Drawn:
    lens, attribution, activations = chosen.lens, chosen.found, pipeline.activations
    if lens is None or attribution is None or chosen.rough or activations is None:
        return Drawn()
    overlay, limit = drawn_attribution(attribution, lens, chosen.points)
    told = range_text(attribution, lens, limit)
    bar = SignedBar(limit, lens.positive, lens.negative, told) if attribution.rgb is None else None
    return Drawn(overlay=overlay, frame=activations.frame, caption=f"{lens.title}, {attribution.target}", bar=bar)


def _beside(entry: BesideEntry, front: Drawn) -> Drawn:
    """What stands beside the `front`, whose color bar it has where it has none of its own."""
    drawn = entry.drawn(FINE)
    if not drawn.real:
        raise UserError("What if stands beside, which is not the real picture: no figure is made of it. Esc ends it.")
    if drawn.overlay is None and entry.key != UNTOUCHED:
        raise UserError(NOT_THERE)
    shares = entry.picture is not None and drawn.bar is None
    return replace(drawn, caption=drawn.caption or entry.title, bar=front.bar if shares else drawn.bar)


def _panel(drawn: Drawn) -> "Panel":
    from explorer.core.figures.side_by_side import Panel, SignedEnds

    bar = drawn.bar
    if isinstance(bar, SignedBar):
        below = bar.negative.word if bar.negative is not None else ""
        bar_of_figure = SignedEnds(bar.limit, bar.positive.word, below, bar.told)
        return Panel(drawn.caption, drawn.overlay, drawn.frame, bar_of_figure, drawn.picture)
    return Panel(drawn.caption, drawn.overlay, drawn.frame, bar, drawn.picture)
