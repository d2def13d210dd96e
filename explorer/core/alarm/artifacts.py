"""What may be a shortcut: artifacts and values of whole pictures, one number for each picture of a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from explorer.core.concepts import ARTIFACTS

Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Said = Mapping[str, Mapping[str, bool]]
"""What a person said: picture to artifact to whether it is there."""

THERE = 0.5
"""How sure it has to be (`amount`, 0 to 1) that an artifact is in a picture for it to count as there."""
FAINT = 0.1
"""Below this nothing is said: that a picture has no ruler by 0.001 or by 0.01 tells its light, and no ruler."""

PHRASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "hair": ("hair", "no hair"),
        "ruler": ("ruler marks", "no ruler marks"),
        "ink": ("ink", "no ink"),
        "bubble": ("gel bubbles", "no gel bubbles"),
        "reflection": ("reflections", "no reflections"),
        "patch": ("a patch", "no patch"),
        "corner": ("dark corners", "no dark corners"),
        "red share": ("a redder surround", "a less red surround"),
        "blue share": ("a bluer surround", "a less blue surround"),
        "brightness": ("a brighter surround", "a darker surround"),
        "sharpness": ("a sharper picture", "a more blurred picture"),
        "vignette": ("light that falls off to the corners", "light that does not fall off to the corners"),
        "field of view": ("a full field of view", "a cut field of view"),
        "width": ("a wider picture", "a narrower picture"),
        "height": ("a higher picture", "a lower picture"),
        "jpeg quality": ("a higher JPEG quality", "a lower JPEG quality"),
    }
)
"""An artifact in words, where there is more of it and where there is less."""

SHARE = 1 / 3
"""Of a value without a limit, this share of the pictures at either end stands for "with it" and "without it"."""


@dataclass(frozen=True)
class Artifact:
    """One candidate: `values` (N) grow with it, NaN where unknown; `there` (N) where "is there any" has an answer."""

    name: str
    values: Numbers
    there: Mask | None = None

    @property
    def known(self) -> Mask:
        """Where it has a value (N)."""
        return np.isfinite(self.values)

    @property
    def varies(self) -> bool:
        """Whether at least two pictures differ in it."""
        values = self.values[self.known]
        return len(values) > 1 and bool((values != values[0]).any())

    def some(self, chosen: Mask) -> "Artifact":
        """The same of some of the pictures (N)."""
        return Artifact(self.name, self.values[chosen], self.there[chosen] if self.there is not None else None)

    def sides(self, sign: int) -> tuple[Mask, Mask]:
        """The pictures with it and those without (N); with a `sign` of -1 it is its lack that is looked for.

        Of a value without "is there any", these are the highest and lowest `SHARE`; pictures between are neither.
        """
        if self.there is not None:
            have, lack = self.there & self.known, ~self.there & self.known
            return (have, lack) if sign > 0 else (lack, have)
        signed = sign * self.values
        low, high = np.quantile(signed[self.known], [SHARE, 1 - SHARE]) if self.known.any() else (0.0, 0.0)
        with np.errstate(invalid="ignore"):
            return (signed >= high) & (signed > low), (signed <= low) & (signed < high)

    def phrase(self, sign: int) -> str:
        """It in words."""
        more, less = PHRASES.get(self.name, (self.name, f"no {self.name}"))
        return more if sign > 0 else less


def artifacts_of(
    columns: Mapping[str, npt.NDArray[np.floating]], pictures: Sequence[str], said: Said | None = None
) -> tuple[Artifact, ...]:
    """The candidates of N pictures with their measured columns (N), as far as they vary.

    What a person `said` wins: a picture without the artifact has none of it, one with it at least so much that it
    counts as there. A word that no column has is known of the pictures alone of which it was said.
    """
    artifacts = []
    words = {word for row in (said or {}).values() for word in row}
    for name in [*columns, *sorted(words - set(columns))]:
        values = np.array(columns[name], np.float64) if name in columns else np.full(len(pictures), np.nan)
        limit = THERE if name in ARTIFACTS or name not in columns else None
        if limit is not None:
            with np.errstate(invalid="ignore"):
                values[values < FAINT] = 0.0
        for row, picture in enumerate(pictures) if name in words else ():
            statement = (said or {}).get(picture, {}).get(name)
            if statement is not None and limit is not None:
                values[row] = max(np.nan_to_num(values[row]), limit) if statement else 0.0
        present = None
        if limit is not None:
            with np.errstate(invalid="ignore"):
                present = values >= limit
        artifacts.append(Artifact(name, values, present))
    return tuple(artifact for artifact in artifacts if artifact.varies)
