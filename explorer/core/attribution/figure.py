"""A lens's map as a figure, with what its colors mean."""

from explorer.core.arrays import RGB, Map
from explorer.core.attribution.attribution_map import Value
from explorer.core.attribution.lens import Lens
from explorer.core.attribution.result_file import Description
from explorer.core.drawing.signed_overlay import limit_of
from explorer.core.figures.attribution_figure import AttributionFigure
from explorer.core.network.opening import Network
from trainer.networks.input_spec import Box


def figure_of(
    network: Network, lens: Lens, rgb: RGB, map: Map, score: float, described: Description, limit: float | None = None
) -> AttributionFigure:
    """The figure of a map (H, W) of a picture (H, W, 3), described as in its file (`describe`).

    The picture is the one that was given, or the one that the lens made. The color scale ends at `limit`, or where
    that of the map itself does.
    """
    negative_words = f", blue: {lens.negative.legend}" if lens.negative is not None else ""
    chosen = ((setting.name, described[setting.name]) for setting in lens.settings)
    lens_words = ", ".join((lens.title, *(f"{name} {in_words(value)}" for name, value in chosen)))
    return AttributionFigure(
        rgb,
        network.input.frame_of(rgb) if lens.of_picture else Box(0, 0, *rgb.shape[:2]),
        map,
        score,
        described,
        lens.name,
        f"{lens_words} · orange: {lens.positive.legend}{negative_words}",
        lens.positive.of_score,
        limit_of(map, lens.quantile) if limit is None else limit,
        signed=lens.negative is not None,
        made=not lens.of_picture,
    )


def in_words(value: Value | list[float]) -> str:
    """A setting's value as a caption says it."""
    return ", ".join(f"{part:g}" for part in value) if isinstance(value, tuple | list) else str(value)
