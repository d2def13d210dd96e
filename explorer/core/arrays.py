"""Names for the arrays that cross the rooms."""

import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]
"""A picture (H, W, 3) uint8."""

RGBA = npt.NDArray[np.uint8]
"""An overlay (H, W, 4) uint8 with straight alpha."""

Map = npt.NDArray[np.float32]
"""What one filter answers on one picture, (h, w) float32, signed."""

Maps = npt.NDArray[np.float32]
"""The maps of one layer, (C, h, w) float32."""
