"""The learning-rate range test: the loss while the rate grows from step to step (Smith, 2017, section 3.3)."""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trainer.cohort.cohort import Cohort
from trainer.devices.arithmetic import computing
from trainer.files.atomic_files import cannot_write, replace_file, subfolder, sweep_folder
from trainer.files.errors import UserError
from trainer.files.progress import OnStep, no_step
from trainer.report.style import with_legend
from trainer.training.checks import check
from trainer.training.data_loading import Pictures, Preparation, blank, epoch
from trainer.training.distributed import ProcessGroup
from trainer.training.initial_weights import set_training, started
from trainer.training.loss import chance_level, weights_of
from trainer.training.network_input import stored_input
from trainer.training.optimiser import optimiser_of
from trainer.training.recipe import Recipe
from trainer.training.training_step import Step

_MEMORY = 0.9
"""Decay of the average that smooths the losses."""
_LEFT_OUT = 0.1
"""Share of the steps at the start of which nothing is said: the network has just been drawn."""
_LOST = 4.0
"""The test ends where the smoothed loss is this many times the smallest."""


_BOUND = 1.5
"""In losses of the first steps: what lies higher is lost, however high, and its average would reach far back."""
_HEADROOM = 1.5
"""The plot's height in largest smoothed losses."""
_HALF_WINDOW = 0.25
"""Decades on each side of a rate over which the slope there is taken."""
_CLEAR = 4.0
"""How many standard deviations of what noise alone makes of it a fall must have."""
_APART = 10.0
"""How many times the two rules may differ before neither is believed."""


