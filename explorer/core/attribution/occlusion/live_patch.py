"""One patch at a time, for a person who drags it over the picture: what the network says with the patch in place."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import fx

from explorer.core.arrays import RGB
from explorer.core.attribution.occlusion.occluder import Occluder, PatchFill
from explorer.core.incremental.delta import dense
from explorer.core.incremental.map_maxima import MaximaOutside
from explorer.core.incremental.patch_windows import DeltaWindow
from explorer.core.incremental.propagation import propagate
from explorer.core.incremental.traced_graph import Graph, Untraceable, graph_of
from explorer.core.network.forward_pass import same_answer, source, whole_pass
from explorer.core.network.opening import Network
from trainer.measures.prediction import tensor_probabilities
from trainer.pictures.resizing import resized_part

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OccludedPrediction:
    """What the network says with a patch at (`top`, `left`) of its input, in pixels.

    `probabilities` and `logits` (K,) float32; `answers`: layer index -> (C,) float32, the peak of each filter's map.
    `exact` is False where the network does not answer the same twice, so that a difference need not be the patch's.
    """

    top: int
    left: int
    probabilities: Numbers
    logits: Numbers
    answers: Mapping[int, Numbers]
    exact: bool = True


class LivePatch:
    """A picture (H, W, 3) uint8 whose unoccluded pass is kept, so that patches on it can be tried quickly.

    `unoccluded` is what the network says without any patch.
    `method` is "incremental", or "whole pass: " and why. It runs the network, so only one thread may use it.
    """

    def __init__(self, network: Network, rgb: RGB) -> None:
        self._network, self._rgb = network, rgb
        self._batch = network.input.prepare(rgb).unsqueeze(0).to(network.device)
        logits, maps = whole_pass(network, self._batch.clone(), network.layers)
        self.method = "incremental"
        self._graph: Graph | None = None
        self._exact = True
        self._outside: dict[fx.Node, MaximaOutside] = {}
        self._cover: tuple[Occluder, PatchFill] | None = None
        try:
            self._graph = graph_of(network, self._batch)
            self._nodes = {info.index: self._graph.run_of(*source(info)) for info in network.layers}
            self._check(logits)
        except Untraceable as error:
            self._graph = None
            self.method = f"whole pass: {error}"
        peaks = {info.index: layer_maps.amax((2, 3)) for info, layer_maps in zip(network.layers, maps, strict=True)}
        self.unoccluded = self._covered(0, 0, logits, peaks)

    def _check(self, logits: torch.Tensor) -> None:
        """Untraceable where the graph does not give what the network gives, with a patch in the middle and without."""
        assert self._graph is not None
        side = max(1, min(self._network.input.size) // 8)
        top, left, change = self._change(
            Occluder(side, side, 0.0), *(3 * length // 7 for length in self._batch.shape[2:])
        )
        expected, _ = whole_pass(self._network, change.full(self._batch), ())
        try:
            occluded_logits = self.at(Occluder(side, side, 0.0), top, left, ()).logits
        except Exception as error:  # whatever operations the module has run here on other values than when traced
            raise Untraceable(f"its graph does not run again ({error})") from error
        base = plain(self._network.logits_in(self._graph.base[self._graph.output], 1))
        if not same_answer(occluded_logits, plain(expected)) or not same_answer(base, plain(logits)):
            self._exact = same_answer(plain(whole_pass(self._network, self._batch, ())[0]), plain(logits))
            why = "its graph does not answer as it does" if self._exact else "it does not answer the same twice"
            raise Untraceable(why)

    def at(self, occluder: Occluder, top: int, left: int, layers: Collection[int] | None = None) -> OccludedPrediction:
        """With a patch whose upper left corner is at (`top`, `left`), moved so that it stays on the input.

        `answers` are those of the given layers, of all with None.
        """
        top, left, change = self._change(occluder, top, left)
        infos = [info for info in self._network.layers if layers is None or info.index in layers]
        if self._graph is None:
            logits, maps = whole_pass(self._network, change.full(self._batch), infos)
            peaks = {info.index: layer_maps.amax((2, 3)) for info, layer_maps in zip(infos, maps, strict=True)}
            return self._covered(top, left, logits, peaks)
        graph = self._graph
        nodes = {info.index: self._nodes[info.index] for info in infos}
        with torch.inference_mode():
            changed = propagate(graph, change, [graph.output, *nodes.values()])
            output = changed[graph.output]
            base = graph.base[graph.output]
            peaks = {index: self._peak(node, changed[node]) for index, node in nodes.items()}
            return self._covered(
                top, left, self._network.logits_in(base if output is None else dense(output, base), 1), peaks
            )

    def patch(self, occluder: Occluder, top: int, left: int) -> tuple[RGB, int, int]:
        """The patch (h, w, 3) uint8 in the colors that the network sees, at the picture's size; its top and left there.

        Only what lies in the picture, which may be nothing where the input is padded.
        """
        top, left, change = self._change(occluder, top, left)
        spec = self._network.input
        patch = change.delta[0, 0] + self._batch[0, :, top : top + change.height, left : left + change.width]
        mean, std = (patch.new_tensor(numbers)[:, None, None] for numbers in (spec.mean, spec.std))
        colors = ((patch * std + mean) * 255).round().clamp(0, 255).to("cpu", torch.uint8).numpy().transpose(1, 2, 0)
        frame = spec.frame_of(self._rgb)
        down, across = frame.height / spec.size[0], frame.width / spec.size[1]
        first, start = round(frame.top + top * down), round(frame.left + left * across)
        last = max(first + 1, round(frame.top + (top + change.height) * down))
        end = max(start + 1, round(frame.left + (left + change.width) * across))
        drawn = Image.fromarray(np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3))))
        rows, columns = (
            slice(min(max(0, begin), side), min(max(0, stop), side))
            for begin, stop, side in zip((first, start), (last, end), self._rgb.shape[:2], strict=True)
        )
        part = rows.start - first, columns.start - start, rows.stop - rows.start, columns.stop - columns.start
        return resized_part(drawn, (last - first, end - start), part), rows.start, columns.start

    def picture(self, occluder: Occluder, top: int, left: int) -> RGB:
        """The picture (H, W, 3) uint8 with the patch on it, in the colors that the network sees."""
        patch, first, start = self.patch(occluder, top, left)
        occluded = self._rgb.copy()
        occluded[first : first + patch.shape[0], start : start + patch.shape[1]] = patch
        return occluded

    def _change(self, occluder: Occluder, top: int, left: int) -> tuple[int, int, DeltaWindow]:
        spec = self._network.input
        top, left = (
            min(max(0, start), max(0, side - occluder.size)) for start, side in zip((top, left), spec.size, strict=True)
        )
        if self._cover is None or self._cover[0] != occluder:
            self._cover = occluder, PatchFill(occluder, self._batch, spec.mean, spec.std)
        with torch.inference_mode():
            return top, left, DeltaWindow(self._cover[1].changes((top,), (left,)), (top,), (left,), spec.size)

    def _peak(self, node: fx.Node, changed: object) -> torch.Tensor:
        assert self._graph is not None
        if node not in self._outside:
            self._outside[node] = MaximaOutside(self._graph.base[node][0])
        outside = self._outside[node]
        if changed is None:
            return outside.whole[None]
        if isinstance(changed, DeltaWindow):
            return outside.peaks(changed, self._graph.around(node, changed.frame, -torch.inf))
        assert isinstance(changed, torch.Tensor)
        return changed.amax((2, 3))

    def _covered(
        self, top: int, left: int, logits: torch.Tensor, peaks: Mapping[int, torch.Tensor]
    ) -> OccludedPrediction:
        probabilities = tensor_probabilities(logits, self._network.output.independent)
        answers = {index: plain(peak) for index, peak in peaks.items()}
        return OccludedPrediction(top, left, plain(probabilities), plain(logits), answers, self._exact)


def plain(values: torch.Tensor) -> Numbers:
    """The first of a batch as an array of float32."""
    array: Numbers = values[0].float().cpu().numpy()
    return array
