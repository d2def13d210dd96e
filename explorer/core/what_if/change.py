"""How a picture is changed before the network sees it."""

import math
from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from explorer.core.arrays import RGB
from explorer.core.errors import UserError
from explorer.core.what_if.artifacts import PAINTED_OVER, Laid, laid_in, without
from trainer.measures.percent import percent
from trainer.pictures.color_constancy import light_of, under_light
from trainer.pictures.fitted_light import evened

DARKEST, BRIGHTEST = 10.0, 0.1
"""Gammas beyond these leave nothing to see."""

SMALLEST = 0.1


@dataclass(frozen=True)
class Change:
    """What is done to a picture, in this order; as it stands here, nothing is.

    What is found of `without`, some of `PAINTED_OVER`, is painted over, and `laid` is drawn into the picture. `crop`
    keeps the middle of the picture, this share of either side (0.1 to 1). `illumination` divides by a light that is
    fitted to the picture (`fitted_light`), `constancy` brings the color of its light to grey (shades of grey), both
    from 0, not at all, to 1, wholly. `gamma` is the power to which values in [0, 1] are taken: above 1 is darker.
    UserError for other values.
    """

    gamma: float = 1.0
    illumination: float = 0.0
    constancy: float = 0.0
    crop: float = 1.0
    without: tuple[str, ...] = ()
    laid: tuple[Laid, ...] = ()

    def __post_init__(self) -> None:
        for name, lowest, highest in (
            ("gamma", BRIGHTEST, DARKEST),
            ("illumination", 0.0, 1.0),
            ("constancy", 0.0, 1.0),
            ("crop", SMALLEST, 1.0),
        ):
            value = getattr(self, name)
            if not lowest <= value <= highest:  # nor what is no number
                raise UserError(f"{name} is {value:g}; take a number from {lowest:g} to {highest:g}.")
        for name in self.without:
            if name not in PAINTED_OVER:
                raise UserError(f'"{name}" cannot be painted over; take {", ".join(PAINTED_OVER)}.')

    @property
    def nothing(self) -> bool:
        """Whether pictures stay as they are."""
        return self == Change()

    @property
    def sentence(self) -> str:
        """What is done, in words; "nothing" where nothing is."""
        words = [
            f"without {' and '.join(self.without)}" if self.without else "",
            *(f"with {laid}" for laid in self.laid),
            f"the middle {percent(self.crop)} of either side" if self.crop != 1 else "",
            f"light evened out{_share(self.illumination)}" if self.illumination else "",
            f"color of the light brought to grey{_share(self.constancy)}" if self.constancy else "",
            f"gamma {self.gamma:.3g}" if self.gamma != 1 else "",
        ]
        return ", ".join(filter(None, words)) or "nothing"

    def applied(self, rgb: RGB) -> RGB:
        """The picture (H, W, 3) uint8 after it; smaller with a `crop`, the same array where nothing is done."""
        return self.taken(self.on_skin(rgb)[0])

    def on_skin(self, rgb: RGB, absent: Container[str] = ()) -> tuple[RGB, tuple[str, ...]]:
        """The picture (H, W, 3) uint8 with what lies on the skin changed, and what was found and painted over there.

        What is `absent`, as a person says, is not painted over, whatever is found.
        """
        done: tuple[str, ...] = ()
        wanted = [name for name in self.without if name not in absent]
        if wanted:
            rgb, done = without(rgb, wanted)
        for laid in self.laid:
            rgb = laid_in(rgb, laid)
        return rgb, done

    def taken(self, rgb: RGB) -> RGB:
        """The picture (H, W, 3) uint8 with all else changed: how it was taken."""
        if self.crop != 1:
            rgb = cropped(rgb, self.crop)
        if self.illumination:
            rgb = evened(rgb, self.illumination)
        if self.constancy:
            light = light_of(rgb)
            rgb = under_light(rgb, (1 - self.constancy) * light + self.constancy * np.full(3, 3**-0.5))
        if self.gamma != 1:
            values = np.rint(255 * (np.arange(256) / 255) ** self.gamma).astype(np.uint8)
            rgb = values[rgb]
        return rgb


def cropped(rgb: RGB, share: float) -> RGB:
    """The middle of a picture (H, W, 3): this share of either side, at least a pixel."""
    sides = [max(1, round(side * share)) for side in rgb.shape[:2]]
    top, left = ((side - kept) // 2 for side, kept in zip(rgb.shape[:2], sides, strict=True))
    return np.ascontiguousarray(rgb[top : top + sides[0], left : left + sides[1]])


def _share(amount: float) -> str:
    return "" if math.isclose(amount, 1) else f" by {percent(amount)}"
