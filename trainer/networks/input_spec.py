"""The way a picture becomes the input of a network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.files.errors import UserError
from trainer.pictures.resizing import resized_part

if TYPE_CHECKING:
    import torch


class Box(NamedTuple):
    """A rectangle of a picture, in pixels of that picture; may reach beyond it where the input is padded."""

    top: float
    left: float
    height: float
    width: float


@dataclass(frozen=True)
class InputSpec:
    """How a picture becomes the input of a network.

    `size` is (height, width) of the input. The picture is resized, then its centre of `size` is cut out and
    what is missing is filled with black:
    "squash" resizes the whole picture, whatever its proportions, to `size` scaled so that its shorter side is
    `resize_to`; "shortest" keeps the proportions and makes the picture's shorter side `resize_to`.
    `mean` and `std` normalise values in [0, 1], one float a channel: three for RGB, one for grey.
    """

    size: tuple[int, int] = (224, 224)
    resize: Literal["squash", "shortest"] = "squash"
    resize_to: int = 224
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise UserError(f"The input specification is not usable: {problem}.")

    def _problem(self) -> str:
        if len(self.size) != 2 or not all(1 <= side <= 8192 for side in self.size):
            return f"size {self.size} is not (height, width) within 1 to 8192"
        if self.resize not in ("squash", "shortest"):
            return f'resize is "{self.resize}", not "squash" or "shortest"'
        if not 1 <= self.resize_to <= 16384:
            return f"resize_to {self.resize_to} is not within 1 to 16384"
        if len(self.mean) != len(self.std) or len(self.mean) not in (1, 3):
            return "mean and std need one or three numbers each"
        if not all(np.isfinite([*self.mean, *self.std])) or min(self.std) <= 0:
            return "mean and std must be finite, and std positive"
        return ""

    @property
    def channels(self) -> int:
        """1 for grey networks, 3 for RGB."""
        return len(self.mean)

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) to which a picture of this height and width is resized before the cut."""
        if self.resize == "squash":
            shorter = min(self.size)
            tall, wide = (max(1, round(side * self.resize_to / shorter)) for side in self.size)
            return tall, wide
        if height <= width:  # the longer side is cut down to whole pixels, as torchvision does
            return self.resize_to, max(1, int(self.resize_to * width / height))
        return max(1, int(self.resize_to * height / width)), self.resize_to

    def frame(self, height: int, width: int) -> Box:
        """The part of a picture of (height, width) that the network sees, in that picture's pixels."""
        tall, wide = self.resized(height, width)
        top, left = self._offset(tall, wide)
        down, across = height / tall, width / wide
        return Box(top * down, left * across, self.size[0] * down, self.size[1] * across)

    def _offset(self, tall: int, wide: int) -> tuple[int, int]:
        """Where the cut begins in the resized picture; rounded (half to even) as torchvision's CenterCrop does.

        Negative where the picture is smaller than the input: torchvision pads half of the gap, rounded down.
        """
        top, left = (
            round((side - cut) / 2.0) if side >= cut else -((cut - side) // 2)
            for side, cut in zip((tall, wide), self.size, strict=True)
        )
        return top, left

    def crop(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """What the network sees of a picture (H, W, 3) uint8: (h, w, channels) uint8 before normalisation."""
        tall, wide = self.resized(*rgb.shape[:2])
        picture = Image.fromarray(rgb)
        if self.channels == 1:
            picture = picture.convert("L")
        top, left = self._offset(tall, wide)
        return resized_part(picture, (tall, wide), (top, left, *self.size))

    def prepare(self, rgb: npt.NDArray[np.uint8]) -> "torch.Tensor":
        """The network's input (channels, h, w) float32 of a picture (H, W, 3) uint8."""
        return self.normalise(self.crop(rgb))

    def normalise(self, crop: npt.NDArray[np.uint8]) -> "torch.Tensor":
        """The network's input (channels, h, w) float32 of what `crop` gave, (h, w, channels) uint8."""
        import torch  # here, because a window that only needs frames must not wait for torch

        # The bytes are brought into order first: that is a quarter of moving floats.
        values = torch.from_numpy(np.array(crop.transpose(2, 0, 1), order="C")).float().div_(255)
        if self.mean == (0.0,) * self.channels and self.std == (1.0,) * self.channels:
            return values
        mean, std = (torch.tensor(numbers).reshape(-1, 1, 1) for numbers in (self.mean, self.std))
        return (values - mean) / std

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "InputSpec":
        """Read the JSON form; UserError where a value is missing or has the wrong kind."""
        try:
            return cls(
                size=(int(values["size"][0]), int(values["size"][1])),
                resize=values["resize"],
                resize_to=int(values["resize_to"]),
                mean=tuple(float(number) for number in values["mean"]),
                std=tuple(float(number) for number in values["std"]),
            )
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise UserError(f"The input specification is not usable: {error!r}.") from error
