"""Saliency: how fast the target changes with each pixel, whichever way.

Simonyan et al. (2014), section 3: the largest magnitude over the colors of the gradient. With more than one sample it
is the mean over pictures with noise (SmoothGrad; Smilkov et al. 2017), whose noise is the same in every run.
"""

from typing import TYPE_CHECKING

from explorer.core.attribution.attribution_map import AttributionMap, Settings
from explorer.core.attribution.lens import CLASS, FILTER, Lens, OnRough, Setting, Side, following_gradients
from explorer.core.errors import UserError
from explorer.core.progress import OnStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from explorer.core.arrays import RGB
    from explorer.core.network.opening import Network

SAMPLES = ((1, "the picture alone"), (8, "8 with noise"), (25, "25 with noise"), (50, "50 with noise"))
NOISE = ((0.05, "noise of 5 %"), (0.1, "noise of 10 %"), (0.15, "noise of 15 %"), (0.3, "noise of 30 %"))
MOST = 100_000


def noisy(picture: "torch.Tensor", samples: int, noise: float) -> "Iterator[torch.Tensor]":
    """The prepared picture (1, C, H, W) with normal noise, `samples` times; `noise` is a share of its values' range."""
    import torch

    if samples == 1:
        yield picture
        return
    random = torch.Generator().manual_seed(0)
    spread = noise * float(picture.max() - picture.min())
    for _ in range(samples):
        yield picture + spread * torch.randn(picture.shape, generator=random).to(picture.device)


@following_gradients
def _compute(
    network: "Network", rgb: "RGB", target: str, settings: Settings, on_step: OnStep, on_rough: OnRough | None
) -> AttributionMap:
    import torch

    from explorer.core.attribution.gradients import gradient, largest, prepared
    from explorer.core.attribution.target import parse_target

    parsed_target, picture = parse_target(target, network), prepared(network, rgb).detach()
    samples, noise = settings["samples"], settings["noise"]
    if not isinstance(samples, int) or not 1 <= samples <= MOST or not isinstance(noise, float) or not 0 <= noise <= 10:
        raise UserError(
            f"{samples} samples with a noise of {noise} do not work; take 1 or more, and a noise like 0.15."
        )
    on_step(0, samples)
    total, score = torch.zeros_like(picture), 0.0
    for done, sample in enumerate(noisy(picture, samples, noise), 1):
        values, slopes = gradient(network, parsed_target, sample)
        total += slopes.abs() / samples
        score += float(values[0]) / samples
        on_step(done, samples)
    if samples > 1:
        score = float(gradient(network, parsed_target, picture)[0][0])
    method = "gradient" if samples == 1 else f"mean gradient of {samples} pictures with noise"
    return AttributionMap(target, largest(total[0]), False, score, settings, method)


SALIENCY = Lens(
    name="saliency",
    title="Saliency",
    about="how fast the target changes with each pixel, whichever way (Simonyan 2014; SmoothGrad with samples)",
    targets=(CLASS, FILTER),
    compute=_compute,
    settings=(
        Setting("samples", 1, "number of pictures with noise whose mean is taken", int, SAMPLES, "Gradient of"),
        Setting("noise", 0.15, "standard deviation of the noise, as a share of the picture's range", float, NOISE),
    ),
    positive=Side("changes", "what it changes with", "changes with this by", "gradient of the"),
    quantile=0.995,
)
