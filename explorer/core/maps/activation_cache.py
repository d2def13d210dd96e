"""Pictures with their maps, read and recorded when they are asked for; the newest are kept."""

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.arrays import RGB, Maps
from explorer.core.errors import UserError
from explorer.core.images import picture_digest, read_image
from explorer.core.maps.activations import record
from explorer.core.maps.value_range import SeenValues
from explorer.core.network.opening import Network
from trainer.networks.input_spec import Box


@dataclass(frozen=True)
class Recorded:
    """A picture (H, W, 3), the maps of the layers that were asked for, and what the network predicts."""

    rgb: RGB
    maps: Mapping[int, Maps]
    frame: Box
    prediction: str
    probability: float

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.rgb.nbytes + sum(maps.nbytes for maps in self.maps.values())


class Recorder:
    """Reads and records the pictures of a list by their number; keeps at most `limit` bytes of them.

    `digests` are those of pictures whose content must not have changed since, by number.
    It runs the network, so only one thread may use it.
    """

    def __init__(
        self,
        network: Network,
        pictures: Sequence[Path],
        layers: Iterable[int],
        *,
        raw: bool,
        limit: int = 1 << 28,
        digests: Mapping[int, str] | None = None,
    ) -> None:
        self._network, self._pictures, self._raw = network, pictures, raw
        self._layers, self._limit = sorted(set(layers)), limit
        self._digests = {} if digests is None else digests
        self._held: OrderedDict[int, Recorded] = OrderedDict()
        self._bytes = 0
        # One sample for each layer, so that a filter's scale does not depend on which other layers are drawn.
        self._seen = {layer: SeenValues() for layer in self._layers}

    def get(self, number: int) -> Recorded:
        """The picture of this number; UserError where it cannot be read, or is not the one of its digest."""
        held = self._held.get(number)
        if held is None:
            held = self._record(number)
            self._held[number] = held
            self._bytes += held.nbytes
            while self._bytes > self._limit and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        self._held.move_to_end(number)
        return held

    def sample(self, number: int) -> None:
        """Take the picture into the values from which the scale "seen" comes; UserError where it cannot be read."""
        recorded = self.get(number)
        for layer, maps in recorded.maps.items():
            self._seen[layer].add(layer, str(number), maps)

    def seen(self, layer: int) -> SeenValues:
        """What was sampled of a layer."""
        return self._seen[layer]

    def _record(self, number: int) -> Recorded:
        path = self._pictures[number]
        rgb = read_image(path)
        if number in self._digests and self._digests[number] != picture_digest(path):
            raise UserError(f"{path.name} was changed while it was being exported; export again.")
        answer = record(self._network, rgb, raw=self._raw)
        best = answer.prediction.best
        prediction = "" if best is None else self._network.classes[best]
        probability = math.nan if best is None else float(answer.probabilities[best])
        maps = {layer: answer.maps[layer] for layer in self._layers}
        return Recorded(rgb, maps, answer.frame, prediction, probability)
