"""The way a picture becomes the input of a network."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.concepts.surround import Part, margin_problem, surround
from trainer.files.errors import UserError
from trainer.pictures.color_constancy import gain_to, light_of
from trainer.pictures.dark_corners import SIDE, filling_of
from trainer.pictures.fitted_light import evened_part
from trainer.pictures.resizing import resized_part

if TYPE_CHECKING:
    import torch


NOTHING: dict[str, float] = {"color_constancy": 0, "gamma": 1, "illumination": 0, "fill_corners": False}
"""What changes no picture, by the name of each way to preprocess."""
_LIGHT = 64
"""Side of the copy of a picture on which its light is found."""


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

    With a `field_of_view` > 0 the picture is cut down to its lesion's surround before all this: the square around the
    lesion, as the concepts find it, with so much of the lesion's extent left on each end. A picture in which no lesion
    is found is taken whole.

    What was cut out is preprocessed, in this order: with `fill_corners` the dark outside of a round field
    of view gets the color of the skin beside it; `illumination` from 0, not at all, to 1, wholly, divides by a light
    that is fitted to the whole picture's brightness; `color_constancy` > 0 is the order p of the Minkowski
    norm (6: shades of grey) by which the color of the whole picture's light is found, as it is without the two before,
    and taken out, so that it is grey and as strong as before; `gamma` is the power to which values in [0, 1] are raised
    then. 0 and 1 change nothing.
    """

    size: tuple[int, int] = (224, 224)
    resize: Literal["squash", "shortest"] = "squash"
    resize_to: int = 224
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    color_constancy: float = 0.0
    gamma: float = 1.0
    illumination: float = 0.0
    fill_corners: bool = False
    field_of_view: float = 0.0

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
        if not (self.color_constancy == 0 or 1 <= self.color_constancy <= 64):
            return f"color_constancy {self.color_constancy} is not 0 (none) or a norm within 1 to 64"
        if self.color_constancy and self.channels == 1:
            return "color_constancy needs RGB pictures"
        if not 0.1 <= self.gamma <= 10:
            return f"gamma {self.gamma} is not within 0.1 to 10"
        if not 0 <= self.illumination <= 1:
            return f"illumination {self.illumination} is not within 0 to 1"
        return margin_problem(self.field_of_view)

    @property
    def channels(self) -> int:
        """1 for grey networks, 3 for RGB."""
        return len(self.mean)

    @property
    def preprocesses(self) -> bool:
        """Whether values are changed before mean and std are taken off."""
        return bool(self.color_constancy or self.illumination or self.fill_corners) or self.gamma != 1

    @property
    def in_color(self) -> "InputSpec":
        """The same part of a picture in its own colors, whatever the network takes: RGB, nothing changed."""
        return InputSpec(self.size, self.resize, self.resize_to, field_of_view=self.field_of_view)

    @property
    def of_surround(self) -> "InputSpec":
        """The same for a picture that is a lesion's surround already, as a cohort may store it."""
        return replace(self, field_of_view=0.0)

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
        """The part of a picture of (height, width) that the network sees, in that picture's pixels.

        With a field of view it depends on the picture itself (`frame_of`); this is that of one without a lesion.
        """
        tall, wide = self.resized(height, width)
        top, left = self._offset(tall, wide)
        down, across = height / tall, width / wide
        return Box(top * down, left * across, self.size[0] * down, self.size[1] * across)

    def surround(self, rgb: npt.NDArray[np.uint8]) -> Part | None:
        """What the field of view leaves of a picture (H, W, 3); None for all of it, as where no lesion is found."""
        return surround(rgb, self.field_of_view) if self.field_of_view else None

    def frame_of(self, rgb: npt.NDArray[np.uint8]) -> Box:
        """The part of this picture (H, W, 3) uint8 that the network sees, in its pixels."""
        part = self.surround(rgb)
        if part is None:
            return self.frame(*rgb.shape[:2])
        top, left, height, width = self.frame(part.height, part.width)
        return Box(part.top + top, part.left + left, height, width)

    def _offset(self, tall: int, wide: int) -> tuple[int, int]:
        """Where the cut begins in the resized picture; rounded (half to even) as torchvision's CenterCrop does.

        Negative where the picture is smaller than the input: torchvision pads half of the gap, rounded down.
        """
        top, left = (
            round((side - cut) / 2.0) if side >= cut else -((cut - side) // 2)
            for side, cut in zip((tall, wide), self.size, strict=True)
        )
        return top, left

    def crop(self, rgb: npt.NDArray[np.uint8], *, of: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
        """What the network sees of a picture (H, W, 3) uint8: (h, w, channels) uint8 before normalisation.

        A mask is cut as the picture (H, W, 3) is that it is `of`.
        """
        seen = self.surround(rgb if of is None else of)
        if seen is not None:
            rgb = np.ascontiguousarray(seen.of(rgb))
        tall, wide = self.resized(*rgb.shape[:2])
        picture = Image.fromarray(rgb)
        if self.channels == 1:
            picture = picture.convert("L")
        top, left = self._offset(tall, wide)
        part = resized_part(picture, (tall, wide), (top, left, *self.size))
        lit = rgb
        if self.fill_corners and (filling := filling_of(rgb)):
            part = filling.over(part, (tall, wide), (top, left))
            lit = filling.over(_small(rgb, SIDE), (SIDE, SIDE), (0, 0))
        if self.illumination:
            part = evened_part(part, lit, self.illumination, (tall, wide), (top, left))
        return self._recolored(part, rgb) if self.color_constancy or self.gamma != 1 else part

    def _recolored(self, part: npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """A part (h, w, channels) of a picture (H, W, 3) with the light of the whole taken out, and gamma."""
        values = np.repeat(np.arange(256.0)[:, None], self.channels, axis=1)
        if self.color_constancy:
            # A small copy, so that the light is the same whatever the resolution, and found at once.
            small = _small(rgb, _LIGHT)
            values *= gain_to(np.full(3, 3**-0.5), light_of(small, self.color_constancy))
        table = np.rint(np.clip(values / 255, 0, 1) ** self.gamma * 255).astype(np.uint8)
        return np.stack([table[part[..., channel], channel] for channel in range(self.channels)], axis=-1)

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

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; preprocessing stands in it only where there is some, as earlier files have none."""
        values = asdict(self)
        for name, nothing in NOTHING.items():
            if values[name] == nothing:
                del values[name]
        if not self.field_of_view:
            del values["field_of_view"]
        return values

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
                color_constancy=float(values.get("color_constancy", 0)),
                gamma=float(values.get("gamma", 1)),
                illumination=float(values.get("illumination", 0)),
                fill_corners=values.get("fill_corners", False) is True,
                field_of_view=float(values.get("field_of_view", 0)),
            )
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise UserError(f"The input specification is not usable: {error!r}.") from error


def _small(rgb: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """The whole picture (side, side, 3), each pixel the mean of what lies there."""
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BOX))
