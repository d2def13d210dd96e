"""Holds the effect of some filters against that of other filters of the same layers that are as relevant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.core.index import FolderIndex
from explorer.core.muting.folder_pass import probabilities
from explorer.core.muting.judged_pictures import JudgedPictures
from explorer.core.muting.random_sets import RandomSets, random_sets
from explorer.core.muting.shared_passes import Keys, SharedPasses
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Numbers
from trainer.measures.metrics import Labels, Ranking, area_under_roc
from trainer.measures.percent import percent
from trainer.measures.spoken import ordinal

FEWEST_SETS = 10
"""Sets below which a percentile says nothing."""


@dataclass(frozen=True)
class AgainstRandom:
    """A change by muting against that by `draws` sets of other filters, each once, on the same `pictures` pictures.

    `percentile` (0..100) is where it stands among `changes`: near 0, hardly any other filters cost as much; NaN where
    the change is not defined or the sets are fewer than `FEWEST_SETS`. `share` of all relevance is muted,
    `random_share` by the random sets on average. With `complete`, no other sets are possible; `lent` (0..1) is the
    share of muted filters in them, which is 0 where the layers have others enough.
    """

    pictures: int
    draws: int
    change: float
    changes: tuple[float, ...]
    percentile: float
    share: float
    random_share: float
    complete: bool
    lent: float

    @classmethod
    def of(
        cls, changes: Sequence[float], sets: RandomSets, keys: Sequence[FilterKey], index: FolderIndex, pictures: int
    ) -> "AgainstRandom":
        """The first of the changes, that by muting `keys`, against the others, those by muting each of the sets."""
        filters = index.filters()
        total = float(np.nansum(filters["relevance"]))
        muted = float(np.nansum(filters["relevance"][[index.row(key) for key in keys]]))
        enough = len(sets.sets) >= FEWEST_SETS
        return cls(
            pictures=pictures,
            draws=len(sets.sets),
            change=float(changes[0]),
            changes=tuple(map(float, changes[1:])),
            percentile=percentile(changes[0], changes[1:]) if enough else math.nan,
            share=muted / total if total > 0 else math.nan,
            random_share=float(np.mean(sets.shares)) if sets.sets else math.nan,
            complete=sets.complete,
            lent=sets.lent,
        )

    @property
    def clause(self) -> str:
        """Where the change stands, in a few words: "random filters: 38th percentile"; "" where it is not defined."""
        if not self.draws:
            return "no other filters of these layers are as relevant"
        if self.draws < FEWEST_SETS:
            return f"other sets of filters that are as relevant: only {self.draws}"
        if not math.isfinite(self.percentile):
            return ""
        which = f"all {self.draws:,} other sets that are possible" if self.complete else "random filters"
        return f"{which}{', these among them' if self.lent else ''}: {ordinal(self.percentile)} percentile"

    @property
    def compared_with(self) -> str:
        """The sets in words, after "Against"."""
        if not self.draws:
            return "no other filters, as these layers have none that are as relevant"
        sets = f"set{'s' * (self.draws != 1)} of filters of the same layers"
        which = (
            f"the only {self.draws:,} other {sets} that are possible"
            if self.complete
            else f"{self.draws:,} random {sets}"
        )
        lent = ""
        if self.lent:
            lent = f" (too few others are as relevant: {percent(self.lent)} of their filters are muted ones too)"
        return which + lent + (", too few for a percentile" if self.draws < FEWEST_SETS else "")

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, NaN as None."""
        values = vars(self) | {"changes": list(self.changes)}
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }


def against_random(
    network: Network,
    judged: JudgedPictures,
    keys: Sequence[FilterKey],
    columns: Sequence[int],
    *,
    fill: str = "zero",
    draws: int = 200,
    seed: int = 0,
    passes: SharedPasses | None = None,
    on_step: OnStep = no_step,
) -> AgainstRandom:
    """Mute `draws` random sets and place the change of the mean AUC of the classes `columns` among theirs.

    The `passes` over the pictures may be shared with other sets.
    """
    filters = judged.index.filters()

    def beside(mine: Keys) -> list[Keys]:
        return [mine, *random_sets(mine, filters, draws, seed).sets]

    passes = passes or SharedPasses(network, judged.index)
    logits = passes.logits(("random", draws, seed), judged.rows.tolist(), tuple(keys), beside, fill, on_step)
    labels = judged.some(np.isin(judged.rows, logits.rows)).labels
    before = _auc(probabilities(network, logits.before), labels, columns)
    changes = [_auc(probabilities(network, side), labels, columns) - before for side in logits.after]
    sets = random_sets(keys, filters, draws, seed)
    return AgainstRandom.of(changes, sets, keys, judged.index, len(logits.rows))


def _auc(scores: Numbers, labels: Labels, columns: Sequence[int]) -> float:
    weights = np.ones((1, len(labels)))
    areas = [area_under_roc(*Ranking.of(scores[:, k], labels == k).counts(weights))[0] for k in columns]
    return float(np.mean(areas))


def percentile(value: float, drawn: Sequence[float]) -> float:
    """The share of draws below a value, in per cent, ties counting half; NaN where there is nothing to compare."""
    values = np.asarray(drawn)
    if not np.isfinite(value) or not np.isfinite(values).all():
        return float("nan")
    return float(100 * ((values < value).mean() + 0.5 * (values == value).mean()))
