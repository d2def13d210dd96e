"""How every filter answers to the changes of one picture, in units of how much it varies over the folder."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB
from explorer.core.index.measuring import Measurer
from explorer.core.network.opening import Network
from explorer.core.probes.changes import CHANGES, DRAWN, REMOVED, as_bytes, changed, laid, painted_over

Floats = npt.NDArray[np.float32]
PROBES = (*(f"with {name}" for name in DRAWN), *CHANGES, *(f"without {name}" for name in REMOVED))
"""What is done, in the order of the columns."""
AT_ONCE = 8
TIE = 1e-3
"""A change of less than this share of a filter's spread is none."""
FARTHEST = 1e4
"""Spreads beyond which changes are not told apart: what a filter answers to a picture that is changed has no bounds."""
LEAST_SPREAD = 1e-3, 1e-3
"""Standard deviations over the folder up to which a filter hardly varies: of the mean of what is shown (0 to 1; half of
the mean below which it says nothing), and of its peak as a share of its largest."""


def spreads_of(
    peaks: npt.NDArray[np.floating], shown: npt.NDArray[np.floating], silent: npt.NDArray[np.bool_]
) -> Floats:
    """How much F filters vary over N pictures: standard deviations (F, 2) of `peaks` (F, N) and of the means of what is
    `shown` of their maps (N, F).

    NaN where it is hardly anything: in units of that, rounding is a change of thousands. So it is where a filter is
    `silent` (F,): what lies below zero is no answer.
    """
    wide = np.asarray(peaks, np.float64)
    with np.errstate(invalid="ignore"):  # answers that are no numbers have no spread
        spread = np.stack([wide.std(axis=1), np.asarray(shown, np.float64).std(axis=0)], axis=1)
    of_shown, of_peak = LEAST_SPREAD
    least = np.stack([of_peak * np.abs(wide).max(axis=1), np.full(len(wide), of_shown)], axis=1)
    return np.where((spread > least) & ~silent[:, None], spread, np.nan).astype(np.float32)


def in_spreads(answers: Floats, plain: Floats, spread: Floats) -> Floats:
    """The change from `plain` to `answers` (F, 2) in units of `spread` (of `spreads_of`), NaN where that is NaN."""
    change = np.clip((answers.astype(np.float64) - plain) / spread, -FARTHEST, FARTHEST)
    return np.where(np.abs(change) < TIE, 0, change).astype(np.float32)


def probe(
    runner: Measurer,
    network: Network,
    rgb: RGB,
    maps: Mapping[str, npt.NDArray[np.floating]],
    scale: tuple[Floats, Floats],
    spread: Floats,
    seed: int,
) -> dict[str, Floats]:
    """Probe one picture (h, w, 3) as the network sees it, with its concept maps.

    `changed` and `control` (F, len(PROBES), 2): the change of each filter's peak inside, and of the mean of what is
    shown of its map on its `scale` (foot and peak, (F,) each), over `spread` (F, 2), that of both over the folder; NaN
    where a probe cannot be done, or has no control, and where the filter hardly varies (`spreads_of`).
    """
    rng = np.random.default_rng(seed)
    plain: Floats = (rgb / np.float32(255)).astype(np.float32)
    pictures: list[Floats] = [plain]
    numbers: dict[tuple[str, int], int] = {}

    def add(column: int, side: str, picture: Floats | None) -> None:
        if picture is not None:
            numbers[side, column] = len(pictures)
            pictures.append(picture)

    changes = changed(plain, rng)
    for column, name in enumerate(PROBES):
        action, _, concept = name.partition(" ")
        if name in CHANGES:
            add(column, "changed", changes[name])
        elif action == "with":
            with_it, control = laid(plain, concept, rng)
            add(column, "changed", with_it)
            add(column, "control", control)
        elif concept in maps:
            add(column, "changed", painted_over(plain, maps[concept]))
    answers = _answers(runner, network, [as_bytes(picture) for picture in pictures], scale)
    effects = {side: np.full((len(spread), len(PROBES), 2), np.nan, np.float32) for side in ("changed", "control")}
    for (side, column), number in numbers.items():
        effects[side][:, column] = in_spreads(answers[number], answers[0], spread)
    return effects


def _answers(runner: Measurer, network: Network, pictures: list[RGB], scale: tuple[Floats, Floats]) -> Floats:
    """Peak inside and mean shown of every filter's map on pictures of the input's size: (N, F, 2)."""
    answers: list[Floats] = []
    sizes = [info.filters for info in network.layers]
    # The mean of a whole map would tell a linear filter's answer to the mean of the picture, whatever shape is in it.
    span = np.where(scale[1] > scale[0], scale[1] - scale[0], np.inf).astype(np.float32)
    foot, room = (torch.from_numpy(values).split(sizes) for values in (scale[0], span))  # type: ignore[no-untyped-call]
    for first in range(0, len(pictures), AT_ONCE):
        crops = [_channels(picture, network) for picture in pictures[first : first + AT_ONCE]]
        layers: dict[int, torch.Tensor] = {}

        def take(layer: int, maps: torch.Tensor, layers: dict[int, torch.Tensor] = layers) -> None:
            inside = maps[:, :, 1:-1, 1:-1] if min(maps.shape[2:]) > 2 else maps
            low, wide = (split[layer].to(maps)[None, :, None, None] for split in (foot, room))
            shown = ((maps - low) / wide).clamp(0, 1)
            layers[layer] = torch.stack([inside.amax((2, 3)), shown.mean((2, 3))], dim=2).float().cpu()

        runner.values(torch.stack([network.input.normalise(crop) for crop in crops]), take)
        answers.append(torch.cat([layers[info.index] for info in network.layers], dim=1).numpy())
    return np.nan_to_num(np.concatenate(answers), nan=0.0, posinf=0.0, neginf=0.0)


def _channels(picture: RGB, network: Network) -> RGB:
    if network.input.channels == 3:
        return picture
    from PIL import Image

    return np.asarray(Image.fromarray(picture).convert("L"))[..., None]
