"""How every filter's map lies on the marks of one picture, and on those of others: a few numbers each."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.areas import Ranked, area, overlap, pooled_area
from explorer.core.alignment.grid import inner
from explorer.core.alignment.marks import ON, RIM, SECTORS, SETS, Marks
from explorer.core.alignment.over_pictures import mean_known
from explorer.core.alignment.picture_edge import highest, lines_of

Floats = npt.NDArray[np.float32]
Cells = npt.NDArray[np.bool_]

SIDED = SECTORS + 1
"""The eight sides of a border, and all of it."""
LEAST_SHOWN = 2e-3
"""A mean shown answer (0 to 1) below which a filter says nothing there."""
PAIRED = ("area", "beyond", "side", "on", "off", "rim", "rest", "skin", "sector")
"""What is also measured against other pictures' marks, under the same name with `_null`."""

Measured = dict[str, Floats]
"""What one picture gives, for each of F filters; NaN where a picture cannot say.

`area` (F, len(SETS)): area under the ROC of a concept's cells against all others. `beyond` the same, where a cell is
only compared with others inside the lesion, or outside. `side` (F, SIDED): the rim on a side, or all around, against
what is deep inside and against the skin, the lower of both areas. `iou` (F, len(SETS)) and `iou_side` (F, SIDED):
intersection over union of the concept, or the rim, with as many of the highest cells.

Means of what is shown of a map (0 at the filter's foot, 1 at its peak): `on` and `off` (F, len(SETS)) on a concept and
beside it, as many cells of lesion and of skin; `rim`, `rest` (F, SIDED) on the rim of a side and on the rest of the
lesion, `skin` (F, 1), `sector` (F, SECTORS), `zone` (F, 5), `lines` (F, 4 * LINES) along the picture's edges.
`highest` (F, 2): the highest answer near the picture's edge, and inside of that.

`color` (F, len(COLORS)) and `color_null` are the sums of shown answer times color over the cells (the null's less its
mean), `sums` (F, 2) those of the answer and of its square, and `colors` (1, len(COLORS), 1 + len(COLORS)) the
color's own, for the picture.
"""


def measure(maps: Floats, foot: Floats, peak: Floats, marks: Marks, others: Sequence[Marks], seed: int) -> Measured:
    """Compare maps (F, SIDE, SIDE) with a picture's marks and with those of other pictures.

    `foot` and `peak` (F,) are the scale on which the filters are shown; what lies below the foot is shown as nothing.
    """
    return RankedMaps(maps, foot, peak, seed).on(marks, others)


class RankedMaps:
    """One picture's maps, ranked once, so that they can be compared with several marks; arguments as of `measure`."""

    def __init__(self, maps: Floats, foot: Floats, peak: Floats, seed: int) -> None:
        self._maps, self._foot, self._peak = maps, foot, peak
        self._within = np.asarray(inner(shown_of(maps, foot, peak)), np.float32)
        values = np.asarray(inner(maps), np.float32)
        self._ranked = Ranked(values, seed)
        self._flat: npt.NDArray[np.bool_] = np.asarray(np.ptp(values, axis=1) == 0, np.bool_)

    def on(self, marks: Marks, others: Sequence[Marks], moved: tuple[int, int] = (0, 0)) -> Measured:
        """Compared with these marks, and those of other pictures.

        For what is told of the picture's own edges the maps are `moved` by so many cells down and to the right, and
        come back on the other side.
        """
        own = _compared(self._ranked, self._within, marks)
        nulls = [_compared(self._ranked, self._within, other) for other in others]
        measured = own | {f"{name}_null": mean_known(np.stack([null[name] for null in nulls])) for name in PAIRED}
        for name in ("area", "beyond", "side"):
            measured[name][self._flat] = measured[f"{name}_null"][self._flat] = np.nan
        maps = np.roll(self._maps, moved, axis=(1, 2)) if any(moved) else self._maps
        shown = shown_of(maps, self._foot, self._peak)
        edge = {"lines": lines_of(shown, marks.open), "highest": highest(maps, self._foot, self._peak, marks.open)}
        return measured | edge | _colors(self._within, marks, others)


def shown_of(maps: Floats, foot: Floats, peak: Floats) -> Floats:
    """What is shown of maps (F, h, w) on the scales from `foot` to `peak` (F,): 0 to 1; 0 for a scale without room."""
    room = np.where(peak > foot, peak - foot, np.inf)[:, None, None]
    return np.clip((maps - foot[:, None, None]) / room, 0, 1).astype(np.float32)


def sides_of(marks: Marks) -> Cells:
    """The rim on each of the eight sides, three sectors wide, and all around: (SIDED, CELLS)."""
    on_side = [(marks.sector - side + 1) % SECTORS <= 2 for side in range(SECTORS)]
    return np.stack([*(marks.rim & (marks.sector >= 0) & cells for cells in on_side), marks.rim])


