"""What all pictures say of every filter and concept: an effect against its null, its p-value, and numbers for words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.colors_explain import color_explains
from explorer.core.alignment.compass import compass
from explorer.core.alignment.marks import SECTORS, SETS, Marks
from explorer.core.alignment.measure import LEAST_SHOWN, Measured, contrast
from explorer.core.alignment.over_pictures import OverPictures, over_pictures
from explorer.core.alignment.picture_edge import EDGES, LINES
from explorer.core.concepts import SIDES

Numbers = npt.NDArray[np.floating]
WHOLE = "whole ring"


@dataclass(frozen=True)
class Evidence:
    """For a concept and F filters: `effect` (F,), its 95 % interval `low` and `high`, one-sided `p`, pictures `n`.

    `times` (F,) how many times more it answers there than beside it; `found` (F,) what stands for {side}, {edge} or
    {color}: a word, or "" ; `numbers` what else is told in words, each (F,).
    """

    concept: str
    effect: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    n: npt.NDArray[np.int64]
    times: Numbers
    found: tuple[str, ...]
    numbers: Mapping[str, Numbers] = field(default_factory=dict)


def evidence_of(folder: Measured, marks: Sequence[Marks], one_sided: float) -> list[Evidence]:
    """All evidence from what `measure` gave of N pictures (N, F, ...), but for that of probes."""
    whole = np.array([one.whole for one in marks])
    loud = _loud(folder)
    around = compass(folder["sector"], folder["sector_null"], whole)
    directed = over_pictures(around.toward - around.toward_null)
    sided = (around.concentration >= one_sided) & (directed.p < 0.01)
    chosen = np.where(sided, around.side, SECTORS)
    words = tuple(SIDES[side] if side < SECTORS else WHOLE for side in chosen)
    return [
        _border(folder, chosen, words, loud),
        _side(folder, chosen, words, sided, directed, loud),
        _edge(folder, chosen),
        _color(folder),
        *(_concept(folder, place, loud) for place in range(len(SETS))),
    ]


def _border(
    folder: Measured, chosen: npt.NDArray[np.int64], words: tuple[str, ...], loud: npt.NDArray[np.bool_]
) -> Evidence:
    rim, rest, skin = _of_side(folder["rim"], chosen), _of_side(folder["rest"], chosen), folder["skin"][..., 0]
    there = ~np.isnan(rim) & loud
    tests: list[OverPictures] = []
    beats = np.ones(rim.shape[1], np.bool_)
    for name, beside in (("inward", rest), ("outward", skin)):
        own = _filled(_of_side(folder[name], chosen), there & ~np.isnan(beside))
        null = _filled(_of_side(folder[f"{name}_null"], chosen), there & ~np.isnan(beside))
        tests.append(over_pictures(own - null))
        beats &= over_pictures(own).mean > 0
    effect, low, high, p, n = _weakest(tests)
    effect, p = np.where(beats, effect, 0), np.where(beats, _of_sides(p, chosen), 1.0)
    area = over_pictures(_of_side(folder["side"], chosen))
    null_area = over_pictures(_of_side(folder["side_null"], chosen))
    return Evidence(
        "border", effect, low, high, p, n, _ratio(rim, rest), words,
        {"skin_times": _ratio(rim, skin), "area": area.mean, "null_area": null_area.mean, **_where(folder)},
    )  # fmt: skip


def _side(
    folder: Measured,
    chosen: npt.NDArray[np.int64],
    words: tuple[str, ...],
    sided: npt.NDArray[np.bool_],
    directed: OverPictures,
    loud: npt.NDArray[np.bool_],
) -> Evidence:
    """One side of the lesion and not its others, in the lesion and not on the skin: the border seen from inside."""
    rim, skin = _of_side(folder["rim"], chosen), folder["skin"][..., 0]
    there = ~np.isnan(rim) & ~np.isnan(skin) & loud
    own = _filled(_of_side(folder["outward"], chosen), there)
    null = _filled(_of_side(folder["outward_null"], chosen), there)
    effect, low, high, p, n = _weakest([over_pictures(own - null), over_pictures(own), directed])
    opposite = _of_side(folder["rim"], np.where(chosen < SECTORS, (chosen + SECTORS // 2) % SECTORS, SECTORS))
    effect, p = np.where(sided, effect, 0), np.where(sided, _of_sides(p, chosen), 1.0)
    return Evidence(
        "side", effect, low, high, p, n, _ratio(rim, opposite), words,
        {"skin_times": _ratio(rim, skin), **_where(folder)},
    )  # fmt: skip


def _of_sides(p: Numbers, chosen: npt.NDArray[np.int64]) -> Numbers:
    """p for a side that was chosen among eight by what it is tested on (Bonferroni)."""
    return np.where(chosen < SECTORS, np.minimum(1, p * SECTORS), p)


def _edge(folder: Measured, chosen: npt.NDArray[np.int64]) -> Evidence:
    lines = folder["lines"]
    best = np.argmax(np.nan_to_num(_mean(lines)), axis=1)
    line = np.take_along_axis(lines, best[None, :, None], axis=2)[..., 0]
    beside = np.fmax(np.fmax(_of_side(folder["rim"], chosen), folder["skin"][..., 0]), folder["rest"][..., SECTORS])
    tested = over_pictures(contrast(line, beside))
    return Evidence(
        "edge", tested.mean, tested.low, tested.high, np.minimum(1, tested.p * lines.shape[2]), tested.n,
        _ratio(line, beside), tuple(EDGES[place // LINES] for place in best),
    )  # fmt: skip


def _color(folder: Measured) -> Evidence:
    explains = color_explains(folder)
    tested = over_pictures(explains.within - explains.within_null)
    numbers = {f"hue{place}": explains.hue[:, place] for place in range(3)}
    effect = np.where(tested.n > 0, explains.explained, 0)
    nothing = np.full(len(effect), np.nan)
    return Evidence("color", effect, nothing, nothing, tested.p, tested.n, nothing, ("",) * len(effect), numbers)


def _concept(folder: Measured, place: int, loud: npt.NDArray[np.bool_]) -> Evidence:
    on, off = folder["on"][..., place], folder["off"][..., place]
    there = ~np.isnan(on) & ~np.isnan(off) & loud
    own, null = _filled(folder["lift"][..., place], there), _filled(folder["lift_null"][..., place], there)
    effect = _weakest([over_pictures(own - null), over_pictures(own)])
    numbers = {
        "area": over_pictures(folder["area"][..., place]).mean,
        "beyond": over_pictures(folder["beyond"][..., place]).mean,
        "null_area": over_pictures(folder["area_null"][..., place]).mean,
        "beyond_null": over_pictures(folder["beyond_null"][..., place]).mean,
    }
    return Evidence(SETS[place], *effect, _ratio(on, off), ("",) * own.shape[1], numbers)


def _weakest(tests: Sequence[OverPictures]) -> tuple[Numbers, Numbers, Numbers, Numbers, npt.NDArray[np.int64]]:
    """Of claims that must all hold: the least effect with its interval, and the largest p (Berger, 1982)."""
    means = np.nan_to_num(np.stack([one.mean for one in tests]), nan=-1)
    least = means.argmin(axis=0)[None]

    def taken(name: str) -> Numbers:
        found: Numbers = np.take_along_axis(np.stack([getattr(one, name) for one in tests]), least, axis=0)[0]
        return found

    p = np.max([one.p for one in tests], axis=0)
    return np.maximum(means.min(axis=0), 0), taken("low"), taken("high"), p, np.min([one.n for one in tests], axis=0)


def _loud(folder: Measured) -> npt.NDArray[np.bool_]:
    """Whether a filter says anything on a picture (N, F): where it does, silence on a concept is an answer too."""
    means = [folder[name] for name in ("lines", "rim", "rest", "skin")]
    return np.asarray(np.nanmax(np.nan_to_num(np.concatenate(means, axis=2)), axis=2) > LEAST_SHOWN)


def _filled(values: Numbers, there: npt.NDArray[np.bool_]) -> Numbers:
    return np.where(there, np.nan_to_num(values), np.nan)


def _of_side(values: Numbers, chosen: npt.NDArray[np.int64]) -> Numbers:
    """(N, F, SIDED) at each filter's side (F,): (N, F)."""
    found: Numbers = np.take_along_axis(values, chosen[None, :, None], axis=2)[..., 0]
    return found


def _mean(values: Numbers) -> Numbers:
    there = ~np.isnan(values)
    found: Numbers = np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return found


def _ratio(on: Numbers, off: Numbers) -> Numbers:
    """How many times more is shown on a concept than beside it, over the pictures that have both."""
    both = ~np.isnan(on) & ~np.isnan(off)
    above, below = np.where(both, on, 0).sum(axis=0), np.where(both, off, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(both.any(axis=0) & (above > 0), above / below, np.nan)


def _where(folder: Measured) -> dict[str, Numbers]:
    zone = _mean(folder["zone"])
    return {"inner": zone[:, 1], "outline": zone[:, 2], "outer": zone[:, 3]}
