"""What all pictures say of every filter and concept: an effect against its null, its p-value, and numbers for words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.colors_explain import color_explains, color_tried
from explorer.core.alignment.compass import compass
from explorer.core.alignment.marks import SECTORS, SETS
from explorer.core.alignment.measure import LEAST_SHOWN, Measured
from explorer.core.alignment.over_pictures import (
    OverPictures,
    answered_more,
    mean_known,
    mean_over,
    points_more,
    resamples,
    signed_rank,
    weakest,
)
from explorer.core.alignment.picture_edge import EDGES, LINES, share_near
from explorer.core.concepts import SIDES

Numbers = npt.NDArray[np.floating]
Places = npt.NDArray[np.int64]
WHOLE = "whole ring"
MOSTLY = 0.5
"""Share of what is shown of a filter that lies near the picture's edge where it says nothing else."""
MOST_TIMES = 1000.0
"""Times more that are told apart: beside a concept nothing at all may be shown."""
BY_POSITION = 0.05
"""p up to which a filter points more to a side on the pictures' own rims than on those of others."""


@dataclass(frozen=True)
class Evidence:
    """For a concept and F filters: `effect` (F,), its 95 % interval `low` and `high`, one-sided `p`, pictures `n`.

    `times` (F,) how many times more it answers there than beside it; `heard` (F,) on which share of the pictures that
    show it the filter says anything; `iou` (F,) how well as many of its highest cells cover it (NaN where that means
    nothing); `found` (F,) what stands for {side}, {edge} or {color}: a word, or "" ; `numbers` what else is told in
    words, each (F,); `compared` the means (F,) that are compared, what speaks for the concept first; `around` the mean
    answers (F, SECTORS) in the sectors of the rim, the pictures' own and others'.
    """

    concept: str
    effect: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    n: npt.NDArray[np.int64]
    times: Numbers
    heard: Numbers
    iou: Numbers
    found: tuple[str, ...]
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    compared: Mapping[str, Numbers] = field(default_factory=dict)
    around: tuple[Numbers, Numbers] | None = None


@dataclass(frozen=True)
class Chosen:
    """What is chosen for F filters by the pictures themselves: `side` (F,), `SECTORS` for all around, and whether it is
    one for sure; the `line` (F,) along the picture's edge; and the pictures that colors are fitted to (None: each half
    by the other). On pictures that are held out it is given, so that nothing is chosen twice.
    """

    side: Places
    line: Places
    fitted_on: Measured | None = None


def chosen_by(folder: Measured, one_sided: float) -> Chosen:
    """What N pictures choose."""
    around = compass(folder["sector"], folder["sector_null"])
    own, null = around.toward(around.side)
    # What position alone does is tested for itself: like a probe, it can only take a side away.
    sided = (around.concentration >= one_sided) & (signed_rank(own - np.nan_to_num(null)) <= BY_POSITION)
    line = np.argmax(np.nan_to_num(_mean(folder["lines"])), axis=1).astype(np.int64)
    return Chosen(np.where(sided, around.side, SECTORS), line)


def evidence_of(folder: Measured, chosen: Chosen) -> list[Evidence]:
    """All evidence from what `measure` gave of N pictures (N, F, ...), but for that of probes."""
    words = tuple(SIDES[side] if side < SECTORS else WHOLE for side in chosen.side)
    loud = _loud(folder)
    return [
        _border(folder, chosen, words, loud),
        _side(folder, chosen, words, loud),
        _edge(folder, chosen, loud),
        _color(folder, chosen, loud),
        *(_concept(folder, concept_index, loud) for concept_index in range(len(SETS))),
    ]