def zones_of(marks: Marks) -> Cells:
    """Where a cell lies, deep inside, on the inner rim, the outline or the outer rim, or on skin: (5, CELLS)."""
    rim, depth = marks.rim, marks.depth
    outer = rim & (depth < -ON) & (depth >= -RIM)
    return np.stack([marks.inside, rim & (depth > ON), rim & (np.abs(depth) <= ON), outer, marks.outside])


def _compared(ranked: Ranked, within: Floats, marks: Marks) -> Measured:
    return _areas(ranked, marks) | _means(within, marks)


def _areas(ranked: Ranked, marks: Marks) -> Measured:
    lesion = marks.sets[SETS.index("lesion")]
    sets = np.concatenate([marks.sets, marks.sets & lesion, sides_of(marks), [lesion, marks.inside, marks.outside]])
    occurring: npt.NDArray[np.bool_] = np.asarray(sets.any(axis=1))
    occurring[-1] = True
    counted = ranked.counts(sets[occurring])
    counts = np.zeros((len(sets), *counted.shape[1:]), np.float32)
    counts[occurring] = counted
    concepts, with_lesion, sided = np.split(counts[:-3], [len(SETS), 2 * len(SETS)])
    whole_lesion, inside, outside = counts[-3:]
    all_cells = np.full_like(whole_lesion, counted.shape[-1])
    beyond = [
        pooled_area([on_in, on - on_in], [whole_lesion - on_in, all_cells - whole_lesion - (on - on_in)])
        for on, on_in in zip(concepts, with_lesion, strict=True)
    ]
    return {
        "area": np.stack([area(on, all_cells - on) for on in concepts], axis=1),
        "beyond": np.stack(beyond, axis=1),
        "side": np.stack([np.fmin(area(side, inside), area(side, outside)) for side in sided], axis=1),
        "iou": np.stack([overlap(on) for on in concepts], axis=1),
        "iou_side": np.stack([overlap(side) for side in sided], axis=1),
    }


def _means(within: Floats, marks: Marks) -> Measured:
    lesion = marks.sets[SETS.index("lesion")]
    sides, sectors = sides_of(marks), [marks.rim & (marks.sector == sector) for sector in range(SECTORS)]
    groups: Mapping[str, Cells] = {
        "on_in": marks.sets & lesion,
        "on_out": marks.sets & ~lesion,
        "off_in": ~marks.sets & lesion,
        "off_out": ~marks.sets & ~lesion,
        "rim": sides,
        "rest": lesion & ~sides,
        "sector": np.stack(sectors),
        "zone": zones_of(marks),
        "skin": marks.outside[None],
    }
    cells = np.concatenate(list(groups.values())).astype(np.float32)
    sizes, sums = cells.sum(axis=1), within @ cells.T
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(sizes > 0, sums / sizes, np.nan).astype(np.float32)
    ends = np.cumsum([len(group) for group in groups.values()])[:-1]
    mean = dict(zip(groups, np.split(means, ends, axis=1), strict=True))
    size = dict(zip(groups, np.split(sizes, ends), strict=True))
    on, off = _within_strata(mean, size)
    return {"on": on, "off": off, **{name: mean[name] for name in ("rim", "rest", "skin", "sector", "zone")}}


def _within_strata(mean: Measured, size: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Mean on each concept, and beside it with as many cells of lesion and of skin; NaN where there is no such pair."""
    weight_in = np.where(size["off_in"] > 0, size["on_in"], 0)
    weight_out = np.where(size["off_out"] > 0, size["on_out"], 0)
    total = weight_in + weight_out

    def both(prefix: str) -> Floats:
        summed = np.nan_to_num(mean[f"{prefix}_in"]) * weight_in + np.nan_to_num(mean[f"{prefix}_out"]) * weight_out
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, summed / total, np.nan).astype(np.float32)

    # Lesion and skin have nothing beside them in their own stratum: they are compared with each other.
    on, off = both("on"), both("off")
    lesion, skin = SETS.index("lesion"), SETS.index("skin")
    on[:, lesion], off[:, lesion] = mean["on_in"][:, lesion], mean["off_out"][:, lesion]
    on[:, skin], off[:, skin] = mean["skin"][:, 0], mean["on_in"][:, lesion]
    return on, off


def _colors(within: Floats, marks: Marks, others: Sequence[Marks]) -> Measured:
    color = marks.color
    stranger = others[0].color - others[0].color.mean(axis=0)  # one, because a mean of several varies less
    own = np.concatenate([color.sum(axis=0)[:, None], color.T @ color], axis=1)
    return {
        "color": within @ color,
        "color_null": within @ stranger,
        "sums": np.stack([within.sum(axis=1), (within**2).sum(axis=1)], axis=1),
        "colors": own[None].astype(np.float32),
    }
