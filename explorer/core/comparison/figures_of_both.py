"""Figures of filters of two networks on the same pictures: A, B and B minus A beside each other, each named."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from explorer.core.arrays import RGB, RGBA, Map
from explorer.core.comparison.both_manifest import BothManifest, row_of
from explorer.core.comparison.comparable import not_comparable, same_layers
from explorer.core.comparison.difference import difference, share_of
from explorer.core.comparison.matching import spoken
from explorer.core.drawing.overlay import outline, overlay
from explorer.core.drawing.signed_overlay import attribution_overlay
from explorer.core.drawing.styles import SCALES, Scale
from explorer.core.errors import UserError
from explorer.core.export.manifest import Row
from explorer.core.figures.encoding import figure_path, read_description
from explorer.core.figures.side_by_side import KIND, Panel, SignedEnds, side_by_side
from explorer.core.figures.single import FigureStyle
from explorer.core.images import picture_digest
from explorer.core.maps.activation_cache import Recorded, Recorder
from explorer.core.maps.value_range import scale_of
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.shared_folder import names_below
from explorer.core.tags.book import FilterKey
from trainer.files.atomic_files import DiskFull, cannot_write, replace_file, subfolder, sweep_folder

FINE = 1024
"""Longer side of a map as it is drawn."""

Drawn = tuple[RGB, Sequence[Panel], Sequence[str]]
"""What `side_by_side` takes: the picture, the panels, and the lines below."""


@dataclass(frozen=True)
class FigureOfBoth:
    """What a figure's description says (`about`), what draws it, and the lines of its maps in the manifest."""

    about: Mapping[str, Any]
    draw: Callable[[], Drawn]
    rows: Callable[[], Sequence[Row]] = tuple


Make = Callable[[int], FigureOfBoth]
"""Makes a figure of the number of a picture."""


@dataclass(frozen=True)
class BothFigures:
    """File names of the figures that were written and that were right already; (picture, reason) of what failed."""

    written: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def by_number(first: Network, second: Network, filters: Sequence[FilterKey]) -> dict[FilterKey, FilterKey]:
    """Filters of A with those of the same number in B; UserError where the networks have other layers."""
    if not same_layers(first, second):
        raise UserError(
            f"{not_comparable(first, second)[0]} --match answers takes the filter of B, of any layer, that answers "
            "most like it; `lens ... --compare` draws what a lens shows of both networks."
        )
    return {key: key for key in filters}


def draw_both(
    first: Network,
    second: Network,
    pairs: Mapping[FilterKey, FilterKey],
    pictures: Sequence[Path],
    out: Path,
    style: FigureStyle,
    *,
    format: str = "png",
    scales: Mapping[FilterKey, Scale] | None = None,
    strengths: Mapping[FilterKey, float] | None = None,
    force: bool = False,
    on_step: OnStep = no_step,
) -> BothFigures:
    """Draw a figure for each filter of A (with the one of B that stands for it) and picture into the folder `out`.

    `scales` are those of A's filters that were measured elsewhere; others are as the style says, "seen" over these
    pictures. B is drawn on A's where both have the same layers, else on its own. `strengths` are those of matches by
    answers, which the figures then say. Pictures of several folders keep those below the one that they share. What is
    there and right is left, so that an export that was interrupted goes on; a figure whose name another file has fails
    alone, unless `force` is said. UserError where nothing can be written.
    """
    run = _Run(first, second, pairs, pictures, style, scales or {}, strengths)
    run.sample(on_step)
    figures = [
        (f"layer{key.layer:02}_filter{key.filter:03}_", partial(run.figure, key, other)) for key, other in pairs.items()
    ]
    return write_figures(figures, pictures, out, style, format=format, force=force, on_step=on_step)


def write_figures(
    figures: Sequence[tuple[str, Make]],
    pictures: Sequence[Path],
    out: Path,
    style: FigureStyle,
    *,
    format: str,
    force: bool = False,
    on_step: OnStep = no_step,
) -> BothFigures:
    """Write, as `draw_both` does, each of the `figures` (how its file's name begins, what makes it) of each picture."""
    manifest = BothManifest(out, force=force)
    try:
        return _written(manifest, figures, pictures, out, style, format, force, on_step)
    finally:
        manifest.save()


