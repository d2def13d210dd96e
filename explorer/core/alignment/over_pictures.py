"""From what single pictures say to what a folder says: effects, intervals and p-values at the level of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
FEWEST = 10
"""Pictures that must have a say before anything is concluded."""
FEWEST_SAID = 8
"""Of these, those whose answer is not 0."""
DRAWS = 200
"""Resamples of the pictures from which an interval is read."""


@dataclass(frozen=True)
class OverPictures:
    """Of F filters, each (F,): an `effect` with its 95 % interval, the pictures `n` that have a say, and one-sided `p`.

    p is of the effect being above 0. With fewer than `FEWEST` pictures p is 1.
    """

    effect: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    n: npt.NDArray[np.int64]


def answered_more(on: Numbers, off: Numbers, on_null: Numbers, off_null: Numbers) -> OverPictures:
    """How much more is answered on a place than beside it, and more so than on other pictures' places.

    Mean answers (N, F), NaN where a picture has no such place. The effect is (on - off) / (on + off) of what all
    pictures answer together, so that those with more of an answer count more, or that less the same of other pictures'
    places where this is lower. Each is tested picture by picture (`signed_rank`); the larger p counts (Berger, 1982).
    A picture without others' places has no say in the second: without any, p is 1.
    """
    valid = ~np.isnan(on) & ~np.isnan(off)
    comparable = valid & ~np.isnan(on_null) & ~np.isnan(off_null)
    own = [np.where(valid, values, 0) for values in (on, off)]
    null = [np.where(comparable, values, 0) for values in (on_null, off_null)]
    more = np.where(valid, own[0] - own[1], np.nan)
    beyond = np.where(comparable, more - (null[0] - null[1]), np.nan)
    p = np.maximum(signed_rank(more), signed_rank(beyond))
    draws = resamples(len(on))
    effect, drawn = (
        _effect(*(values.sum(axis=0) for values in (*own, *null))),
        _effect(*(draws @ values for values in (*own, *null))),
    )
    low, high = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    return OverPictures(effect, low, high, np.where(effect > 0, p, 1.0), valid.sum(axis=0))


def points_more(pointing: Numbers, pointing_null: Numbers, answered: Numbers, answered_null: Numbers) -> OverPictures:
    """How far answers (N, F) point to a side, of all that is answered on rims, more than on other pictures' rims.

    p is of their pointing there at all.
    """
    valid = ~np.isnan(pointing)
    comparable = valid & ~np.isnan(pointing_null)
    parts = [np.where(valid, values, 0) for values in (pointing, answered)]
    parts += [np.where(comparable, values, 0) for values in (pointing_null, answered_null)]
    draws = resamples(len(pointing))
    effect, drawn = _beyond(*(array.sum(axis=0) for array in parts)), _beyond(*(draws @ array for array in parts))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    p = signed_rank(np.where(valid, pointing, np.nan))
    return OverPictures(effect, low, high, np.where(effect > 0, p, 1.0), valid.sum(axis=0))


def mean_known(values: Numbers) -> Numbers:
    """The mean (...) of values (N, ...) over the pictures that have a say, those that are not NaN; NaN without any."""
    valid = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Numbers = np.where(valid, values, 0).sum(axis=0) / valid.sum(axis=0)
    return mean


def mean_over(differences: Numbers) -> OverPictures:
    """The mean of differences (N, F) at the level of pictures, with interval and p; NaN where a picture has no say."""
    valid = ~np.isnan(differences)
    n, values = valid.sum(axis=0), np.where(valid, differences, 0)
    draws, mean = resamples(len(differences)), mean_known(differences)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (draws @ values) / (draws @ valid)
    low, high = np.nan_to_num(np.quantile(np.nan_to_num(drawn), (0.025, 0.975), axis=0))
    return OverPictures(mean, low, high, np.where(np.nan_to_num(mean) > 0, signed_rank(differences), 1.0), n)


def signed_rank(differences: Numbers) -> Numbers:
    """One-sided p (F,) that differences (N, F) lie above 0 (Wilcoxon, 1945; normal approximation, zeros left out).

    1 where fewer than `FEWEST` pictures have a say, or hardly any of them says anything but 0. All columns at once:
    scipy's own takes a millisecond for each. Ties are not corrected for, which makes p larger.
    """
    from scipy.stats import norm, rankdata

    values = np.asarray(differences, np.float64)
    valid = ~np.isnan(values)
    values = np.where(valid, values, 0)
    nonzero = values != 0
    n, silent = nonzero.sum(axis=0), (~nonzero).sum(axis=0)
    ranks = rankdata(np.abs(values), axis=0) - silent  # the silent ones come first
    above = np.where(values > 0, ranks, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (above - n * (n + 1) / 4) / np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    p: Numbers = np.where((valid.sum(axis=0) >= FEWEST) & (n >= FEWEST_SAID), norm.sf(z), 1.0)
    return p


def weakest(tests: Sequence[OverPictures]) -> OverPictures:
    """Of claims that must all hold: the least effect with its interval, and the largest p (Berger, 1982)."""
    effects = np.nan_to_num(np.stack([test.effect for test in tests]), nan=-1)
    least = effects.argmin(axis=0)[None]
    low, high = (
        np.take_along_axis(np.stack([getattr(test, name) for test in tests]), least, axis=0)[0]
        for name in ("low", "high")
    )
    p = np.max([test.p for test in tests], axis=0)
    return OverPictures(np.maximum(effects.min(axis=0), 0), low, high, p, np.min([test.n for test in tests], axis=0))


def resamples(count: int) -> Numbers:
    """How often each of `count` pictures is drawn in each of `DRAWS` resamples: (DRAWS, count); always the same."""
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS)
    return np.asarray(drawn, np.float64)


def _beyond(own: Numbers, total: Numbers, null: Numbers, total_null: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        share, by_position = (np.nan_to_num(part / whole) for part, whole in ((own, total), (null, total_null)))
    return np.asarray(np.minimum(share, share - by_position))


def _effect(on: Numbers, off: Numbers, on_null: Numbers, off_null: Numbers) -> Numbers:
    own, null = _contrast(on, off), _contrast(on_null, off_null)
    return np.minimum(own, own - null)


def _contrast(on: Numbers, off: Numbers) -> Numbers:
    total = on + off
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (on - off) / total, 0)
