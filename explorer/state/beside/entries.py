"""What may stand beside the picture: it changed, a lens on shuffled weights, a second network, the difference."""

from dataclasses import replace

from explorer.core.counting import clipped
from explorer.state.comparison.both_drawn import LONGEST
from explorer.state.comparison.side_by_side import DIFFERENCE, SECOND, SideBySide
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.shuffled_weights import ShuffledWeights
from explorer.state.view.beside import RESOLUTION, BesideEntry, Drawn, SignedBar
from explorer.state.view.map_drawing import drawn_attribution
from explorer.state.view.pipeline import Pipeline
from explorer.state.what_if.drawn_over import WhatIfOver
from explorer.state.what_if.picture import PictureWhatIf


class WhatIfBeside(BesideEntry):
    """The picture as it might have been taken."""

    key = "what if"

    def __init__(self, what_if: PictureWhatIf, over: WhatIfOver) -> None:
        super().__init__()
        self._what_if, self._over = what_if, over
        what_if.changed.connect(self.changed)
        over.changed.connect(self.changed)

    @property
    def insists(self) -> bool:
        """While somebody looks at a change."""
        return self._what_if.showing

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """The changed picture with what lies over it, the one in view while it is made."""
        caption = " · ".join(filter(None, ("what if", "not the real picture", self._over.trouble)))
        over = self._over
        return Drawn(self._what_if.picture, over.overlay(), over.frame, caption, real=False)


class ShuffledBeside(BesideEntry):
    """The lens over the picture in view, on the same network with its weights shuffled."""

    key = "shuffled weights"

    def __init__(self, pipeline: Pipeline, lens: ChosenLens, shuffled: ShuffledWeights) -> None:
        super().__init__()
        self._pipeline, self._lens, self._shuffled = pipeline, lens, shuffled
        shuffled.changed.connect(self.changed)
        lens.changed.connect(self.changed)

    @property
    def insists(self) -> bool:
        """While it is wanted and a lens is looked through."""
        return self._shuffled.showing

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """The lens's map on shuffled weights, on its own scale with a bar; none while it is computed."""
        attribution, lens, activations = self._shuffled.found, self._lens.lens, self._pipeline.activations
        frame = activations.frame if activations is not None else None
        if attribution is None or lens is None:
            return Drawn(frame=frame, caption=self.key)
        from explorer.core.attribution.color_range import range_text

        overlay, limit = drawn_attribution(attribution, lens, self._lens.points)
        told = range_text(attribution, lens, limit)
        bar = SignedBar(limit, lens.positive, lens.negative, told) if attribution.rgb is None else None
        return Drawn(overlay=overlay, frame=frame, caption=self.key, bar=bar)


class NetworkBeside(BesideEntry):
    """The network that does not lie in front."""

    key = SECOND

    def __init__(self, sides: SideBySide) -> None:
        super().__init__()
        self._sides = sides
        sides.changed.connect(self.changed)

    @property
    def title(self) -> str:
        """Its name, while there is a second network."""
        return f"network B: {clipped(self._sides.name, LONGEST)}" if self._sides.name else ""

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """B's answer, or A's while B lies in front."""
        drawn = self._sides.both.drawn(second=not self._sides.swapped, longest=longest)
        return drawn if self._sides.both.own else replace(drawn, bar=None)


class DifferenceBeside(BesideEntry):
    """What B answers minus what A does."""

    key = DIFFERENCE

    def __init__(self, sides: SideBySide) -> None:
        super().__init__()
        self._sides = sides
        sides.changed.connect(self.changed)

    @property
    def title(self) -> str:
        """What it is called, while there is a second network."""
        return "difference B − A" if self._sides.name else ""

    def drawn(self, longest: int = RESOLUTION) -> Drawn:
        """The difference over the picture in view."""
        return self._sides.both.difference()
