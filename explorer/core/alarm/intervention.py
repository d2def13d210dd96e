"""What muting a finding's filters, and correcting a cast, do to the score: the network is run again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.alarm.artifacts import Artifact
from explorer.core.alarm.change import InterventionEffect, intervention_effect
from explorer.core.alarm.class_score import ScoredPictures, class_scores
from explorer.core.alarm.finding import Finding
from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.images import read_image
from explorer.core.index import FolderIndex
from explorer.core.muting.folder_pass import folder_logits
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from trainer.pictures.color_constancy import light_of, under_light

Logits = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

CASTS = ("red share", "blue share")
"""What correcting the cast answers to."""
MOST = 800
"""Pictures on which the network is run again; of more, as many spread evenly."""
AT_ONCE = 16


def measured_changes(
    finding: Finding,
    artifact: Artifact,
    pictures: ScoredPictures,
    network: Network,
    folder: Path,
    index: FolderIndex,
    *,
    draws: int = 1000,
    on_step: OnStep = no_step,
) -> Finding:
    """The finding with what muting its top filters does and, for a cast, what correcting it does.

    A muted map is the mean that the filter answers over the folder, everywhere (`constant` of `core/muting`). Pictures
    that are gone or not as the index saw them do not count.
    """
    chosen = _spread(len(pictures.names), MOST)
    have, lack = artifact.sides(finding.sign)

    def measure(after: Logits, positions: Places) -> InterventionEffect:
        return intervention_effect(
            pictures.scores[positions],
            class_scores(after, pictures.class_index),
            artifact.values[positions],
            (have[positions], lack[positions]),
            pictures.labels[positions],
            pictures.class_index,
            [pictures.units[row] for row in positions],
            draws=draws,
        )

    if finding.top:
        rows, keys = pictures.rows[chosen], [follower.key for follower in finding.top]
        muted = folder_logits(network, index.seen_from(folder), rows.tolist(), [keys], "constant", on_step=on_step)
        finding = replace(finding, muting=measure(muted.after[0], chosen[np.isin(rows, muted.rows)]))
    if finding.artifact in CASTS:
        after, readable = _under_one_light(network, [folder / pictures.names[row] for row in chosen], on_step)
        if readable.any():
            finding = replace(finding, correction=measure(after, chosen[readable]))
    return finding


def _under_one_light(network: Network, pictures: list[Path], on_step: OnStep) -> tuple[Logits, npt.NDArray[np.bool_]]:
    """The logits of pictures that all have the light that is usual among them, and which of them can be read (N,).

    Under grey light no picture would be what the network knows.
    """
    lights = [None if rgb is None else light_of(rgb) for rgb in map(_read, pictures)]
    usual = [light for light in lights if light is not None]
    readable = np.array([light is not None for light in lights])
    if not usual:
        return np.empty((0, 0), np.float32), readable
    light, logits = np.median(usual, axis=0), []
    for first in range(0, len(pictures), AT_ONCE):
        on_step(first, len(pictures))
        read = [_read(path) for path in pictures[first : first + AT_ONCE]]
        readable[first : first + AT_ONCE] &= [rgb is not None for rgb in read]
        prepared = [network.input.prepare(under_light(rgb, light)) for rgb in read if rgb is not None]
        if prepared:
            with torch.inference_mode():
                logits.append(network.logits(torch.stack(prepared)).float().cpu().numpy())
    return np.concatenate(logits) if logits else np.empty((0, 0), np.float32), readable


def _read(path: Path) -> RGB | None:
    try:
        return read_image(path)
    except UserError:
        return None


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """At most `most` of `count` places, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))
