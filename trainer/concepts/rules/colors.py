"""What every rule looks at: lightness, redness and yellowness of a picture, and what its skin is like."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage.color import rgb2lab

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Colors:
    """CIE Lab of a picture (D65): lightness in [0, 100], redness and yellowness about [-100, 100], each (H, W).

    `skin` is (lightness, redness, yellowness) of the ring around the picture's middle that is no dark frame.
    """

    lightness: Floats
    redness: Floats
    yellowness: Floats
    skin: tuple[float, float, float]

    @property
    def chroma(self) -> Floats:
        """How colored each pixel is, (H, W)."""
        return np.hypot(self.redness, self.yellowness).astype(np.float32)


def of_picture(rgb: npt.NDArray[np.uint8]) -> Colors:
    """The colors of a picture (H, W, 3) uint8."""
    lab = rgb2lab(rgb).astype(np.float32)
    lightness, redness, yellowness = (np.ascontiguousarray(lab[..., number]) for number in range(3))
    bright = lightness > max(15.0, float(np.quantile(lightness, 0.55)))
    around = lab[bright] if bright.any() else lab.reshape(-1, 3)
    skin = np.median(around, axis=0)
    return Colors(lightness, redness, yellowness, (float(skin[0]), float(skin[1]), float(skin[2])))


def ramp(values: npt.NDArray[np.floating], low: float, high: float) -> Floats:
    """0 at and before `low`, 1 at and beyond `high`, straight between them."""
    return np.asarray(np.clip((values - low) / (high - low), 0, 1), dtype=np.float32)
