"""The reason of a suggestion, in plain words with its numbers."""

import math

from explorer.core.suggestions.evidence import WHOLE, Evidence
from explorer.core.suggestions.probed import Probed
from explorer.core.suggestions.suggestion import FEWEST_HELD_OUT, HeldOut
from trainer.measures.percent import percent
from trainer.measures.spoken import within

NAMES = {
    "uneven": "uneven parts",
    "dark": "dark parts",
    "reflection": "reflections",
    "bubble": "gel bubbles",
    "corner": "dark corners",
}
HUES = (("darker", "lighter"), ("greener", "redder"), ("bluer", "yellower"))
CLEARLY = 0.3


def reason_of(evidence: Evidence, filter_index: int, probed: Probed | None) -> str:
    """Why a filter is suggested what its evidence stands for."""
    numbers = {name: float(values[filter_index]) for name, values in evidence.numbers.items()}
    more, n = _times(float(evidence.times[filter_index])), f"on {int(evidence.n[filter_index]):,} pictures"
    if evidence.concept in ("border", "side"):
        side = evidence.found[filter_index]
        named = "the border all around" if side == WHOLE else f"the {side} border"
        beside = "the rest of the lesion" if evidence.concept == "border" else "the opposite side"
        skin = _times(numbers["skin_times"])
        return f"answers {more} on {named} than on {beside} and {skin} than on the skin, {_rim(numbers)}; {n}"
    if evidence.concept == "edge":
        times = float(evidence.times[filter_index])
        high = f"{times:.1f}" if times < 100 else "over 100"
        return (
            f"its highest answer along the picture's own edge ({evidence.found[filter_index]} mostly) is {high} x as "
            f"high as elsewhere, and {percent(numbers['share'])} of what is shown lies there: padding, no finding; {n}"
        )
    if evidence.concept == "color":
        hue = [
            words[numbers[f"hue{axis}"] > 0] for axis, words in enumerate(HUES) if abs(numbers[f"hue{axis}"]) > CLEARLY
        ]
        where = f"; it answers where it is {' and '.join(hue)} than elsewhere" if hue else ""
        return f"the color of a place explains {percent(evidence.effect[filter_index])} of its answer{where}; {n}"
    name = NAMES.get(evidence.concept, evidence.concept)
    text = f"answers {more} on {name} than beside {'it' if name == evidence.concept else 'them'}"
    if probed is not None:
        drawn = f"a drawn {name}" if name == evidence.concept else f"drawn {name}"
        verb = "raises" if name == evidence.concept else "raise"
        text += (
            f"; {drawn} {verb} it in {percent(probed.raised[filter_index])} of {probed.n} pictures, "
            f"the control in {percent(probed.control[filter_index])} (more than its control in "
            f"{100 * probed.more[filter_index]:.0f} %)"
        )
    return f"{text}; {n}"


def held_out_of(held_out: HeldOut, effect: float) -> str:
    """The effect that chose a suggestion, and the same one on pictures that had no part in it, with its interval."""
    if held_out.n < FEWEST_HELD_OUT:
        return f"effect {effect:.2f}, too few other pictures to try it on"
    again = f"{held_out.effect:.2f} {within(held_out.low, held_out.high, 2)}"
    return f"effect {effect:.2f}, on {held_out.n:,} other pictures {again}"


def _times(times: float) -> str:
    if math.isnan(times) or times < 1.05:  # a few loud pictures can turn what holds on nearly all of them
        return "on most pictures more"
    return f"{times:.1f} x more" if times < 100 else "over 100 x more"


def _rim(numbers: dict[str, float]) -> str:
    inner, outline, outer = numbers["inner"], numbers["outline"], numbers["outer"]
    if inner > 1.5 * outline and inner > outer:
        return "inside the rim"
    return "outside the rim" if outer > 1.5 * outline and outer > inner else "on the rim"
