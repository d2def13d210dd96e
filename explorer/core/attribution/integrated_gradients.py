"""Integrated gradients: how a target's difference to an empty picture divides among the pixels.

Sundararajan et al. (2017), section 3: the gradient's mean on the way from the empty picture, times the difference,
summed over the colors; by the midpoint rule. All pixels add up to the target's difference where steps are many.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings, Value
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, Setting, Side, following_gradients
from explorer.core.errors import UserError
from explorer.core.progress import OnStep
from trainer.measures.percent import percent

if TYPE_CHECKING:
    import torch

    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network

STEPS = ((16, "in 16 steps"), (50, "in 50 steps"), (200, "in 200 steps"))
BASELINES: tuple[tuple[Value, str], ...] = (
    ("black", "a black picture"),
    ("white", "a white picture"),
    ("mean", "the picture's mean color"),
    ("zero", "the input's zero"),
)
AT_ONCE, MOST = 8, 10_000

GAP, TRIPLED = 0.05, 2
"""Where the pixels' sum misses more than this share of the difference, the steps are tripled, at most so often.

That is nine times the steps that were asked for at most, and never more than `MOST`.
"""


def empty(network: "Network", picture: "torch.Tensor", baseline: Value) -> "torch.Tensor":
    """The prepared picture (1, C, H, W) in which there is nothing to see; UserError for an unknown one."""
    colors = {"black": 0.0, "white": 1.0}
    if baseline == "mean":
        return picture.mean((2, 3), keepdim=True).expand_as(picture)
    if baseline == "zero":
        return picture * 0
    if not isinstance(baseline, str) or baseline not in colors:
        raise UserError(f'"{baseline}" is no baseline; choose {", ".join(str(name) for name, _ in BASELINES)}.')
    mean, std = (picture.new_tensor(numbers)[:, None, None] for numbers in (network.input.mean, network.input.std))
    return ((colors[baseline] - mean) / std).expand_as(picture)


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    import torch

    from explorer.core.attribution.gradients import as_map, gradient, prepared
    from explorer.core.attribution.target import parse_target

    steps = settings["steps"]
    if not isinstance(steps, int) or not 1 <= steps <= MOST:
        raise UserError(f"{steps} steps do not work; take a number from 1 to {MOST}.")
    parsed_target, picture = parse_target(target, network), prepared(network, rgb).detach()
    baseline = empty(network, picture, settings["baseline"])
    score, baseline_score = (float(gradient(network, parsed_target, image)[0][0]) for image in (picture, baseline))
    total, difference = torch.zeros_like(picture), picture - baseline
    parts, taken = total, 0
    on_step(0, steps)
    for shares in _midpoints(steps):
        before = taken
        for chunk in torch.split(picture.new_tensor(shares), AT_ONCE):
            _, slopes = gradient(network, parsed_target, baseline + chunk[:, None, None, None] * difference)
            total += slopes.sum(0, keepdim=True)
            taken += len(chunk)
            on_step(taken, before + len(shares))
        parts = total / taken * difference
        if abs(float(parts.sum()) - (score - baseline_score)) <= GAP * abs(score - baseline_score):
            break
    parts = parts[0].sum(0)
    parts_sum, wanted_sum = float(parts.sum()), score - baseline_score
    on_baseline = f"On {dict(BASELINES)[settings['baseline']]} it is {baseline_score:.3g}"
    summary = f"{on_baseline}; the pixels add up to {parts_sum:+.3g}, the difference is {wanted_sum:+.3g}."
    missed = abs(parts_sum - wanted_sum) / abs(wanted_sum) if wanted_sum else 0.0
    method = f"{taken} steps" + (f" instead of {steps}" if taken > steps else "")
    if missed > GAP:
        method += f", and the sum still misses the difference by {percent(missed)}"
        summary += f" They still miss it by {percent(missed)} after {taken} steps: take the shares as rough."
    elif taken > steps:
        summary += f" It took {taken} steps instead of {steps}."
    return AttributionMap(target, as_map(parts), True, score, settings, method, summary)


def _midpoints(steps: int) -> Iterator[list[float]]:
    """The middles of so many equal steps from 0 to 1; then of ever three times as many those that are new."""
    yield [(step + 0.5) / steps for step in range(steps)]
    for _ in range(TRIPLED):
        steps *= 3  # the middle of a step is the middle of its middle third
        if steps > MOST:
            return
        yield [(step + 0.5) / steps for step in range(steps) if step % 3 != 1]


INTEGRATED_GRADIENTS = Lens(
    name="integrated-gradients",
    title="Integrated gradients",
    about="how the target's difference to an empty picture divides among the pixels (Sundararajan 2017)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(
        Setting("baseline", "black", "what has nothing to see: black, white, mean or zero", str, BASELINES, "Against"),
        Setting(
            "steps",
            50,
            "number of steps on the way, tripled up to twice (nine times as long) where the sum misses a twentieth",
            int,
            STEPS,
        ),
    ),
    positive=Side("for it", "speaks for it", "speaks for it by", "share in the"),
    negative=Side("against", "speaks against it", "speaks against it by", "share in the"),
    quantile=0.995,
)
