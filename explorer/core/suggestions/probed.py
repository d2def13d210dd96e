"""What the probes say over all pictures: how far a drawn artifact raises a filter, and what else changes it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.over_pictures import mean_known, mean_over
from explorer.core.probes.answers import PROBES
from explorer.core.probes.changes import CHANGES, DRAWN

Numbers = npt.NDArray[np.floating]
TOLD, RAISED = 0.25, 0.1
"""Standard deviations over the folder from which on a change is worth telling, and counts as a rise."""


@dataclass(frozen=True)
class Probed:
    """Of a drawn concept and F filters: `rise` (F,) over the control, in standard deviations over the folder, its `p`.

    `raised`, `control` (F,) in which share of the pictures it, and its control, raise the filter; `more` (F,) in which
    it does more than its control; `n` pictures.
    """

    rise: Numbers
    p: Numbers
    raised: Numbers
    control: Numbers
    more: Numbers
    n: int


def probed_of(probes: Mapping[str, Numbers]) -> dict[str, Probed]:
    """Of `changed` and `control` (N, F, len(PROBES), 2) of N pictures: by the peak or the mean, which is raised more.

    Thin things raise the mean of what is shown, small bright ones the peak.
    """
    probed: dict[str, Probed] = {}
    for concept in DRAWN:
        column = PROBES.index(f"with {concept}")
        with_it, control = probes["changed"][:, :, column], probes["control"][:, :, column]
        # The control changes as much: what it alone would explain is no answer to the shape.
        both = [mean_over(with_it[..., measure] - control[..., measure]) for measure in (0, 1)]
        mean, tested = (np.stack([getattr(result, name) for result in both], axis=1) for name in ("effect", "p"))
        best = np.nan_to_num(mean, nan=-np.inf).argmax(axis=1)[:, None]
        rise, p = (np.take_along_axis(values, best, axis=1)[:, 0] for values in (mean, tested))
        raised, by_control = (
            np.take_along_axis((values > RAISED).mean(axis=0), best, axis=1)[:, 0] for values in (with_it, control)
        )
        more = np.take_along_axis((with_it > control).mean(axis=0), best, axis=1)[:, 0]
        probed[concept] = Probed(np.nan_to_num(rise), np.minimum(1, 2 * p), raised, by_control, more, len(with_it))
    return probed


def changes_of(probes: Mapping[str, Numbers], filters: int) -> list[str]:
    """What changes each filter most, in words: "without color -0.8; blurred -0.3", "" where it hardly varies."""
    if not probes:
        return [""] * filters
    columns = [PROBES.index(name) for name in CHANGES]
    changed = probes["changed"][:, :, columns]
    mean = np.nan_to_num(mean_known(np.moveaxis(changed, 3, 1).reshape(-1, filters, len(columns))))
    sentences: list[str] = []
    for row in mean:
        order = [column for column in np.argsort(-np.abs(row)) if abs(row[column]) >= TOLD]
        sentences.append("; ".join(f"{CHANGES[column]} {row[column]:+.1f}" for column in order[:3]))
    return sentences
