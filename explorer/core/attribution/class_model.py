"""Class model: the picture that a class or a filter would like best, made from nothing.

Simonyan et al. (2014), section 2: gradient ascent from a zero picture, held back by its L2 norm; or by its total
variation (Mahendran and Vedaldi 2015, section 3), which leaves it smoother. How far a step moves the picture does not
depend on the size of the gradient, so that the same settings serve networks of any scale; the steps become shorter to
the end. Jitter (Mordvintsev et al. 2015) shifts the picture by some pixels at random before each step, which takes away
what holds for one place only.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings, Value
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, Setting, Side, following_gradients
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from explorer.core.arrays import RGB
    from explorer.core.attribution.target import Target
    from explorer.core.network.opening import Network

STEPS = ((32, "in 32 steps"), (128, "in 128 steps"), (512, "in 512 steps"))
HELD: "tuple[tuple[Value, str], ...]" = (("l2", "kept small (L2)"), ("tv", "kept smooth (TV)"))
STRENGTHS = ((0.3, "a little"), (1.0, "somewhat"), (3.0, "strongly"))
JITTERS = ((0, "no jitter"), (4, "jitter of 4 pixels"), (8, "jitter of 8 pixels"))
SEEDS = ((0, "seed 0"), (1, "seed 1"), (2, "seed 2"))
MOST, LARGEST_SEED = 10_000, 2**63 - 1

STEP = 0.02
"""How far the first step moves the picture: the root mean square over its values, as a share of their range."""

START = 0.01
"""The size of the noise with which the picture begins where nothing can be climbed from zero."""

EVERY = 16
"""Steps after which the picture is shown as it is so far."""

SMALL = 0.01
"""Differences of neighbours, as shares of the range, that count little for the total variation."""


def _norm_slope(picture: "torch.Tensor") -> "torch.Tensor":
    """The slope of half of the squared L2 norm."""
    return picture


def _variation_slope(picture: "torch.Tensor") -> "torch.Tensor":
    """The slope (N, C, H, W) of the total variation, the sizes of the differences of neighbours, rounded at zero."""
    import torch

    slope = torch.zeros_like(picture)
    for side in (2, 3):
        difference = picture.diff(dim=side)
        pull = difference.square().add_(SMALL**2).rsqrt_().mul_(difference)
        count = picture.shape[side] - 1
        slope.narrow(side, 1, count).add_(pull)
        slope.narrow(side, 0, count).sub_(pull)
    return slope


_SLOPES: "Mapping[str, Callable[[torch.Tensor], torch.Tensor]]" = MappingProxyType(
    {"l2": _norm_slope, "tv": _variation_slope}
)


def ascent(network: "Network", target: "Target", settings: Settings) -> "Iterator[tuple[torch.Tensor, float]]":
    """Each step's picture (1, C, H, W), prepared for the network, before it is moved, and the target's value there.

    The first is zero, and one more than `settings["steps"]` come; the last is the one that was made.
    """
    import torch

    from explorer.core.attribution.gradients import gradient

    steps, held, strength, jitter, seed = _checked(network, settings)
    random = torch.Generator().manual_seed(seed)
    spread = torch.tensor(network.input.std, device=network.device)[:, None, None]
    picture = torch.zeros(1, network.input.channels, *network.input.size, device=network.device)
    for step in range(steps + 1):
        down, across = torch.randint(-jitter, jitter + 1, (2,), generator=random).tolist() if step < steps else (0, 0)
        seen = picture / spread
        values, slopes = gradient(network, target, seen.roll((down, across), (2, 3)))
        yield seen, float(values[0])
        slopes = slopes.roll((-down, -across), (2, 3)).div_(spread)
        size = slopes.square().mean().sqrt()
        if size > 0:
            slopes = slopes / size
        elif step == 0:
            slopes = torch.randn(slopes.shape, generator=random).to(slopes) * (START / STEP)
        slopes = slopes.sub(_SLOPES[held](picture), alpha=strength)
        picture = picture.add(slopes, alpha=STEP * (1 - step / steps))


def _checked(network: "Network", settings: Settings) -> tuple[int, str, float, int, int]:
    steps, held, strength = settings["steps"], settings["held"], settings["strength"]
    jitter, seed = settings["jitter"], settings["seed"]
    if not isinstance(steps, int) or not 1 <= steps <= MOST:
        raise UserError(f"{steps} steps do not work; take a number from 1 to {MOST}.")
    if not isinstance(held, str) or held not in _SLOPES:
        raise UserError(f'The picture cannot be held back by "{held}"; choose {" or ".join(_SLOPES)}.')
    if not isinstance(strength, int | float) or not 0 <= strength <= 100:
        raise UserError(f"A strength of {strength} does not work; take a number from 0 to 100.")
    most = min(network.input.size) // 2
    if not isinstance(jitter, int) or not 0 <= jitter <= most:
        raise UserError(f"A jitter of {jitter} pixels does not work; take a number from 0 to {most}.")
    if not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise UserError(f"{seed} is no seed; take 0 or a whole number above it.")
    return steps, held, float(strength), jitter, seed


def pictured(moved: "torch.Tensor", quantile: float) -> "RGB":
    """What was made (C, H, W), in shares of the range, as a picture (H, W, 3) uint8: grey where nothing was moved.

    The colors end at this quantile of the sizes.
    """
    import numpy as np

    from explorer.core.drawing.signed_overlay import limit_of

    values = moved.detach().float().cpu().numpy().transpose(1, 2, 0)
    limit = limit_of(values, quantile) or 1.0
    shown = np.rint(127.5 + 127.5 * np.clip(values / limit, -1, 1)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shown, (*shown.shape[:2], 3)))


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    from explorer.core.attribution.gradients import largest
    from explorer.core.attribution.target import parse_target

    steps, first_score = _checked(network, settings)[0], None
    for done, (picture, score) in enumerate(ascent(network, parse_target(target, network), settings)):
        first_score = score if first_score is None else first_score
        last = done == steps
        if last or (on_rough is not None and done % EVERY == 0 and done > 0):
            moved = picture[0] * picture.new_tensor(network.input.std)[:, None, None]
            summary = f"On a picture of nothing it is {first_score:.3g}."
            method = f"gradient ascent in {done} steps"
            drawn = pictured(moved, CLASS_MODEL.quantile)
            attribution = AttributionMap(target, largest(moved), False, score, settings, method, summary, drawn)
            if not last and on_rough is not None:
                on_rough(attribution)
        on_step(done, steps)
    return attribution


CLASS_MODEL = Lens(
    name="class-model",
    title="Class model",
    about="the picture that a class or a filter would like best, made from nothing (Simonyan 2014)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(
        Setting("steps", 128, "number of steps of gradient ascent", int, STEPS, "Climbed"),
        Setting("jitter", 4, "pixels by which the picture is shifted at random before a step", int, JITTERS),
        Setting(
            "held", "tv", "what holds the picture back: l2 (its norm) or tv (its total variation)", str, HELD, "And"
        ),
        Setting("strength", 1.0, "how strongly it is held back", float, STRENGTHS),
        Setting("seed", 0, "of everything that is drawn by chance", int, SEEDS, "With"),
    ),
    positive=Side("moved", "what was moved", "moved from nothing by", "moved in the picture for the"),
    quantile=0.995,
    of_picture=False,
)