def _written(
    manifest: BothManifest,
    figures: Sequence[tuple[str, Make]],
    pictures: Sequence[Path],
    out: Path,
    style: FigureStyle,
    format: str,
    force: bool,
    on_step: OnStep,
) -> BothFigures:
    names = names_below(pictures)
    written, skipped, failed = list[str](), list[str](), list[tuple[str, str]]()
    total = len(pictures) * len(figures)
    for number, path in enumerate(pictures):
        folder = names[number].parent
        try:
            sweep_folder(subfolder(out, *folder.parts))
            for done, (prefix, make) in enumerate(figures):
                on_step(number * len(figures) + done, total)
                name = folder / figure_path(out / folder / f"{prefix}{path.name}.A_B.{format}").name
                figure = make(number)
                try:
                    new = _write(out / name, figure, style, format, force=force)
                except UserError as error:
                    if isinstance(error, DiskFull):
                        raise
                    failed.append((path.name, str(error)))
                    continue
                rows = figure.rows()
                if rows:
                    manifest.add(name.as_posix(), names[number].as_posix(), rows, figure.about, style)
                (written if new else skipped).append(name.as_posix())
        except OSError as error:
            raise cannot_write(out, error) from error
        except UserError as error:
            failed.append((path.name, str(error)))
            if isinstance(error, DiskFull):
                break
    on_step(total, total)
    return BothFigures(tuple(written), tuple(skipped), tuple(failed))


def _write(path: Path, figure: FigureOfBoth, style: FigureStyle, format: str, *, force: bool) -> bool:
    """Draw a figure into its file, and whether that was needed; UserError where the file is another's."""
    if not force and is_drawn(path, figure.about, style):
        return False
    rgb, panels, lines = figure.draw()
    replace_file(path, side_by_side(rgb, panels, lines, figure.about, format, style), follow=False)
    return True


def about_both(first: Network, second: Network, path: Path, **more: Any) -> dict[str, Any]:
    """What a figure's description says: the networks, the picture, and `more`."""
    return {
        "network": first.identity,
        "network_name": first.name,
        "second_network": second.identity,
        "second_network_name": second.name,
        "pictures": [{"name": path.name, "digest": picture_digest(path)}],
        **more,
    }


def is_drawn(path: Path, about: Mapping[str, Any], style: FigureStyle) -> bool:
    """Whether a file is the figure that would be drawn; UserError where it is none of two networks."""
    if not path.exists():
        return False
    description = read_description(path) or {}
    if description.get("kind") != KIND:
        raise UserError(f"{path} is no figure of two networks; choose another folder, or replace it by force.")
    wanted = json.loads(json.dumps({**about, "style": style.as_dict()}))
    return all(description.get(name) == value for name, value in wanted.items())


