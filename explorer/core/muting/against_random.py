"""Holds the effect of some filters against that of other filters of the same layers that are as relevant."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.core.muting.folder_pass import probabilities
from explorer.core.muting.judged_pictures import JudgedPictures
from explorer.core.muting.shared_passes import Keys, SharedPasses
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey
from trainer.measures.bootstrap import Numbers
from trainer.measures.metrics import Labels, Ranking, area_under_roc


@dataclass(frozen=True)
class AgainstRandom:
    """The change of the AUC against that by `draws` sets of random filters on the same `pictures` pictures.

    `percentile` (0..100) is where it stands among `changes`: near 0, hardly any other filters cost as much; NaN where
    these pictures have no AUC. `share` of all relevance is muted, `random_share` by the random sets on average.
    """

    pictures: int
    draws: int
    change: float
    changes: tuple[float, ...]
    percentile: float
    share: float
    random_share: float


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
    sets, shares = random_sets(keys, filters, draws, seed)

    def beside(mine: Keys) -> list[list[FilterKey]]:
        return [list(mine), *random_sets(mine, filters, draws, seed)[0]]

    passes = passes or SharedPasses(network, judged.index)
    kind = ("random", draws, seed)
    logits = passes.logits(kind, judged.rows.tolist(), tuple(keys), beside, fill, on_step)
    labels = judged.some(np.isin(judged.rows, logits.rows)).labels
    before = _auc(probabilities(network, logits.before), labels, columns)
    changes = [_auc(probabilities(network, side), labels, columns) - before for side in logits.after]
    wanted = set(keys)
    is_muted = [FilterKey(int(row["layer"]), int(row["filter"])) in wanted for row in filters]
    total = float(np.nansum(filters["relevance"]))
    return AgainstRandom(
        pictures=len(logits.rows),
        draws=len(sets),
        change=changes[0],
        changes=tuple(changes[1:]),
        percentile=percentile(changes[0], changes[1:]),
        share=float(np.nansum(filters["relevance"][is_muted])) / total if total > 0 else float("nan"),
        random_share=float(np.mean(shares)),
    )


def _auc(scores: Numbers, labels: Labels, columns: Sequence[int]) -> float:
    weights = np.ones((1, len(labels)))
    areas = [area_under_roc(*Ranking.of(scores[:, k], labels == k).counts(weights))[0] for k in columns]
    return float(np.mean(areas))


def random_sets(
    keys: Sequence[FilterKey], filters: npt.NDArray[np.void], draws: int, seed: int = 0
) -> tuple[list[list[FilterKey]], list[float]]:
    """`draws` sets of random filters of the same layers with about the same share of relevance, and their shares.

    In each layer the filters that are not muted come in random order, and as many of the first are taken as bring the
    sum of their relevance nearest to that of the muted ones; silent ones are passed over. A set may so have more or
    fewer filters. `filters` are the rows of an index; without relevance in it as many filters are taken. A layer whose
    other filters are too few lends its muted ones too. The share (0..1) is that of all filters' relevance.
    """
    rng = np.random.default_rng(seed)
    relevance = np.nan_to_num(filters["relevance"].astype(np.float64))
    total = relevance.sum()
    sets: list[list[FilterKey]] = [[] for _ in range(draws)]
    shares = np.zeros(draws)
    for layer in sorted({key.layer for key in keys}):
        muted = [key.filter for key in keys if key.layer == layer]
        rows = np.flatnonzero(filters["layer"] == layer)
        is_muted = np.isin(filters["filter"][rows], muted)
        aim = relevance[rows[is_muted]].sum()
        others = rows[~is_muted & ~filters["silent"][rows]]
        if len(others) < len(muted) or (total > 0 and relevance[others].sum() < 0.9 * aim):
            others = rows
        for draw in range(draws):
            order = rng.permutation(others)
            count = len(muted)
            if total > 0 and aim > 0:
                count = int(np.abs(np.cumsum(relevance[order]) - aim).argmin()) + 1
            sets[draw] += [
                FilterKey(layer, int(filter_index)) for filter_index in sorted(filters["filter"][order[:count]])
            ]
            shares[draw] += relevance[order[:count]].sum() / total if total > 0 else np.nan
    return sets, shares.tolist()


def percentile(value: float, drawn: Sequence[float]) -> float:
    """The share of draws below a value, in per cent, ties counting half; NaN where there is nothing to compare."""
    values = np.asarray(drawn)
    if not np.isfinite(value) or not np.isfinite(values).all():
        return float("nan")
    return float(100 * ((values < value).mean() + 0.5 * (values == value).mean()))
