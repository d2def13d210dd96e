"""A lens over two networks: A's map of a picture, B's, and B minus A."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core.arrays import RGB, Map
from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.color_range import OWN, color_limit, range_text, scale_words
from explorer.core.attribution.lens import LAST_LAYER, Lens
from explorer.core.comparison.difference import difference, over_frame
from explorer.core.drawing.overlay import compose
from explorer.core.drawing.signed_overlay import attribution_overlay, limit_of
from explorer.core.errors import UserError
from explorer.core.figures.lens_sheet import SheetRow
from explorer.core.figures.side_by_side import Panel, SignedEnds
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.networks.input_spec import Box

Asked = tuple[str, Settings]
"""A target, and a lens's settings."""


@dataclass(frozen=True, eq=False)
class LensOfBoth:
    """What both networks' maps are, and the part of the picture (a `Box` in its pixels) that each of them sees."""

    first: AttributionMap
    second: AttributionMap
    frames: tuple[Box, Box]

    def difference(self, longest: int | None = None) -> Map | None:
        """B minus A on A's frame, (H, W) float32; NaN where B sees nothing.

        It has the frame's proportions; its longer side is `longest`, else the longer one of A's map.
        None where the lens made two pictures of its own, which have no places in common.
        """
        if not self.has_difference:
            return None
        longest = longest or max(self.first.map.shape)
        return difference(self.first.map, self.frames[0], self.second.map, self.frames[1], longest)

    @property
    def has_difference(self) -> bool:
        """Whether both maps lie over the picture that was given."""
        return self.first.rgb is None and self.second.rgb is None

    def over_first(self, size: tuple[int, int]) -> tuple[Map, Map]:
        """Both maps on one grid of `size` (H, W) over A's frame; B's is NaN where B sees nothing."""
        first, second = (
            over_frame(attribution.map, frame, self.frames[0], size)
            for attribution, frame in zip((self.first, self.second), self.frames, strict=True)
        )
        return first, second


def through_both(
    lens: Lens, networks: tuple[Network, Network], rgb: RGB, asked: tuple[Asked, Asked], on_step: OnStep
) -> LensOfBoth:
    """Compute a lens over a picture (H, W, 3) for two networks, each with its own target and settings."""
    first, second = (
        lens.compute(network, rgb, target, settings, on_step, None)
        for network, (target, settings) in zip(networks, asked, strict=True)
    )
    return LensOfBoth(first, second, frames_of(networks, rgb))


def frames_of(networks: tuple[Network, Network], rgb: RGB) -> tuple[Box, Box]:
    """What each of two networks sees of a picture (H, W, 3)."""
    first, second = (network.input.frame_of(rgb) for network in networks)
    return first, second


def lens_panels(
    lens: Lens, both: LensOfBoth, names: tuple[str, str], *, points: float = OWN, limit: float | None = None
) -> list[Panel]:
    """The panels of a figure: A and B in A's colors, which end at `limit`, or as `color_limit` says, and B minus A."""
    panels: list[Panel] = []
    if limit is None:
        limit = color_limit(lens, both.first.target, both.first.map, points)
    for letter, name, attribution, frame in zip("AB", names, (both.first, both.second), both.frames, strict=True):
        title = f"{letter}: {name}"
        if attribution.rgb is not None:
            panels.append(Panel(title, attribution.rgb, Box(0, 0, *attribution.rgb.shape[:2])))
            continue
        below = lens.negative.word if lens.negative is not None else ""
        ends = SignedEnds(limit, lens.positive.word, below, range_text(attribution, lens, limit))
        panels.append(
            Panel(title, attribution_overlay(attribution.map, attribution.map.shape, limit=limit), frame, ends)
        )
    change = both.difference()
    if change is not None:
        end = limit_of(change, lens.quantile)
        drawn = attribution_overlay(change, change.shape, limit=end)
        panels.append(Panel(f"B − A · {lens.title}", drawn, both.frames[0], SignedEnds(end, "B more", "A more")))
    return panels


def sheet_titles(lenses: Sequence[Lens]) -> list[str]:
    """The columns of a sheet of both networks: the picture, and of each lens A, B and, where it has one, B minus A."""
    titles = ["picture"]
    for lens in lenses:
        titles += [f"{lens.title}: A", "B", *(["B − A"] if lens.of_picture else [])]
    return titles


def sheet_row_of_both(
    networks: tuple[Network, Network],
    rgb: RGB,
    lenses: Sequence[Lens],
    target: str,
    lines: Sequence[str],
    opacity: float = 1.0,
    layer: int = LAST_LAYER,
) -> SheetRow:
    """What A sees of a picture (H, W, 3), and the same under each column of `sheet_titles`; B in A's colors.

    Lenses that look at a layer's maps look at this `layer`.
    """
    seen = networks[0].input.crop(rgb)
    shown = np.ascontiguousarray(np.broadcast_to(seen, (*seen.shape[:2], 3)))
    panels, scales = [shown], [""]
    for lens in lenses:
        settings = lens.at_layer(layer)
        asked = (target, settings), translated(lens, target, settings, networks[1], None)
        both = through_both(lens, networks, rgb, asked, no_step)
        if not both.has_difference:
            panels += [
                attribution.rgb if attribution.rgb is not None else shown for attribution in (both.first, both.second)
            ]
            scales += ["", ""]
            continue
        size = shown.shape[:2]
        first, second = both.over_first(size)
        change, limit = second - first, limit_of(both.first.map, lens.quantile)
        ends = (both.first.map, limit), (second, limit), (change, limit_of(change, lens.quantile))
        panels += [compose(shown, attribution_overlay(map, size, limit=end), opacity) for map, end in ends]
        words = scale_words(both.first, lens, limit)
        change_words = f"full at ±{ends[2][1]:.3g}" if ends[2][1] > 0 else ""
        scales += [words, words, change_words]
    return SheetRow(tuple(lines), tuple(panels), tuple(scales))


def translated(
    lens: Lens, target: str, settings: Settings, network: Network, filter: FilterKey | None
) -> tuple[str, dict[str, Any]]:
    """Target and settings of a lens for network B; `filter` is its filter that stands for that of a filter's target.

    UserError in words where it has no such class or filter.
    """
    kind, _, rest = target.partition(":")
    if kind == "filter":
        if filter is None:
            raise UserError("No filter of B stands for this one.")
        _, _, reading = rest.partition(":")[2].partition(":")
        target = f"filter:{filter.layer}:{filter.filter}" + (f":{reading}" if reading else "")
    elif rest not in network.classes:
        raise UserError(f"B has no class {rest}: there is nothing to measure.")
    return target, _settings_of(lens, settings, network, filter)


def _settings_of(lens: Lens, settings: Settings, network: Network, filter: FilterKey | None) -> dict[str, Any]:
    """The same settings, with a layer that B has."""
    adapted: dict[str, Any] = dict(settings)
    layers: Mapping[str, Any] = {setting.name: adapted[setting.name] for setting in lens.settings if setting.layer}
    for name, layer in layers.items():
        if isinstance(layer, int) and layer >= len(network.layers):
            adapted[name] = filter.layer if filter is not None else len(network.layers) - 1
    return adapted
