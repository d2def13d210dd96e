"""What stands beside the picture because it was asked for in a tab: a changed picture, a lens on shuffled weights."""

from explorer.state.beside import BesideEntry, Drawn
from explorer.state.lens import ChosenLens
from explorer.state.map_drawing import drawn_attribution
from explorer.state.picture_what_if import PictureWhatIf
from explorer.state.pipeline import Pipeline
from explorer.state.shuffled_weights import ShuffledWeights


class WhatIfBeside(BesideEntry):
    """The picture as it might have been taken."""

    key = "what if"

    def __init__(self, what_if: PictureWhatIf) -> None:
        super().__init__()
        self._what_if = what_if
        what_if.changed.connect(self.changed)

    @property
    def insists(self) -> bool:
        """While somebody looks at a change."""
        return self._what_if.showing

    def drawn(self) -> Drawn:
        """The changed picture, the one in view while it is made."""
        return Drawn(picture=self._what_if.picture, caption="what if · not the real picture", real=False)


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

    def drawn(self) -> Drawn:
        """The lens's map on shuffled weights, none while it is computed."""
        found, lens, activations = self._shuffled.found, self._lens.lens, self._pipeline.activations
        overlay = (
            drawn_attribution(found, lens, self._lens.points)[0] if found is not None and lens is not None else None
        )
        frame = activations.frame if activations is not None else None
        return Drawn(overlay=overlay, frame=frame, caption=self.key)
