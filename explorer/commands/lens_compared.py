"""`feature-explorer lens ... --compare`: a lens over two networks, with the difference."""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.commands.attribution_job import AttributionJob, Described, read_picture, write_result
from explorer.commands.common import network_of
from explorer.core.attribution.attribution_map import AttributionMap
from explorer.core.attribution.lens import FILTER, Lens
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    import numpy.typing as npt

    from explorer.core.arrays import RGB
    from explorer.core.comparison.lens_of_both import Asked, LensOfBoth
    from explorer.core.network.opening import Network


def add_compare_arguments(parser: argparse.ArgumentParser, lens: Lens) -> None:
    """Add --compare and what is measured of the second network."""
    group = parser.add_argument_group("a second network")
    group.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help="a network B, opened as the first: its map too, and B minus A"
        + ("" if lens.of_picture else ", where both are of one picture"),
    )
    group.add_argument(
        "--second-target",
        metavar="TARGET",
        help="what is measured of B, where that is not the --target"
        + (": another filter, where the networks have other layers" if FILTER in lens.targets else ""),
    )


def run_compared(
    arguments: argparse.Namespace, lens: Lens, settings: dict[str, Any], first: "Network", job: Described
) -> int:
    """Do what the arguments of `add_compare_arguments` say; `job` are fields of an `AttributionJob`."""
    from explorer.core.attribution.target import parse_target
    from explorer.core.comparison.lens_of_both import through_both

    second = network_of(arguments, arguments.compare)
    asked = (arguments.target, settings), _asked_of_second(arguments, lens, settings, (first, second))
    parse_target(asked[1][0], second)
    cached: list[LensOfBoth] = []

    def compute(rgb: "RGB", described: Described, on_step: OnStep) -> tuple[bytes, str]:
        from explorer.core.attribution.result_file import packed_arrays

        both = cached[0] if cached else through_both(lens, (first, second), rgb, asked, on_step)
        if not lens.of_picture and not cached:
            cached.append(both)  # it is the same for all pictures
        return packed_arrays(_columns(both), described | {"method": both.first.method}), both.first.method

    about = job.pop("about") | {
        "second_network": second.identity,
        "second_network_digest": second.digest,
        "second_target": asked[1][0],
        "second_settings": json.loads(json.dumps(asked[1][1])),
    }
    return _ComparedJob(**job, compute=compute, about=about, networks=(first, second)).run(arguments)


def _asked_of_second(
    arguments: argparse.Namespace, lens: Lens, settings: dict[str, Any], networks: "tuple[Network, Network]"
) -> "Asked":
    """Target and settings for B; UserError in words where nothing of it stands for the target."""
    from explorer.core.comparison.comparable import not_comparable, same_layers
    from explorer.core.comparison.lens_of_both import translated
    from explorer.core.tags import FilterKey

    given = arguments.second_target
    target = given or arguments.target
    lens.check_target(target)
    if not target.startswith("filter:"):
        return translated(lens, target, settings, networks[1], None)
    if not (given or same_layers(*networks)):
        raise UserError(
            f"{not_comparable(*networks)[0]} Say with --second-target filter:LAYER:FILTER which filter of B is meant; "
            "`export --compare` names those that answer alike."
        )
    from explorer.core.attribution.target import parse_target

    parse_target(target, networks[1])
    layer, filter = (int(number) for number in target.split(":")[1:3])
    return translated(lens, target, settings, networks[1], FilterKey(layer, filter))


def _columns(both: "LensOfBoth") -> "dict[str, npt.ArrayLike]":
    import numpy as np

    columns: dict[str, npt.ArrayLike] = {}
    for prefix, attribution in (("", both.first), ("second_", both.second)):
        columns |= {f"{prefix}map": attribution.map, f"{prefix}score": np.float32(attribution.score)}
        if attribution.rgb is not None:
            columns[f"{prefix}rgb"] = attribution.rgb
    change = both.difference()
    return columns if change is None else columns | {"difference": change}


@dataclass
class _ComparedJob(AttributionJob):
    """The same for two networks: one file with both maps, and figures of three panels."""

    networks: "tuple[Network, Network]" = field(kw_only=True)

    def _about_figure(self, described: Described) -> Described:
        return {**described, "lens": self.lens.name, "limit": self.limit}

    def _is_drawn(self, path: Path | None, out: Path, figure: Path, described: Described) -> bool:
        from explorer.core.comparison.figures_of_both import is_drawn

        if figure.exists() and not is_drawn(figure, self._about_figure(described), self.style):
            raise UserError(
                f"{figure} was drawn with other settings; choose another folder, or add --force to replace it."
            )
        return figure.exists()

    def _draw(self, path: Path | None, out: Path, figure: Path, described: Described) -> None:
        from explorer.core.attribution.figure import in_words
        from explorer.core.comparison.lens_of_both import LensOfBoth, frames_of, lens_panels
        from explorer.core.figures.side_by_side import side_by_side

        assert self.figures is not None
        rgb = read_picture(path)
        attributions = _kept(out, self.lens, described)
        names = self.networks[0].name, self.networks[1].name
        panels = lens_panels(
            self.lens, LensOfBoth(*attributions, frames_of(self.networks, rgb)), names, limit=self.limit
        )
        description = ", ".join(
            (
                self.lens.title,
                *(f"{setting.name} {in_words(described[setting.name])}" for setting in self.lens.settings),
            )
        )
        named = zip("AB", names, attributions, strict=True)
        scores = " · ".join(
            f"{letter}: {name}, {attribution.target} {attribution.score:.3g}" for letter, name, attribution in named
        )
        lines = (f"{path.stem} · {description}" if path is not None and self.lens.of_picture else description), scores
        base = attributions[0].rgb if attributions[0].rgb is not None else rgb
        about = self._about_figure(described)
        write_result(figure, side_by_side(base, panels, lines, about, self.figures, self.style), named=False)


def _kept(path: Path, lens: Lens, described: Described) -> tuple[AttributionMap, AttributionMap]:
    """Both maps in such a file."""
    from explorer.core.attribution.result_file import map_in, open_result

    with open_result(path) as archive:
        maps = [map_in(archive, prefix) for prefix in ("", "second_")]
    first, second = (
        AttributionMap(described[f"{prefix}target"], map, lens.negative is not None, score, {}, "", rgb=rgb)
        for prefix, (map, score, rgb) in zip(("", "second_"), maps, strict=True)
    )
    return first, second