@dataclass(frozen=True)
class Rates:
    """Learning rates, the loss at each, the loss smoothed both ways, and two suggestions.

    `suggested` is the rate at which the loss falls fastest, `tenth_of_least` a tenth of the rate at which it is least:
    the two rules that are in use. `doubt` says why neither is to be believed, "" where both are. `chance` is the loss
    of a network that answers the same to every picture; inf where it was not given.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float
    tenth_of_least: float
    doubt: str = ""
    chance: float = math.inf


def rate_test(
    cohort: Cohort,
    recipe: Recipe,
    device: torch.device,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    on_step: OnStep = no_step,
) -> Rates:
    """Train for some steps, each at a rate a constant factor above the last; UserError for limits without sense."""
    if not 0 < lowest < highest or steps < 10:
        raise UserError(
            f"--lowest {lowest} must lie over 0 and under --highest {highest}, and --steps must be 10 or more."
        )
    with computing(device, tf32=recipe.machine.precision == "tf32", deterministic=recipe.machine.deterministic):
        return _tried(cohort, recipe, device, lowest, highest, steps, on_step)


def _tried(
    cohort: Cohort,
    recipe: Recipe,
    device: torch.device,
    lowest: float,
    highest: float,
    steps: int,
    on_step: OnStep,
) -> Rates:
    counts = check(cohort, recipe)
    torch.manual_seed(recipe.learning.seed)
    module, _, head = started(recipe, cohort.classes)
    order = torch.channels_last if recipe.machine.channels_last else torch.contiguous_format
    module.to(device, memory_format=order)  # type: ignore[call-overload]
    set_training(module)
    preparation = Preparation(recipe, device)
    # Momentum and averages of gradients need no capture for so few steps.
    plain = dataclasses.replace(recipe, machine=dataclasses.replace(recipe.machine, graph=False))
    weights, optimiser = weights_of(recipe, counts), optimiser_of(module, plain, device, head)
    step = Step(module, optimiser, plain, device, preparation, len(cohort.classes), weights)
    side, positions = recipe.data.resize_to or cohort.side, cohort.positions("train")
    share = ProcessGroup().share(min(recipe.learning.batch, len(positions)))
    chance = chance_level(recipe, counts)
    needed = step.rehearse(blank(share.stop, side, device))
    pictures = Pictures(cohort, positions, stored_input(recipe, cohort.side), device, reserve=needed)
    rates: list[float] = []
    losses: list[float] = []
    number = 0
    while len(rates) < steps:
        number += 1
        for batch in epoch(pictures, plain, preparation, device, number, share):
            rate = lowest * (highest / lowest) ** (len(rates) / (steps - 1))
            loss = step(batch, rate).item()
            if not math.isfinite(loss):
                return summary(rates, losses, chance)
            rates.append(rate)
            losses.append(loss)
            on_step(len(rates), steps)
            if len(rates) == steps or _so_far(losses)[-1] > _LOST * min(_so_far(losses)):
                return summary(rates, losses, chance)
    return summary(rates, losses, chance)


def summary(rates: list[float], losses: list[float], chance: float = math.inf) -> Rates:
    """Smooth the losses and find where they fall fastest over the logarithm of the rate, and where they are least.

    The first tenth of the steps is left out of both, and what lies over the `chance` level: a network that was just
    drawn comes down to that at almost any rate. A slope is that over half a decade.
    """
    if len(rates) < 3:
        raise UserError("The loss is no longer a number after the first steps; begin with a smaller --lowest.")
    first = min(round(_LEFT_OUT * len(rates)), len(rates) - 2)
    bounded = np.minimum(losses, _BOUND * np.median(losses[: max(3, first)]))
    averaging = _both_ways(len(rates))
    smoothed, places = averaging @ bounded, np.log10(rates)
    useful = np.minimum(smoothed, chance)
    knows_nothing = bool((useful[first:] == chance).all())
    if knows_nothing:
        useful = smoothed
    least = first + int(np.argmin(useful[first:]))
    half = max(1, round(_HALF_WINDOW / (places[1] - places[0])))
    centres = np.arange(first, least + 1)
    starts, ends = np.maximum(centres - half, first), np.minimum(centres + half, len(rates) - 1)
    falls = useful[starts] - useful[ends]
    steepest = int(np.argmax(falls / (places[ends] - places[starts])))
    step_noise = _noise(bounded[first : max(least + 1, first + 2 * half)])
    noise = step_noise * float(np.linalg.norm(averaging[ends[steepest]] - averaging[starts[steepest]]))
    suggested, tenth_of_least = rates[first + steepest], rates[least] / 10
    apart = max(suggested / tenth_of_least, tenth_of_least / suggested)
    more = "give more --steps, or a larger --batch"
    doubts = (
        (knows_nothing, f"the loss stays over {chance:.2f}, which a network has that knows nothing; {more}"),
        (falls[steepest] < _CLEAR * noise, f"the loss falls no further than it changes by chance; {more}"),
        (steepest <= half, "the loss falls fastest where the test begins; lower --lowest, or give more --steps"),
        (least == len(rates) - 1, "the loss still falls where the test ends; raise --highest"),
        (apart > _APART, f"the two usual rules differ {apart:.0f} times; {more}"),
    )
    doubt = next((words for holds, words in doubts if holds), "")
    kept = (tuple(rates), tuple(losses), tuple(smoothed.tolist()))
    return Rates(*kept, suggested, tenth_of_least, doubt, chance)


def write_rates(folder: Path, range_test: Rates) -> None:
    """Write rates.svg, rates.png and rates.json into the folder; UserError where that fails."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.plot(range_test.rates, range_test.losses, color="0.75", label="each step")
    axes.plot(range_test.rates, range_test.smoothed, color="C0", label="smoothed")
    if math.isfinite(range_test.chance):
        axes.axhline(range_test.chance, color="0.5", linestyle=":", label="a network that knows nothing")
    axes.axvline(range_test.suggested, color="C3", label=f"falls fastest: {range_test.suggested:.1e}")
    axes.axvline(
        range_test.tenth_of_least, color="C2", linestyle="--", label=f"least / 10: {range_test.tenth_of_least:.1e}"
    )
    axes.set_ylim(0, _HEADROOM * max(range_test.smoothed))  # one step that diverges would flatten all others
    with_legend(figure)
    numbers = dataclasses.asdict(range_test)
    numbers["chance"] = range_test.chance if math.isfinite(range_test.chance) else None
    try:
        subfolder(folder)
        sweep_folder(folder)
        for kind in ("svg", "png"):
            content = io.BytesIO()
            figure.savefig(content, format=kind, dpi=150)
            replace_file(folder / f"rates.{kind}", content.getvalue(), follow=False)
        replace_file(folder / "rates.json", json.dumps(numbers, indent=1).encode(), follow=False)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _both_ways(count: int) -> npt.NDArray[np.float64]:
    """The matrix (count, count) of exponential averages forwards and then backwards: nothing moves to higher rates.

    The ends are those of Gustafsson's method (IEEE Trans. Signal Process. 44:988, 1996).
    """
    from scipy.signal import filtfilt

    averaging: npt.NDArray[np.float64] = filtfilt([1 - _MEMORY], [1, -_MEMORY], np.eye(count), axis=0, method="gust")
    return averaging


def _noise(losses: npt.NDArray[np.float64]) -> float:
    """The standard deviation of a step's loss around a slow course, by the median size of the differences of steps."""
    differences = np.diff(losses)
    return 1.4826 * float(np.median(np.abs(differences - np.median(differences)))) / math.sqrt(2)


def _so_far(losses: list[float]) -> list[float]:
    """Exponential averages of what is known so far, without the pull of their start towards 0.

    Kingma & Ba, 2015, section 3.
    """
    averages, average = [], 0.0
    for step, loss in enumerate(losses, 1):
        average = _MEMORY * average + (1 - _MEMORY) * loss
        averages.append(average / (1 - _MEMORY**step))
    return averages