def _border(folder: Measured, chosen: Chosen, words: tuple[str, ...], loud: npt.NDArray[np.bool_]) -> Evidence:
    """The rim against the rest of the lesion and against the skin, each alone."""
    rim, rest, skin, rim_null, rest_null, skin_null = _rims(folder, chosen.side)
    tested = weakest([
        answered_more(rim, rest, rim_null, rest_null),
        answered_more(rim, skin, rim_null, skin_null),
    ])  # fmt: skip
    numbers = {
        "skin_times": _ratio(rim, skin),
        "area": mean_known(_of_side(folder["side"], chosen.side)),
        "null_area": mean_known(_of_side(folder["side_null"], chosen.side)),
        **_where(folder),
    }
    iou = mean_known(_of_side(folder["iou_side"], chosen.side))
    compared = _means(rim=rim, rest=rest, skin=skin, others=rim_null)
    evidence = _evidence("border", tested, _ratio(rim, rest), _heard(loud, rim), iou, words, numbers, chosen)
    return replace(evidence, compared=compared, around=_around(folder))


def _side(folder: Measured, chosen: Chosen, words: tuple[str, ...], loud: npt.NDArray[np.bool_]) -> Evidence:
    """One side of the lesion and not its others, in the lesion and not on the skin: the border seen from inside."""
    rim, _, skin, rim_null, _, skin_null = _rims(folder, chosen.side)
    sided = chosen.side < SECTORS
    around = compass(folder["sector"], folder["sector_null"])
    side = np.where(sided, chosen.side, 0)
    toward = points_more(*around.toward(side), folder["sector"].sum(axis=2), folder["sector_null"].sum(axis=2))
    tested = weakest([answered_more(rim, skin, rim_null, skin_null), toward])
    tested = OverPictures(
        np.where(sided, tested.effect, 0), tested.low, tested.high, np.where(sided, tested.p, 1.0), tested.n
    )
    opposite = _of_side(folder["rim"], np.where(sided, (side + SECTORS // 2) % SECTORS, SECTORS))
    numbers = {"skin_times": _ratio(rim, skin), **_where(folder)}
    iou = mean_known(_of_side(folder["iou_side"], chosen.side))
    compared = _means(rim=rim, opposite=opposite, skin=skin, others=rim_null)
    evidence = _evidence("side", tested, _ratio(rim, opposite), _heard(loud, rim), iou, words, numbers, chosen)
    return replace(evidence, compared=compared, around=_around(folder))


def _edge(folder: Measured, chosen: Chosen, loud: npt.NDArray[np.bool_]) -> Evidence:
    """The highest answer near the picture's own edge against the highest inside, where most of what is shown lies near:
    a filter that answers over the skin, too, has more to say than padding, however bright a line padding draws.
    """
    near, inside = folder["highest"][..., 0], folder["highest"][..., 1]
    nothing = np.zeros_like(near)
    tested, share = answered_more(near, inside, nothing, nothing), share_near(folder["lines"], folder["sums"][..., 0])
    if chosen.fitted_on is None:
        tested = replace(tested, effect=np.where(share > MOSTLY, tested.effect, 0))
    words = tuple(EDGES[line // LINES] for line in chosen.line)
    evidence = _evidence(
        "edge", tested, _ratio(near, inside), _heard(loud, near), _nothing(near), words, {"share": share}
    )
    return replace(evidence, compared=_means(near=near, inside=inside))


def _color(folder: Measured, chosen: Chosen, loud: npt.NDArray[np.bool_]) -> Evidence:
    explains = color_tried(folder, chosen.fitted_on) if chosen.fitted_on is not None else color_explains(folder)
    tested = mean_over(explains.within - explains.within_null)
    count = len(explains.missed)
    effect = explains.explained(np.ones((1, count)))[0]
    low, high = np.quantile(explains.explained(resamples(count)), (0.025, 0.975), axis=0)
    over_pictures = OverPictures(np.where(tested.n > 0, effect, 0), low, high, tested.p, tested.n)
    numbers = {f"hue{axis}": explains.hue[:, axis] for axis in range(3)}
    unknown = np.full(len(effect), np.nan)
    everywhere = np.zeros(loud.shape)
    evidence = _evidence(
        "color", over_pictures, unknown, _heard(loud, everywhere), unknown, ("",) * len(effect), numbers
    )
    return replace(evidence, compared=_means(own=explains.within, others=explains.within_null))


def _concept(folder: Measured, concept_index: int, loud: npt.NDArray[np.bool_]) -> Evidence:
    on, off, on_null, off_null = (folder[name][..., concept_index] for name in ("on", "off", "on_null", "off_null"))
    tested = answered_more(on, off, on_null, off_null)
    numbers = {
        "area": mean_known(folder["area"][..., concept_index]),
        "beyond": mean_known(folder["beyond"][..., concept_index]),
        "null_area": mean_known(folder["area_null"][..., concept_index]),
        "beyond_null": mean_known(folder["beyond_null"][..., concept_index]),
    }
    iou = mean_known(folder["iou"][..., concept_index])
    evidence = _evidence(
        SETS[concept_index], tested, _ratio(on, off), _heard(loud, on), iou, ("",) * on.shape[1], numbers
    )
    return replace(evidence, compared=_means(on=on, off=off, others=on_null))


def _evidence(
    concept: str,
    tested: OverPictures,
    times: Numbers,
    heard: Numbers,
    iou: Numbers,
    words: tuple[str, ...],
    numbers: Mapping[str, Numbers],
    chosen: Chosen | None = None,
) -> Evidence:
    p = tested.p
    if chosen is not None and chosen.fitted_on is None:  # chosen among eight by what it is tested on (Bonferroni)
        p = np.where(chosen.side < SECTORS, np.minimum(1, p * SECTORS), p)
    effect = np.maximum(np.nan_to_num(tested.effect), 0)
    return Evidence(concept, effect, tested.low, tested.high, p, tested.n, times, heard, iou, words, numbers)


def _rims(folder: Measured, side: Places) -> tuple[Numbers, ...]:
    """Answers (N, F) on each filter's side of the rim, on the rest of the lesion and the skin; and other pictures'."""
    return tuple(
        folder[name][..., 0] if name.startswith("skin") else _of_side(folder[name], side)
        for name in ("rim", "rest", "skin", "rim_null", "rest_null", "skin_null")
    )


def _loud(folder: Measured) -> npt.NDArray[np.bool_]:
    """Whether a filter says anything on a picture (N, F)."""
    means = [folder[name] for name in ("lines", "rim", "rest", "skin")]
    return np.asarray(np.nanmax(np.nan_to_num(np.concatenate(means, axis=2)), axis=2) > LEAST_SHOWN)


def _heard(loud: npt.NDArray[np.bool_], shown: Numbers) -> Numbers:
    known = ~np.isnan(shown)
    return np.asarray((known & loud).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _of_side(values: Numbers, chosen: Places) -> Numbers:
    """(N, F, SIDED) at each filter's side (F,): (N, F)."""
    at_side: Numbers = np.take_along_axis(values, chosen[None, :, None], axis=2)[..., 0]
    return at_side


def _means(**compared: Numbers) -> dict[str, Numbers]:
    """The means (F,) of what is compared (N, F), over the pictures that have a say in the first two."""
    first, second, *_ = compared.values()
    known = ~np.isnan(first) & ~np.isnan(second)
    return {name: _mean(np.where(known, values, np.nan)) for name, values in compared.items()}


def _around(folder: Measured) -> tuple[Numbers, Numbers]:
    return _mean(folder["sector"]), _mean(folder["sector_null"])


def _nothing(values: Numbers) -> Numbers:
    return np.full(values.shape[1], np.nan)


def _mean(values: Numbers) -> Numbers:
    """As `mean_known`, 0 without any."""
    return np.nan_to_num(mean_known(values))


def _ratio(on: Numbers, off: Numbers) -> Numbers:
    """How many times more, up to `MOST_TIMES`, is shown on a concept than beside it, over the pictures with both."""
    both = ~np.isnan(on) & ~np.isnan(off)
    above, below = np.where(both, on, 0).sum(axis=0), np.where(both, off, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        times = np.minimum(above.astype(np.float64) / below, MOST_TIMES)
    return np.where(both.any(axis=0) & (above > 0), times, np.nan)


def _where(folder: Measured) -> dict[str, Numbers]:
    zone = _mean(folder["zone"])
    return {"inner": zone[:, 1], "outline": zone[:, 2], "outer": zone[:, 3]}
