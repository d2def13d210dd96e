"""What a batch of pictures makes every filter answer, in a few numbers a map: one pass, and no map is kept."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from explorer.core.errors import UserError
from explorer.core.index.batch_layout import fast_copy, overwritten
from explorer.core.index.schema import inside_of, ring_share
from explorer.core.network.class_choice import class_number
from explorer.core.network.forward_pass import source
from explorer.core.network.opening import Network

CACHED = 1 << 22
"""Bytes of maps of which the numbers are found at once on a processor: its caches hold them, and all are read often."""
Kept = Callable[[int, torch.Tensor], None]
"""Called with a layer and its maps (N, C, h, w) while the pass runs; they must not be kept."""


@dataclass(frozen=True)
class BatchAnswers:
    """What N pictures gave: `logits` (N, K), `embedding` (N, D), and each answer (F, N), "place" (F, N, 2)."""

    logits: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]
    answers: dict[str, npt.NDArray[Any]]


class Measurer:
    """Runs a network over batches with a module of its own.

    The embedding is the input of the last linear layer that runs; of a network without one, the means of the last
    layer's maps. `relevance` is "margin" (between the predicted class and the strongest other; of one output, what
    speaks for its answer), "class:NAME", or "" for none.
    """

    def __init__(self, network: Network, relevance: str = "") -> None:
        self._target = target_of(network, relevance)
        self._network = fast_copy(network)
        module = self._network.module
        self._sources = {source(info): info.index for info in network.layers}
        if len(self._sources) < len(network.layers):
            raise UserError(f"{network.name}: a batch norm is run by two layers at once, which an index cannot tell.")
        self._linear = [name for name, part in module.named_modules() if isinstance(part, nn.Linear)]
        self._overwritten = overwritten(self._network, self._sources) if self._target is not None else frozenset()
        self._spare = torch.empty(0)

    def values(self, batch: torch.Tensor, take: Kept) -> None:
        """Show every layer's maps of a batch of prepared pictures (N, channels, H, W) to `take`."""
        with torch.inference_mode(), self._watching(take, lambda _input: None):
            self._network.module(batch.to(self._network.device))

    def measure(self, batch: torch.Tensor, thresholds: list[torch.Tensor]) -> BatchAnswers:
        """The answers to prepared pictures (N, channels, H, W); `thresholds` holds the (2, C) of each layer.

        The first row is for the whole map, the second for what is inside of its outermost ring.
        """
        numbers: dict[int, dict[str, torch.Tensor]] = {}
        gradients: dict[int, torch.Tensor] = {}
        embedding: list[torch.Tensor] = []

        def take(layer: int, maps: torch.Tensor) -> None:
            with torch.no_grad():
                values = maps.detach()
                numbers[layer] = self._numbers(values, thresholds[layer])
            if maps.requires_grad:
                kept = values.clone() if layer in self._overwritten else values

                def multiply(gradient: torch.Tensor) -> None:
                    with torch.no_grad():
                        product = torch.mul(gradient, kept, out=self._spare_like(kept))
                        gradients[layer] = product.sum((2, 3), dtype=torch.float32)

                maps.register_hook(multiply)  # type: ignore[no-untyped-call]

        network, target = self._network, self._target
        batch = batch.to(network.device)
        with torch.inference_mode(target is None), self._watching(take, embedding.append):
            if target is not None:
                batch = (batch.clone() if batch.is_inference() else batch).requires_grad_()
            logits = network.logits_in(network.module(batch), len(batch))
            if target is not None:
                target(logits).sum().backward()  # type: ignore[no-untyped-call]
        return BatchAnswers(
            _numpy(logits), self._embedding(embedding, numbers), self._columns(numbers, gradients, len(batch))
        )

    def _numbers(self, maps: torch.Tensor, threshold: torch.Tensor) -> dict[str, torch.Tensor]:
        """The numbers of one layer's maps (N, C, h, w) with its `threshold` (2, C), each (N, C) on their device."""
        of_a_picture = maps[0].numel() * maps.element_size()
        at_once = max(1, CACHED // of_a_picture) if maps.device.type == "cpu" else len(maps)
        pieces = [self._numbers_of(piece, threshold) for piece in torch.split(maps, at_once)]
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}

    def _numbers_of(self, maps: torch.Tensor, threshold: torch.Tensor) -> dict[str, torch.Tensor]:
        """The same, of maps that are few.

        Rows of a map lie side by side with all channels (N, h, w * C): reductions over h are the fastest there are.
        Results go into memory that is there: a page asked of the system costs more than the arithmetic on it.
        """
        count, filters, height, width = maps.shape
        flat = maps.permute(0, 2, 3, 1).contiguous().view(count, height, width * filters)
        spare = self._spare_like(flat)

        def summed(values: torch.Tensor, columns: slice = slice(None)) -> torch.Tensor:
            return values.sum(1, dtype=torch.float32).view(count, width, filters)[:, columns].sum(1)

        rows, columns = inside_of(height, width)
        limit, limit_inside = (of_place.repeat(width) for of_place in threshold)
        sums = summed(flat)
        above = summed(torch.gt(flat, limit, out=spare))
        above_inside = summed(torch.gt(flat[:, rows], limit_inside, out=spare[:, rows]), columns)
        positive = torch.clamp_min(flat, 0, out=spare)
        answer = summed(positive)
        edge = _of_ring(positive, width, filters)
        peak, inside, place = _peaks(flat, width, filters)
        ring = torch.where(answer > 0, edge / answer / ring_share(height, width), torch.zeros(()).to(answer))
        area, area_inside = height * width, (rows.stop - rows.start) * (columns.stop - columns.start)
        return {
            "peak": peak, "inside": inside, "mean": sums / area, "area": above / area,
            "area_inside": above_inside / area_inside, "ring": ring, "place": place,
        }  # fmt: skip

    def _spare_like(self, values: torch.Tensor) -> torch.Tensor:
        if self._spare.numel() < values.numel() or self._spare.dtype != values.dtype:
            self._spare = torch.empty(values.numel(), dtype=values.dtype, device=values.device)
        return torch.as_strided(self._spare, values.shape, values.stride())

    def _columns(
        self, numbers: dict[int, dict[str, torch.Tensor]], gradients: dict[int, torch.Tensor], count: int
    ) -> dict[str, npt.NDArray[Any]]:
        layers = [info.index for info in self._network.layers]
        columns = {
            name: _numpy(torch.cat([numbers[layer][name] for layer in layers], dim=1).transpose(0, 1))
            for name in ("peak", "inside", "mean", "area", "area_inside", "ring")
        }
        columns["place"] = np.concatenate([_numpy(numbers[layer]["place"]) for layer in layers], axis=1).swapaxes(0, 1)
        columns["relevance"] = np.concatenate(
            [
                _numpy(gradients[info.index]).T
                if info.index in gradients
                else np.full((info.filters, count), 0 if self._target is not None else np.nan)
                for info in self._network.layers
            ]
        )
        return columns

    def _embedding(
        self, inputs: list[torch.Tensor], numbers: dict[int, dict[str, torch.Tensor]]
    ) -> npt.NDArray[np.float32]:
        if not inputs:
            return _numpy(numbers[self._network.layers[-1].index]["mean"])
        last = inputs[-1].detach()
        return _numpy(last.flatten(1, -2).mean(1) if last.dim() > 2 else last)

    @contextmanager
    def _watching(self, take: Kept, linear: Callable[[torch.Tensor], None]) -> Iterator[None]:
        runs: Counter[str] = Counter()

        def hook_for(name: str) -> Callable[..., None]:
            def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
                layer = self._sources.get((name, runs[name]))
                runs[name] += 1
                if layer is not None:
                    take(layer, output)

            return hook

        names = {name for name, _ in self._sources}
        parts = dict(self._network.module.named_modules())
        handles = [parts[name].register_forward_hook(hook_for(name)) for name in names]
        handles += [
            parts[name].register_forward_pre_hook(lambda _module, inputs: linear(inputs[0])) for name in self._linear
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def target_of(network: Network, relevance: str) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """What relevance is for, of logits (N, K) one number (N,) a picture; None where there is none.

    UserError for a class that the network has not.
    """
    if not relevance or not network.classes:
        return None
    if relevance == "margin":
        return margin
    class_index = class_number(relevance.removeprefix("class:"), network.classes, network.name)
    return lambda logits: logits[:, class_index]


def margin(logits: torch.Tensor) -> torch.Tensor:
    """The logit of the predicted class less that of the strongest other (N,); of one output its distance from 0."""
    if logits.shape[1] == 1:
        return logits[:, 0].abs()
    best = logits.topk(2, dim=1).values
    return best[:, 0] - best[:, 1]


def _peaks(flat: torch.Tensor, width: int, filters: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Peak, peak inside (N, C) and the place (N, C, 2) of the latter; a map without an inside is all inside."""
    count, height, _ = flat.shape
    rows, columns = inside_of(height, width)
    top, left, inner = rows.start, columns.start, flat[:, rows]
    inside, column = inner.amax(1).view(count, width, filters)[:, columns].max(1)
    column = column + left
    # Where it lies in its column: one column a map is looked at, not the map.
    cells = (column * filters + torch.arange(filters, device=flat.device)).unsqueeze(1)
    row = inner.gather(2, cells.expand(count, inner.shape[1], filters)).max(1).indices + top
    edges = [inside]
    if top:
        edges += [flat[:, border].view(count, width, filters).amax(1) for border in (0, -1)]
    if left:
        cube = flat.view(count, height, width, filters)
        edges += [cube[:, :, border].amax(1) for border in (0, -1)]
    return torch.stack(edges).amax(0), inside, torch.stack([row, column], dim=2)


def _of_ring(positive: torch.Tensor, width: int, filters: int) -> torch.Tensor:
    """The sum over the outermost ring (N, C)."""
    count, height, _ = positive.shape
    cube = positive.view(count, height, width, filters)
    if height < 3 or width < 3:
        return cube.sum((1, 2), dtype=torch.float32)
    rows = cube[:, 0].sum(1) + cube[:, -1].sum(1)
    return rows + cube[:, 1:-1, 0].sum(1) + cube[:, 1:-1, -1].sum(1)


def _numpy(values: torch.Tensor) -> npt.NDArray[Any]:
    on_cpu = values.detach().to("cpu")
    return (on_cpu.float() if on_cpu.is_floating_point() else on_cpu).numpy()
