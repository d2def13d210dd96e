"""Whether given masks are those of the pictures: lesions differ from their surroundings, strangers' outlines do not."""

from collections.abc import Sequence

import numpy as np

from explorer.core.alignment.marks import SETS, Marks
from explorer.core.alignment.over_pictures import FEWEST, mean_over

CLEARLY, SURELY = 0.05, 1e-3


def masks_fit(marks: Sequence[Marks]) -> bool:
    """Whether the lesions' color differs more from that around them than in other pictures' lesions; True for few."""
    if len(marks) < FEWEST:
        return True
    gained = []
    for number, own in enumerate(marks):
        other = marks[(number + 1) % len(marks)]
        gained.append(_told_apart(own, own) - _told_apart(own, other))
    tested = mean_over(np.array(gained)[:, None])
    return bool(tested.effect[0] > CLEARLY and tested.p[0] < SURELY)


def _told_apart(picture: Marks, lesion: Marks) -> float:
    """The share of the picture's variance of color that lies between the lesion and the rest."""
    inside = lesion.sets[SETS.index("lesion")]
    if not inside.any() or inside.all():
        return float("nan")
    lab = picture.lab
    total = ((lab - lab.mean(axis=0)) ** 2).sum()
    within = sum(((lab[part] - lab[part].mean(axis=0)) ** 2).sum() for part in (inside, ~inside))
    return float(1 - within / max(total, 1e-12))
