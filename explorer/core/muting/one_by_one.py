"""Every filter muted by itself, exactly, and how well relevance foretells what that does."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from explorer.core.errors import UserError
from explorer.core.index import FolderIndex
from explorer.core.index.muted_alone import VERSION, OneByOne, read_alone, write_alone
from explorer.core.index.parts import folder_of
from explorer.core.index.sampling import spread
from explorer.core.muting.folder_pass import folder_logits
from explorer.core.muting.judged_pictures import second_half
from explorer.core.network.opening import Network
from explorer.core.progress import OnStep, no_step
from explorer.core.tags import FilterKey

MOST, PICTURES = 512, 100
"""Filters that are all muted one by one; of more, those with the most relevance. Pictures on which they are."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How well relevance foretells muting in a layer: Spearman's rank correlations over its filters.

    `per_picture` is the mean over pictures of that between relevance and the drop of the margin; `over_folder` that of
    the means of their absolute values. NaN where fewer than three filters were muted.
    """

    layer: int
    name: str
    filters: int
    per_picture: float
    over_folder: float


def mute_one_by_one(
    network: Network,
    index: FolderIndex,
    *,
    pictures: int = PICTURES,
    most: int = MOST,
    fill: str = "zero",
    first_half: bool = False,
    lesions: Sequence[str] | None = None,
    on_step: OnStep = no_step,
) -> OneByOne:
    """Mute every filter by itself on a sample of an index's pictures; what was found before is read, not computed.

    Of a network with more than `most` filters those with the most relevance. With `first_half` only pictures of the
    folder's first half are looked at (`lesions` names each picture's, "" where none is known): filters that are
    chosen by it are judged with `chosen_by_effect`. It is kept beside the index.
    """
    rows = np.arange(len(index.pictures))
    if first_half:
        lesion_names = [
            lesion or name for lesion, name in zip(lesions or [""] * len(rows), index.pictures, strict=True)
        ]
        rows = rows[~second_half(lesion_names)]
    names = [index.pictures[row] for row in rows]
    chosen = sorted(rows[position] for position in spread(names, [index.given[row] for row in rows], pictures))
    if not chosen:
        raise UserError("There is no picture on which filters could be muted.")
    keys = _keys(index, most)
    question = [
        VERSION,
        index.contents.network.identity,
        fill,
        [index.digests[row] for row in chosen],
        [str(key) for key in keys],
    ]
    path = folder_of(index.path) / f"muting-{hashlib.sha256(json.dumps(question).encode()).hexdigest()[:16]}.h5"
    one_by_one = read_alone(path)
    if one_by_one is None:
        logits = folder_logits(network, index, chosen, [[key] for key in keys], fill, on_step=on_step)
        measured = tuple(index.pictures[row] for row in logits.rows)
        digests = tuple(index.digests[row] for row in logits.rows)
        identity = index.contents.network.identity
        one_by_one = OneByOne(tuple(keys), measured, digests, logits.before, logits.after, fill, identity)
        with contextlib.suppress(UserError, OSError):  # a folder that cannot be written costs the time again
            write_alone(path, one_by_one)
    return one_by_one


def agreement(network: Network, index: FolderIndex, one_by_one: OneByOne) -> list[Agreement]:
    """Layer by layer how well the index's relevance foretells what muting to zero did."""
    columns = [index.rows[name] for name in one_by_one.pictures]
    drops, layers = one_by_one.drops, np.array([key.layer for key in one_by_one.keys])
    agreements = []
    for info in network.layers:
        rows = np.flatnonzero(layers == info.index)
        if not len(rows):
            continue
        filters = [one_by_one.keys[row].filter for row in rows]
        relevance = index.layer_answers(info.index, "relevance")[filters][:, columns].astype(np.float64)
        correlations = [_rank(relevance[:, column], drops[rows, column]) for column in range(len(columns))]
        over_folder = _rank(np.abs(relevance).mean(axis=1), np.abs(drops[rows]).mean(axis=1))
        defined = [rho for rho in correlations if np.isfinite(rho)]
        mean = float(np.mean(defined)) if defined else float("nan")
        agreements.append(Agreement(info.index, info.name, len(rows), mean, over_folder))
    return agreements


def _keys(index: FolderIndex, most: int) -> list[FilterKey]:
    filters = index.filters()
    order = np.arange(len(filters))
    if len(filters) > most:
        order = np.sort(np.argsort(-np.nan_to_num(filters["relevance"]), kind="stable")[:most])
    return [FilterKey(int(filters["layer"][row]), int(filters["filter"][row])) for row in order]


def _rank(first: Numbers, second: Numbers) -> float:
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0 or not np.isfinite(first).all():
        return float("nan")
    return float(spearmanr(first, second).statistic)
