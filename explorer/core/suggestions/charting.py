"""The chart of a suggestion, from the evidence that it rests on."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explorer.core.alignment.picture_edge import NEAR_AREA
from explorer.core.suggestions.chart import Bar, Bars, Chart
from explorer.core.suggestions.evidence import WHOLE, Evidence
from explorer.core.suggestions.probed import Probed
from explorer.core.suggestions.reasons import NAMES
from explorer.core.suggestions.suggestion import FEWEST_HELD_OUT, HeldOut

Numbers = npt.NDArray[np.floating]
ANSWER = "mean answer, 1 at its peak"
TITLES = {"edge": "highest answer, 1 at its peak", "color": "answer goes with color (covariance)"}
RIM = {"rest": "rest of the lesion", "opposite": "opposite side", "skin": "skin"}
COMPARED = {
    "edge": {"near": "along the edge", "inside": "elsewhere"},
    "color": {"own": "the picture's own", "others": "another picture's"},
}
LAB = ("lighter (L*)", "redder (a*)", "yellower (b*)")


def chart_of(evidence: Evidence, filter_index: int, probed: Probed | None, least: float, held_out: HeldOut) -> Chart:
    """What speaks for a filter answering to what the evidence is of, on what it is compared with."""
    words = _words(evidence, filter_index)
    bars = [
        Bar(words.get(name, name), float(values[filter_index]), speaks=number == 0)
        for number, (name, values) in enumerate(evidence.compared.items())
    ]
    groups = [Bars(TITLES.get(evidence.concept, ANSWER), tuple(bars))] if bars else []
    if evidence.concept == "color":
        hue = [Bar(word, float(evidence.numbers[f"hue{axis}"][filter_index]), True) for axis, word in enumerate(LAB)]
        groups.append(Bars("where it answers, in SD of all places", tuple(hue)))
    if evidence.concept == "edge":
        share = Bar("along the edge", float(evidence.numbers["share"][filter_index]), True), Bar("its area", NEAR_AREA)
        groups.append(Bars("share of what is shown", share))
    if probed is not None:
        name = NAMES.get(evidence.concept, evidence.concept)
        raised, control, more = (float(values[filter_index]) for values in (probed.raised, probed.control, probed.more))
        rises = (
            Bar(f"drawn {name}", raised, True),
            Bar("its control", control),
            Bar("more than control", more, True),
        )
        groups.append(Bars("share of pictures in which it rises", rises))
    groups.append(_effect(evidence, filter_index, least, held_out))
    if evidence.around is None:
        return Chart(tuple(groups))
    own, others = (tuple(float(value) for value in values[filter_index]) for values in evidence.around)
    return Chart(tuple(groups), own, others)


def nearest_chart(named: Sequence[tuple[str, float]]) -> Chart:
    """Where nothing is clear: what comes nearest, in parts of the least effect."""
    bars = tuple(Bar(words, strength, strength >= 1) for words, strength in named if strength > 0)
    return Chart((Bars("how near, 1 is enough", bars),)) if bars else Chart()


def _words(evidence: Evidence, filter_index: int) -> dict[str, str]:
    if evidence.concept in ("border", "side"):
        side = evidence.found[filter_index]
        rim = "border all around" if side == WHOLE else f"{side} border"
        return {"rim": rim, "others": "other pictures' rims", **RIM}
    if evidence.concept in COMPARED:
        return COMPARED[evidence.concept]
    name = NAMES.get(evidence.concept, evidence.concept)
    pronoun = "it" if name == evidence.concept else "them"
    return {"on": name, "off": f"beside {pronoun}", "others": "other pictures' places"}


def _effect(evidence: Evidence, filter_index: int, least: float, held_out: HeldOut) -> Bars:
    effect, low, high = (float(getattr(evidence, name)[filter_index]) for name in ("effect", "low", "high"))
    bars = [Bar(f"{int(evidence.n[filter_index]):,} pictures", effect, True, low, high)]
    if held_out.n >= FEWEST_HELD_OUT:
        bars.append(Bar(f"{held_out.n:,} not used", held_out.effect, True, held_out.low, held_out.high))
    return Bars("effect, with 95 % interval", (*bars, Bar("least asked for", least)))
