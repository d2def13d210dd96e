"""What muting a finding's filters, and correcting a cast, do to the score: the network is run again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.change import Change, change_of
from explorer.core.alarm.class_score import Cohort, class_scores
from explorer.core.alarm.color_constancy import light_of, under_light
from explorer.core.alarm.finding import Finding
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.network.forward_pass import source
from explorer.core.network.hooked_layers import watching
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey

Rgb = npt.NDArray[np.uint8]
Logits = npt.NDArray[np.float32]

CASTS = ("red share", "blue share")
"""What correcting the cast answers to."""
MOST = 800
"""Pictures on which the network is run again; of more, as many spread evenly."""
AT_ONCE = 16


def measured_changes(
    finding: Finding,
    artifact: Artifact,
    cohort: Cohort,
    network: Network,
    folder: Path,
    index: FolderIndex,
    *,
    draws: int = 1000,
    on_step: OnStep = no_step,
) -> Finding:
    """The finding with what muting its top filters does and, for a cast, what correcting it does.

    Each filter's map is replaced by the mean that the filter answers over the pictures that count.
    """
    chosen = _spread(len(cohort.names), MOST)
    pictures = [folder / cohort.names[row] for row in chosen]
    have, lack = artifact.sides(finding.sign)

    def measure(after: Logits) -> Change:
        return change_of(
            cohort.scores[chosen],
            class_scores(after, cohort.place),
            artifact.values[chosen],
            (have[chosen], lack[chosen]),
            cohort.labels[chosen],
            cohort.place,
            [cohort.units[row] for row in chosen],
            draws=draws,
        )

    if finding.top:
        means = {one.key: float(index.answers(one.key, "mean")[cohort.rows].mean()) for one in finding.top}
        finding = replace(finding, muting=measure(logits_of(network, pictures, muted=means, on_step=on_step)))
    if finding.artifact in CASTS:
        # Under grey light no picture would be what the network knows: all get the light that is usual here.
        light = np.median([light_of(read_image(path)) for path in pictures], axis=0)
        after = logits_of(network, pictures, change=lambda rgb: under_light(rgb, light), on_step=on_step)
        finding = replace(finding, correction=measure(after))
    return finding


def logits_of(
    network: Network,
    pictures: Sequence[Path],
    *,
    change: Callable[[Rgb], Rgb] | None = None,
    muted: Mapping[FilterKey, float] | None = None,
    on_step: OnStep = no_step,
) -> Logits:
    """The logits (N, K) float32 of pictures by their files, each changed first; UserError where one cannot be read.

    The map of each filter in `muted` is replaced by its number everywhere, after the batch norm that takes it directly.
    """
    layers = {source(info): info.index for info in network.layers}
    fills: dict[int, tuple[list[int], torch.Tensor]] = {}
    for layer in {key.layer for key in muted or {}}:
        of = {key.filter: value for key, value in (muted or {}).items() if key.layer == layer}
        fills[layer] = list(of), torch.tensor(list(of.values()), device=network.device)[:, None, None]

    def fill(name: str, run: int, _source: torch.Tensor, output: torch.Tensor) -> None:
        layer = layers.get((name, run), -1)
        if layer in fills:
            filters, values = fills[layer]
            output[:, filters] = values.to(output.dtype)

    found = []
    names = {name for (name, _), layer in layers.items() if layer in fills}
    for first in range(0, len(pictures), AT_ONCE):
        on_step(first, len(pictures))
        read = [read_image(path) for path in pictures[first : first + AT_ONCE]]
        batch = torch.stack([network.input.prepare(change(rgb) if change else rgb) for rgb in read])
        with torch.inference_mode(), watching(network.module, names, fill):
            found.append(network.logits(batch).float().cpu().numpy())
    return np.concatenate(found)


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """At most `most` of `count` places, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))
