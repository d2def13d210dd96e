"""What every filter of every layer answers on one picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.core.arrays import RGB, Maps
from explorer.core.network.hooked_layers import watching
from explorer.core.network.opening import Network
from trainer.measures.prediction import Prediction
from trainer.networks.input_spec import Box


@dataclass(frozen=True)
class Activations:
    """`maps`: layer index -> (C, h, w) float32, signed; `logits` (K,) float32; `frame` in the picture's pixels.

    The classes may be `independent` of each other, as `Prediction` says.
    """

    maps: Mapping[int, Maps]
    logits: npt.NDArray[np.float32]
    frame: Box
    independent: bool = False

    @property
    def prediction(self) -> Prediction:
        """What the network says of the picture."""
        return Prediction(self.logits, self.independent)

    @property
    def probabilities(self) -> npt.NDArray[np.float32]:
        """Those of the prediction (K,)."""
        return self.prediction.probabilities.astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes held by the maps."""
        return sum(maps.nbytes for maps in self.maps.values())


def record(network: Network, rgb: RGB, *, raw: bool = False, crop: RGB | None = None) -> Activations:
    """Run the network once on a picture (H, W, 3) uint8 and keep every layer's maps.

    A map is the convolution's output; where a batch norm takes that output directly, the map is what the norm
    answers, because sign and size mean nothing before it. `raw` keeps the convolution's own output instead.
    `crop` is `network.input.crop(rgb)` where the caller has it already.
    """
    layers = {
        (layer.module, layer.run) if raw or not layer.norm else (layer.norm, layer.norm_run): layer.index
        for layer in network.layers
    }
    maps: dict[int, Maps] = {}

    def keep(name: str, run: int, _source: torch.Tensor, output: torch.Tensor) -> None:
        index = layers.get((name, run))
        if index is not None:
            # A copy: an in-place ReLU that follows would otherwise write over what is kept.
            maps[index] = output[0].to("cpu", torch.float32, copy=True).numpy()

    seen = network.input.crop(rgb) if crop is None else crop
    batch = network.input.normalise(seen).unsqueeze(0).to(network.device)
    with torch.inference_mode(), watching(network.module, {name for name, _ in layers}, keep):
        logits = network.logits(batch)[0].float().cpu().numpy()
    return Activations(dict(sorted(maps.items())), logits, network.input.frame_of(rgb), network.output.independent)


def predict(network: Network, rgb: RGB) -> npt.NDArray[np.float32]:
    """The probabilities (K,) of a picture (H, W, 3) uint8, without keeping any map."""
    batch = network.input.prepare(rgb).unsqueeze(0).to(network.device)
    with torch.inference_mode():
        logits = network.logits(batch)[0].float().cpu().numpy()
    return Prediction(logits, network.output.independent).probabilities.astype(np.float32)