class _Run:
    """Both networks on a list of pictures."""

    def __init__(
        self,
        first: Network,
        second: Network,
        pairs: Mapping[FilterKey, FilterKey],
        pictures: Sequence[Path],
        style: FigureStyle,
        scales: Mapping[FilterKey, Scale],
        strengths: Mapping[FilterKey, float] | None,
    ) -> None:
        self._strengths = strengths
        self._networks, self._pictures, self._style, self._scales = (first, second), pictures, style, scales
        self._own = not same_layers(first, second)
        keys = list(pairs), list(pairs.values())
        self._recorders = tuple(
            Recorder(network, pictures, [key.layer for key in network_keys], raw=style.raw)
            for network, network_keys in zip(self._networks, keys, strict=True)
        )
        self._measures = style.scale == "seen" and (self._own or not set(pairs) <= set(scales))

    def sample(self, on_step: OnStep) -> None:
        """Take all pictures that can be read into the scales "seen"."""
        for number in range(len(self._pictures)) if self._measures else ():
            on_step(0, 0)
            try:
                for recorder in self._recorders[: 1 + self._own]:
                    recorder.sample(number)
            except UserError:
                continue  # it is told when its figures are to be drawn

    def figure(self, key: FilterKey, other: FilterKey, number: int) -> FigureOfBoth:
        """The figure of a filter of A and one of B on a picture."""
        path, (first, second) = self._pictures[number], self._networks
        recorded = self._recorders[0].get(number), self._recorders[1].get(number)
        scale = self._scale(0, key, recorded[0])
        scales = scale, self._scale(1, other, recorded[1]) if self._own else scale
        ends = [[side_scale.foot, side_scale.peak] for side_scale in scales]
        strength = self._strengths.get(key) if self._strengths is not None else None
        matched = () if strength is None else (f"matched by answers, {spoken(strength)}",)
        more = {} if strength is None else {"strength": None if math.isnan(strength) else strength}

        b_scale_note = ("B: its map's own",) if self._own and self._style.scale == "folder" else ()

        def drawn() -> Drawn:
            predictions = [
                f"{name}: {_said(recording)}"
                for name, recording in zip("AB", recorded, strict=True)
                if recording.prediction
            ]
            scaled = *matched, f"scale: {SCALES[self._style.scale]}", *b_scale_note, *not_comparable(first, second)
            panels = self._panels((key, other), recorded, scales)
            return recorded[0].rgb, panels, (" · ".join((path.stem, *predictions)), " · ".join(scaled))

        def rows() -> list[Row]:
            kinds = self._style.scale, "map" if b_scale_note else self._style.scale
            per_network = zip(self._networks, (key, other), recorded, scales, kinds, strict=True)
            return [row_of(*arguments) for arguments in per_network]

        about = about_both(first, second, path, filters=[str(key), str(other)], scales=ends, **more)
        return FigureOfBoth(about, drawn, rows)

    def _scale(self, side: int, key: FilterKey, recorded: Recorded) -> Scale:
        measured_scale = None if side else self._scales.get(key)
        if measured_scale is not None:
            return measured_scale
        kind = "map" if side and self._style.scale == "folder" else self._style.scale
        seen = self._recorders[side].seen(key.layer)
        return scale_of(recorded.maps[key.layer], key.layer, key.filter, kind, seen=seen, fixed=self._style.fixed)

    def _panels(
        self, keys: tuple[FilterKey, FilterKey], recorded: tuple[Recorded, Recorded], scales: tuple[Scale, Scale]
    ) -> list[Panel]:
        maps = [recording.maps[key.layer][key.filter] for recording, key in zip(recorded, keys, strict=True)]
        panels = []
        for name, network, key, recording, map, scale in zip(
            "AB", self._networks, keys, recorded, maps, scales, strict=True
        ):
            title = f"{name}: {network.name} · {key}"
            panels.append(Panel(title, _overlay(map, scale, self._style), recording.frame, scale))
        words, limit = "on the scale of A", scales[0].peak
        values = [np.maximum(map, 0) for map in maps]
        if self._own:
            words, limit = "in shares of each one's own scale", 1.0
            values = [share_of(map, scale) for map, scale in zip(maps, scales, strict=True)]
        change = difference(values[0], recorded[0].frame, values[1], recorded[1].frame, FINE)
        drawn = attribution_overlay(change, change.shape, limit=limit)
        ends = SignedEnds(limit, "B higher", "A higher")
        return [*panels, Panel(f"B {keys[1]} − A {keys[0]} · {words}", drawn, recorded[0].frame, ends)]


def _overlay(map: Map, scale: Scale, style: FigureStyle) -> RGBA:
    factor = FINE / max(map.shape)
    size = max(1, round(map.shape[0] * factor)), max(1, round(map.shape[1] * factor))
    drawn = overlay(map, size, foot=scale.foot, peak=scale.peak, color_map=style.color_map)
    if style.outline and scale.peak > scale.foot:
        line = outline(map, size, (scale.foot + scale.peak) / 2)
        drawn[line[..., 3] > 0] = line[line[..., 3] > 0]
    return drawn


def _said(recorded: Recorded) -> str:
    return f"{recorded.prediction} {recorded.probability:.2f}"
